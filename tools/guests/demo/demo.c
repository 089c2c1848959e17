// The demo firmware: every CPU of the board comes up through the spin table; together they draw a picture row by row, call each
// other with interprocessor interrupts, count decrementer interrupts and fight for a lock; the boot CPU sums up and switches off.
// What is printed depends on the board alone, not on the timing of the machine that runs it.
#include "../runtime/board.h"

enum { IPI_TURN = 0, IPI_CALL = 1, IPI_ANSWERED = 2, IPI_KINDS = 3 };

#define TICK_COUNT 10
#define TICK_MICROSECONDS 50
#define LOCK_TAKINGS 500

#define MPIC_GCR 0x1020u
#define MPIC_IPIVPR(ipi) (0x10a0u + 0x10u * (ipi))
#define MPIC_CPU(cpu) (0x20000u + 0x1000u * (cpu))
#define MPIC_IPIDR(cpu, ipi) (MPIC_CPU(cpu) + 0x40u + 0x10u * (ipi))
#define MPIC_CTPR(cpu) (MPIC_CPU(cpu) + 0x80u)
#define MPIC_IACK(cpu) (MPIC_CPU(cpu) + 0xa0u)
#define MPIC_EOI(cpu) (MPIC_CPU(cpu) + 0xb0u)
#define FIRST_VECTOR 0x20u

struct cpu {
    u32 rows, received, sent, answered, ticks, lock_takings;
    u64 timebase_at_start;
};

static volatile struct cpu cpus[MAX_CPUS];
static volatile u32 turn;       // The step under way: step k belongs to CPU k modulo the number of CPUs, and steps may be skipped.
static volatile u32 next_turn;  // The step to begin when the interrupt that passes the turn arrives.
static volatile u32 caller;
static volatile u32 arrived;
static volatile u32 lock;
static volatile u32 shared_counter;

static u32 this_cpu(void) { return MFSPR(SPR_PIR); }

static volatile u32 *mpic(u32 offset) { return ccsr32(MPIC_OFFSET + offset); }

// ---- Atomic operations ----

static u32 atomic_add(volatile u32 *address, u32 amount)
{
    u32 value;
    __asm__ volatile("1: lwarx %0,0,%1; add %0,%0,%2; stwcx. %0,0,%1; bne- 1b; isync"
                     : "=&r"(value) : "r"(address), "r"(amount) : "cc", "memory");
    return value;
}

static void take_lock(void)
{
    u32 value;
    __asm__ volatile("1: lwarx %0,0,%1; cmpwi %0,0; bne- 1b; stwcx. %2,0,%1; bne- 1b; isync"
                     : "=&r"(value) : "r"(&lock), "r"(1) : "cc", "memory");
}

static void release_lock(void)
{
    sync();
    lock = 0;
}

// ---- Interrupts ----

// The MPIC keeps one pending bit for each kind of IPI and CPU. Nobody sends a second one of a kind before the first is known to be
// taken, because what follows waits for the handler; so none is lost, whatever the timing.

static void send_ipi(u32 ipi, u32 destination)
{
    u32 cpu = this_cpu();
    cpus[cpu].sent++;
    sync();
    *mpic(MPIC_IPIDR(cpu, ipi)) = destination;
}

static void pass_call(u32 cpu)
{
    u32 next = (cpu + 1) % board.cpu_count;
    send_ipi(next == caller ? IPI_ANSWERED : IPI_CALL, 1u << next);
}

void handle_external(struct frame *frame)
{
    u32 cpu = this_cpu();
    u32 ipi = *mpic(MPIC_IACK(cpu)) - FIRST_VECTOR;
    if (ipi < IPI_KINDS) {
        cpus[cpu].received++;
        *mpic(MPIC_EOI(cpu)) = 0;
        if (ipi == IPI_TURN)
            turn = next_turn;
        else if (ipi == IPI_ANSWERED)
            cpus[cpu].answered++;
        // A call goes round: everyone calls the next, and the last one tells the caller. So who sends what does not depend on who is quicker.
        else
            pass_call(cpu);
    }
    frame->srr1 &= ~MSR_WE;     // Return awake.
}

void handle_decrementer(struct frame *frame)
{
    u32 cpu = this_cpu();
    MTSPR(SPR_TSR, TSR_DIS);
    if (++cpus[cpu].ticks == TICK_COUNT)
        MTSPR(SPR_TCR, 0);
    frame->srr1 &= ~MSR_WE;
}

