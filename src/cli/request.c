#include "cli/request.h"

#include "cli/exogenous.h"
#include "forecast/handle.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const cli_option cli_request_options[] = {
    {"model", 'm', "NAME", "forecasting model, see \"ssmcast models\"", CLI_TEXT,
     offsetof(cli_request, model), "auto", 0, 0, NULL},
    {"system", 0, "FILE", "state-space model of your own: a JSON file with its matrices", CLI_TEXT,
     offsetof(cli_request, system), NULL, 0, 0, NULL},
    {"horizon", 'n', "ROWS", "rows to forecast, 0: those with --exogenous, else two seasons", CLI_SIZE,
     offsetof(cli_request, horizon), "0", 0, 1e6, NULL},
    {"level", 'l', "LIST", "central intervals in percent, comma separated", CLI_TEXT,
     offsetof(cli_request, level), "80,95", 0, 0, NULL},
    {"quantiles", 0, "LIST", "quantile probabilities instead of intervals", CLI_TEXT,
     offsetof(cli_request, quantiles), NULL, 0, 0, NULL},
    {"set", 's', "NAME=VALUE", "option of the model; may be given several times", CLI_LIST,
     offsetof(cli_request, set), NULL, 0, 0, NULL},
    {"weights", 0, "FILE",
     "weights of a pretrained model, which is then the default; short for --set weights=FILE", CLI_TEXT,
     offsetof(cli_request, weights), NULL, 0, 0, NULL},
    {"validation", 0, "ROWS", "last rows kept for choosing hyper-parameters, 0: the model decides", CLI_SIZE,
     offsetof(cli_request, validation), "0", 0, 1e9, NULL},
    {0}};

const ssm_forecaster_type *cli_type_with(unsigned caps)
{
    const ssm_forecaster_type *type;
    for (size_t i = 0; (type = ssm_forecaster_type_at(i)) != NULL; i++) {
        if ((type->caps & caps) == caps) return type;
    }
    return NULL;
}

/* The first forecaster with weights of its own to replace. */
static const ssm_forecaster_type *type_with_weights(void)
{
    const ssm_forecaster_type *type;
    for (size_t i = 0; (type = ssm_forecaster_type_at(i)) != NULL; i++) {
        for (const ssm_option *o = type->options; o != NULL && o->name != NULL; o++) {
            if (strcmp(o->name, "weights") == 0) return type;
        }
    }
    return NULL;
}

int cli_settle_model(cli_request *request)
{
    const ssm_forecaster_type *named =
        request->model != NULL ? ssm_forecaster_type_find(request->model) : NULL;
    const int by_default =
        request->model == NULL || strcmp(request->model, cli_request_options[0].initial) == 0;
    if (request->system == NULL && request->weights != NULL && by_default)
        request->model = type_with_weights()->name;
    if (request->system == NULL || (named != NULL && named->caps & SSM_CAP_SYSTEM)) return CLI_OK;
    if (!by_default) {
        cli_error("option \"--system\": \"%s\" has a model of its own; leave out --model", request->model);
        return CLI_USAGE;
    }
    request->model = cli_type_with(SSM_CAP_SYSTEM)->name;
    return CLI_OK;
}

void cli_default_model(cli_request *request, unsigned caps, const cli_data *data)
{
    if (request->model != NULL) return;
    if (data != NULL && data->table->stamp != NULL) caps |= SSM_CAP_IRREGULAR;
    request->model = cli_type_with(caps)->name;
}

/* Keeps the levels ascending and distinct. */
static void add_level(cli_levels *out, double level, const char *format, double shown)
{
    size_t k = out->n;
    for (size_t j = 0; j < out->n; j++) {
        if (out->level[j] == level) return;
    }
    for (; k > 0 && out->level[k - 1] > level; k--) {
        out->level[k] = out->level[k - 1];
        memcpy(out->name[k], out->name[k - 1], sizeof out->name[k]);
    }
    out->level[k] = level;
    snprintf(out->name[k], sizeof out->name[k], format, shown);
    out->n++;
}

static int quantile_levels(const char *text, cli_levels *out)
{
    double q[CLI_LEVELS];
    size_t n;
    if (cli_parse_numbers("quantiles", text, 1e-9, 1 - 1e-9, CLI_LEVELS, q, &n) != CLI_OK) return CLI_USAGE;
    for (size_t k = 0; k < n; k++) add_level(out, q[k], "q%g", q[k]);
    return CLI_OK;
}

int cli_levels_of(const cli_request *request, cli_levels *out)
{
    double percent[(CLI_LEVELS - 1) / 2];
    size_t n;
    *out = (cli_levels){0};
    if (request->quantiles != NULL) return quantile_levels(request->quantiles, out);
    if (cli_parse_numbers("level", request->level, 1e-6, 100 - 1e-6, (CLI_LEVELS - 1) / 2, percent, &n) !=
        CLI_OK) {
        return CLI_USAGE;
    }
    add_level(out, 0.5, "median", 0.0);
    for (size_t k = 0; k < n; k++) {
        add_level(out, 0.5 - percent[k] / 200.0, "lo-%g", percent[k]);
        add_level(out, 0.5 + percent[k] / 200.0, "hi-%g", percent[k]);
    }
    return CLI_OK;
}

static size_t limit(size_t value, size_t most)
{
    if (value > most) value = most;
    return value > 0 ? value : 1;
}

size_t cli_horizon_of(const cli_request *request, const ssm_series *series, size_t n)
{
    size_t season = 0, length = n > 0 ? series[0].length : 0;
    if (request->horizon > 0) return request->horizon;
    if (cli_future_rows(series, n) > 0) return cli_future_rows(series, n);
    for (size_t i = 0; i < n; i++) {
        if (series[i].n_periods > 0 && (season == 0 || series[i].period[0] < season))
            season = series[i].period[0];
    }
    return season > 0 ? limit(2 * season, length / 4 < 336 ? length / 4 : 336) : limit(length / 10, 24);
}

static ssm_status set_option(ssm_forecaster *f, ssm_context *ctx, const char *assignment)
{
    char name[SSM_OPTION_TEXT_SIZE];
    const char *equals = strchr(assignment, '=');
    size_t length = equals != NULL ? (size_t)(equals - assignment) : 0;
    if (length == 0 || length >= sizeof name) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "option \"--set\": \"%s\" is not NAME=VALUE", assignment);
    }
    memcpy(name, assignment, length);
    name[length] = '\0';
    return ssm_forecaster_set(f, name, equals + 1);
}

ssm_status cli_make_forecaster(const cli_request *request, ssm_arena *arena, ssm_forecaster **out)
{
    ssm_forecaster *f;
    SSMI_TRY(ssmi_forecaster_new_member(arena, request->model, &f));
    if (request->system != NULL) SSMI_TRY(ssm_forecaster_set(f, "file", request->system));
    for (size_t i = 0; i < request->set.n; i++) SSMI_TRY(set_option(f, arena->ctx, request->set.item[i]));
    if (request->weights != NULL) SSMI_TRY(ssm_forecaster_set(f, "weights", request->weights));
    *out = f;
    return SSM_OK;
}
