// Locks: what one CPU does under a lock must look to all others as if it were done at once, and nothing may be lost.
#include "torture.h"

// ---- Spinlock: test and set by lwarx and stwcx. ----

#define COUNTERS 8

static volatile u32 spinlock ALIGNED(32);
static volatile u32 counters[COUNTERS] ALIGNED(32);

static void prepare_spinlock(void)
{
    for (u32 i = 0; i < COUNTERS; i++)
        counters[i] = 0;
}

static void run_spinlock(u32 cpu, u32 count)
{
    int is_locked = parameters.race != RACE_SPINLOCK;
    (void)cpu;
    for (u32 i = 0; i < count; i++) {
        if (is_locked)
            take_spinlock(&spinlock);
        u32 next = counters[0] + 1;
        for (u32 k = 0; k < COUNTERS; k++)
            counters[k] = next;
        if (is_locked)
            release_spinlock(&spinlock);
    }
}

static int is_spinlock_correct(u32 total)
{
    for (u32 k = 0; k < COUNTERS; k++)
        if (counters[k] != total)
            return 0;
    return 1;
}

const struct test spinlock_test = { "increments under a spinlock", 150, prepare_spinlock, run_spinlock, is_spinlock_correct, 0 };

// ---- Ticket lock: CPUs must come in the order of their tickets ----

#define TICKETS 20

static volatile u32 next_ticket ALIGNED(32), now_serving ALIGNED(32);
static volatile u32 holders, drawn_by[TICKETS * TEST_CPUS], served[TICKETS * TEST_CPUS], served_count;

static void prepare_ticket_lock(void) { next_ticket = now_serving = holders = served_count = 0; }

static void run_ticket_lock(u32 cpu, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        u32 ticket = atomic_add(&next_ticket, 1);
        drawn_by[ticket] = cpu;
        wait_until(&now_serving, ticket);
        if (++holders != 1)
            cpus[cpu].wrong++;
        served[served_count++] = cpu;
        mix_trace(cpu, ticket);
        holders--;
        release(&now_serving, ticket + 1);
    }
}

static int is_ticket_lock_correct(u32 total)
{
    for (u32 ticket = 0; ticket < total; ticket++)
        if (served[ticket] != drawn_by[ticket])
            return 0;
    return served_count == total && next_ticket == total && now_serving == total;
}

const struct test ticket_lock_test =
    { "turns in the order of tickets", TICKETS, prepare_ticket_lock, run_ticket_lock, is_ticket_lock_correct, 0 };

// ---- Lamport's bakery: mutual exclusion by loads, stores and sync alone ----

static volatile u32 choosing[TEST_CPUS] ALIGNED(32), number[TEST_CPUS] ALIGNED(32), bakery_count;

static void prepare_bakery(void) { bakery_count = 0; }

static void enter_bakery(u32 cpu)
{
    u32 largest = 0;
    choosing[cpu] = 1;
    sync();
    for (u32 other = 0; other < board.cpu_count; other++)
        if (number[other] > largest)
            largest = number[other];
    number[cpu] = largest + 1;
    release(&choosing[cpu], 0);
    sync();
    for (u32 other = 0; other < board.cpu_count; other++) {
        wait_until(&choosing[other], 0);
        for (;;) {
            u32 theirs = acquire(&number[other]);
            if (theirs == 0 || theirs > largest + 1 || (theirs == largest + 1 && other >= cpu))
                break;
        }
    }
}

static void run_bakery(u32 cpu, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        enter_bakery(cpu);
        bakery_count++;
        release(&number[cpu], 0);
    }
}

static int is_bakery_correct(u32 total) { return bakery_count == total; }

const struct test bakery_test = { "increments in Lamport's bakery", 20, prepare_bakery, run_bakery, is_bakery_correct, 0 };

// ---- A long way between lwarx and stwcx. ----

static volatile u32 generator ALIGNED(32);

static void prepare_slow_update(void) { generator = 1; }

// A step of a linear congruential generator (Numerical Recipes), with a loop between the load and the store.
static void run_slow_update(u32 cpu, u32 count)
{
    (void)cpu;
    for (u32 i = 0; i < count; i++) {
        u32 value, delay;
        __asm__ volatile("1: lwarx %0,0,%2; li %1,8; mtctr %1; 2: bdnz 2b; mullw %0,%0,%3; add %0,%0,%4; stwcx. %0,0,%2; bne- 1b"
                         : "=&r"(value), "=&r"(delay) : "r"(&generator), "r"(1664525), "r"(1013904223) : "cc", "ctr", "memory");
    }
}

static int is_slow_update_correct(u32 total)
{
    u32 expected = 1;
    while (total--)
        expected = expected * 1664525 + 1013904223;
    return generator == expected;
}

const struct test slow_update_test =
    { "slow updates between lwarx and stwcx.", 200, prepare_slow_update, run_slow_update, is_slow_update_correct, 0 };

// ---- Sequence lock: readers never wait, and look again when a writer was there ----

static volatile u32 sequence ALIGNED(32), first, second, third;

static void prepare_seqlock(void) { sequence = first = second = third = 0; }

static void write_three(void)
{
    take_spinlock(&spinlock);
    sequence++;
    sync();
    first += 1;
    second = first * 3;
    third = first ^ second;
    sync();
    sequence++;
    release_spinlock(&spinlock);
}

static int are_three_consistent(void)
{
    u32 before, one, two, three;
    do {
        while ((before = acquire(&sequence)) & 1 && parameters.race != RACE_SEQLOCK) {
        }
        one = first;
        two = second;
        three = third;
        sync();
    } while (sequence != before && parameters.race != RACE_SEQLOCK);
    return two == one * 3 && three == (one ^ two);
}

static void run_seqlock(u32 cpu, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        if (i % 4 == cpu % 4)
            write_three();
        else if (!are_three_consistent())
            cpus[cpu].wrong++;
    }
}

static int is_seqlock_correct(u32 total) { return first == total / 4; }

const struct test seqlock_test = { "reads and writes with a sequence lock", 200, prepare_seqlock, run_seqlock, is_seqlock_correct, 0 };

// ---- Sense-reversing barrier ----

static volatile struct barrier barrier ALIGNED(32);
static volatile u32 stages[TEST_CPUS];

static void prepare_barrier(void)
{
    for (u32 cpu = 0; cpu < TEST_CPUS; cpu++)
        stages[cpu] = 0;
}

static void run_barrier(u32 cpu, u32 count)
{
    u32 sense = barrier.sense;
    for (u32 i = 1; i <= count / 2; i++) {
        stages[cpu] = i;
        pass_barrier(&barrier, &sense);
        for (u32 other = 0; other < board.cpu_count; other++)
            if (stages[other] != i)
                cpus[cpu].wrong++;
        pass_barrier(&barrier, &sense);
    }
}

static int is_barrier_correct(u32 total) { return barrier.arrived == 0 && stages[0] * 2 * board.cpu_count == total; }

const struct test barrier_test = { "passages of a barrier", 30, prepare_barrier, run_barrier, is_barrier_correct, 0 };
