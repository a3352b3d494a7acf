/* Parallel loops over independent items.
 *
 * The body must write only to places owned by item `i`; then results do not depend on the thread count.
 * Reductions are done by the caller afterwards, in item order. */
#ifndef SSMCAST_BASE_PARALLEL_H
#define SSMCAST_BASE_PARALLEL_H

#include "base/arena.h"

/* One item. `scratch` is this worker's own arena, rewound after each item; its ctx takes the message and
 * has its share of the threads, so that a loop inside a loop does not start more of them. */
typedef ssm_status (*ssmi_body)(void *task, size_t i, ssm_arena *scratch);

/* Runs body(task, i) for i in [0, n) on up to ctx->threads threads. All items run even when some fail; the
 * status and message are those of the failing item with the lowest index. */
ssm_status ssmi_parallel_for(ssm_context *ctx, size_t n, ssmi_body body, void *task);

#endif
