// SMP torture tests: every CPU runs every test together with all others. What is printed depends on the number of CPUs alone, whatever
// the timing of the machine that runs it, but for lines that begin with "# ".
#pragma once
#include "../runtime/board.h"

#define TEST_CPUS 8
#define ALIGNED(bytes) __attribute__((aligned(bytes)))

// The words after the magic in the ELF file; whoever runs the program may change them in the file.
struct parameters {
    char magic[8];
    u32 rounds;     // How often each test is done.
    u32 race;       // Which mistake is planted: one of enum race.
};

extern const volatile struct parameters parameters;

enum race {
    RACE_NONE = 0,
    RACE_SPINLOCK = 1,  // Increments go without the lock.
    RACE_SEQLOCK = 2,   // A reader takes what it read without a second look at the sequence number.
    RACE_IPI = 3,       // An interprocessor interrupt is sent before the last one of its kind is known to be taken.
};

struct test {
    const char *what;                       // Printed behind the number of operations.
    u32 count;                              // Operations of each CPU in a round.
    void (*prepare)(void);                  // CPU 0, before the others begin a round; null for nothing.
    void (*run)(u32 cpu, u32 count);        // Every CPU.
    int (*is_correct)(u32 total);           // CPU 0, after a round of all; the total is over all CPUs.
    void (*on_ipi)(u32 cpu, u32 kind);      // In the interrupt handler, with further interrupts enabled; null for nothing.
};

extern const struct test *volatile current_test;

#define IPI_KINDS 4

struct cpu {
    u32 random;             // State of next_random.
    u32 wrong;              // Observations that no order of events explains.
    u32 trace;              // Checksum over what depends on timing.
    u32 ticks;              // Decrementer interrupts.
    u32 taken[IPI_KINDS];   // IPIs by kind.
    u32 priority;           // Of the interrupt in service, 0 for none.
    u32 nested, spurious;
    u32 announced;          // How far this CPU has been told of changes.
} ALIGNED(32);

extern volatile struct cpu cpus[TEST_CPUS];

struct barrier { u32 arrived, sense; };

// ---- Shared by all tests, torture.c ----

void pass_barrier(volatile struct barrier *barrier, u32 *sense);
u32 next_random(u32 cpu);
void mix_trace(u32 cpu, u32 value);

// ---- Interrupts, interrupts.c ----

void init_mpic(void);
void start_interrupts(u32 cpu);
void send_ipi(u32 kind, u32 mask);
void wait_for_ipis(u32 cpu);
void sleep_until(const volatile u32 *word, u32 value);

static inline u32 mask_of_all(void) { return (1u << board.cpu_count) - 1; }

// ---- Tests ----

extern const struct test spinlock_test, ticket_lock_test, bakery_test, slow_update_test, seqlock_test, barrier_test, queue_test,
    ipi_storm_test, nesting_test, task_priority_test, token_test, decrementer_test, own_code_test, shared_code_test, translation_test;

// ---- Atomic operations ----

static inline u32 this_cpu(void) { return MFSPR(SPR_PIR); }

static inline void isync(void) { __asm__ volatile("isync" : : : "memory"); }

// A load that nothing behind it in the program overtakes.
static inline u32 acquire(const volatile u32 *address)
{
    u32 value = *address;
    sync();
    return value;
}

// A store that comes after everything before it in the program.
static inline void release(volatile u32 *address, u32 value)
{
    sync();
    *address = value;
}

static inline void wait_until(const volatile u32 *address, u32 value)
{
    while (*address != value) {
    }
    sync();
}

// Returns the value before the addition.
static inline u32 atomic_add(volatile u32 *address, u32 amount)
{
    u32 old, sum;
    __asm__ volatile("sync; 1: lwarx %0,0,%2; add %1,%0,%3; stwcx. %1,0,%2; bne- 1b; sync"
                     : "=&r"(old), "=&r"(sum) : "r"(address), "r"(amount) : "cc", "memory");
    return old;
}

static inline int compare_and_swap(volatile u32 *address, u32 expected, u32 desired)
{
    u32 old;
    __asm__ volatile("sync; 1: lwarx %0,0,%1; cmpw %0,%2; bne- 2f; stwcx. %3,0,%1; bne- 1b; 2: sync"
                     : "=&r"(old) : "r"(address), "r"(expected), "r"(desired) : "cc", "memory");
    return old == expected;
}

// Test and set.
static inline void take_spinlock(volatile u32 *lock)
{
    u32 value;
    __asm__ volatile("1: lwarx %0,0,%1; cmpwi %0,0; bne- 1b; stwcx. %2,0,%1; bne- 1b; isync"
                     : "=&r"(value) : "r"(lock), "r"(1) : "cc", "memory");
}

static inline void release_spinlock(volatile u32 *lock) { release(lock, 0); }
