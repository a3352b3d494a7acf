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

/* Rows that targets lie in: `rows` of them (0: all that have a context before them), followed by `ahead` more
 * to the end of their series. */
typedef struct ssmi_zero_span {
    size_t rows, ahead;
} ssmi_zero_span;

/* At most `at_most` windows, evenly spread, whose targets lie in the span; with a turned twin each where the
 * model flips. Windows without spread or without an observed target are left out. With `states` the network
 * is run for h. On the context's threads. */
ssm_status ssmi_zero_windows_collect(ssmi_zero_windows *out, const ssmi_zero_model *model,
                                     const ssm_fit_task *task, ssmi_zero_span span, size_t at_most,
                                     int states, ssm_arena *arena);

/* Those of `in` whose targets, `horizon` rows, end `ahead` rows or more before the end of their series. What
 * they point to stays where it is. */
ssm_status ssmi_zero_windows_before(ssmi_zero_windows *out, const ssmi_zero_windows *in, size_t horizon,
                                    size_t ahead, ssm_arena *arena);

/* All of n sets, in order. */
ssm_status ssmi_zero_windows_join(ssmi_zero_windows *out, const ssmi_zero_windows *in, size_t n,
                                  ssm_arena *arena);

#endif
