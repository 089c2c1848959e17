// A lock-free queue (Michael and Scott, 1996) whose nodes come from a lock-free stack (Treiber, 1986). Every link is a tag and an index;
// the tag changes with each store, so that a link that comes back to an old value is not taken for unchanged.
#include "torture.h"

#define ITEMS 60            // Each CPU puts in as many.
#define NODES 48            // Fewer than items: nodes are used again and again, and run out.
#define NIL 0xffffu

struct node { u32 next, value; };

static volatile struct node nodes[NODES] ALIGNED(32);
static volatile u32 head ALIGNED(32), tail ALIGNED(32), unused ALIGNED(32);
static volatile u32 taken[TEST_CPUS * ITEMS], taken_count ALIGNED(32);

static u32 index_of(u32 link) { return link & 0xffff; }

static u32 successor(u32 link, u32 index) { return ((link & 0xffff0000u) + 0x10000u) | index; }

static void free_node(u32 index)
{
    u32 top;
    do {
        top = acquire(&unused);
        nodes[index].next = successor(nodes[index].next, index_of(top));
    } while (!compare_and_swap(&unused, top, successor(top, index)));
}

// Returns NIL when there is none.
static u32 allocate_node(void)
{
    for (;;) {
        u32 top = acquire(&unused), index = index_of(top);
        if (index == NIL)
            return NIL;
        u32 below = index_of(acquire(&nodes[index].next));
        if (compare_and_swap(&unused, top, successor(top, below)))
            return index;
    }
}

static int enqueue(u32 value)
{
    u32 index = allocate_node();
    if (index == NIL)
        return 0;
    nodes[index].value = value;
    nodes[index].next = successor(nodes[index].next, NIL);
    for (;;) {
        u32 last = acquire(&tail), next = acquire(&nodes[index_of(last)].next);
        if (last != tail)
            continue;
        if (index_of(next) != NIL)
            compare_and_swap(&tail, last, successor(last, index_of(next)));
        else if (compare_and_swap(&nodes[index_of(last)].next, next, successor(next, index))) {
            compare_and_swap(&tail, last, successor(last, index));
            return 1;
        }
    }
}

static int dequeue(u32 *value)
{
    for (;;) {
        u32 first = acquire(&head), last = acquire(&tail), next = acquire(&nodes[index_of(first)].next);
        if (first != head)
            continue;
        if (index_of(first) == index_of(last)) {
            if (index_of(next) == NIL)
                return 0;
            compare_and_swap(&tail, last, successor(last, index_of(next)));
        }
        else if (index_of(next) != NIL) {
            *value = nodes[index_of(next)].value;
            if (compare_and_swap(&head, first, successor(first, index_of(next)))) {
                free_node(index_of(first));
                return 1;
            }
        }
    }
}

static void prepare_queue(void)
{
    for (u32 i = 0; i < TEST_CPUS * ITEMS; i++)
        taken[i] = 0;
    taken_count = 0;
    unused = NIL;
    for (u32 i = 1; i < NODES; i++)
        free_node(i);
    nodes[0].next = NIL;        // The queue begins with a node that holds nothing.
    head = tail = 0;
}

// An item is taken once, and those of one producer in its order.
static void take_item(u32 cpu, u32 *expected)
{
    u32 item;
    if (!dequeue(&item))
        return;
    u32 producer = item / ITEMS;
    if (item >= TEST_CPUS * ITEMS || item < expected[producer])
        cpus[cpu].wrong++;
    else
        expected[producer] = item + 1;
    mix_trace(cpu, item);
    if (item < TEST_CPUS * ITEMS)
        atomic_add(&taken[item], 1);
    atomic_add(&taken_count, 1);
}

static void run_queue(u32 cpu, u32 count)
{
    u32 expected[TEST_CPUS], total = count * board.cpu_count;
    for (u32 i = 0; i < TEST_CPUS; i++)
        expected[i] = 0;
    for (u32 i = 0; i < count; i++) {
        while (!enqueue(cpu * ITEMS + i))
            take_item(cpu, expected);
        if (next_random(cpu) & 1)
            take_item(cpu, expected);
    }
    while (taken_count < total)
        take_item(cpu, expected);
}

static int is_queue_correct(u32 total)
{
    for (u32 i = 0; i < TEST_CPUS * ITEMS; i++)
        if (taken[i] != (i < total))
            return 0;
    return taken_count == total;
}

const struct test queue_test = { "items through a lock-free queue", ITEMS, prepare_queue, run_queue, is_queue_correct, 0 };
