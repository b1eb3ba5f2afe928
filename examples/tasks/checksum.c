#include <stddef.h>
#include <stdint.h>

/* CRC-32 as in gzip and PNG: polynomial 0xEDB88320, reflected. Goes on from `crc`; begin with 0. */
uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t length) {
  crc = ~crc;
  for (size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
  }
  return ~crc;
}
