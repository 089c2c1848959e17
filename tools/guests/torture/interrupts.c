// Interrupts: IPIs of four priorities that interrupt each other, task priorities, sleeping CPUs, and the decrementer beside all else.
#include "torture.h"

#define TICK_MICROSECONDS 20
#define STORM_TARGETS (TEST_CPUS + 1)

#define MPIC_GCR 0x1020u
#define MPIC_IPIVPR(ipi) (0x10a0u + 0x10u * (ipi))
#define MPIC_CPU(cpu) (0x20000u + 0x1000u * (cpu))
#define MPIC_IPIDR(cpu, ipi) (MPIC_CPU(cpu) + 0x40u + 0x10u * (ipi))
#define MPIC_CTPR(cpu) (MPIC_CPU(cpu) + 0x80u)
#define MPIC_IACK(cpu) (MPIC_CPU(cpu) + 0xa0u)
#define MPIC_EOI(cpu) (MPIC_CPU(cpu) + 0xb0u)
#define FIRST_VECTOR 0x20u
#define PRIORITY(kind) (4 + 3 * (kind))
#define ALL_MASKED 15

static volatile u32 all_ticks ALIGNED(32);

// The MPIC keeps one pending bit for each kind of IPI and CPU. Who wants to send one first takes the slot of that bit; the handler gives
// it back. So none is lost.
static volatile u32 slots[TEST_CPUS][IPI_KINDS];
static volatile u32 sent_to[TEST_CPUS][IPI_KINDS], taken_before[TEST_CPUS][IPI_KINDS];

static volatile u32 *mpic(u32 offset) { return ccsr32(MPIC_OFFSET + offset); }

void init_mpic(void)
{
    *mpic(MPIC_GCR) = 0x80000000u;      // Reset, until the bit reads 0.
    while (*mpic(MPIC_GCR) & 0x80000000u) {
    }
    *mpic(MPIC_GCR) = 0x20000000u;      // Mixed mode: interrupts are acknowledged here.
    for (u32 kind = 0; kind < IPI_KINDS; kind++)
        *mpic(MPIC_IPIVPR(kind)) = PRIORITY(kind) << 16 | (FIRST_VECTOR + kind);
}

// Each CPU has a period of its own.
static void start_tick(u32 cpu) { MTSPR(SPR_DEC, board.timebase_hertz / 1000000 * (TICK_MICROSECONDS + 3 * cpu)); }

void start_interrupts(u32 cpu)
{
    *mpic(MPIC_CTPR(cpu)) = 0;
    start_tick(cpu);
    MTSPR(SPR_TCR, TCR_DIE);
    write_msr(read_msr() | MSR_EE);
}

void handle_decrementer(struct frame *frame)
{
    u32 cpu = this_cpu();
    MTSPR(SPR_TSR, TSR_DIS);
    cpus[cpu].ticks++;
    atomic_add(&all_ticks, 1);          // Ends the reservation of a CPU that is interrupted between lwarx and stwcx.
    frame->srr1 &= ~MSR_WE;             // Return awake.
    start_tick(cpu);                    // Not by itself: on a machine slower than the period nothing else would ever be done.
}

// An interrupt of higher priority may come while one is served, and no other.
void handle_external(struct frame *frame)
{
    u32 cpu = this_cpu(), outer = cpus[cpu].priority;
    u32 kind = *mpic(MPIC_IACK(cpu)) - FIRST_VECTOR;
    frame->srr1 &= ~MSR_WE;
    if (kind >= IPI_KINDS) {
        cpus[cpu].spurious++;
        return;
    }
    if (outer >= PRIORITY(kind))
        cpus[cpu].wrong++;
    if (outer)
        cpus[cpu].nested++;
    cpus[cpu].priority = PRIORITY(kind);
    cpus[cpu].taken[kind]++;
    release(&slots[cpu][kind], 0);
    write_msr(read_msr() | MSR_EE);
    if (current_test->on_ipi)
        current_test->on_ipi(cpu, kind);
    write_msr(read_msr() & ~MSR_EE);
    cpus[cpu].priority = outer;
    *mpic(MPIC_EOI(cpu)) = 0;
}

