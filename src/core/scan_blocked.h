/* Blocked inclusive scan of any associative operation:
 *
 *     forward   y_i = x_0 * x_1 * ... * x_i        reverse   y_i = x_i * x_{i+1} * ... * x_{count-1}
 *
 * With pairs (a, b) it is the linear recurrence over long sequences; with the five-tuples of Särkkä &
 * García-Fernández (2021) it is the Kalman filter, and with their smoothing triples, in reverse, the RTS
 * smoother. The operation need not be commutative; `left` is always the earlier element. */
#ifndef SSMCAST_CORE_SCAN_BLOCKED_H
#define SSMCAST_CORE_SCAN_BLOCKED_H

#include "base/arena.h"

typedef struct ssmi_scan_operation {
    size_t size;    /* bytes of one element, a multiple of what its members need for alignment */
    size_t scratch; /* bytes that combine may use while it runs; 0: none. Aligned to 64 */
    /* out = left * right. `out` overlaps neither input. Cannot fail: an undefined product is left non-finite
     * and found by the caller. Called from several threads at once. */
    void (*combine)(void *out, const void *left, const void *right, const void *user, void *scratch);
    const void *user; /* dimensions and such; read only */
} ssmi_scan_operation;

typedef enum ssmi_scan_direction { SSMI_SCAN_FORWARD, SSMI_SCAN_REVERSE } ssmi_scan_direction;

/* Replaces items (count * operation->size bytes) by their scan. Blocks run in parallel on ctx->threads; the
 * tree of combinations depends on count only, so the bits do not depend on the thread count. About two
 * combinations per item. Only SSM_E_MEMORY can happen. */
ssm_status ssmi_scan_blocked(const ssmi_scan_operation *operation, void *items, size_t count,
                             ssmi_scan_direction direction, ssm_arena *tmp);

#endif
