/* `ssmcast compare`: several models on one file, and a report about which is better. */
#include "cli/entrants.h"
#include "cli/input.h"
#include "eval/report.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_HORIZONS = 16, PATH_SIZE = 4096 };

typedef struct compare_options {
    cli_input input;
    const char *models, *system, *horizon, *metric, *output, *format;
    cli_list set;
    size_t origins, step, test_rows;
    int refit;
} compare_options;

/* What was worked out before the run. */
typedef struct contest {
    cli_session *session;
    const compare_options *options;
    ssm_arena *arena;
    cli_data data;
    ssm_entrant *entrant;
    size_t n_entrants;
    size_t horizon[MAX_HORIZONS], n_horizons;
} contest;

static const struct {
    const char *suffix;
    ssm_report_format format;
} formats[] = {{"html", SSM_REPORT_HTML}, {"md", SSM_REPORT_MARKDOWN}, {"json", SSM_REPORT_JSON}};
enum { N_FORMATS = sizeof formats / sizeof formats[0] };

static int by_size(const void *a_, const void *b_)
{
    const size_t *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

static void add_horizon(contest *c, size_t rows)
{
    for (size_t i = 0; i < c->n_horizons; i++) {
        if (c->horizon[i] == rows) return;
    }
    c->horizon[c->n_horizons++] = rows;
    qsort(c->horizon, c->n_horizons, sizeof c->horizon[0], by_size);
}

static size_t shortest_series(const contest *c)
{
    size_t rows = c->data.series[0].length;
    for (size_t i = 1; i < c->data.n_series; i++) {
        if (c->data.series[i].length < rows) rows = c->data.series[i].length;
    }
    return rows;
}

/* One of each season, or one and two of the only one, as long as ten fit into the file; without a season a
 * twentieth of the file, 24 rows at most. */
static void default_horizons(contest *c)
{
    const ssm_series *s = &c->data.series[0];
    size_t rows = shortest_series(c), plain = rows / 20 < 24 ? rows / 20 : 24;
    for (size_t i = 0; i < s->n_periods; i++) {
        if (s->period[i] <= rows / 10) add_horizon(c, s->period[i]);
    }
    if (c->n_horizons == 1 && 2 * c->horizon[0] <= rows / 10) add_horizon(c, 2 * c->horizon[0]);
    if (c->n_horizons == 0) add_horizon(c, plain > 0 ? plain : 1);
}

static int choose_horizons(contest *c)
{
    double given[MAX_HORIZONS];
    size_t n;
    if (c->options->horizon == NULL) {
        default_horizons(c);
        return CLI_OK;
    }
    int result = cli_parse_numbers("horizon", c->options->horizon, 1, 1e6, MAX_HORIZONS, given, &n);
    if (result != CLI_OK) return result;
    for (size_t i = 0; i < n; i++) {
        if (given[i] != (double)(size_t)given[i]) {
            cli_error("option \"--horizon\": %g is not a whole number of rows", given[i]);
            return CLI_USAGE;
        }
        add_horizon(c, (size_t)given[i]);
    }
    return CLI_OK;
}

/* Seasons are looked for again, this time without the last fifth, which the models are tested on. */
static ssm_status detect_on_training_rows(contest *c)
{
    if (c->options->input.period != NULL) return SSM_OK;
    for (size_t i = 0; i < c->data.n_series; i++) {
        ssm_series *s = &c->data.series[i];
        size_t test = c->options->test_rows > 0 ? c->options->test_rows : s->length / 5;
        ssm_series training = ssm_series_slice(*s, 0, test < s->length ? s->length - test : s->length);
        SSMI_TRY(ssm_series_detect_periods(c->session->ctx, &training));
        s->n_periods = training.n_periods;
        memcpy(s->period, training.period, sizeof s->period);
    }
    return SSM_OK;
}

static int wants_format(const compare_options *options, size_t i)
{
    size_t length = strlen(formats[i].suffix);
    for (const char *p = options->format; p != NULL;) {
        if (strcspn(p, ",") == length && strncmp(p, formats[i].suffix, length) == 0) return 1;
        p = strchr(p, ',');
        if (p != NULL) p++;
    }
    return 0;
}

/* Each word of --format must be one of ours. */
static int check_formats(const compare_options *options)
{
    size_t words = 1, known = 0;
    for (const char *p = strchr(options->format, ','); p != NULL; p = strchr(p + 1, ',')) words++;
    for (size_t i = 0; i < N_FORMATS; i++) known += wants_format(options, i) != 0;
    if (known == words) return CLI_OK;
    cli_error("option \"--format\": \"%s\" is not a list of html, md, json", options->format);
    return CLI_USAGE;
}

/* The word as a shell would need it. */
static void add_word(ssmi_text *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        ssmi_text_puts(out, word);
        return;
    }
    ssmi_text_puts(out, "'");
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            ssmi_text_puts(out, "'\\''");
        } else {
            ssmi_text_add(out, word, 1);
        }
    }
    ssmi_text_puts(out, "'");
}

