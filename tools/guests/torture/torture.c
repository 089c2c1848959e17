// Brings up all CPUs, has them do the tests together and says what came of it.
#include "torture.h"

__attribute__((section(".parameters"), used, aligned(4)))
const volatile struct parameters parameters = { { 'S', 'I', 'M', 'T', 'O', 'R', 'T', 'R' }, 1, RACE_NONE };

static const struct test *const tests[] = {
    &spinlock_test, &ticket_lock_test, &bakery_test, &slow_update_test, &seqlock_test, &barrier_test, &queue_test, &ipi_storm_test,
    &nesting_test, &task_priority_test, &token_test, &decrementer_test, &own_code_test, &shared_code_test, &translation_test,
};

#define TEST_COUNT (sizeof(tests) / sizeof(tests[0]))

const struct test *volatile current_test;
volatile struct cpu cpus[TEST_CPUS];

static volatile u32 arrived;
static volatile struct barrier round_barrier;

void handle_unexpected(struct frame *frame, u32 number) __attribute__((noreturn));

// ---- Shared by all tests ----

// The last to arrive turns the sense over, for which all others wait.
void pass_barrier(volatile struct barrier *barrier, u32 *sense)
{
    *sense = !*sense;
    if (atomic_add(&barrier->arrived, 1) == board.cpu_count - 1) {
        barrier->arrived = 0;
        release(&barrier->sense, *sense);
    }
    else
        wait_until(&barrier->sense, *sense);
}

// Marsaglia's xorshift generator, 32 bits, one for each CPU.
u32 next_random(u32 cpu)
{
    u32 x = cpus[cpu].random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return cpus[cpu].random = x;
}

void mix_trace(u32 cpu, u32 value)
{
    u32 trace = cpus[cpu].trace ^ value;
    cpus[cpu].trace = (trace << 13 | trace >> 19) * 5 + 0xe6546b64u;
}

// ---- Rounds ----

static int is_correct(u32 index, u32 total)
{
    int correct = tests[index]->is_correct(total);
    for (u32 cpu = 0; cpu < board.cpu_count; cpu++) {
        if (cpus[cpu].wrong)
            correct = 0;
        cpus[cpu].wrong = 0;
    }
    return correct;
}

static int put_result(u32 index, int correct)
{
    put("torture: ");
    put_decimal(tests[index]->count * board.cpu_count * parameters.rounds, 0);
    put(" ");
    put(tests[index]->what);
    put(correct ? ": passed\n" : ": FAILED\n");
    return correct;
}

// Every CPU does all rounds of all tests; CPU 0 prepares and judges each. Returns how many tests failed, on CPU 0.
static u32 run_tests(u32 cpu)
{
    u32 sense = 0, failures = 0;
    cpus[cpu].random = 0x9e3779b9u * (cpu + 1);
    start_interrupts(cpu);
    for (u32 index = 0; index < TEST_COUNT; index++) {
        int correct = 1;
        for (u32 round = 0; round < parameters.rounds; round++) {
            if (cpu == 0) {
                current_test = tests[index];
                if (tests[index]->prepare)
                    tests[index]->prepare();
            }
            pass_barrier(&round_barrier, &sense);
            tests[index]->run(cpu, tests[index]->count);
            pass_barrier(&round_barrier, &sense);
            if (cpu == 0)
                correct &= is_correct(index, tests[index]->count * board.cpu_count);
        }
        if (cpu == 0)
            failures += !put_result(index, correct);
    }
    return failures;
}

static void put_count(const char *what, u32 value)
{
    put(" ");
    put_decimal(value, 0);
    put(what);
}

// What differs from one order of events to another.
static void put_timing(void)
{
    u32 trace = 0, ticks = 0, nested = 0, spurious = 0;
    for (u32 cpu = 0; cpu < board.cpu_count; cpu++) {
        trace = trace * 31 + cpus[cpu].trace;
        ticks += cpus[cpu].ticks;
        nested += cpus[cpu].nested;
        spurious += cpus[cpu].spurious;
    }
    put("# order of events ");
    put_hex(trace);
    put(":");
    put_count(" ticks,", ticks);
    put_count(" nested and", nested);
    put_count(" spurious interrupts\n", spurious);
}

// ---- Start and end ----

void secondary_main(u32 cpu)
{
    map_ccsr();
    atomic_add(&arrived, 1);
    run_tests(cpu);
    write_msr(read_msr() & ~MSR_EE);
    for (;;)
        write_msr(read_msr() | MSR_WE);
}

static void release_cpu(u32 cpu)
{
    u64 physical = board.release_physical[cpu];
    map_tlb1(TLB_SPIN, SPIN_VIRTUAL, physical & ~0xfffull, PAGE_4K, 1);
    volatile u32 *entry = (volatile u32 *)(SPIN_VIRTUAL + ((u32)physical & 0xfff));
    entry[2] = 0;               // r3, two words.
    entry[3] = cpu;
    entry[0] = 0;               // Address; the low word, written last, starts the CPU.
    entry[1] = (u32)secondary_start;
    wait_until(&arrived, cpu);
}

void main(const void *tree)
{
    init_board(tree);
    put("torture: ");
    put_decimal(board.cpu_count, 0);
    put(" CPUs\n");
    if (board.cpu_count > TEST_CPUS) {
        put("torture: FAILED: at most 8 CPUs are supported\n");
        power_off();
    }
    init_mpic();
    for (u32 cpu = 1; cpu < board.cpu_count; cpu++)
        release_cpu(cpu);
    u32 failures = run_tests(0);
    put_timing();
    put(failures ? "torture: FAILED " : "torture: all ");
    put_decimal(failures ? failures : TEST_COUNT, 0);
    put(" tests");
    put(failures ? "\n" : " passed\n");
    power_off();
}
