// Calls: recursion, calls through pointers, leaf calls; the link and count registers and the stack.
#include "bench.h"

WORKLOAD("calls", 200)

#define NOINLINE __attribute__((noinline, noclone))

void prepare(void) {}

static NOINLINE u32 fibonacci(u32 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static NOINLINE int takeuchi(int x, int y, int z)
{
    return y >= x ? z : takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

static NOINLINE u32 add(u32 a, u32 b) { return a + b; }
static NOINLINE u32 subtract(u32 a, u32 b) { return a - b; }
static NOINLINE u32 exclusive_or(u32 a, u32 b) { return a ^ b; }
static NOINLINE u32 rotate(u32 a, u32 b) { return a << (b & 31) | a >> (-b & 31); }
static NOINLINE u32 either(u32 a, u32 b) { return a & 1 ? add(a, b) : rotate(a, b); }

static u32 (*const operations[8])(u32, u32) = { add, rotate, either, subtract, exclusive_or, either, add, rotate };

static NOINLINE u32 dispatch(u32 value)
{
    for (u32 i = 0; i < 20000; i++)
        value = operations[(value ^ i) & 7](value, i * 0x9e3779b9u);
    return value;
}

u32 run_round(u32 checksum)
{
    checksum = mix(checksum, fibonacci(18 + (checksum & 1)));
    checksum = mix(checksum, (u32)takeuchi(12, 8, (int)(checksum & 3)));
    return mix(checksum, dispatch(checksum));
}