/* The command line, to be repeated; how the program was reached is left out. */
static char *command_line(const contest *c)
{
    ssmi_text text;
    ssmi_text_init(&text, c->session->ctx);
    ssmi_text_puts(&text, "ssmcast");
    for (int i = 1; i < c->session->argc; i++) {
        ssmi_text_puts(&text, " ");
        add_word(&text, c->session->argv[i]);
    }
    char *copy = ssmi_text_status(&text) == SSM_OK ? ssmi_arena_strdup(c->arena, text.bytes) : NULL;
    ssmi_text_clear(&text);
    return copy;
}

static char *today(ssm_arena *arena)
{
    int64_t day = INT64_C(86400), now = (int64_t)time(NULL);
    char *text = SSMI_ALLOC(arena, char, SSM_TIME_TEXT_SIZE);
    ssm_time_index index = {now / day * day * INT64_C(1000000000),
                            {SSM_STEP_NANOSECONDS, day * INT64_C(1000000000)}};
    if (text != NULL) ssm_time_text(index, 0, text, SSM_TIME_TEXT_SIZE);
    return text;
}

/* --output PREFIX as it is; a folder gets the file's name; without it the file's name stands here. */
static ssm_status make_prefix(const contest *c, char *out)
{
    const char *given = c->options->output, *path = c->data.table->path;
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t length = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);
    struct stat status;
    if (strcmp(path, "-") == 0) name = "stdin", length = 5;
    size_t end = given != NULL ? strlen(given) : 0;
    int folder = given != NULL && ((end > 0 && given[end - 1] == '/') ||
                                   (stat(given, &status) == 0 && S_ISDIR(status.st_mode)));
    int needed;
    if (given != NULL && !folder) {
        needed = snprintf(out, PATH_SIZE, "%s", given);
    } else {
        const char *between = folder && end > 0 && given[end - 1] != '/' ? "/" : "";
        needed = snprintf(out, PATH_SIZE, "%s%s%.*s-comparison", given != NULL ? given : "", between,
                          (int)length, name);
    }
    if (needed >= 0 && needed < PATH_SIZE - 8) return SSM_OK;
    return ssmi_fail(c->session->ctx, SSM_E_ARGUMENT, "the name of the report is too long");
}

static ssm_status write_reports(const contest *c, const ssm_backtest *b, const ssm_report_facts *facts)
{
    char prefix[PATH_SIZE], path[PATH_SIZE + 8];
    SSMI_TRY(make_prefix(c, prefix));
    for (size_t i = 0; i < N_FORMATS; i++) {
        if (!wants_format(c->options, i)) continue;
        snprintf(path, sizeof path, "%s.%s", prefix, formats[i].suffix);
        SSMI_TRY(ssm_report_write(c->session->ctx, b, facts, formats[i].format, path));
        printf("%s%s\n", i == 0 ? "\n" : "", path);
    }
    return SSM_OK;
}

static ssm_status print_summary(const contest *c, const ssm_backtest *b, const ssm_report_facts *facts)
{
    ssmi_document *doc;
    ssmi_text text;
    ssmi_text_init(&text, c->session->ctx);
    int colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    ssm_status status = ssmi_report_compose(c->arena, b, facts, &doc);
    if (status == SSM_OK) status = ssmi_document_text(doc, colour, &text);
    if (status == SSM_OK) fwrite(text.bytes, 1, text.length, stdout);
    ssmi_text_clear(&text);
    return status;
}

static int tell(const contest *c, const ssm_backtest *b)
{
    ssm_report_facts facts = {.command = command_line(c),
                              .data_name = c->data.table->path,
                              .data_digest = c->data.table->digest,
                              .created = today(c->arena),
                              .seed = c->session->ctx->seed,
                              .threads = c->session->ctx->threads,
                              .n_warnings = c->data.table->n_warnings,
                              .warning = c->data.table->warning};
    if (facts.command == NULL || facts.created == NULL) return cli_fail(c->session, SSM_E_MEMORY);
    ssm_status status = print_summary(c, b, &facts);
    if (status == SSM_OK) status = write_reports(c, b, &facts);
    if (status != SSM_OK) return cli_fail(c->session, status);
    return ssmi_report_failures(b) > 0 ? CLI_PARTIAL : CLI_OK;
}

