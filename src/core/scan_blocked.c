/* Blocked scan: reduce, scan the totals, scan again from the totals (Blelloch 1990, "Prefix sums and their
 * applications", section 1.3, with one processor replaced by one block).
 *
 *     x:       | block 0      | block 1      | block 2      |
 *     reduce:    total 0        total 1        (not needed)        parallel
 *     scan:      total 0        total 0*1                          in order
 *     scan:    | from nothing | from total 0 | from total 0*1 |    parallel
 *
 * For known value: with addition, 1 2 3 4 gives 1 3 6 10 forward and 10 9 7 4 in reverse.
 *
 * The second pass starts from a finished prefix instead of multiplying a finished prefix into a local scan:
 * for Kalman elements a prefix has A = 0, so this is the order of the sequential filter, and as accurate. */
#include "core/scan_blocked.h"

#include "base/parallel.h"

#include <string.h>

enum { SMALLEST_BLOCK = 16 };

typedef struct scan_task {
    const ssmi_scan_operation *op;
    unsigned char *items, *totals; /* totals: one per block */
    size_t count, block, n_blocks;
    int reverse;
} scan_task;

/* Element i in the order of the scan. */
static unsigned char *item(const scan_task *s, size_t i)
{
    return s->items + (s->reverse ? s->count - 1 - i : i) * s->op->size;
}

static size_t block_end(const scan_task *s, size_t k)
{
    return (k + 1) * s->block < s->count ? (k + 1) * s->block : s->count;
}

/* out = before * next in the order of the scan, which in reverse has `next` on the left. */
static void join(const scan_task *s, void *out, const void *before, const void *next, void *scratch)
{
    if (s->reverse)
        s->op->combine(out, next, before, s->op->user, scratch);
    else
        s->op->combine(out, before, next, s->op->user, scratch);
}

static ssm_status reduce_block(void *argument, size_t k, ssm_arena *scratch)
{
    const scan_task *s = argument;
    unsigned char *product = s->totals + k * s->op->size;
    unsigned char *next = SSMI_ALLOC(scratch, unsigned char, s->op->size);
    void *work = SSMI_ALLOC(scratch, unsigned char, s->op->scratch);
    if (next == NULL || work == NULL) return SSM_E_MEMORY;
    memcpy(product, item(s, k * s->block), s->op->size);
    for (size_t i = k * s->block + 1; i < block_end(s, k); i++) {
        join(s, next, product, item(s, i), work);
        memcpy(product, next, s->op->size);
    }
    return SSM_OK;
}

static ssm_status scan_block(void *argument, size_t k, ssm_arena *scratch)
{
    const scan_task *s = argument;
    const unsigned char *before = k > 0 ? s->totals + (k - 1) * s->op->size : NULL;
    unsigned char *product = SSMI_ALLOC(scratch, unsigned char, s->op->size);
    void *work = SSMI_ALLOC(scratch, unsigned char, s->op->scratch);
    if (product == NULL || work == NULL) return SSM_E_MEMORY;
    for (size_t i = k * s->block; i < block_end(s, k); i++) {
        if (before != NULL) {
            join(s, product, before, item(s, i), work);
            memcpy(item(s, i), product, s->op->size);
        }
        before = item(s, i);
    }
    return SSM_OK;
}

static ssm_status scan_totals(const scan_task *s, ssm_arena *tmp)
{
    const size_t size = s->op->size;
    unsigned char *product = SSMI_ALLOC(tmp, unsigned char, size);
    void *work = SSMI_ALLOC(tmp, unsigned char, s->op->scratch);
    if (product == NULL || work == NULL) return SSM_E_MEMORY;
    for (size_t k = 1; k + 1 < s->n_blocks; k++) {
        join(s, product, s->totals + (k - 1) * size, s->totals + k * size, work);
        memcpy(s->totals + k * size, product, size);
    }
    return SSM_OK;
}

/* About sqrt(count), so that blocks and totals are equally long. Never a function of the thread count. */
static size_t block_length(size_t count)
{
    size_t length = SMALLEST_BLOCK;
    while (length * length < count) length *= 2;
    return length;
}

ssm_status ssmi_scan_blocked(const ssmi_scan_operation *operation, void *items, size_t count,
                             ssmi_scan_direction direction, ssm_arena *tmp)
{
    if (count == 0) return SSM_OK;
    const size_t block = block_length(count);
    scan_task s = {.op = operation, .items = items, .count = count, .block = block};
    s.n_blocks = (count + block - 1) / block;
    s.reverse = direction == SSMI_SCAN_REVERSE;
    ssmi_mark mark = ssmi_arena_mark(tmp);
    s.totals = ssmi_arena_alloc(tmp, s.n_blocks, operation->size);
    ssm_status status = s.totals != NULL ? SSM_OK : SSM_E_MEMORY;
    /* The total of the last block is not needed. */
    if (status == SSM_OK) status = ssmi_parallel_for(tmp->ctx, s.n_blocks - 1, reduce_block, &s);
    if (status == SSM_OK) status = scan_totals(&s, tmp);
    if (status == SSM_OK) status = ssmi_parallel_for(tmp->ctx, s.n_blocks, scan_block, &s);
    ssmi_arena_rewind(tmp, mark);
    return status;
}
