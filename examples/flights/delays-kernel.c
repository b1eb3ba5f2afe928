/*
 * The inner loop of delays.ts in C: flights as CSV, in the pieces they come in, are added up by route.
 *
 * Read is CSV without quotes: a line of names first, then a flight a line.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LONGEST_LINE 4096
/* Slots are twice as many as routes, so that a free one is near. */
#define SLOT_BITS 15
#define SLOTS (1u << SLOT_BITS)
#define MOST_ROUTES (SLOTS / 2)

enum { DONE, NO_COLUMNS, BAD_LINE, TOO_MANY_ROUTES };

typedef struct {
    uint32_t origin, destination;
    uint32_t flights;
    int64_t delay;
} route;

static route routes[MOST_ROUTES];
static uint32_t route_count;
/* Which of the routes, from 1; 0 is free. */
static uint16_t slots[SLOTS];

/* A line that the end of a piece has cut in two, and room for its newline. */
static uint8_t cut[LONGEST_LINE + 1];
static size_t cut_length;

/* Numbers of the columns; -1 before the first line. */
static int delay_column = -1, origin_column, destination_column;
static int problem;

static void add_flight(uint32_t origin, uint32_t destination, int32_t delay)
{
    uint32_t slot = (origin * 0x9e3779b1u ^ destination * 0x85ebca77u) >> (32 - SLOT_BITS);
    for (; slots[slot] != 0; slot = (slot + 1) % SLOTS) {
        route *known = &routes[slots[slot] - 1];
        if (known->origin != origin || known->destination != destination) continue;
        known->flights++;
        known->delay += delay;
        return;
    }
    if (route_count == MOST_ROUTES) {
        problem = TOO_MANY_ROUTES;
        return;
    }
    routes[route_count++] = (route){origin, destination, 1, delay};
    slots[slot] = (uint16_t)route_count;
}

static int is_end(uint8_t byte) { return byte == ',' || byte == '\n'; }

/* The fields of a line end with a comma or a newline; each of these returns where. */

static const uint8_t *skip_field(const uint8_t *at)
{
    if (*at == '"') problem = BAD_LINE;
    while (!is_end(*at)) at++;
    return at;
}

static const uint8_t *read_number(const uint8_t *at, int32_t *number)
{
    int negative = *at == '-';
    uint32_t value = 0;
    const uint8_t *digits = at += negative;
    for (; *at >= '0' && *at <= '9'; at++) value = value * 10 + (*at - '0');
    if (at == digits || at - digits > 9) problem = BAD_LINE;
    *number = negative ? -(int32_t)value : (int32_t)value;
    return skip_field(*at == '\r' ? at + 1 : at);
}

/* An airport's code of up to four letters is one word of memory. */
static const uint8_t *read_code(const uint8_t *at, uint32_t *code)
{
    int shift = 0;
    for (*code = 0; !is_end(*at) && *at != '\r'; at++, shift += 8) {
        if (shift == 32 || *at == '"') {
            problem = BAD_LINE;
            break;
        }
        *code |= (uint32_t)*at << shift;
    }
    return skip_field(at);
}

static const uint8_t *read_names(const uint8_t *at)
{
    delay_column = origin_column = destination_column = -1;
    for (int column = 0;; column++) {
        const uint8_t *name = at;
        at = skip_field(at);
        size_t length = at - name - (at > name && at[-1] == '\r');
        if (length == 5 && memcmp(name, "delay", 5) == 0) delay_column = column;
        if (length == 6 && memcmp(name, "origin", 6) == 0) origin_column = column;
        if (length == 11 && memcmp(name, "destination", 11) == 0) destination_column = column;
        if (*at == '\n') break;
        at++;
    }
    if (delay_column < 0 || origin_column < 0 || destination_column < 0) problem = NO_COLUMNS;
    return at + 1;
}

static const uint8_t *read_flight(const uint8_t *at)
{
    uint32_t origin = 0, destination = 0;
    int32_t delay = 0;
    int found = 0;
    for (int column = 0;; column++) {
        if (column == delay_column) at = read_number(at, &delay), found++;
        else if (column == origin_column) at = read_code(at, &origin), found++;
        else if (column == destination_column) at = read_code(at, &destination), found++;
        else at = skip_field(at);
        if (*at == '\n') break;
        at++;
    }
    if (found == 3) add_flight(origin, destination, delay);
    else problem = BAD_LINE;
    return at + 1;
}

static const uint8_t *read_line(const uint8_t *at)
{
    if (delay_column < 0) return read_names(at);
    return *at == '\n' ? at + 1 : read_flight(at);
}

/* Keeps the start of a line until the rest of it comes. */
static void keep(const uint8_t *bytes, size_t length)
{
    if (cut_length + length > LONGEST_LINE) {
        problem = BAD_LINE;
        return;
    }
    memcpy(cut + cut_length, bytes, length);
    cut_length += length;
}

/* The line that was cut, if there is one, is complete. Returns 0, or what is wrong with a line so far. */
int end_line(void)
{
    if (cut_length == 0) return problem;
    cut[cut_length] = '\n';
    cut_length = 0;
    read_line(cut);
    return problem;
}

/* Another object begins, with names of its own. Returns 0, or what was wrong with the one before. */
int begin_object(void)
{
    int result = end_line();
    delay_column = -1;
    return result;
}

/* Reads the next piece of the object. Returns 0, or what is wrong with a line so far. */
int read_piece(const uint8_t *bytes, size_t length)
{
    const uint8_t *at = bytes, *end = bytes + length, *whole = end;
    while (whole > at && whole[-1] != '\n') whole--;
    if (cut_length > 0 && whole > at) {
        const uint8_t *newline = at;
        while (*newline != '\n') newline++;
        keep(at, newline - at);
        if (problem == DONE) end_line();
        at = newline + 1;
    }
    while (at < whole && problem == DONE) at = read_line(at);
    if (problem == DONE) keep(whole, end - whole);
    return problem;
}

/* Writes the routes out, in the order they were first flown; says how many there are. */
size_t list_routes(uint32_t *origins, size_t room, uint32_t *destinations, size_t room2, uint32_t *flights, size_t room3,
                   double *delays, size_t room4)
{
    for (uint32_t i = 0; i < route_count && i < room && i < room2 && i < room3 && i < room4; i++) {
        origins[i] = routes[i].origin;
        destinations[i] = routes[i].destination;
        flights[i] = routes[i].flights;
        delays[i] = (double)routes[i].delay;
    }
    return route_count;
}
