/* What all handles of a context share: large tables that are read only. The first that asks has them made,
 * they stay as long as the context, and a worker's copy of the context shares them, too. */
#ifndef SSMCAST_BASE_SHARED_H
#define SSMCAST_BASE_SHARED_H

#include "base/arena.h"
#include <pthread.h>

typedef struct ssmi_shared {
    pthread_mutex_t lock;
    ssm_context ctx; /* outlives the workers' copies, which the arenas must not refer to */
    struct ssmi_shared_entry *first;
} ssmi_shared;

/* Makes the thing in `mem`, where it stays; may use nothing that goes before the context does. */
typedef ssm_status (*ssmi_shared_make)(const void *task, ssm_arena *mem, const void **thing);

/* The thing of this key. Where there is none yet make(task) is called, once even when several threads ask at
 * the same time; the others wait. When it fails its status and message are returned, nothing is kept, and
 * the next that asks tries again. `make` must not ask for another shared thing. */
ssm_status ssmi_shared_get(ssm_context *ctx, const char *key, ssmi_shared_make make, const void *task,
                           const void **thing);

/* Of the context itself, which owns `shared`. */
void ssmi_shared_open(ssm_context *ctx, ssmi_shared *shared);
void ssmi_shared_close(ssm_context *ctx);

#endif