// Slots are taken in the order of CPUs, so that two who send to several never wait for each other. Interrupts must be enabled.
void send_ipi(u32 kind, u32 mask)
{
    for (u32 cpu = 0; cpu < board.cpu_count; cpu++) {
        if (!(mask >> cpu & 1))
            continue;
        if (parameters.race == RACE_IPI)
            slots[cpu][kind] = 1;
        else
            while (!compare_and_swap(&slots[cpu][kind], 0, 1)) {
            }
        atomic_add(&sent_to[cpu][kind], 1);
    }
    sync();
    *mpic(MPIC_IPIDR(this_cpu(), kind)) = mask;
}

// Until this CPU has taken all that was sent to it.
void wait_for_ipis(u32 cpu)
{
    for (u32 kind = 0; kind < IPI_KINDS; kind++)
        wait_until(&slots[cpu][kind], 0);
}

// Sleeps until the word is at least the value. The check runs with interrupts off and sleeping turns them on in the same
// instruction, so a change that is announced by an interrupt cannot slip between the two.
void sleep_until(const volatile u32 *word, u32 value)
{
    u32 msr = read_msr();
    for (;;) {
        write_msr(msr & ~MSR_EE);
        if (*word >= value)
            break;
        write_msr(msr | MSR_EE | MSR_WE);
    }
    write_msr(msr | MSR_EE);
}

static void prepare_ipis(void)
{
    for (u32 cpu = 0; cpu < TEST_CPUS; cpu++) {
        for (u32 kind = 0; kind < IPI_KINDS; kind++) {
            sent_to[cpu][kind] = 0;
            taken_before[cpu][kind] = cpus[cpu].taken[kind];
        }
    }
}

// Every IPI sent was taken, by the CPU and with the kind that it was sent to.
static int is_every_ipi_taken(void)
{
    for (u32 cpu = 0; cpu < TEST_CPUS; cpu++)
        for (u32 kind = 0; kind < IPI_KINDS; kind++)
            if (cpus[cpu].taken[kind] - taken_before[cpu][kind] != sent_to[cpu][kind])
                return 0;
    return 1;
}

static u32 count_sent(void)
{
    u32 sum = 0;
    for (u32 cpu = 0; cpu < TEST_CPUS; cpu++)
        for (u32 kind = 0; kind < IPI_KINDS; kind++)
            sum += sent_to[cpu][kind];
    return sum;
}

// ---- Storm: all CPUs send all kinds to all CPUs, now and then one to all at once ----

static volatile struct barrier storm_barrier;

static void run_storm(u32 cpu, u32 count)
{
    u32 sense = storm_barrier.sense;
    for (u32 i = 0; i < count; i++) {
        u32 random = next_random(cpu) >> 8;
        u32 target = random / IPI_KINDS % STORM_TARGETS;
        send_ipi(random % IPI_KINDS, target == TEST_CPUS ? mask_of_all() : 1u << target % board.cpu_count);
    }
    pass_barrier(&storm_barrier, &sense);
    wait_for_ipis(cpu);
}

static void dawdle(u32 cpu, u32 kind)
{
    mix_trace(cpu, kind);
    for (u32 i = 0; i < 10; i++)
        sync();
}

static int is_storm_correct(u32 total) { return is_every_ipi_taken() && count_sent() >= total; }

const struct test ipi_storm_test = { "sendings of interprocessor interrupts", 40, prepare_ipis, run_storm, is_storm_correct, dawdle };

// ---- Nesting: each handler sends its own CPU the next kind, and waits for it inside ----

static void run_nesting(u32 cpu, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        u32 before = cpus[cpu].taken[0];
        send_ipi(0, 1u << cpu);
        wait_until(&cpus[cpu].taken[0], before + 1);
    }
}

