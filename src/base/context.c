/* The context and the only malloc of the project. */
#include "base/shared.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *libc_resize(void *user, void *pointer, size_t size)
{
    (void)user;
    if (size == 0) {
        free(pointer);
        return NULL;
    }
    return realloc(pointer, size);
}

static size_t online_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (size_t)n : 1;
}

/* A context that callers hold; workers have copies of its first part. */
typedef struct owned {
    ssm_context ctx;
    ssmi_shared shared;
} owned;

ssm_status ssm_context_new(const ssm_allocator *allocator, ssm_context **out)
{
    ssm_allocator chosen = {libc_resize, NULL};
    if (out == NULL || (allocator != NULL && allocator->resize == NULL)) return SSM_E_ARGUMENT;
    if (allocator != NULL) chosen = *allocator;
    owned *made = chosen.resize(chosen.user, NULL, sizeof *made);
    if (made == NULL) return SSM_E_MEMORY;
    ssm_context *ctx = &made->ctx;
    *ctx = (ssm_context){.allocator = chosen, .seed = 1, .threads = online_processors()};
    ssmi_shared_open(ctx, &made->shared);
    *out = ctx;
    return SSM_OK;
}

void ssm_context_free(ssm_context *ctx)
{
    if (ctx == NULL) return;
    ssmi_shared_close(ctx);
    ssmi_release(ctx, ctx);
}

void ssm_context_set_seed(ssm_context *ctx, uint64_t seed)
{
    ctx->seed = seed;
}

void ssm_context_set_threads(ssm_context *ctx, size_t threads)
{
    ctx->threads = threads > 0 ? threads : online_processors();
}

void ssm_context_set_progress(ssm_context *ctx, ssm_progress progress)
{
    ctx->progress = progress;
}

const char *ssm_context_message(const ssm_context *ctx)
{
    return ctx->message;
}

const char *ssm_version(void)
{
    return SSMCAST_VERSION;
}

ssm_status ssmi_fail(ssm_context *ctx, ssm_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ctx->message, sizeof ctx->message, format, arguments);
    va_end(arguments);
    return status;
}

ssm_status ssmi_fail_prefix(ssm_context *ctx, ssm_status status, const char *format, ...)
{
    char detail[sizeof ctx->message];
    va_list arguments;
    memcpy(detail, ctx->message, sizeof detail);
    va_start(arguments, format);
    int used = vsnprintf(ctx->message, sizeof ctx->message, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof ctx->message) {
        snprintf(ctx->message + used, sizeof ctx->message - (size_t)used, "%s", detail);
    }
    return status;
}

ssm_status ssmi_progress_training(ssm_context *ctx, const char *stage, double done, double loss, double rate)
{
    if (ctx->progress.report == NULL) return SSM_OK;
    if (ctx->progress.report(ctx->progress.user, stage, done, loss, rate) == 0) return SSM_OK;
    return ssmi_fail(ctx, SSM_E_CANCELLED, "cancelled%s%s", *stage != '\0' ? " while " : "", stage);
}

ssm_status ssmi_progress(ssm_context *ctx, const char *stage, double done, double value)
{
    return ssmi_progress_training(ctx, stage, done, value, NAN);
}

int ssmi_size_mul(size_t count, size_t size, size_t *out)
{
    if (size != 0 && count > SIZE_MAX / 2 / size) return 0;
    *out = count * size;
    return 1;
}

void *ssmi_resize(ssm_context *ctx, void *pointer, size_t count, size_t size)
{
    size_t bytes;
    void *block = NULL;
    if (ssmi_size_mul(count, size, &bytes) && bytes > 0) {
        block = ctx->allocator.resize(ctx->allocator.user, pointer, bytes);
    }
    if (block == NULL) ssmi_fail(ctx, SSM_E_MEMORY, "cannot allocate %zu items of %zu bytes", count, size);
    return block;
}

void ssmi_release(ssm_context *ctx, void *pointer)
{
    if (pointer != NULL) ctx->allocator.resize(ctx->allocator.user, pointer, 0);
}
