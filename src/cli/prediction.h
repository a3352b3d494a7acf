/* From a request and data to one forecast per series. */
#ifndef SSMCAST_CLI_PREDICTION_H
#define SSMCAST_CLI_PREDICTION_H

#include "cli/request.h"

typedef struct cli_prediction {
    const ssm_series *series;
    const char *model; /* the registered name that was used */
    ssm_status status; /* of this series; on failure `message` says why and the arrays are not set */
    char message[1024], note[512];
    ssm_forecast forecast;
} cli_prediction;

/* Fits one handle on all series (a model that fits panels, one that takes the series as one vector, or a
 * single series). */
ssm_status cli_fit_shared(const cli_request *request, const cli_data *data, size_t horizon, ssm_arena *arena,
                          ssm_forecaster **out);

/* 1 when the model of the request can serve these series with one handle. */
int cli_can_share(const cli_request *request, const cli_data *data);

/* One prediction per series. With `f` every series is forecast by that handle, those of one vector jointly;
 * without, each by a handle of its own, in parallel. A series that fails does not stop the others, but those
 * of one vector fail together. SSM_E_ARGUMENT: `f` was fitted on a vector of another size. */
ssm_status cli_predict(const cli_request *request, const cli_data *data, const cli_levels *levels,
                       size_t horizon, ssm_forecaster *f, ssm_arena *arena, cli_prediction **out);

/* Saves a fitted handle with the facts of its data. */
ssm_status cli_save(const char *path, const cli_data *data, ssm_forecaster *f, ssm_arena *arena);
/* Loads a handle, which is freed with the arena, and warns where the data are not like those it was fitted
 * on. */
ssm_status cli_load(cli_session *session, const char *path, const cli_data *data, ssm_arena *arena,
                    ssm_forecaster **out);

#endif
