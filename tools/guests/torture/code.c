// Self-modifying code: a CPU that changes what it is about to execute, and one that changes what all others are executing.
#include "torture.h"

#define STUBS 16
#define BRANCH_TO(from, to) (0x48000000u | (((u32)(to) - (u32)(from)) & 0x03fffffcu))
#define LOAD_R3(value) (0x38600000u | ((value) & 0x7fffu))      // li r3,value
#define RETURN 0x4e800020u                                      // blr

// What makes a store to one cache line visible to instruction fetch on all CPUs.
static void flush_code(volatile u32 *address)
{
    __asm__ volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync" : : "r"(address) : "memory");
}

static u32 call(volatile u32 *code)
{
    u32 (*function)(void) = (u32 (*)(void))(u32)code;
    return function();
}

// ---- A CPU changes the next instruction but five of its own ----

static const u32 self_modifying[8] = {
    0x90830000u,        // stw r4,0(r3)
    0x7c00186cu,        // dcbst 0,r3
    0x7c0004acu,        // sync
    0x7c001facu,        // icbi 0,r3
    0x7c0004acu,        // sync
    0x4c00012cu,        // isync
    LOAD_R3(0),         // At r3: becomes r4.
    RETURN,
};

static volatile u32 own_code[TEST_CPUS][8] ALIGNED(32);     // All in one page.

static void run_own_code(u32 cpu, u32 count)
{
    volatile u32 *code = own_code[cpu];
    for (u32 i = 0; i < 8; i++)
        code[i] = self_modifying[i];
    flush_code(code);
    u32 (*function)(volatile u32 *, u32) = (u32 (*)(volatile u32 *, u32))(u32)code;
    for (u32 i = 1; i <= count; i++)
        if (function(&code[6], LOAD_R3(i)) != i)
            cpus[cpu].wrong++;
}

static int is_own_code_correct(u32 total)
{
    for (u32 cpu = 0; cpu < board.cpu_count; cpu++)
        if (own_code[cpu][6] != LOAD_R3(total / board.cpu_count))
            return 0;
    return 1;
}

const struct test own_code_test = { "instructions that change the ones behind them", 100, 0, run_own_code, is_own_code_correct, 0 };

// ---- CPUs take turns in changing a function that all call ----
//
// What changes is a branch, to another small function that was written before. While the change is under way a call gives the old or
// the new number; from the announcement on, which is a word in memory or an interrupt, it gives only the new one.

static volatile u32 shared_code[8] ALIGNED(32);
static volatile u32 stubs[STUBS][8] ALIGNED(32);
static volatile u32 acknowledged ALIGNED(32), done, changing;

static void write_stub(u32 number)
{
    volatile u32 *stub = stubs[number % STUBS];
    stub[0] = LOAD_R3(number);
    stub[1] = RETURN;
    flush_code(stub);
    shared_code[0] = BRANCH_TO(shared_code, stub);
    flush_code(shared_code);
}

static void prepare_shared_code(void)
{
    acknowledged = done = 0;
    for (u32 cpu = 0; cpu < TEST_CPUS; cpu++)
        cpus[cpu].announced = 0;
    write_stub(0);
}

static void expect_number(u32 cpu, u32 number)
{
    if (call(shared_code) != number)
        cpus[cpu].wrong++;
}

static void change_code(u32 cpu, u32 number)
{
    u32 others = mask_of_all() & ~(1u << cpu);
    changing = number;
    write_stub(number);
    expect_number(cpu, number);
    if (number % 2 && others)
        send_ipi(number % IPI_KINDS, others);
    else
        for (u32 other = 0; other < board.cpu_count; other++)
            release(&cpus[other].announced, number);
    while (acquire(&acknowledged) != number * (board.cpu_count - 1)) {
    }
    release(&done, number);
}

static void run_while_changing(u32 cpu, u32 number)
{
    u32 last = number - 1, calls = 0;
    do {
        u32 now = call(shared_code);
        if (now < last || now > number)
            cpus[cpu].wrong++;
        last = now;
        calls++;
    } while (acquire(&cpus[cpu].announced) < number);
    isync();
    expect_number(cpu, number);
    mix_trace(cpu, calls);
    atomic_add(&acknowledged, 1);
    while (acquire(&done) < number) {
    }
}

static void run_shared_code(u32 cpu, u32 count)
{
    for (u32 number = 1; number <= count * board.cpu_count; number++) {
        if (number % board.cpu_count == cpu)
            change_code(cpu, number);
        else
            run_while_changing(cpu, number);
    }
}

// Returning from the interrupt and entering it synchronize the context; nothing else is needed.
static void announce_code(u32 cpu, u32 kind)
{
    (void)kind;
    expect_number(cpu, changing);
    cpus[cpu].announced = changing;
}

static int is_shared_code_correct(u32 total) { return done == total; }

const struct test shared_code_test =
    { "changes of a function that all CPUs call", 6, prepare_shared_code, run_shared_code, is_shared_code_correct, announce_code };
