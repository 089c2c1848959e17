// Multiply and divide: 32-bit products and quotients, high halves, modular powers, greatest common divisors.
#include "bench.h"

WORKLOAD("muldiv", 1000)

void prepare(void) {}

static u32 power(u32 base, u32 exponent, u32 modulus)
{
    u32 result = 1;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = result * base % modulus;
        base = base * base % modulus;
    }
    return result;
}

static u32 common_divisor(u32 a, u32 b)
{
    while (b) {
        u32 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static u32 signed_work(int value)
{
    u32 sum = 0;
    for (int i = 1; i < 3000; i++) {
        value = value * 1103515245 + 12345;
        sum += (u32)(value / i) ^ (u32)(value % (i | 1));
        sum += (u32)((long long)value * i >> 32);
    }
    return sum;
}

static u32 unsigned_work(u32 value)
{
    u32 sum = 0;
    for (u32 i = 1; i < 3000; i++) {
        value = value * 1664525u + 1013904223u;
        sum ^= value / (i * 3);
        sum += (u32)((u64)value * (value ^ i) >> 32);
        sum *= 7;
    }
    return sum;
}

u32 run_round(u32 checksum)
{
    for (u32 i = 0; i < 400; i++)
        checksum = mix(checksum, power(checksum % 60000 + 2, 0x3fff, 65521 - 2 * i));
    for (u32 i = 0; i < 600; i++)
        checksum = mix(checksum, common_divisor(checksum | 1, checksum * 77 + i));
    checksum = mix(checksum, signed_work((int)checksum));
    return mix(checksum, unsigned_work(checksum));
}
