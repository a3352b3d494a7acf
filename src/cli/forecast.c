/* `ssmcast forecast`: from a CSV to forecasts with intervals. */
#include "cli/exogenous.h"
#include "cli/forecast_text.h"
#include "eval/plot.h"

#include <stddef.h>
#include <string.h>

typedef struct forecast_options {
    cli_input input;
    cli_request request;
    const char *output, *plot, *save, *load;
    int format;
} forecast_options;

/* The handle that serves all series, or NULL when each needs its own. */
static ssm_status shared_handle(cli_session *session, const forecast_options *options, const cli_data *data,
                                size_t horizon, ssm_arena *arena, ssm_forecaster **out)
{
    *out = NULL;
    if (options->load != NULL) return cli_load(session, options->load, data, arena, out);
    if (cli_can_share(&options->request, data))
        return cli_fit_shared(&options->request, data, horizon, arena, out);
    if (options->save == NULL) return SSM_OK;
    return ssmi_fail(session->ctx, SSM_E_ARGUMENT,
                     "\"%s\" fits each series for itself; choose one with --column to save it",
                     options->request.model);
}

static ssm_status plot_all(cli_session *session, const char *path, const cli_data *data,
                           const cli_prediction *prediction, ssm_arena *arena)
{
    for (size_t i = 0; i < data->n_series; i++) {
        const cli_prediction *p = &prediction[i];
        if (p->status != SSM_OK) continue;
        char *file = cli_plot_path(path, p->series->name, data->n_series, arena);
        if (file == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssmi_plot_forecast(session->ctx, file, p->series, &p->forecast, NULL));
        if (!session->quiet) fprintf(stderr, "ssmcast: wrote %s\n", file);
    }
    return SSM_OK;
}

/* Notes of what was chosen, and failures; CLI_PARTIAL when a series failed. */
static int tell(cli_session *session, const cli_data *data, const cli_prediction *prediction,
                ssm_arena *arena)
{
    size_t failed = 0;
    for (size_t i = 0; i < data->n_series; i++) {
        const cli_prediction *p = &prediction[i];
        const char *name = cli_printable(arena, p->series->name);
        const char *text = cli_printable(arena, p->status == SSM_OK ? p->note : p->message);
        if (name == NULL || text == NULL) return cli_fail(session, SSM_E_MEMORY);
        if (p->status != SSM_OK) {
            cli_error("series \"%s\" failed: %s", name, text);
            failed++;
        } else if (!session->quiet && *text != '\0') {
            fprintf(stderr, "ssmcast: %s: %s: %s\n", name, p->model, text);
        }
    }
    return failed > 0 ? CLI_PARTIAL : CLI_OK;
}

static int deliver(cli_session *session, const forecast_options *options, const cli_forecast_record *record,
                   ssm_arena *arena)
{
    ssmi_text text;
    ssmi_text_init(&text, session->ctx);
    ssm_status status = cli_format_forecast(&text, options->format, record, arena);
    int result = status == SSM_OK ? cli_deliver(session, &text, options->output, record->data->table->path)
                                  : cli_fail(session, status);
    ssmi_text_clear(&text);
    return result;
}

static int forecast_data(cli_session *session, const forecast_options *options, const cli_levels *levels,
                         const cli_data *data, ssm_arena *arena)
{
    ssm_forecaster *f;
    cli_prediction *prediction;
    size_t horizon = cli_horizon_of(&options->request, data->series, data->n_series);
    cli_warn_unused_exogenous(session, options->request.model, data->series);
    ssm_status status = shared_handle(session, options, data, horizon, arena, &f);
    if (status == SSM_OK)
        status = cli_predict(&options->request, data, levels, horizon, f, arena, &prediction);
    if (status == SSM_OK && options->save != NULL) status = cli_save(options->save, data, f, arena);
    if (status != SSM_OK) return cli_fail(session, status);
    int told = tell(session, data, prediction, arena);
    int delivered =
        deliver(session, options, &(cli_forecast_record){session, data, levels, prediction}, arena);
    if (delivered != CLI_OK) return delivered;
    if (options->plot != NULL) status = plot_all(session, options->plot, data, prediction, arena);
    return status == SSM_OK ? told : cli_fail(session, status);
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    forecast_options *options = options_;
    (void)n;
    cli_levels levels;
    cli_data data;
    ssm_arena arena;
    ssmi_arena_init(&arena, session->ctx);
    int result = cli_settle_model(&options->request);
    if (result == CLI_OK) result = cli_levels_of(&options->request, &levels);
    if (result == CLI_OK) result = cli_read(session, &options->input, operands[0], &arena, &data);
    if (result == CLI_OK) result = forecast_data(session, options, &levels, &data, &arena);
    ssmi_arena_clear(&arena);
    return result;
}

static const cli_option output_options[] = {
    {"output", 'o', "FILE", "write to a file instead of the standard output", CLI_TEXT,
     offsetof(forecast_options, output), NULL, 0, 0, NULL},
    {"format", 'f', "FORMAT", "what to write", CLI_CHOICE, offsetof(forecast_options, format), "csv", 0, 0,
     cli_forecast_formats},
    {"plot", 0, "FILE", "draw the forecast; the suffix decides: .svg, .png, .pdf", CLI_TEXT,
     offsetof(forecast_options, plot), NULL, 0, 0, NULL},
    {"save", 0, "FILE", "save the fitted model (safetensors)", CLI_TEXT, offsetof(forecast_options, save),
     NULL, 0, 0, NULL},
    {"load", 0, "FILE", "use a saved model instead of fitting one", CLI_TEXT,
     offsetof(forecast_options, load), NULL, 0, 0, NULL},
    {0}};

static const cli_group groups[] = {{"Model", cli_request_options, offsetof(forecast_options, request)},
                                   {"Output", output_options, 0},
                                   {"Reading the file", cli_input_options, offsetof(forecast_options, input)},
                                   {0}};

const cli_command cli_forecast = {
    .name = "forecast",
    .summary = "forecasts the numeric columns of a CSV file, with intervals",
    .operands = "FILE",
    .description =
        "Reads FILE (\"-\" is the standard input), finds its time column, numeric columns, sampling "
        "interval, gaps\n"
        "and seasons, and forecasts every numeric column with 80 % and 95 % intervals. Without --model a "
        "short\n"
        "backtest chooses one for each column and says why on standard error.\n"
        "The result is CSV: series, timestamp, mean, and one column per quantile (lo-95, ..., hi-95).",
    .examples = "  ssmcast forecast sensors.csv > forecast.csv\n"
                "      everything inferred\n"
                "  ssmcast forecast sensors.csv --column load --horizon 48 --plot load.svg\n"
                "      one column, two days of hourly rows, with a picture\n"
                "  ssmcast forecast sensors.csv --model kalman --save load.safetensors --column load\n"
                "  ssmcast forecast new.csv --load load.safetensors --column load\n"
                "      fit once, forecast later from newer rows without fitting\n"
                "  zcat sensors.csv.gz | ssmcast forecast - --format json\n",
    .groups = groups,
    .options_size = sizeof(forecast_options),
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
