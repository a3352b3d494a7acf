/* `ssmcast filter`: smooths, imputes, tells components apart, and names what stands out. */
#include "cli/exogenous.h"
#include "cli/filter_records.h"
#include "cli/forecast_text.h"
#include "eval/plot.h"

#include <stddef.h>

typedef struct filter_options {
    cli_input input;
    cli_request request;
    const char *load, *save, *output, *plot;
    int impute, decompose, outliers, format;
    double level, threshold;
} filter_options;

/* ---- which of the results ---- */

static int choose_result(const filter_options *o, cli_filter_result *out)
{
    *out = o->impute      ? CLI_FILTER_IMPUTED
           : o->decompose ? CLI_FILTER_COMPONENTS
           : o->outliers  ? CLI_FILTER_FINDINGS
                          : CLI_FILTER_SMOOTHED;
    if (o->impute + o->decompose + o->outliers <= 1) return CLI_OK;
    cli_error("--impute, --decompose and --outliers each write a table of their own; give one of them");
    return CLI_USAGE;
}

/* ---- telling ---- */

/* Notes, findings, failures; CLI_PARTIAL when a series failed. */
static int tell(cli_session *session, const cli_smoothed *s, size_t n, ssm_arena *arena)
{
    size_t failed = 0;
    for (size_t i = 0; i < n; i++) {
        const char *name = cli_printable(arena, s[i].series->name);
        const char *text = cli_printable(arena, s[i].status == SSM_OK ? s[i].note : s[i].message);
        if (name == NULL || text == NULL) return cli_fail(session, SSM_E_MEMORY);
        if (s[i].status != SSM_OK) {
            cli_error("series \"%s\" failed: %s", name, text);
            failed++;
        } else if (!session->quiet && *text != '\0') {
            fprintf(stderr, "ssmcast: %s: %s: %s\n", name, s[i].model, text);
        }
    }
    return failed > 0 ? CLI_PARTIAL : CLI_OK;
}

static int deliver(cli_session *session, const filter_options *o, cli_filter_result result,
                   const cli_data *data, const cli_smoothed *s, ssm_arena *arena)
{
    cli_records records;
    ssmi_text text;
    ssmi_text_init(&text, session->ctx);
    ssm_status status = cli_filter_records(&records, result, data, s, o->level, arena);
    const cli_records_frame frame = {.session = session,
                                     .table = data->table,
                                     .schema = "ssmcast-filter-1",
                                     .what = cli_filter_names[result]};
    if (status == SSM_OK) status = cli_records_write(&text, o->format, &records, &frame);
    int delivered = status == SSM_OK ? cli_deliver(session, &text, o->output, data->table->path)
                                     : cli_fail(session, status);
    ssmi_text_clear(&text);
    return delivered;
}

/* ---- pictures ---- */

static ssm_status plot_one(cli_session *session, const filter_options *o, const cli_smoothed *s, size_t n,
                           ssm_arena *arena)
{
    size_t *row = SSMI_ALLOC(arena, size_t, s->n_findings);
    unsigned char *shift = SSMI_ALLOC(arena, unsigned char, s->n_findings);
    const char *path = cli_plot_path(o->plot, s->series->name, n, arena);
    if (row == NULL || shift == NULL || path == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < s->n_findings; i++) {
        row[i] = s->finding[i].row;
        shift[i] = s->finding[i].kind == CLI_FINDING_SHIFT;
    }
    const ssmi_smoothed_picture picture = {.series = s->series,
                                           .result = &s->result,
                                           .n_components = s->n_components,
                                           .component = s->component,
                                           .percent = o->level,
                                           .show_components = o->decompose,
                                           .show_imputed = o->impute,
                                           .n_marks = s->n_findings,
                                           .mark_row = row,
                                           .mark_is_shift = shift};
    SSMI_TRY(ssmi_plot_smoothed(session->ctx, path, &picture));
    if (!session->quiet) fprintf(stderr, "ssmcast: wrote %s\n", path);
    return SSM_OK;
}

static ssm_status plot_all(cli_session *session, const filter_options *o, const cli_smoothed *s, size_t n,
                           ssm_arena *arena)
{
    for (size_t i = 0; o->plot != NULL && i < n; i++) {
        if (s[i].status == SSM_OK) SSMI_TRY(plot_one(session, o, s + i, n, arena));
    }
    return SSM_OK;
}

/* ---- the command ---- */

static int filter_data(cli_session *session, const filter_options *o, cli_filter_result result,
                       const cli_data *data, ssm_arena *arena)
{
    cli_smoothed *s;
    if (o->load == NULL) cli_warn_unused_exogenous(session, o->request.model, data->series);
    const cli_smoothing_task task = {.request = &o->request,
                                     .load = o->load,
                                     .save = o->save,
                                     .horizon = o->request.horizon,
                                     .threshold = o->threshold};
    ssm_status status = cli_smooth(session, &task, data, arena, &s);
    if (status != SSM_OK) return cli_fail(session, status);
    int told = tell(session, s, data->n_series, arena);
    int delivered = deliver(session, o, result, data, s, arena);
    if (delivered != CLI_OK) return delivered;
    status = plot_all(session, o, s, data->n_series, arena);
    return status == SSM_OK ? told : cli_fail(session, status);
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    filter_options *options = options_;
    (void)n;
    cli_data data;
    cli_filter_result wanted;
    ssm_arena arena;
    ssmi_arena_init(&arena, session->ctx);
    int result = choose_result(options, &wanted);
    if (result == CLI_OK) result = cli_settle_model(&options->request);
    if (result == CLI_OK) result = cli_read(session, &options->input, operands[0], &arena, &data);
    if (result == CLI_OK) cli_default_model(&options->request, SSM_CAP_DECOMPOSE, &data);
    if (result == CLI_OK) result = filter_data(session, options, wanted, &data, &arena);
    ssmi_arena_clear(&arena);
    return result;
}

