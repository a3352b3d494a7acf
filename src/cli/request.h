/* What forecast is asked for: model and its options, horizon, levels. */
#ifndef SSMCAST_CLI_REQUEST_H
#define SSMCAST_CLI_REQUEST_H

#include "cli/input.h"
#include <ssmcast/forecast.h>

typedef struct cli_request {
    const char *model, *system, *level, *quantiles, *weights;
    size_t horizon, validation;
    cli_list set;
} cli_request;

extern const cli_option cli_request_options[];

enum { CLI_LEVELS = 63 };

/* Quantile probabilities, ascending, with the column name of each ("lo-95", "median", "q0.1"). */
typedef struct cli_levels {
    size_t n;
    double level[CLI_LEVELS];
    char name[CLI_LEVELS][24];
} cli_levels;

/* From --level (central intervals in percent, with the median) or --quantiles (probabilities). */
int cli_levels_of(const cli_request *request, cli_levels *out);

/* --system FILE: makes the first model with SSM_CAP_SYSTEM that of the request; --weights FILE without
 * --model: the first that has weights. CLI_OK, or CLI_USAGE after a message when --model asks for one that
 * cannot. To be called before the request is used. */
int cli_settle_model(cli_request *request);

/* The horizon asked for, else the rows for which exogenous columns are known, else a rule: two of the
 * shortest season, at most a quarter of the series and 336 rows; without a season a tenth of the series, at
 * most 24 rows. */
size_t cli_horizon_of(const cli_request *request, const ssm_series *series, size_t n);

/* A forecaster of the model asked for with its --set options, freed with the arena. */
ssm_status cli_make_forecaster(const cli_request *request, ssm_arena *arena, ssm_forecaster **out);

/* Without --model: the first registered type with these capabilities that can take the data (NULL: any). */
void cli_default_model(cli_request *request, unsigned caps, const cli_data *data);

/* The first registered type with all of these capabilities; NULL: none. */
const ssm_forecaster_type *cli_type_with(unsigned caps);

#endif
