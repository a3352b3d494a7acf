#include "base/parallel.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum { MAX_WORKERS = 256 };

typedef struct shared_loop {
    pthread_mutex_t lock;
    size_t next, n;
    ssmi_body body;
    void *task;
} shared_loop;

typedef struct worker {
    shared_loop *loop;
    ssm_context ctx; /* a copy: same allocator and seed, a message of its own */
    ssm_status status;
    size_t failed; /* lowest failing item of this worker */
    char message[sizeof((ssm_context *)0)->message];
    pthread_t thread;
} worker;

static size_t take_item(shared_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    size_t i = loop->next < loop->n ? loop->next++ : SIZE_MAX;
    pthread_mutex_unlock(&loop->lock);
    return i;
}

static void *run_worker(void *argument)
{
    worker *w = argument;
    ssm_arena scratch;
    ssmi_arena_init(&scratch, &w->ctx);
    for (size_t i = take_item(w->loop); i != SIZE_MAX; i = take_item(w->loop)) {
        ssmi_mark mark = ssmi_arena_mark(&scratch);
        ssm_status status = w->loop->body(w->loop->task, i, &scratch);
        ssmi_arena_rewind(&scratch, mark);
        if (status == SSM_OK || (w->status != SSM_OK && w->failed < i)) continue;
        w->status = status;
        w->failed = i;
        memcpy(w->message, w->ctx.message, sizeof w->message);
    }
    ssmi_arena_clear(&scratch);
    return NULL;
}

static worker *lowest_failure(worker *workers, size_t count)
{
    worker *found = NULL;
    for (size_t k = 0; k < count; k++) {
        if (workers[k].status != SSM_OK && (found == NULL || workers[k].failed < found->failed))
            found = &workers[k];
    }
    return found;
}

ssm_status ssmi_parallel_for(ssm_context *ctx, size_t n, ssmi_body body, void *task)
{
    size_t count = ctx->threads < n ? ctx->threads : n;
    if (count > MAX_WORKERS) count = MAX_WORKERS;
    if (count == 0) return SSM_OK;
    worker *workers = ssmi_resize(ctx, NULL, count, sizeof *workers);
    if (workers == NULL) return SSM_E_MEMORY;
    shared_loop loop = {.n = n, .body = body, .task = task};
    pthread_mutex_init(&loop.lock, NULL);
    size_t started = 1;
    for (size_t k = 0; k < count; k++) {
        workers[k] = (worker){.loop = &loop, .ctx = *ctx};
        workers[k].ctx.threads = ctx->threads / count;
        if (count > 1) workers[k].ctx.progress = (ssm_progress){NULL, NULL};
    }
    /* The caller is worker 0; a thread that cannot be started only leaves more items to the others. */
    while (started < count &&
           pthread_create(&workers[started].thread, NULL, run_worker, &workers[started]) == 0) {
        started++;
    }
    run_worker(&workers[0]);
    for (size_t k = 1; k < started; k++) pthread_join(workers[k].thread, NULL);
    pthread_mutex_destroy(&loop.lock);
    worker *failure = lowest_failure(workers, started);
    ssm_status status = failure != NULL ? failure->status : SSM_OK;
    if (failure != NULL) memcpy(ctx->message, failure->message, sizeof ctx->message);
    ssmi_release(ctx, workers);
    return status;
}
