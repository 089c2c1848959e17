// What bare-metal guests of the ppce500 and mpc8544ds boards share: registers, console, device tree, TLB and power-off.
// Numbers are from the e500 core, MPC8544E and QorIQ reference manuals; virtual addresses are our own choice.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define MAX_CPUS 32

// Special purpose registers that C code touches by number.
#define SPR_PIR 286
#define SPR_PVR 287
#define SPR_TSR 336
#define SPR_TCR 340
#define SPR_DEC 22
#define SPR_DECAR 54
#define SPR_SRR0 26
#define SPR_SRR1 27
#define SPR_DEAR 61
#define SPR_ESR 62
#define SPR_MAS0 624
#define SPR_MAS1 625
#define SPR_MAS2 626
#define SPR_MAS3 627
#define SPR_MAS7 944

#define MSR_WE 0x00040000u  // Wait state enable: sleep until an interrupt comes.
#define MSR_EE 0x00008000u  // External and decrementer interrupts enabled.
#define TCR_DIE 0x04000000u // Decrementer interrupt enable.
#define TCR_ARE 0x00400000u // Decrementer reloads itself from DECAR.
#define TSR_DIS 0x08000000u // Decrementer interrupt status, cleared by writing one.

#define MFSPR(number) ({ u32 value_; __asm__ volatile("mfspr %0,%1" : "=r"(value_) : "i"(number)); value_; })
#define MTSPR(number, value) __asm__ volatile("mtspr %0,%1" : : "i"(number), "r"((u32)(value)) : "memory")

static inline u32 read_msr(void)
{
    u32 value;
    __asm__ volatile("mfmsr %0" : "=r"(value));
    return value;
}

static inline void write_msr(u32 value)
{
    __asm__ volatile("sync; mtmsr %0; isync" : : "r"(value) : "memory");
}

static inline u64 read_timebase(void)
{
    u32 high, low, again;
    do
        __asm__ volatile("mftbu %0; mftb %1; mftbu %2" : "=r"(high), "=r"(low), "=r"(again));
    while (high != again);
    return (u64)high << 32 | low;
}

static inline void sync(void) { __asm__ volatile("sync" : : : "memory"); }

// TLB1 entries: the loader's mapping of low memory is entry 0 or 1, ours come after it.
#define TLB_CCSR 8
#define TLB_SPIN 9
#define PAGE_4K 1
#define PAGE_1M 5
#define CCSR_VIRTUAL 0xe0000000u
#define SPIN_VIRTUAL 0xef000000u

static inline volatile u32 *ccsr32(u32 offset) { return (volatile u32 *)(CCSR_VIRTUAL + offset); }
static inline volatile u8 *ccsr8(u32 offset) { return (volatile u8 *)(CCSR_VIRTUAL + offset); }

#define UART_OFFSET 0x4500u
#define MPIC_OFFSET 0x40000u
#define GUTS_OFFSET 0xe0000u

// What the device tree in r3 tells.
struct board {
    const char *model;
    u64 memory_size;                // Bytes, over all ranges.
    u64 ccsr_physical;              // Start of the SoC's register block.
    u32 timebase_hertz;
    u32 cpu_count;
    u64 release_physical[MAX_CPUS]; // Spin table entry of each CPU; 0 for the boot CPU.
    u32 power_off_gpio;             // Offset of the GPIO controller in CCSR, 0 if the board cannot power itself off.
    u32 power_off_pin;
};

extern struct board board;

// What an exception vector saves; the layout is known to start.S.
struct frame {
    u32 back_chain, lr_save, r0, r3_to_r12[10], cr, xer, ctr, lr, srr0, srr1;
};

void read_device_tree(const void *tree);
void map_tlb1(u32 index, u32 virtual_address, u64 physical_address, u32 size, int is_device);
void map_ccsr(void);
void init_board(const void *tree);

void put_char(char c);
void put(const char *text);
void put_decimal(u32 value, u32 width);
void put_hex(u32 value);
void put_repeated(char c, u32 count);

void power_off(void) __attribute__((noreturn));

// Provided by the program.
void main(const void *tree) __attribute__((noreturn));
void secondary_main(u32 cpu) __attribute__((noreturn));
void handle_external(struct frame *frame);
void handle_decrementer(struct frame *frame);

// In start.S.
void secondary_start(void);
