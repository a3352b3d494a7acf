#include "base/shared.h"

#include <string.h>

typedef struct ssmi_shared_entry entry;
struct ssmi_shared_entry {
    entry *next;
    const char *key; /* in mem, as the thing */
    const void *thing;
    ssm_arena mem;
};

void ssmi_shared_open(ssm_context *ctx, ssmi_shared *shared)
{
    *shared = (ssmi_shared){.ctx = {.allocator = ctx->allocator, .threads = 1}};
    pthread_mutex_init(&shared->lock, NULL);
    ctx->shared = shared;
}

static void drop(ssmi_shared *shared, entry *e)
{
    ssmi_arena_clear(&e->mem);
    ssmi_release(&shared->ctx, e);
}

void ssmi_shared_close(ssm_context *ctx)
{
    ssmi_shared *shared = ctx->shared;
    for (entry *e = shared->first, *next; e != NULL; e = next) {
        next = e->next;
        drop(shared, e);
    }
    pthread_mutex_destroy(&shared->lock);
}

static entry *find(const ssmi_shared *shared, const char *key)
{
    entry *e = shared->first;
    while (e != NULL && strcmp(e->key, key) != 0) e = e->next;
    return e;
}

/* Adds the entry when all of it could be made. */
static ssm_status add(ssmi_shared *shared, const char *key, ssmi_shared_make make, const void *task)
{
    entry *e = ssmi_resize(&shared->ctx, NULL, 1, sizeof *e);
    if (e == NULL) return SSM_E_MEMORY;
    *e = (entry){.next = shared->first};
    ssmi_arena_init(&e->mem, &shared->ctx);
    e->key = ssmi_arena_strdup(&e->mem, key);
    const ssm_status status = e->key != NULL ? make(task, &e->mem, &e->thing) : SSM_E_MEMORY;
    if (status == SSM_OK) {
        shared->first = e;
    } else {
        drop(shared, e);
    }
    return status;
}

ssm_status ssmi_shared_get(ssm_context *ctx, const char *key, ssmi_shared_make make, const void *task,
                           const void **thing)
{
    ssmi_shared *shared = ctx->shared;
    ssm_status status = SSM_OK;
    pthread_mutex_lock(&shared->lock);
    entry *e = find(shared, key);
    if (e == NULL) {
        status = add(shared, key, make, task);
        e = shared->first;
    }
    if (status == SSM_OK) {
        *thing = e->thing;
    } else {
        memcpy(ctx->message, shared->ctx.message, sizeof ctx->message);
    }
    pthread_mutex_unlock(&shared->lock);
    return status;
}
