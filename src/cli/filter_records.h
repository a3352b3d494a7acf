/* The tables that `ssmcast filter` writes. */
#ifndef SSMCAST_CLI_FILTER_RECORDS_H
#define SSMCAST_CLI_FILTER_RECORDS_H

#include "cli/records.h"
#include "cli/smoothing.h"

typedef enum cli_filter_result {
    CLI_FILTER_SMOOTHED,   /* series, timestamp, value, smoothed, bounds, sd */
    CLI_FILTER_IMPUTED,    /* timestamp; per series its values, standard errors, marks */
    CLI_FILTER_COMPONENTS, /* series, timestamp, value, signal, sd; per component its value and sd; irregular
                            */
    CLI_FILTER_FINDINGS    /* series, timestamp, kind, value, expected, residual, p_value */
} cli_filter_result;

extern const char *const cli_filter_names[]; /* "smoothed", ... */

/* Series that failed have no rows, and stay as they are in IMPUTED. `percent`: of the interval. */
ssm_status cli_filter_records(cli_records *out, cli_filter_result result, const cli_data *data,
                              const cli_smoothed *s /* (data->n_series) */, double percent, ssm_arena *arena);

#endif
