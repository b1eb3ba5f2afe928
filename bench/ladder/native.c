/* The kernels as programs of their own: `odd FILE` and `fib N TIMES` print an answer and the seconds it took. */
#include "fib.c"
#include "odd.c"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static size_t odd_in_file(const char *path) {
  static uint8_t chunk[1 << 20];
  FILE *file = fopen(path, "rb");
  size_t count = 0, length;
  if (!file) exit(1);
  while ((length = fread(chunk, 1, sizeof chunk, file)) > 0) count += odd(chunk, length);
  fclose(file);
  return count;
}

/* Volatile, so that every call is made. */
static size_t fib_times(volatile int n, int times) {
  size_t sum = 0;
  while (times-- > 0) sum += fib(n);
  return sum;
}

int main(int argc, char **argv) {
  double start = now();
  size_t answer = argc == 4 ? fib_times(atoi(argv[2]), atoi(argv[3])) : odd_in_file(argv[2]);
  printf("%zu %.9f\n", answer, now() - start);
  return 0;
}
