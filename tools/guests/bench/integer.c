// Integer and branch: a mix like CoreMark's, written anew: linked list, small matrices, a state machine over text, a CRC.
#include "bench.h"

WORKLOAD("integer", 2400)

#define NODES 64
#define SIZE 10

struct item {
    struct item *next;
    u16 key, value;
};

static struct item items[NODES];
static short left[SIZE][SIZE], right[SIZE][SIZE];
static int product[SIZE][SIZE];
static char text[256];

void prepare(void)
{
    static const char samples[] = "512,+7,-90,0x1F,3.14,2e9,abc,-,7f,0,99999,+-3,1.5e-7,,0xzz,42";
    u32 random = 0x2545f491;
    for (u32 i = 0; i < NODES; i++)
        items[i] = (struct item){ i + 1 < NODES ? &items[i + 1] : 0, (u16)next_random(&random), (u16)i };
    for (u32 i = 0; i < SIZE * SIZE; i++) {
        left[i / SIZE][i % SIZE] = (short)(next_random(&random) >> 20);
        right[i / SIZE][i % SIZE] = (short)(next_random(&random) >> 20);
    }
    for (u32 i = 0; i < sizeof text - 1; i++)
        text[i] = samples[i % (sizeof samples - 1)];
}

static struct item *merge(struct item *a, struct item *b)
{
    struct item head, *tail = &head;
    while (a && b) {
        struct item **smaller = a->key <= b->key ? &a : &b;
        tail->next = *smaller;
        tail = *smaller;
        *smaller = tail->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static struct item *sort(struct item *list)
{
    if (!list || !list->next)
        return list;
    struct item *slow = list, *fast = list->next;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    struct item *second = slow->next;
    slow->next = 0;
    return merge(sort(list), sort(second));
}

static struct item *reverse(struct item *list)
{
    struct item *reversed = 0;
    while (list) {
        struct item *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return reversed;
}

static u32 run_list(u32 checksum)
{
    static struct item *list;
    u32 salt = checksum;
    if (!list)
        list = items;
    for (struct item *item = list; item; item = item->next)
        item->key = (u16)(item->key * 25173u + (salt = salt >> 3 | salt << 29) % 251);
    list = sort(reverse(list));
    u32 wanted = checksum & 0xffff, place = 0;
    for (struct item *item = list; item && item->key < wanted; item = item->next)
        place += item->value;
    return mix(checksum, place);
}

static u32 run_matrix(u32 checksum)
{
    u32 sum = 0;
    short add = (short)(checksum & 15);
    for (u32 row = 0; row < SIZE; row++)
        for (u32 column = 0; column < SIZE; column++) {
            int value = 0;
            for (u32 i = 0; i < SIZE; i++)
                value += left[row][i] * (right[i][column] + add);
            product[row][column] = value;
        }
    for (u32 row = 0; row < SIZE; row++)
        for (u32 column = 0; column < SIZE; column++) {
            int value = product[row][column];
            sum = value > 0 ? sum + ((u32)value >> 5 & 0x3ff) : sum ^ (u32)value;
        }
    return mix(checksum, sum);
}

enum state { START, SIGN, INTEGER, FRACTION, EXPONENT, WORD, STATES };

static enum state step(enum state state, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START: return c == '+' || c == '-' ? SIGN : digit ? INTEGER : c == '.' ? FRACTION : WORD;
    case SIGN: return digit ? INTEGER : c == '.' ? FRACTION : WORD;
    case INTEGER: return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : WORD;
    case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : WORD;
    case EXPONENT: return digit || c == '-' ? EXPONENT : WORD;
    default: return WORD;
    }
}

static u32 run_states(u32 checksum)
{
    u32 ends[STATES] = { 0 };
    enum state state = START;
    text[checksum % (sizeof text - 1)] = (char)('0' + checksum % 10);
    for (const char *c = text; *c; c++) {
        if (*c == ',') {
            ends[state]++;
            state = START;
        }
        else
            state = step(state, *c);
    }
    for (u32 i = 0; i < STATES; i++)
        checksum = mix(checksum, ends[i]);
    return checksum;
}

static u32 run_crc(u32 checksum)
{
    u32 crc = 0xffffffff;
    for (u32 i = 0; i < 64; i++) {
        crc ^= (u8)text[i] ^ (checksum & 0xff);
        for (u32 bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return mix(checksum, crc);
}

u32 run_round(u32 checksum)
{
    for (u32 i = 0; i < 4; i++)
        checksum = run_crc(run_states(run_matrix(run_list(checksum))));
    return checksum;
}
