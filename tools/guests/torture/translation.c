// Translation: CPUs take turns in mapping a page elsewhere while all others use it. As kernels do, whoever changes a mapping has every CPU
// invalidate its copy before the old page counts as free; tlbivax alone does it where it is broadcast.
#include "torture.h"

#define WINDOW 0x10000000u          // Virtual; translation.S serves its misses from page_table.
#define SHARED_PAGES 8
#define OWN_PAGES TEST_CPUS         // Behind the shared ones, one for each CPU.
#define PAGES (SHARED_PAGES + OWN_PAGES)
#define FRAMES (2 * SHARED_PAGES + OWN_PAGES)
#define OWN_FRAME(cpu) (2 * SHARED_PAGES + (cpu))
#define PAGE_WORDS 1024
#define SUPERVISOR_RWX 0x15u
#define IN_TLB1 0x8u
#define TLB_OWN 10                  // Entry of TLB1.

u32 page_table[PAGES] ALIGNED(64);  // What MAS3 takes.

// Word 0 of a frame is its number, word 1 + n counts what CPU n has added.
static volatile u32 frames[FRAMES][PAGE_WORDS] ALIGNED(4096);
static volatile u32 acknowledged ALIGNED(32), done, changing;

static volatile u32 *page_address(u32 page) { return (volatile u32 *)(WINDOW + page * 4096); }

static void map_page(u32 page, u32 frame) { *(volatile u32 *)&page_table[page] = (u32)frames[frame] | SUPERVISOR_RWX; }

static u32 frame_of(u32 change, u32 page) { return 2 * page + ((change + SHARED_PAGES - page) / SHARED_PAGES & 1); }

static void invalidate(volatile u32 *page, u32 flags)
{
    __asm__ volatile("sync; tlbivax 0,%0; sync; isync" : : "r"((u32)page | flags) : "memory");
}

// Maps the CPU's own page by an entry of TLB1 that tlbivax may take away; TLB0 then serves it.
static void map_own_page(u32 cpu)
{
    volatile u32 *page = page_address(SHARED_PAGES + cpu);
    u32 msr = read_msr();
    write_msr(msr & ~MSR_EE);               // A miss inside a handler would change the MAS registers.
    invalidate(page, 0);
    MTSPR(SPR_MAS0, 0x10000000u | TLB_OWN << 16);
    MTSPR(SPR_MAS1, 0x80000000u | PAGE_4K << 8);
    MTSPR(SPR_MAS2, (u32)page | 0x4u);
    MTSPR(SPR_MAS3, (u32)frames[OWN_FRAME(cpu)] | SUPERVISOR_RWX);
    MTSPR(SPR_MAS7, 0);
    __asm__ volatile("isync; tlbwe; isync; msync" : : : "memory");
    write_msr(msr);
}

static void prepare_translation(void)
{
    acknowledged = done = 0;
    for (u32 cpu = 0; cpu < TEST_CPUS; cpu++) {
        cpus[cpu].announced = 0;
        map_page(SHARED_PAGES + cpu, OWN_FRAME(cpu));
    }
    for (u32 page = 0; page < SHARED_PAGES; page++)
        map_page(page, frame_of(0, page));
    for (u32 frame = 0; frame < FRAMES; frame++) {
        frames[frame][0] = frame;
        for (u32 cpu = 0; cpu < TEST_CPUS; cpu++)
            frames[frame][1 + cpu] = 0;
    }
}

static u32 page_of(u32 change) { return change % SHARED_PAGES; }

// Reads and stores through the window, and looks at the frame itself.
static void expect_frame(u32 cpu, u32 page, u32 frame)
{
    volatile u32 *address = page_address(page);
    u32 before = frames[frame][1 + cpu];
    if (address[0] != frame)
        cpus[cpu].wrong++;
    address[1 + cpu]++;
    if (frames[frame][1 + cpu] != before + 1)
        cpus[cpu].wrong++;
}

static void change_mapping(u32 cpu, u32 change)
{
    u32 page = page_of(change);
    changing = change;
    map_page(page, frame_of(change, page));
    invalidate(page_address(page), 0);
    invalidate(page_address(SHARED_PAGES + next_random(cpu) % board.cpu_count), IN_TLB1);
    __asm__ volatile("tlbsync; sync" : : : "memory");
    u32 others = mask_of_all() & ~(1u << cpu);
    if (others)
        send_ipi(change % IPI_KINDS, others);
    while (acquire(&acknowledged) != change * (board.cpu_count - 1)) {
    }
    expect_frame(cpu, page, frame_of(change, page));
    release(&done, change);
}

static void use_while_changing(u32 cpu, u32 change)
{
    u32 page = page_of(change), old = frame_of(change - 1, page), new = frame_of(change, page), uses = 0;
    do {
        u32 frame = page_address(page)[0], other = (page + 1 + uses++) % SHARED_PAGES;
        if (frame != old && frame != new)
            cpus[cpu].wrong++;
        if (other != page && page_address(other)[0] != frame_of(change, other))
            cpus[cpu].wrong++;
        if (page_address(SHARED_PAGES + cpu)[0] != OWN_FRAME(cpu))
            cpus[cpu].wrong++;
    } while (acquire(&cpus[cpu].announced) < change);
    expect_frame(cpu, page, new);
    mix_trace(cpu, uses);
    atomic_add(&acknowledged, 1);
    while (acquire(&done) < change) {
    }
}

static void run_translation(u32 cpu, u32 count)
{
    extern char vector_base[], window_miss[];
    MTSPR(413, window_miss - vector_base);      // IVOR13, data TLB miss.
    MTSPR(628, PAGE_4K << 8);                   // MAS4: misses go to TLB0, 4 KiB pages.
    for (u32 page = 0; page < PAGES; page++)    // What an earlier round has left.
        invalidate(page_address(page), 0);
    for (u32 change = 1; change <= count * board.cpu_count; change++) {
        if (next_random(cpu) % 4 == 0)
            map_own_page(cpu);
        if (change % board.cpu_count == cpu)
            change_mapping(cpu, change);
        else
            use_while_changing(cpu, change);
    }
}

static void shoot_down(u32 cpu, u32 kind)
{
    (void)kind;
    invalidate(page_address(page_of(changing)), 0);
    cpus[cpu].announced = changing;
}

// Every CPU has added one for each change, in one frame or the other.
static int is_translation_correct(u32 total)
{
    u32 sum = 0;
    for (u32 frame = 0; frame < 2 * SHARED_PAGES; frame++)
        for (u32 cpu = 0; cpu < board.cpu_count; cpu++)
            sum += frames[frame][1 + cpu];
    return done == total && sum == total * board.cpu_count;
}

const struct test translation_test =
    { "changes of a page that all CPUs use", 6, prepare_translation, run_translation, is_translation_correct, shoot_down };
