#include "bench/configured.h"

#include <stdio.h>
#include <string.h>

static ssm_status take(ssm_forecaster *f, const char *assignment)
{
    char option[256];
    snprintf(option, sizeof option, "%s", assignment);
    char *value = strchr(option, '=');
    if (value != NULL) *value++ = '\0';
    return ssm_forecaster_set(f, option, value != NULL ? value : "true");
}

ssm_status configured_new(ssm_context *ctx, const char *model, const char *const *set, size_t n,
                          ssm_forecaster **out)
{
    ssm_forecaster *f;
    ssm_status status = ssm_forecaster_new(ctx, model, &f);
    *out = NULL;
    if (status != SSM_OK) return status;
    for (size_t i = 0; status == SSM_OK && i < n; i++) status = take(f, set[i]);
    if (status == SSM_OK) *out = f;
    if (status != SSM_OK) ssm_forecaster_free(f);
    return status;
}
