#include "models/regression_archive.h"

#include <stdio.h>

ssm_status ssmi_regression_archive(ssmi_regression *r, ssm_archive *a)
{
    SSMI_TRY(ssmi_archive_size(a, "columns", &r->n));
    if (r->n > SSMI_REGRESSION_COLUMNS) return ssmi_archive_reject(a, "%zu exogenous columns", r->n);
    if (r->n == 0) return SSM_OK;
    SSMI_TRY(ssmi_archive_f64(a, "columns.mean", &r->mean, 1, &r->n));
    SSMI_TRY(ssmi_archive_f64(a, "columns.scale", &r->scale, 1, &r->n));
    SSMI_TRY(ssmi_archive_f64(a, "columns.effect", &r->effect, 2, (size_t[]){SSMI_REGRESSION_SPANS, r->n}));
    for (size_t k = 0; k < r->n; k++)
        if (!(r->scale[k] > 0)) return ssmi_archive_reject(a, "column %zu has no scale", k + 1);
    return SSM_OK;
}

int ssmi_regression_describe(const ssmi_regression *r, char *text, size_t size)
{
    const char *plural = r->n == 1 ? "" : "s";
    size_t spans = 0;
    for (size_t k = 0; k < SSMI_REGRESSION_SPANS * r->n; k++)
        if (r->effect[k] != 0) spans = k / r->n + 1;
    if (r->n == 0) return snprintf(text, size, "%s", "");
    if (spans == 0) return snprintf(text, size, "%zu column%s without linear effect; ", r->n, plural);
    return snprintf(text, size, "regression on %zu column%s%s; ", r->n, plural,
                    spans == 1  ? ""
                    : r->n == 1 ? " and its means over the last 4, 16, 64 rows"
                                : " and their means over the last 4, 16, 64 rows");
}
