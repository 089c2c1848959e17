// A workload: does REPEAT times the same amount of work, prints one line and switches the board off. The word after the magic in
// the ELF file is the repeat count; whoever runs the workload may change it in the file.
#pragma once
#include "../runtime/board.h"

struct parameters {
    char magic[8];
    u32 repeat;
};

#define WORKLOAD(name_, repeat_) \
    const char workload_name[] = name_; \
    __attribute__((section(".parameters"), used, aligned(4))) \
    const volatile struct parameters parameters = { { 'S', 'I', 'M', 'B', 'E', 'N', 'C', 'H' }, repeat_ };

extern const char workload_name[];
extern const volatile struct parameters parameters;

// Does one round of the workload; the checksum goes from round to round, so that no round can be left out.
u32 run_round(u32 checksum);

// Before the first round; most workloads need nothing.
void prepare(void);

static inline u32 mix(u32 checksum, u32 value)
{
    checksum ^= value;
    checksum = (checksum << 13) | (checksum >> 19);
    return checksum * 5 + 0xe6546b64u;
}

// Marsaglia's xorshift generator, 32 bits.
static inline u32 next_random(u32 *state)
{
    u32 x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}
