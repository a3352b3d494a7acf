/* Windows of known rows for training the pretrained network further, looked at once and kept. */
#ifndef SSMCAST_MODELS_ZERO_TUNING_WINDOWS_H
#define SSMCAST_MODELS_ZERO_TUNING_WINDOWS_H

#include "models/zero_forecast.h"
#include <ssmcast/forecaster.h>

typedef struct ssmi_zero_window {
    const ssm_series *series;
    size_t origin;        /* first row of the targets */
    double unit;          /* deviation of the series' training rows: of squared errors */
    double scale;         /* of the frame */
    int turned;           /* the same with its sign turned: where forecasts are averages of both */
    size_t tokens, from;  /* of the view */
    const float *feature; /* (tokens, SSMI_ZERO_FEATURES); with h only those from `from` on */
    const float *h;       /* (tokens - from, model) what the last block leaves; NULL unless asked for */
    const float *target;  /* (tokens - from, SSMI_ZERO_PATCH) in a-space, NaN missing or beyond the horizon */
} ssmi_zero_window;

typedef struct ssmi_zero_windows {
    size_t n, tokens, shown; /* windows; most tokens of one, and most of the future */
    ssmi_zero_window *window;
} ssmi_zero_windows;

/* At most `at_most` windows, evenly spread, whose targets lie before (training) or in (`validation`) the last
 * `held` rows of their series; with a turned twin each where the model flips. Windows without spread or
 * without an observed target are left out. With `states` the network is run for h. On the context's threads.
 */
ssm_status ssmi_zero_windows_collect(ssmi_zero_windows *out, const ssmi_zero_model *model,
                                     const ssm_fit_task *task, size_t held, int validation, size_t at_most,
                                     int states, ssm_arena *arena);

#endif
