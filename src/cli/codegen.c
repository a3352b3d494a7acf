/* `ssmcast codegen`: a fitted linear model as C source of a filter for control code. */
#include "base/file.h"
#include "cli/prediction.h"
#include "forecast/handle.h"
#include <ssmcast/codegen.h>

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

typedef struct codegen_options {
    cli_input input;
    const char *output, *name, *data;
    int single, steady;
} codegen_options;

static void free_codegen(void *g)
{
    ssm_codegen_free(g);
}

/* ---- writing ---- */

static ssm_status make_folder(ssm_context *ctx, const char *path)
{
    struct stat info;
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
        return SSM_OK;
    return ssmi_fail(ctx, SSM_E_IO, "cannot make the folder \"%s\": %s", path, strerror(errno));
}

static ssm_status write_files(cli_session *session, const char *folder, const ssm_codegen *g,
                              ssm_arena *arena)
{
    SSMI_TRY(make_folder(session->ctx, folder));
    for (size_t i = 0; ssm_codegen_file(g, i) != NULL; i++) {
        const char *name = ssm_codegen_file(g, i), *text = ssm_codegen_text(g, i);
        const size_t size = strlen(folder) + strlen(name) + 2;
        char *path = SSMI_ALLOC(arena, char, size);
        if (path == NULL) return SSM_E_MEMORY;
        snprintf(path, size, "%s/%s", folder, name);
        SSMI_TRY(ssmi_file_replace(session->ctx, path, text, strlen(text)));
    }
    return SSM_OK;
}

/* ---- the certificate ---- */

/* Rows of the data as the system observes them: (p, length). */
static double *observations(const cli_data *data, int logarithm, size_t length, ssm_arena *arena)
{
    const size_t p = data->n_series;
    double *y = SSMI_ALLOC(arena, double, p *length);
    for (size_t i = 0; y != NULL && i < p * length; i++) {
        const double value = data->series[i % p].value[i / p];
        y[i] = !logarithm ? value : value > 0.0 ? log(value) : NAN;
    }
    return y;
}

static void tell_sizes(const ssm_codegen_certificate *c, const codegen_options *options)
{
    printf("memory: %zu bytes for the filter, %zu bytes of constants\n", c->state_bytes, c->model_bytes);
    if (c->operations > 0)
        printf("operations: at most %zu floating-point operations for a row and the prediction\n",
               c->operations);
    if (options->steady)
        printf("the full filter's variances are within 1 %% of their limit after %.0f rows, then the two "
               "agree\n",
               c->settling);
    if (options->data == NULL) return;
    printf("on \"%s\", %zu rows, %zu observed values:\n", options->data, c->rows, c->observed);
    if (options->single || options->steady)
        printf("largest difference from the full filter in double: %.3g standard deviations\n",
               c->difference);
    else
        printf("the generated filter is the full filter in double, bit for bit\n");
    if (options->single && !options->steady)
        printf("largest relative difference of the innovation's variance: %.3g\n", c->variance_difference);
    if (options->steady)
        printf("root mean square of the standardised one-step errors: %.6g, of the full filter %.6g (%+.3g "
               "%%)\n",
               c->rmse, c->full_rmse, c->full_rmse > 0 ? 100 * (c->rmse / c->full_rmse - 1) : 0.0);
}

static int certify(cli_session *session, const codegen_options *options, const ssm_codegen *g,
                   const ssm_fitted_system *system, ssm_arena *arena)
{
    ssm_codegen_certificate c;
    cli_data data;
    double *y = NULL;
    size_t length = 0;
    if (options->data != NULL) {
        const int result = cli_read(session, &options->input, options->data, arena, &data);
        if (result != CLI_OK) return result;
        if (data.n_series != system->model.p) {
            cli_error("the model observes %zu series, \"%s\" has %zu; choose with --column", system->model.p,
                      options->data, data.n_series);
            return CLI_USAGE;
        }
        length = data.series[0].length;
        y = observations(&data, system->logarithm, length, arena);
        if (y == NULL) return cli_fail(session, SSM_E_MEMORY);
    }
    const ssm_status status = ssm_codegen_certify(g, y, length, &c);
    if (status != SSM_OK) return cli_fail(session, status);
    tell_sizes(&c, options);
    return CLI_OK;
}

/* ---- the command ---- */

