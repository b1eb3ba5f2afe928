#include <stddef.h>
#include <stdint.h>

/* Counts bytes by their value, and carries a checksum on: FNV-1a, 32 bits. */
unsigned scan(unsigned checksum, const uint8_t *bytes, size_t length, uint32_t *counts, size_t kinds)
{
    for (size_t at = 0; at < length; at++) {
        if (bytes[at] < kinds) counts[bytes[at]]++;
        checksum = (checksum ^ bytes[at]) * 0x01000193u;
    }
    return checksum;
}
