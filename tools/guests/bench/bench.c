#include "bench.h"

void handle_unexpected(struct frame *frame, u32 number) __attribute__((noreturn));

void handle_external(struct frame *frame) { handle_unexpected(frame, 4); }
void handle_decrementer(struct frame *frame) { handle_unexpected(frame, 10); }

// Only the boot CPU works; the others stay in the spin table.
void secondary_main(u32 cpu)
{
    (void)cpu;
    power_off();
}

void main(const void *tree)
{
    init_board(tree);
    prepare();
    u32 checksum = 1, repeat = parameters.repeat;
    for (u32 round = 0; round < repeat; round++)
        checksum = run_round(checksum);
    put("bench ");
    put(workload_name);
    put(" repeat=");
    put_decimal(repeat, 0);
    put(" checksum=");
    put_hex(checksum);
    put("\n");
    power_off();
}
