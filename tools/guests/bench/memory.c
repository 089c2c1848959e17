// Loads and stores: fills, copies of every width and alignment, strides over many pages, a random walk.
#include "bench.h"

WORKLOAD("memory", 160)

#define BYTES (1u << 20)

static u32 source[BYTES / 4], target[BYTES / 4];

void prepare(void)
{
    u32 random = 0x9e3779b9;
    for (u32 i = 0; i < BYTES / 4; i++)
        source[i] = next_random(&random);
}

static void copy_words(u32 salt)
{
    for (u32 i = 0; i < BYTES / 4; i += 4) {
        target[i] = source[i] + salt;
        target[i + 1] = source[i + 1];
        target[i + 2] = source[i + 2];
        target[i + 3] = source[i + 3] ^ salt;
    }
}

// The target starts on an odd address, so that words cross their natural boundaries, now and then a page's.
static void copy_unaligned(u32 offset)
{
    const char *from = (const char *)source;
    char *to = (char *)target + 1 + offset % 3;
    for (u32 i = 0; i + 8 < BYTES / 4; i += 4)
        __asm__ volatile("lwzx 0,%1,%2; stwx 0,%0,%2" : : "b"(to), "b"(from), "r"(i) : "r0", "memory");
}

static u32 sum_bytes_and_halves(void)
{
    const u8 *bytes = (const u8 *)target;
    const short *halves = (const short *)target;
    u32 sum = 0;
    for (u32 i = 0; i < BYTES / 16; i++)
        sum += bytes[i] + (u32)halves[BYTES / 4 + i];
    return sum;
}

static u32 stride(u32 start)
{
    u32 sum = 0;
    for (u32 pass = 0; pass < 64; pass++)
        for (u32 i = (start + pass) & 1023; i < BYTES / 4; i += 1024) {
            sum += target[i];
            target[i] = sum;
        }
    return sum;
}

static u32 walk(u32 start)
{
    u32 place = start, sum = 0;
    for (u32 i = 0; i < 32768; i++) {
        place = source[(place ^ i) & (BYTES / 4 - 1)];
        sum += place;
    }
    return sum;
}

u32 run_round(u32 checksum)
{
    copy_words(checksum);
    copy_unaligned(checksum);
    checksum = mix(checksum, sum_bytes_and_halves());
    checksum = mix(checksum, stride(checksum));
    return mix(checksum, walk(checksum));
}
