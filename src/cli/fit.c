/* `ssmcast fit`: estimate a model and keep it. */
#include "cli/exogenous.h"
#include "cli/prediction.h"
#include "eval/plot.h"

#include <stddef.h>
#include <string.h>

typedef struct fit_options {
    cli_input input;
    cli_request request;
    const char *output, *plot;
} fit_options;

static int report(cli_session *session, const fit_options *options, const cli_data *data, ssm_forecaster *f,
                  ssm_arena *arena)
{
    char note[512];
    ssm_status status = ssm_forecaster_note(f, note, sizeof note);
    if (status != SSM_OK) return cli_fail(session, status);
    const char *name = cli_printable(arena, data->series[0].name), *text = cli_printable(arena, note);
    if (name == NULL || text == NULL) return cli_fail(session, SSM_E_MEMORY);
    printf("%s fitted on %s%s, %zu rows, saved as %s\n", ssm_forecaster_type_of(f)->name, name,
           data->n_series > 1 ? " and others" : "", data->series[0].length, options->output);
    if (*text != '\0') printf("%s\n", text);
    return CLI_OK;
}

static int plot_training(cli_session *session, const char *path, const ssm_forecaster *f)
{
    ssm_training_point point[SSM_TRAINING_POINTS];
    const size_t n = ssm_forecaster_training(f, point, SSM_TRAINING_POINTS);
    const char *name = ssm_forecaster_type_of(f)->name;
    if (n == 0) {
        cli_warn(session, "\"%s\" trained nothing: no loss curve to draw", name);
        return CLI_OK;
    }
    const ssm_status status = ssmi_plot_training(session->ctx, path, point, n, name);
    return status == SSM_OK ? CLI_OK : cli_fail(session, status);
}

static int fit_data(cli_session *session, const fit_options *options, const cli_data *data, ssm_arena *arena)
{
    ssm_forecaster *f;
    size_t horizon = cli_horizon_of(&options->request, data->series, data->n_series);
    cli_warn_unused_exogenous(session, options->request.model, data->series);
    if (!cli_can_share(&options->request, data) && ssm_forecaster_type_find(options->request.model) != NULL) {
        cli_error("\"%s\" fits one series; choose one of %zu with --column", options->request.model,
                  data->n_series);
        return CLI_USAGE;
    }
    ssm_status status = cli_fit_shared(&options->request, data, horizon, arena, &f);
    if (status == SSM_OK) status = cli_save(options->output, data, f, arena);
    if (status != SSM_OK) return cli_fail(session, status);
    const int failed = options->plot != NULL ? plot_training(session, options->plot, f) : CLI_OK;
    return failed ? failed : report(session, options, data, f, arena);
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    fit_options *options = options_;
    (void)n;
    cli_data data;
    ssm_arena arena;
    if (options->output == NULL) {
        cli_error("fit needs --output FILE to save the model in");
        return CLI_USAGE;
    }
    ssmi_arena_init(&arena, session->ctx);
    int result = cli_settle_model(&options->request);
    if (result == CLI_OK) result = cli_read(session, &options->input, operands[0], &arena, &data);
    if (result == CLI_OK) result = fit_data(session, options, &data, &arena);
    ssmi_arena_clear(&arena);
    return result;
}

static const cli_option output_options[] = {
    {"output", 'o', "FILE", "where to save the model (safetensors)", CLI_TEXT, offsetof(fit_options, output),
     NULL, 0, 0, NULL},
    {"plot", 0, "FILE", "draw the loss curve of a trained model; the suffix decides: .svg, .png, .pdf",
     CLI_TEXT, offsetof(fit_options, plot), NULL, 0, 0, NULL},
    {0}};

static const cli_group groups[] = {{"Model", cli_request_options, offsetof(fit_options, request)},
                                   {"Output", output_options, 0},
                                   {"Reading the file", cli_input_options, offsetof(fit_options, input)},
                                   {0}};

const cli_command cli_fit = {
    .name = "fit",
    .summary = "fits a model and saves it",
    .operands = "FILE",
    .description = "Fits a model on a CSV file and saves it as safetensors, to be used by \"ssmcast forecast "
                   "--load\" on newer\n"
                   "rows without fitting again. Models that fit panels (see \"ssmcast models\": global, "
                   "multivariate) take\n"
                   "all columns, the others one column.",
    .examples = "  ssmcast fit sensors.csv --column load --model kalman --output load.safetensors\n"
                "  ssmcast fit sensors.csv --model linear --horizon 96 --set lookback=336 --output "
                "plant.safetensors\n",
    .groups = groups,
    .options_size = sizeof(fit_options),
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