static void nest(u32 cpu, u32 kind)
{
    if (kind + 1 == IPI_KINDS)
        return;
    u32 before = cpus[cpu].taken[kind + 1];
    send_ipi(kind + 1, 1u << cpu);
    wait_until(&cpus[cpu].taken[kind + 1], before + 1);
    if (cpus[cpu].priority != PRIORITY(kind))
        cpus[cpu].wrong++;
}

static int is_nesting_correct(u32 total) { return is_every_ipi_taken() && count_sent() == total * IPI_KINDS; }

const struct test nesting_test = { "interrupts nested four deep", 20, prepare_ipis, run_nesting, is_nesting_correct, nest };

// ---- Task priority: an interrupt comes when its priority is higher, and not before ----

static void expect_none(u32 cpu, u32 kind, u32 task_priority, u32 taken)
{
    *mpic(MPIC_CTPR(cpu)) = task_priority;
    for (u32 i = 0; i < 20; i++)
        sync();
    if (cpus[cpu].taken[kind] != taken)
        cpus[cpu].wrong++;
}

static void run_task_priority(u32 cpu, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        u32 kind = i % IPI_KINDS, taken = cpus[cpu].taken[kind];
        *mpic(MPIC_CTPR(cpu)) = ALL_MASKED;
        send_ipi(kind, 1u << cpu);
        expect_none(cpu, kind, ALL_MASKED, taken);
        expect_none(cpu, kind, PRIORITY(kind), taken);
        *mpic(MPIC_CTPR(cpu)) = PRIORITY(kind) - 1;
        wait_until(&cpus[cpu].taken[kind], taken + 1);
        *mpic(MPIC_CTPR(cpu)) = 0;
    }
}

static int is_task_priority_correct(u32 total) { return is_every_ipi_taken() && count_sent() == total; }

const struct test task_priority_test =
    { "interrupts held back by the task priority", 20, prepare_ipis, run_task_priority, is_task_priority_correct, 0 };

// ---- Token: it goes round among sleeping CPUs ----

static volatile u32 token;

static void prepare_token(void)
{
    prepare_ipis();
    token = 0;
    for (u32 cpu = 0; cpu < TEST_CPUS; cpu++)
        cpus[cpu].announced = 0;
}

static void run_token(u32 cpu, u32 count)
{
    for (u32 lap = 0; lap < count; lap++) {
        u32 step = lap * board.cpu_count + cpu;
        sleep_until(&cpus[cpu].announced, step);
        if (token != step)
            cpus[cpu].wrong++;
        token = step + 1;
        send_ipi(lap % IPI_KINDS, 1u << (cpu + 1) % board.cpu_count);
    }
    if (cpu == 0)
        sleep_until(&cpus[0].announced, count * board.cpu_count);
}

static void take_token(u32 cpu, u32 kind)
{
    (void)kind;
    cpus[cpu].announced = token;
}

static int is_token_correct(u32 total) { return is_every_ipi_taken() && token == total; }

const struct test token_test = { "steps of a token among sleeping CPUs", 40, prepare_token, run_token, is_token_correct, take_token };

// ---- Decrementer ----

static volatile struct barrier tick_barrier;
static volatile u32 counted_ticks;

// Waits for ticks asleep; then compares all counts while nobody takes an interrupt.
static void run_decrementer(u32 cpu, u32 count)
{
    u32 sense = tick_barrier.sense;
    sleep_until(&cpus[cpu].ticks, cpus[cpu].ticks + count);
    write_msr(read_msr() & ~MSR_EE);
    pass_barrier(&tick_barrier, &sense);
    if (cpu == 0) {
        counted_ticks = 0;
        for (u32 other = 0; other < board.cpu_count; other++)
            counted_ticks += cpus[other].ticks;
    }
    pass_barrier(&tick_barrier, &sense);
    if (counted_ticks != all_ticks)
        cpus[cpu].wrong++;
    pass_barrier(&tick_barrier, &sense);
    write_msr(read_msr() | MSR_EE);
}

static int is_decrementer_correct(u32 total) { return all_ticks >= total; }

const struct test decrementer_test = { "waits for the decrementer", 5, 0, run_decrementer, is_decrementer_correct, 0 };
