/* What the torture tests share: every exact form on one system. */
#ifndef SSMCAST_TESTS_KALMAN_TORTURE_H
#define SSMCAST_TESTS_KALMAN_TORTURE_H

#include "kalman/cases.h"

static const ssm_kalman_form torture_forms[] = {SSM_KALMAN_UNIVARIATE, SSM_KALMAN_MULTIVARIATE,
                                                SSM_KALMAN_SQUARE_ROOT, SSM_KALMAN_UD, SSM_KALMAN_PARALLEL};
enum { TORTURE_FORMS = sizeof torture_forms / sizeof *torture_forms };

static inline ssm_kalman_summary torture_run(const ssm_statespace *m, const double *y, size_t length,
                                             ssm_kalman_form form, const ssm_kalman_output *out)
{
    const ssm_kalman_options options = {.form = form};
    ssm_kalman_summary s;
    ssm_context *ctx = open_context();
    if (ssm_kalman_filter(ctx, m, y, length, &options, out, &s) != SSM_OK)
        fail_msg("%s: %s", ssm_kalman_form_name(form), ssm_context_message(ctx));
    ssm_context_free(ctx);
    return s;
}

static inline ssm_status torture_status(const ssm_statespace *m, const double *y, size_t length)
{
    ssm_context *ctx = open_context();
    const ssm_status status = ssm_kalman_filter(ctx, m, y, length, NULL, NULL, NULL);
    ssm_context_free(ctx);
    return status;
}

/* Standard normal draws, near enough, the same everywhere. */
static inline void torture_draw(double *y, size_t count)
{
    uint32_t noise = 99;
    for (size_t k = 0; k < count; k++) {
        y[k] = -6.0;
        for (int i = 0; i < 12; i++) {
            noise = noise * 1664525u + 1013904223u;
            y[k] += (double)noise / 4294967296.0;
        }
    }
}

#endif