// Sleeps until the word is at least the value. The check runs with interrupts off and sleeping turns them on in the same
// instruction, so a change that is announced by an interrupt cannot slip between the two.
static void sleep_until(const volatile u32 *word, u32 value)
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

static void start_interrupts(void)
{
    u32 period = board.timebase_hertz / 1000000 * TICK_MICROSECONDS;
    *mpic(MPIC_CTPR(this_cpu())) = 0;
    MTSPR(SPR_DECAR, period);
    MTSPR(SPR_DEC, period);
    MTSPR(SPR_TCR, TCR_DIE | TCR_ARE);
    write_msr(read_msr() | MSR_EE);
}

static void init_mpic(void)
{
    *mpic(MPIC_GCR) = 0x80000000u;      // Reset, until the bit reads 0.
    while (*mpic(MPIC_GCR) & 0x80000000u) {
    }
    *mpic(MPIC_GCR) = 0x20000000u;      // Mixed mode: interrupts are acknowledged here.
    for (u32 ipi = 0; ipi < IPI_KINDS; ipi++)
        *mpic(MPIC_IPIVPR(ipi)) = 8u << 16 | (FIRST_VECTOR + ipi);
}

// ---- Turns ----

static void wait_turn(u32 step)
{
    sleep_until(&turn, step);
    take_lock();
}

static void pass_turn(u32 step)
{
    release_lock();
    next_turn = step;
    send_ipi(IPI_TURN, 1u << (step % board.cpu_count));
}

// Every part of the programme begins with a step of CPU 0.
static u32 round_up(u32 step)
{
    u32 count = board.cpu_count;
    return (step + count - 1) / count * count;
}

// ---- The picture: the Mandelbrot set in 8.24 fixed point ----

#define ROWS 21
#define COLUMNS 58
#define ITERATIONS 40
#define FIXED(value) ((int)((value) * (1 << 24)))

static int multiply(int a, int b) { return (int)((long long)a * b >> 24); }

static char shade(int real, int imaginary)
{
    int x = 0, y = 0;
    u32 count = 0;
    for (; count < ITERATIONS; count++) {
        int xx = multiply(x, x), yy = multiply(y, y);
        if ((u32)xx + (u32)yy > (u32)FIXED(4))
            break;
        y = 2 * multiply(x, y) + imaginary;
        x = xx - yy + real;
    }
    return count == ITERATIONS ? '@' : " ..::--==++**##%%%%%%%%%%%%%%%%%%%%%%%%"[count];
}

static void compute_row(u32 row, char *text)
{
    for (u32 column = 0; column < COLUMNS; column++)
        text[column] = shade(FIXED(-2.15) + (int)column * FIXED(0.05), FIXED(-1.15) + (int)row * FIXED(0.115));
    text[COLUMNS] = 0;
}

// ---- The programme that every CPU runs ----

static void put_cpu(u32 cpu)
{
    put("  cpu ");
    put_decimal(cpu, 0);
    put(cpu < 10 ? "      " : "     ");
}

static u32 greet(u32 cpu)
{
    wait_turn(cpu);
    put_cpu(cpu);
    if (cpu == 0)
        put("came out of reset\n");
    else {
        // One timebase for all: a CPU that starts later must not read an earlier time.
        put("released through its spin table entry, timebase ");
        put(cpus[cpu].timebase_at_start >= cpus[cpu - 1].timebase_at_start ? "in step\n" : "BEHIND\n");
    }
    if (cpu == board.cpu_count - 1)
        put("\n  The CPUs take turns; an interprocessor interrupt passes the turn on.\n\n");
    pass_turn(cpu + 1);
    return board.cpu_count;
}

static u32 draw(u32 first_step, u32 cpu)
{
    char text[COLUMNS + 1];
    for (u32 row = 0; row < ROWS; row++) {
        u32 step = first_step + row;
        if (step % board.cpu_count != cpu)
            continue;
        compute_row(row, text);
        wait_turn(step);
        put_cpu(cpu);
        put(text);
        put("\n");
        cpus[cpu].rows++;
        pass_turn(row + 1 < ROWS ? step + 1 : round_up(step + 1));
    }
    return round_up(first_step + ROWS);
}

static u32 call_the_others(u32 first_step, u32 cpu)
{
    u32 next = (cpu + 1) % board.cpu_count;
    wait_turn(first_step + cpu);
    release_lock();
    caller = cpu;
    send_ipi(IPI_CALL, 1u << next);
    sleep_until(&cpus[cpu].answered, 1);
    take_lock();
    pass_turn(first_step + cpu + 1);
    return first_step + board.cpu_count;
}

