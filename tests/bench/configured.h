/* A forecaster by name, with options as they are written on a command line. */
#ifndef SSMCAST_BENCH_CONFIGURED_H
#define SSMCAST_BENCH_CONFIGURED_H

#include <ssmcast/ssmcast.h>

/* set (n): "option=value", or "option" for a flag. *out is NULL on failure. */
ssm_status configured_new(ssm_context *ctx, const char *model, const char *const *set, size_t n,
                          ssm_forecaster **out);

#endif
