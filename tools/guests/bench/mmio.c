// Device registers: bytes of the UART, words of the interrupt controller, GPIO and global utilities. Only registers whose value
// the program itself decides go into the checksum.
#include "bench.h"

WORKLOAD("mmio", 200)

#define MPIC(offset) ccsr32(MPIC_OFFSET + (offset))

void prepare(void) {}

u32 run_round(u32 checksum)
{
    volatile u8 *scratch = ccsr8(UART_OFFSET + 7), *line_status = ccsr8(UART_OFFSET + 5);
    volatile u32 *timer_vector = MPIC(0x1120), *source_vector = MPIC(0x10000), *priority = MPIC(0x20080);
    volatile u32 *version = ccsr32(GUTS_OFFSET + 0xa0);
    for (u32 i = 0; i < 2000; i++) {
        *scratch = (u8)checksum;
        *timer_vector = 0x80000000u | (checksum & 0xf00ff);         // Masked all the time.
        *priority = checksum & 15;
        while (!(*line_status & 0x20)) {
        }
        *source_vector = 0x80000000u | (i & 0xff);
        checksum = mix(checksum, *scratch + (*timer_vector & 0xff) + (*priority << 8) + (*source_vector & 0xff) + (*version >> 16));
    }
    return checksum;
}
