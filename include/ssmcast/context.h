/* The context: allocator, seed, thread count, and the text of the last error.
 *
 * A context belongs to one thread at a time; two contexts are independent. Handles made from a context
 * must be freed before it. Results depend on the seed but not on the number of threads, bit for bit. */
#ifndef SSMCAST_CONTEXT_H
#define SSMCAST_CONTEXT_H

#include <ssmcast/status.h>
#include <stddef.h>
#include <stdint.h>

SSM_BEGIN_DECLS

typedef struct ssm_context ssm_context;
typedef struct ssm_arena ssm_arena; /* memory of a handle or of one call; see src/base/arena.h */

/* One function for allocate (pointer NULL), resize, and free (size 0). Returns NULL on failure, and then
 * the old block is still valid. Must be callable from several threads at once. */
typedef struct ssm_allocator {
    void *(*resize)(void *user, void *pointer, size_t size);
    void *user;
} ssm_allocator;

/* Reports progress of long operations. `done` runs from 0 to 1. Returning non-zero cancels the operation
 * (SSM_E_CANCELLED). `stage` is a static string such as "training", empty when there is nothing to show;
 * `value` is a figure worth showing (a loss), NaN if there is none; `rate` is the learning rate of a
 * training, NaN elsewhere. Called from the thread that made the call. */
typedef struct ssm_progress {
    int (*report)(void *user, const char *stage, double done, double value, double rate);
    void *user;
} ssm_progress;

/* Makes a context. `allocator` NULL means malloc/realloc/free. Seed 1, threads = online processors. */
SSM_API ssm_status ssm_context_new(const ssm_allocator *allocator, ssm_context **out);
SSM_API void ssm_context_free(ssm_context *ctx); /* NULL is allowed */

SSM_API void ssm_context_set_seed(ssm_context *ctx, uint64_t seed);
SSM_API void ssm_context_set_threads(ssm_context *ctx, size_t threads); /* 0 = online processors */
SSM_API void ssm_context_set_progress(ssm_context *ctx, ssm_progress progress);

/* Text of the last error: lower case, no full stop, empty string when there was none. Owned by the
 * context, valid until its next failing call. */
SSM_API const char *ssm_context_message(const ssm_context *ctx);

/* Version of the library as "major.minor.patch". */
SSM_API const char *ssm_version(void);

SSM_END_DECLS

#endif
