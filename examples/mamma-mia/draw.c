/*
 * The inner loop of simulation.ts in C: the same draws, bit for bit. Philox 4x32-10 as in ../support/philox.ts.
 */
#include <stddef.h>
#include <stdint.h>

/* Up to here a word times the number of trees is exact in JavaScript's numbers too: 32 and 21 bits are 53. */
#define MOST_TREES (1u << 21)

static uint16_t under[MOST_TREES];

static void philox(uint32_t block[4], uint32_t k0, uint32_t k1)
{
    uint32_t a = block[0], b = block[1], c = block[2], d = block[3];
    for (int round = 0; round < 10; round++) {
        uint64_t p = (uint64_t)0xd2511f53u * a, q = (uint64_t)0xcd9e8d57u * c;
        a = (uint32_t)(q >> 32) ^ b ^ k0;
        b = (uint32_t)q;
        c = (uint32_t)(p >> 32) ^ d ^ k1;
        d = (uint32_t)p;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    block[0] = a, block[1] = b, block[2] = c, block[3] = d;
}

/*
 * Draws a tree for every disc. reached[n] is to say how many trees got an nth disc; reached[0] is left alone.
 * Returns 0; 1 when there are more trees than there is room for, 2 when a tree gets more discs than there are classes.
 */
int draw(unsigned key_low, unsigned key_high, unsigned index, unsigned discs, unsigned trees, uint32_t *reached,
         size_t classes)
{
    if (trees == 0 || trees > MOST_TREES) return 1;
    for (uint32_t tree = 0; tree < trees; tree++) under[tree] = 0;
    for (uint32_t disc = 0; disc < discs;) {
        uint32_t block[4] = {disc / 4, index, 0, 0};
        philox(block, key_low, key_high);
        for (int word = 0; word < 4 && disc < discs; word++, disc++) {
            uint32_t nth = ++under[(uint64_t)block[word] * trees >> 32];
            if (nth == 0 || nth >= classes) return 2; /* 0: the count is used up */
            reached[nth]++;
        }
    }
    return 0;
}