/* The comment at the top of the files: the same for the same model, wherever it lies. */
static const char *origin(const ssm_forecaster *f, const ssm_fitted_system *system,
                          const codegen_options *options, ssm_arena *arena)
{
    char note[512], text[1024];
    if (ssm_forecaster_note(f, note, sizeof note) != SSM_OK) note[0] = '\0';
    snprintf(text, sizeof text, "Model: %s%s%s\n%s%s%u states, %u sensors, numbers in %s%s",
             ssm_forecaster_type_of(f)->name, note[0] != '\0' ? ": " : "", note,
             system->logarithm ? "Give it the logarithms of the values: y = log(value).\n" : "",
             options->steady ? "Constant gain: no variances.\n" : "", (unsigned)system->model.n,
             (unsigned)system->model.p, options->single ? "float" : "double",
             options->steady || system->model.P1inf == NULL
                 ? "."
                 : ".\nThe start is unknown: a variance 1e6 times the largest of the system.");
    return ssmi_arena_strdup(arena, text);
}

static ssm_status generate(cli_session *session, const codegen_options *options, const char *path,
                           ssm_arena *arena, ssm_fitted_system *system, ssm_codegen **g)
{
    ssm_forecaster *f;
    SSMI_TRY(ssm_forecaster_load(session->ctx, path, &f));
    SSMI_TRY(ssmi_forecaster_own(arena, f));
    SSMI_TRY(ssm_forecaster_statespace(f, system));
    const ssm_codegen_options wanted = {.name = options->name,
                                        .origin = origin(f, system, options, arena),
                                        .single = options->single,
                                        .steady = options->steady};
    if (wanted.origin == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssm_codegen_new(session->ctx, &system->model, &wanted, g));
    const ssm_status status = ssmi_arena_defer(arena, free_codegen, *g);
    if (status != SSM_OK) ssm_codegen_free(*g);
    return status;
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    const codegen_options *options = options_;
    (void)n;
    ssm_arena arena;
    ssm_fitted_system system;
    ssm_codegen *g;
    if (options->output == NULL) {
        cli_error("codegen needs --output DIR to write the sources into");
        return CLI_USAGE;
    }
    ssmi_arena_init(&arena, session->ctx);
    ssm_status status = generate(session, options, operands[0], &arena, &system, &g);
    int result = status == SSM_OK ? certify(session, options, g, &system, &arena) : cli_fail(session, status);
    if (result == CLI_OK) {
        status = write_files(session, options->output, g, &arena);
        if (status != SSM_OK) result = cli_fail(session, status);
    }
    if (result == CLI_OK)
        printf("wrote %s.c, %s.h, ssmcast_kf.c, ssmcast_kf.h, main.c, CMakeLists.txt and Makefile into %s\n",
               options->name, options->name, options->output);
    ssmi_arena_clear(&arena);
    return result;
}

static const cli_option code_options[] = {
    {"output", 'o', "DIR", "folder to write the sources into; made if it is missing", CLI_TEXT,
     offsetof(codegen_options, output), NULL, 0, 0, NULL},
    {"name", 0, "NAME", "name of the files and of their symbols", CLI_TEXT, offsetof(codegen_options, name),
     "model", 0, 0, NULL},
    {"float", 0, NULL, "numbers in float; else in double", CLI_FLAG, offsetof(codegen_options, single), NULL,
     0, 0, NULL},
    {"steady", 0, NULL, "the gain that the filter settles at, without variances", CLI_FLAG,
     offsetof(codegen_options, steady), NULL, 0, 0, NULL},
    {"data", 0, "FILE", "CSV file to compare the generated filter with the full one in double on", CLI_TEXT,
     offsetof(codegen_options, data), NULL, 0, 0, NULL},
    {0}};

static const cli_group groups[] = {{"Code", code_options, 0},
                                   {"Reading the data", cli_input_options, offsetof(codegen_options, input)},
                                   {0}};

const cli_command cli_codegen = {
    .name = "codegen",
    .summary = "generates C source of a filter for control code from a saved linear model",
    .operands = "MODEL",
    .description =
        "Reads a model saved by \"ssmcast fit\" and writes its filter as C99 source that needs neither this "
        "program nor\n"
        "its library, allocates nothing and calls nothing but memcpy and memcmp: constants, a Kalman filter "
        "in "
        "U-D form,\n"
        "an example and what builds it. With --data it says how far the generated filter is from the full "
        "one in "
        "double.\n"
        "The same model and options give the same bytes.",
    .examples =
        "  ssmcast fit sensors.csv --column load --model kalman --output load.safetensors\n"
        "  ssmcast codegen load.safetensors --output firmware --float --data sensors.csv --column load\n"
        "      for a microcontroller, in single precision, with a certificate\n"
        "  ssmcast codegen load.safetensors --output firmware --steady\n"
        "      constant gain\n",
    .groups = groups,
    .options_size = sizeof(codegen_options),
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
