/* The filter in parallel over time, by an associative scan. About five times the work of the sequential
 * filter, so it pays with many processors or for the thesis that it is the same recurrence as every other
 * scan. Wants (3 n^2 + 2 n) doubles a row. */
#ifndef SSMCAST_KALMAN_PARALLEL_H
#define SSMCAST_KALMAN_PARALLEL_H

#include "kalman/filter.h"

/* As ssmi_kalman_filter_run, on ctx->threads; results do not depend on their number. The diffuse rows and the
 * first 2n are run through in sequence; so are all rows when an observation has neither an error nor a shock
 * of its own row, or a combination of rows is singular. summary->n_fallback counts them. */
ssm_status ssmi_kalman_parallel_run(ssmi_kalman_filter *f, const double *y, size_t length,
                                    const ssm_kalman_options *options, const ssmi_kalman_record *record,
                                    ssm_kalman_summary *summary, ssm_arena *tmp);

#endif
