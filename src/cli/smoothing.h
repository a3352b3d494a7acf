/* From data to what smoothing says about it: components, residuals, and what stands out. */
#ifndef SSMCAST_CLI_SMOOTHING_H
#define SSMCAST_CLI_SMOOTHING_H

#include "cli/prediction.h"

typedef enum cli_finding_kind { CLI_FINDING_OUTLIER, CLI_FINDING_SHIFT } cli_finding_kind;
extern const char *const cli_finding_names[]; /* "outlier", "level shift" */

typedef struct cli_finding {
    cli_finding_kind kind;
    size_t row;
    double residual; /* standardised */
    double p_value;  /* two-sided normal, times the number of residuals looked at, at most 1 */
} cli_finding;

typedef struct cli_smoothed {
    const ssm_series *series;
    const char *model;
    ssm_status status; /* of this series; on failure `message` says why and the rest is not set */
    char message[1024], note[512];
    size_t n_components;
    const char **component;   /* (n_components) names */
    ssm_decomposition result; /* every array is there */
    size_t n_findings;
    cli_finding *finding; /* in the order of the rows */
} cli_smoothed;

typedef struct cli_smoothing_task {
    const cli_request *request;
    const char *load; /* model file; NULL: fit */
    const char *save; /* file for the fitted model; NULL: none */
    size_t horizon;   /* rows behind the history, may be 0 */
    double threshold; /* of the residuals that are findings */
} cli_smoothing_task;

/* One result per series; those of one vector are smoothed jointly. A series that fails does not stop the
 * others. SSM_E_UNSUPPORTED: a model without SSM_CAP_DECOMPOSE. */
ssm_status cli_smooth(cli_session *session, const cli_smoothing_task *task, const cli_data *data,
                      ssm_arena *arena, cli_smoothed **out);

#endif