static void fight_for_lock(u32 cpu)
{
    for (u32 i = 0; i < LOCK_TAKINGS; i++) {
        write_msr(read_msr() & ~MSR_EE);
        take_lock();
        shared_counter++;
        cpus[cpu].lock_takings++;
        release_lock();
        write_msr(read_msr() | MSR_EE);
    }
}

static u32 run_programme(u32 cpu)
{
    start_interrupts();
    u32 step = greet(cpu);
    step = draw(step, cpu);
    step = call_the_others(step, cpu);
    fight_for_lock(cpu);
    sleep_until(&cpus[cpu].ticks, TICK_COUNT);
    wait_turn(step + cpu);
    pass_turn(step + cpu + 1);
    return step + board.cpu_count;
}

void secondary_main(u32 cpu)
{
    cpus[cpu].timebase_at_start = read_timebase();
    map_ccsr();
    atomic_add(&arrived, 1);
    run_programme(cpu);
    for (;;)
        write_msr(read_msr() | MSR_EE | MSR_WE);
}

// ---- The boot CPU ----

static void release_cpu(u32 cpu)
{
    u64 physical = board.release_physical[cpu];
    map_tlb1(TLB_SPIN, SPIN_VIRTUAL, physical & ~0xfffull, PAGE_4K, 1);
    volatile u32 *entry = (volatile u32 *)(SPIN_VIRTUAL + ((u32)physical & 0xfff));
    entry[2] = 0;               // r3, two words.
    entry[3] = cpu;
    entry[0] = 0;               // Address; the low word, written last, starts the CPU.
    entry[1] = (u32)secondary_start;
    while (arrived < cpu) {
    }
}

static void put_banner(void)
{
    put("\n  Sim demo firmware\n  ");
    put_repeated('=', 68);
    put("\n\n  board      ");
    put(board.model ? board.model : "unknown");
    put("\n  processor  ");
    put_decimal(board.cpu_count, 0);
    put(MFSPR(SPR_PVR) >> 16 == 0x8021 ? " x e500v2" : MFSPR(SPR_PVR) >> 16 == 0x8020 ? " x e500v1" : " x e500");
    put(", PVR ");
    put_hex(MFSPR(SPR_PVR));
    put("\n  memory     ");
    put_decimal((u32)(board.memory_size >> 20), 0);
    put(" MiB\n  timebase   ");
    put_decimal(board.timebase_hertz / 1000000, 0);
    put(" MHz\n\n");
}

static void put_columns(const volatile struct cpu *counts)
{
    put_decimal(counts->rows, 10);
    put_decimal(counts->received, 12);
    put_decimal(counts->sent, 13);
    put_decimal(counts->ticks, 9);
    put_decimal(counts->lock_takings, 13);
    put("\n");
}

// Every interrupt that was sent must have been taken, every tick and lock taking counted, by each CPU and in sum.
static int put_summary(void)
{
    u32 count = board.cpu_count;
    struct cpu sum = { 0 };
    put("\n               rows  IPIs taken   IPIs sent    ticks  lock takings\n");
    for (u32 cpu = 0; cpu < count; cpu++) {
        put_cpu(cpu);
        put_columns(&cpus[cpu]);
        sum.rows += cpus[cpu].rows;
        sum.received += cpus[cpu].received;
        sum.sent += cpus[cpu].sent;
        sum.ticks += cpus[cpu].ticks;
        sum.lock_takings += cpus[cpu].lock_takings;
    }
    put("  all        ");
    put_columns(&sum);
    return sum.rows == ROWS && sum.received == sum.sent && sum.ticks == TICK_COUNT * count
        && sum.lock_takings == shared_counter && shared_counter == LOCK_TAKINGS * count;
}

void main(const void *tree)
{
    init_board(tree);
    cpus[0].timebase_at_start = read_timebase();
    put_banner();
    init_mpic();
    for (u32 cpu = 1; cpu < board.cpu_count; cpu++)
        release_cpu(cpu);
    u32 step = run_programme(0);
    wait_turn(step);
    release_lock();
    int correct = put_summary();
    put(correct ? "\n  All counts agree. Power off.\n\n" : "\n  The counts DISAGREE. Power off.\n\n");
    power_off();
}