static const cli_option result_options[] = {
    {"impute", 0, NULL, "write the columns of FILE with missing values filled in, with standard errors",
     CLI_FLAG, offsetof(filter_options, impute), NULL, 0, 0, NULL},
    {"decompose", 0, NULL, "write the components, with standard deviations", CLI_FLAG,
     offsetof(filter_options, decompose), NULL, 0, 0, NULL},
    {"outliers", 0, NULL, "write the rows that stand out: odd values, and shifts of the level", CLI_FLAG,
     offsetof(filter_options, outliers), NULL, 0, 0, NULL},
    {"threshold", 't', "SD", "standardised residual from which a row stands out", CLI_REAL,
     offsetof(filter_options, threshold), "3", 0.5, 1e6, NULL},
    {"horizon", 'n', "ROWS", "rows to forecast behind the last one", CLI_SIZE,
     offsetof(filter_options, request.horizon), "0", 0, 1e6, NULL},
    {"level", 'l', "PERCENT", "central interval", CLI_REAL, offsetof(filter_options, level), "95", 1e-6,
     100 - 1e-6, NULL},
    {0}};

static const cli_option model_options[] = {
    {"model", 'm', "NAME",
     "one that \"ssmcast models\" says can decompose; default: the first of them that takes the rows",
     CLI_TEXT, offsetof(filter_options, request.model), NULL, 0, 0, NULL},
    {"system", 0, "FILE", "state-space model of your own: a JSON file with its matrices", CLI_TEXT,
     offsetof(filter_options, request.system), NULL, 0, 0, NULL},
    {"set", 's', "NAME=VALUE", "option of the model; may be given several times", CLI_LIST,
     offsetof(filter_options, request.set), NULL, 0, 0, NULL},
    {"load", 0, "FILE", "use a saved model instead of fitting one", CLI_TEXT, offsetof(filter_options, load),
     NULL, 0, 0, NULL},
    {"save", 0, "FILE", "save the fitted model (safetensors)", CLI_TEXT, offsetof(filter_options, save), NULL,
     0, 0, NULL},
    {0}};

static const cli_option output_options[] = {
    {"output", 'o', "FILE", "write to a file instead of the standard output", CLI_TEXT,
     offsetof(filter_options, output), NULL, 0, 0, NULL},
    {"format", 'f', "FORMAT", "what to write", CLI_CHOICE, offsetof(filter_options, format), "csv", 0, 0,
     cli_forecast_formats},
    {"plot", 0, "FILE",
     "draw values, smoothed band and what stands out, with --decompose the components; .svg, .png, .pdf",
     CLI_TEXT, offsetof(filter_options, plot), NULL, 0, 0, NULL},
    {0}};

static const cli_group groups[] = {{"Result", result_options, 0},
                                   {"Model", model_options, 0},
                                   {"Output", output_options, 0},
                                   {"Reading the file", cli_input_options, offsetof(filter_options, input)},
                                   {0}};

const cli_command cli_filter = {
    .name = "filter",
    .summary = "smooths a CSV file, imputes what is missing, tells components and outliers",
    .operands = "FILE",
    .description =
        "Fits a state-space model to every numeric column of FILE, or to all of them jointly, and "
        "says what lies\n"
        "under the values given all rows: for each row the smoothed value with its interval, and "
        "with --horizon\n"
        "forecasts behind. In the history sd and interval are those of the smoothed value, behind "
        "it those of a\n"
        "value observed there.\n"
        "--impute writes the table again: values that are there stay as they are, missing ones "
        "are filled, with\n"
        "the standard error of what was not observed, and marked with 1. --decompose writes "
        "level, seasons and\n"
        "other components, or the states of a --system. --outliers lists rows whose auxiliary "
        "residual exceeds\n"
        "--threshold: an \"outlier\" is one odd value, from a \"level shift\" on the level is "
        "another one; p_value\n"
        "allows for the number of rows. The keys of a --system file are listed in \"ssmcast manual\".",
    .examples = "  ssmcast filter sensors.csv --column load --plot load.svg\n"
                "      smoothed series with its band\n"
                "  ssmcast filter sensors.csv --impute --output complete.csv\n"
                "      the table without holes\n"
                "  ssmcast filter datasets/nile.csv --outliers --format text\n"
                "      odd years and the dam of 1899\n"
                "  ssmcast filter sensors.csv --decompose --horizon 48 --plot parts.svg\n"
                "  ssmcast filter sensors.csv --system model.json --decompose\n"
                "      the states of your own model\n",
    .groups = groups,
    .options_size = sizeof(filter_options),
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
