#include "board.h"

struct board board;

// ---- Device tree (Devicetree Specification, flattened format) ----

enum { FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4 };

#define MAX_DEPTH 8

static int starts_with(const char *text, const char *prefix)
{
    while (*prefix)
        if (*text++ != *prefix++)
            return 0;
    return 1;
}

static int equal(const char *a, const char *b) { return starts_with(a, b) && starts_with(b, a); }

static u64 cells2(const u32 *cells) { return (u64)cells[0] << 32 | cells[1]; }

struct node {
    const char *name;
    u32 first_reg;
    u64 release_physical;
};

static void read_property(struct node *nodes, u32 depth, const char *name, const u32 *value, u32 length)
{
    struct node *node = &nodes[depth];
    if (equal(name, "reg"))
        node->first_reg = value[0];
    if (depth == 1 && equal(name, "model"))
        board.model = (const char *)value;
    else if (depth == 2 && starts_with(node->name, "memory") && equal(name, "reg"))
        for (u32 i = 0; i + 4 <= length / 4; i += 4)
            board.memory_size += cells2(value + i + 2);
    else if (depth == 2 && starts_with(node->name, "soc") && equal(name, "ranges"))
        board.ccsr_physical = cells2(value + 1);
    else if (equal(name, "cpu-release-addr"))
        node->release_physical = cells2(value);
    else if (equal(name, "timebase-frequency"))
        board.timebase_hertz = value[0];
    else if (equal(node->name, "power-off") && equal(name, "gpios"))
        board.power_off_pin = value[1];
}

static void end_node(const struct node *nodes, u32 depth)
{
    const struct node *node = &nodes[depth];
    if (depth == 3 && equal(nodes[2].name, "cpus") && node->first_reg < MAX_CPUS) {
        board.release_physical[node->first_reg] = node->release_physical;
        board.cpu_count++;
    }
    else if (depth == 3 && starts_with(node->name, "gpio@"))
        board.power_off_gpio = node->first_reg;
}

void read_device_tree(const void *tree)
{
    const u32 *header = tree;
    const u32 *token = (const u32 *)((const char *)tree + header[2]);
    const char *strings = (const char *)tree + header[3];
    struct node nodes[MAX_DEPTH];
    u32 depth = 0;
    for (;;) {
        switch (*token++) {
        case FDT_BEGIN_NODE: {
            const char *name = (const char *)token;
            u32 length = 0;
            while (name[length])
                length++;
            token += length / 4 + 1;
            if (depth + 1 < MAX_DEPTH)
                nodes[++depth] = (struct node){ name, 0, 0 };
            break;
        }
        case FDT_END_NODE:
            end_node(nodes, depth--);
            if (depth == 0)
                return;
            break;
        case FDT_PROP:
            read_property(nodes, depth, strings + token[1], token + 2, token[0]);
            token += 2 + (token[0] + 3) / 4;
            break;
        case FDT_NOP:
            break;
        default:
            return;
        }
    }
}

// ---- TLB1 (e500 core manual, MMU assist registers) ----

void map_tlb1(u32 index, u32 virtual_address, u64 physical_address, u32 size, int is_device)
{
    MTSPR(SPR_MAS0, 0x10000000u | index << 16);                           // TLB1, entry.
    MTSPR(SPR_MAS1, 0xc0000000u | size << 8);                             // Valid, protected from invalidation, TID 0.
    MTSPR(SPR_MAS2, virtual_address | (is_device ? 0xau : 0x4u));         // Devices: cache inhibited and guarded; memory: coherent.
    MTSPR(SPR_MAS3, (u32)physical_address | 0x15u);                       // Supervisor execute, write, read.
    MTSPR(SPR_MAS7, (u32)(physical_address >> 32));
    __asm__ volatile("isync; tlbwe; isync; msync" : : : "memory");
}

void map_ccsr(void) { map_tlb1(TLB_CCSR, CCSR_VIRTUAL, board.ccsr_physical, PAGE_1M, 1); }

// ---- 16550 console ----

enum { UART_THR = 0, UART_IER = 1, UART_FCR = 2, UART_LCR = 3, UART_MCR = 4, UART_LSR = 5 };

static void init_uart(void)
{
    volatile u8 *uart = ccsr8(UART_OFFSET);
    uart[UART_IER] = 0;
    uart[UART_LCR] = 0x83;      // Divisor latch: 115200 baud from the 400 MHz platform clock.
    uart[UART_THR] = 217;
    uart[UART_IER] = 0;
    uart[UART_LCR] = 0x03;      // 8 data bits, no parity, 1 stop bit.
    uart[UART_FCR] = 0x07;
    uart[UART_MCR] = 0x03;
}

void put_char(char c)
{
    volatile u8 *uart = ccsr8(UART_OFFSET);
    if (c == '\n')
        put_char('\r');
    while (!(uart[UART_LSR] & 0x20)) {
    }
    uart[UART_THR] = (u8)c;
}

void put(const char *text)
{
    while (*text)
        put_char(*text++);
}

void put_decimal(u32 value, u32 width)
{
    char digits[12];
    u32 count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (width-- > count)
        put_char(' ');
    while (count)
        put_char(digits[--count]);
}

void put_hex(u32 value)
{
    put("0x");
    for (int shift = 28; shift >= 0; shift -= 4)
        put_char("0123456789abcdef"[value >> shift & 15]);
}

void put_repeated(char c, u32 count)
{
    while (count--)
        put_char(c);
}

// ---- Start and end ----

void init_board(const void *tree)
{
    read_device_tree(tree);
    map_ccsr();
    init_uart();
}

void power_off(void)
{
    if (board.power_off_gpio) {
        volatile u32 *gpio = ccsr32(board.power_off_gpio);
        u32 pin = 0x80000000u >> board.power_off_pin;
        gpio[0] = pin;          // GPDIR: output.
        gpio[2] = 0;            // GPDAT: a rising edge switches off.
        gpio[2] = pin;
    }
    for (;;)                    // A board that cannot switch itself off sleeps for good.
        write_msr((read_msr() & ~MSR_EE) | MSR_WE);
}

void handle_unexpected(struct frame *frame, u32 number)
{
    put("\ncpu ");
    put_decimal(MFSPR(SPR_PIR), 0);
    put(": unexpected exception, IVOR");
    put_decimal(number, 0);
    put(" at ");
    put_hex(frame->srr0);
    put(", ESR ");
    put_hex(MFSPR(SPR_ESR));
    put(", DEAR ");
    put_hex(MFSPR(SPR_DEAR));
    put("\n");
    power_off();
}