static int compete(contest *c)
{
    ssm_backtest_plan plan = {.panel = c->data.series,
                              .n_series = c->data.n_series,
                              .entrant = c->entrant,
                              .n_entrants = c->n_entrants,
                              .horizon = c->horizon,
                              .n_horizons = c->n_horizons,
                              .test_rows = c->options->test_rows,
                              .max_origins = c->options->origins,
                              .step = c->options->step,
                              .refit = c->options->refit,
                              .metric = c->options->metric};
    ssm_backtest *b;
    ssm_status status = ssm_backtest_run(c->session->ctx, &plan, &b);
    if (status != SSM_OK) return cli_fail(c->session, status);
    int result = tell(c, b);
    ssm_backtest_free(b);
    return result;
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    const compare_options *options = options_;
    ssm_arena arena;
    (void)n;
    ssmi_arena_init(&arena, session->ctx);
    contest c = {.session = session, .options = options, .arena = &arena};
    int result = check_formats(options);
    if (result == CLI_OK) {
        result = cli_entrants_of(session, options->models, options->system, &options->set, &arena, &c.entrant,
                                 &c.n_entrants);
    }
    if (result == CLI_OK) result = cli_read(session, &options->input, operands[0], &arena, &c.data);
    if (result == CLI_OK) {
        ssm_status status = detect_on_training_rows(&c);
        if (status != SSM_OK) result = cli_fail(session, status);
    }
    if (result == CLI_OK) result = choose_horizons(&c);
    if (result == CLI_OK) result = compete(&c);
    ssmi_arena_clear(&arena);
    return result;
}

static const cli_option contest_options[] = {
    {"models", 'm', "LIST",
     "models to compare, comma separated, or \"all\"; default: all but those made of others and for studies",
     CLI_TEXT, offsetof(compare_options, models), NULL, 0, 0, NULL},
    {"system", 0, "FILE", "a state-space model of your own competes: a JSON file with its matrices", CLI_TEXT,
     offsetof(compare_options, system), NULL, 0, 0, NULL},
    {"horizon", 'n', "LIST", "rows to forecast, comma separated; default: the seasons found", CLI_TEXT,
     offsetof(compare_options, horizon), NULL, 0, 0, NULL},
    {"set", 's', "MODEL.NAME=VALUE", "option of a model; may be given several times", CLI_LIST,
     offsetof(compare_options, set), NULL, 0, 0, NULL},
    {"metric", 0, "NAME", "what decides: mase, mae, mse, rmse, smape, wape, pinball, wql; default mase",
     CLI_TEXT, offsetof(compare_options, metric), NULL, 0, 0, NULL},
    {"origins", 0, "N", "forecasts at most, spread over the test rows; 0: 24", CLI_SIZE,
     offsetof(compare_options, origins), "0", 0, 1e6, NULL},
    {"step", 0, "ROWS", "rows between origins; 0: spread evenly", CLI_SIZE, offsetof(compare_options, step),
     "0", 0, 1e9, NULL},
    {"test-rows", 0, "ROWS", "last rows to test on; 0: a fifth, at least the longest horizon", CLI_SIZE,
     offsetof(compare_options, test_rows), "0", 0, 1e9, NULL},
    {"refit", 0, NULL, "fit anew at each origin instead of once", CLI_FLAG, offsetof(compare_options, refit),
     NULL, 0, 0, NULL},
    {0}};

static const cli_option output_options[] = {
    {"output", 'o', "PREFIX", "where the reports go: PREFIX.html, PREFIX.md, PREFIX.json, or into a folder",
     CLI_TEXT, offsetof(compare_options, output), NULL, 0, 0, NULL},
    {"format", 'f', "LIST", "reports to write, comma separated", CLI_TEXT, offsetof(compare_options, format),
     "html,md,json", 0, 0, NULL},
    {0}};

static const cli_group groups[] = {{"Comparison", contest_options, 0},
                                   {"Output", output_options, 0},
                                   {"Reading the file", cli_input_options, offsetof(compare_options, input)},
                                   {0}};

const cli_command cli_compare = {
    .name = "compare",
    .summary = "compares models on a CSV file and writes a report",
    .operands = "FILE",
    .description = "Lets models forecast the last part of FILE from rolling origins, each knowing only the "
                   "rows before, and\n"
                   "tells which is best at each horizon, by how much, and whether that is more than luck "
                   "(Diebold-Mariano\n"
                   "test). Writes a self-contained HTML report with figures, the same as Markdown and as "
                   "JSON, and prints a\n"
                   "summary and the names of the files. Several columns are one panel.\n"
                   "A model can enter twice: NAME:LABEL, with its own options. Exit status 1: a model "
                   "failed, the others are\n"
                   "in the report.",
    .examples =
        "  ssmcast compare load.csv\n"
        "      every model, horizons from the seasons of the data\n"
        "  ssmcast compare load.csv --models kalman,mamba,linear --horizon 48,336 --output reports/load\n"
        "      reports/load.html, reports/load.md, reports/load.json\n"
        "  ssmcast compare load.csv --models linear,linear:long --set linear:long.lookback=720 --refit\n"
        "      one model with two settings, fitted anew at each origin\n",
    .groups = groups,
    .options_size = sizeof(compare_options),
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
