// Exceptions: system calls, traps, data TLB misses served by a handler of a few instructions, as kernels do.
#include "bench.h"

WORKLOAD("exceptions", 250)

#define WINDOW 0x10000000u      // Virtual; the miss handler maps its pages onto the 16 of the buffer.
#define WINDOW_PAGES 2048u

extern char vector_base[], bench_system_call[], bench_program[], bench_data_miss[];

__attribute__((aligned(65536))) u32 bench_pages[16 * 1024];
volatile u32 bench_misses, bench_traps;

void prepare(void)
{
    __asm__ volatile("mtspr 408,%0; mtspr 406,%1; mtspr 413,%2; isync" : :          // IVOR8, IVOR6, IVOR13.
        "r"(bench_system_call - vector_base), "r"(bench_program - vector_base), "r"(bench_data_miss - vector_base));
    __asm__ volatile("mtspr 628,%0" : : "r"(0x00000100));                           // MAS4: misses go to TLB0, 4 KiB pages.
}

static inline u32 system_call(u32 value)
{
    register u32 r3 __asm__("r3") = value;
    __asm__ volatile("sc" : "+r"(r3) : : "memory");
    return r3;
}

u32 run_round(u32 checksum)
{
    for (u32 i = 0; i < 4000; i++)
        checksum = mix(system_call(checksum), i);
    for (u32 i = 0; i < 1000; i++)
        __asm__ volatile("trap" : : : "memory");
    volatile u32 *window = (volatile u32 *)WINDOW;
    for (u32 page = 0; page < WINDOW_PAGES; page++) {
        window[page * 1024 + (page & 1023)] += checksum;
        checksum = mix(checksum, window[page * 1024 + (checksum & 1023)]);
    }
    return mix(checksum, bench_misses + bench_traps);
}
