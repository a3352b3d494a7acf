/* The public face of the recurrence: checks, then the kernel for this processor. */
#include <ssmcast/scan.h>

#include "base/context.h"
#include "core/recurrence.h"

static ssm_status check_shape(ssm_context *ctx, ssm_scan_shape shape, size_t element)
{
    size_t row, count, bytes;
    if ((shape.flags & ~(unsigned)(SSM_SCAN_CONSTANT | SSM_SCAN_COMPLEX)) != 0)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "unknown flags 0x%x for a scan", shape.flags);
    if (!ssmi_size_mul(shape.width, 2, &row) || !ssmi_size_mul(row, shape.steps, &count) ||
        !ssmi_size_mul(count, element, &bytes)) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "a scan of %zu steps and width %zu is too large", shape.steps,
                         shape.width);
    }
    return SSM_OK;
}

static ssm_status check_pointers(ssm_context *ctx, const char *names, const void *const *pointers,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pointers[i] == NULL)
            return ssmi_fail(ctx, SSM_E_ARGUMENT, "argument %zu of (%s) of a scan is null", i + 1, names);
    }
    return SSM_OK;
}

static size_t step_of_a(ssm_scan_shape shape)
{
    if ((shape.flags & SSM_SCAN_CONSTANT) != 0) return 0;
    return (shape.flags & SSM_SCAN_COMPLEX) != 0 ? 2 * shape.width : shape.width;
}

#define DEFINE_SCAN(name, type, real_kernel, complex_kernel)                                                 \
    ssm_status name(ssm_context *ctx, type *h, const type *a, const type *b, const type *h0,                 \
                    ssm_scan_shape shape)                                                                    \
    {                                                                                                        \
        const ssmi_kernels *k = ssmi_kernels_for(ssmi_cpu_isa());                                            \
        SSMI_TRY(check_shape(ctx, shape, sizeof(type)));                                                     \
        SSMI_TRY(check_pointers(ctx, "h, a, b", (const void *const[]){h, a, b}, 3));                         \
        ((shape.flags & SSM_SCAN_COMPLEX) != 0 ? k->complex_kernel : k->real_kernel)(                        \
            h, a, b, h0, step_of_a(shape), shape.steps, shape.width);                                        \
        return SSM_OK;                                                                                       \
    }

#define DEFINE_SCAN_ADJOINT(name, type, real_kernel, complex_kernel)                                         \
    ssm_status name(ssm_context *ctx, type *gb, type *ga, type *gh0, const type *G, const type *a,           \
                    const type *h, const type *h0, ssm_scan_shape shape)                                     \
    {                                                                                                        \
        const ssmi_kernels *k = ssmi_kernels_for(ssmi_cpu_isa());                                            \
        SSMI_TRY(check_shape(ctx, shape, sizeof(type)));                                                     \
        SSMI_TRY(check_pointers(ctx, "gb, ga, G, a, h", (const void *const[]){gb, ga, G, a, h}, 5));         \
        ((shape.flags & SSM_SCAN_COMPLEX) != 0 ? k->complex_kernel : k->real_kernel)(                        \
            gb, ga, gh0, G, a, h, h0, step_of_a(shape), shape.steps, shape.width);                           \
        return SSM_OK;                                                                                       \
    }

DEFINE_SCAN(ssm_scan_f32, float, recur_f32, recur_c32)
DEFINE_SCAN(ssm_scan_f64, double, recur_f64, recur_c64)
DEFINE_SCAN_ADJOINT(ssm_scan_adjoint_f32, float, recur_adjoint_f32, recur_adjoint_c32)
DEFINE_SCAN_ADJOINT(ssm_scan_adjoint_f64, double, recur_adjoint_f64, recur_adjoint_c64)
