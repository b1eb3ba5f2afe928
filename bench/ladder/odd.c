#include <stddef.h>
#include <stdint.h>

size_t odd(const uint8_t *bytes, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) {
    uint32_t x = bytes[i] + 1u;
    for (int round = 0; round < 4; round++) {
      x ^= x << 13;
      x ^= x >> 17;
      x ^= x << 5;
    }
    count += x & 1;
  }
  return count;
}
