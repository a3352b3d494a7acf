/* Forecasts of the pretrained network for a history of any length and any horizon. */
#ifndef SSMCAST_MODELS_ZERO_FORECAST_H
#define SSMCAST_MODELS_ZERO_FORECAST_H

#include "models/zero_adapter.h"
#include "models/zero_fan.h"
#include "neural/zero_network.h"

typedef struct ssmi_zero_model {
    const ssmi_zero_network *network;
    size_t context; /* rows of history looked at, at most */
    size_t period;  /* taken for the main period when above 1 */
    int flip;       /* average with the turned forecast of the turned series, f(y) and -f(-y) */
    const ssmi_zero_adapter *adapter; /* NULL: the network alone */
} ssmi_zero_model;

/* Looks at the last rows of `history` (length) for a forecast of `horizon` rows; the view lives in `arena`.
 */
ssm_status ssmi_zero_view_of(const ssmi_zero_model *model, const double *history, size_t length,
                             size_t horizon, ssmi_zero_view *view, ssm_arena *arena);

/* fan (horizon, SSMI_FAN_LEVELS) in data units, ascending along a row. `view` is that of the history for any
 * horizon; it is made anew when it does not fit this one. Rows beyond SSMI_ZERO_HORIZON are forecast from the
 * medians before them, and spreads add. */
ssm_status ssmi_zero_forecast(const ssmi_zero_model *model, double *fan, const double *history, size_t length,
                              size_t horizon, const ssmi_zero_view *view, ssm_arena *tmp);

/* The parts of it. fan (rows, SSMI_FAN_LEVELS) from quantile (1, or 2 with flip; rows in whole patches;
 * levels) as the network gives them, rows <= SSMI_ZERO_HORIZON. */
ssm_status ssmi_zero_unwind(const ssmi_zero_model *model, double *fan, const float *quantile, size_t rows,
                            const ssmi_zero_frame *frame, ssm_arena *tmp);

/* Makes a forecast of the network's own first rows, SSMI_ZERO_HORIZON at most: adds the adapter's share to
 * them and goes on from there. */
ssm_status ssmi_zero_finish(const ssmi_zero_model *model, double *fan, const double *history, size_t length,
                            size_t horizon, ssm_arena *tmp);

#endif
