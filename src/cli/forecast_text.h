/* Forecasts as CSV, JSON, or an aligned table. */
#ifndef SSMCAST_CLI_FORECAST_TEXT_H
#define SSMCAST_CLI_FORECAST_TEXT_H

#include "base/text.h"
#include "cli/prediction.h"

#include <jansson.h>

enum { CLI_FORMAT_CSV, CLI_FORMAT_TEXT, CLI_FORMAT_JSON };
extern const char *const cli_forecast_formats[]; /* in that order */

typedef struct cli_forecast_record {
    const cli_session *session;
    const cli_data *data;
    const cli_levels *levels;
    const cli_prediction *prediction; /* (data->n_series) */
} cli_forecast_record;

/* The command line as a list of words; NULL: out of memory. */
json_t *cli_command_json(const cli_session *session);

/* A field of CSV, quoted when it must be (RFC 4180). */
void cli_csv_field(ssmi_text *out, const char *field);

/* Appends the whole document. `arena` is scratch. */
ssm_status cli_format_forecast(ssmi_text *out, int format, const cli_forecast_record *record,
                               ssm_arena *arena);

/* To the standard output, or to a file (written beside, then renamed); refuses to replace the input. */
int cli_deliver(cli_session *session, const ssmi_text *text, const char *path, const char *input);

/* "load.svg" for one series; "load-<series>.svg" for several, with plain characters only. NULL: out of
 * memory. */
char *cli_plot_path(const char *path, const char *series, size_t n, ssm_arena *arena);

#endif
