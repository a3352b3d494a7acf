/* Inside of the context, and how a function reports failure. */
#ifndef SSMCAST_BASE_CONTEXT_H
#define SSMCAST_BASE_CONTEXT_H

#include <ssmcast/context.h>
#include <stdarg.h>

struct ssm_context {
    ssm_allocator allocator;
    ssm_progress progress;
    uint64_t seed;
    size_t threads;
    struct ssmi_shared *shared; /* see base/shared.h */
    char message[1024];
};

/* Stores the formatted detail and returns `status`, so that a failing function ends with
 *     return ssmi_fail(ctx, SSM_E_DATA, "series \"%s\" has no values", name);
 * Lower case, no full stop, subject quoted. */
ssm_status ssmi_fail(ssm_context *ctx, ssm_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a prefix such as `sensors.csv: ` before the message already there and returns `status`. */
ssm_status ssmi_fail_prefix(ssm_context *ctx, ssm_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* SSM_E_CANCELLED with a message when the caller's progress callback asks to stop, else SSM_OK. An empty
 * stage only asks. */
ssm_status ssmi_progress(ssm_context *ctx, const char *stage, double done, double value);
ssm_status ssmi_progress_training(ssm_context *ctx, const char *stage, double done, double loss, double rate);

/* Memory straight from the context's allocator, for handles. All count×size checks are in ssmi_size_mul. */
void *ssmi_resize(ssm_context *ctx, void *pointer, size_t count, size_t size); /* NULL: message is set */
void ssmi_release(ssm_context *ctx, void *pointer);
int ssmi_size_mul(size_t count, size_t size, size_t *out); /* 0 on overflow */

#define SSMI_TRY(call)                                                                                       \
    do {                                                                                                     \
        ssm_status try_status_ = (call);                                                                     \
        if (try_status_ != SSM_OK) return try_status_;                                                       \
    } while (0)

#endif
