#include <stddef.h>
#include <stdint.h>
static uint32_t mix(uint32_t h) {
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  return h;
}
size_t fields(const uint8_t *text, size_t length, unsigned separator) {
  size_t fields = 0;
  int quoted = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && text[i] == separator) fields++;
  }
  return fields;
}
unsigned digest(const uint8_t *text, size_t length) {
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < length; i++) {
    h ^= text[i];
    h *= 16777619u;
  }
  return mix(h);
}
double total(const double *values, size_t length) {
  double sum = 0;
  for (size_t i = 0; i < length; i++) sum += values[i];
  return sum;
}
