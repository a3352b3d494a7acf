/* The report for programs. Members come in a fixed order; numbers carry 12 digits; what is not a number is
 * null. A newer schema only adds members, or gets another number. */
#include "eval/escape.h"
#include "eval/report.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { SCHEMA_VERSION = 1, DIGITS = 12 };

/* A tree in the making; jansson's failures (memory) are remembered and reported once. */
typedef struct writer {
    ssm_context *ctx;
    const ssm_backtest *b;
    const ssm_report_facts *facts;
    int failed;
} writer;

static void put(writer *w, json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0) w->failed = 1;
}

static void append(writer *w, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) w->failed = 1;
}

static json_t *text(writer *w, const char *string)
{
    ssmi_text clean;
    if (string == NULL) return json_null();
    ssmi_text_init(&clean, w->ctx);
    ssmi_escape_plain(&clean, string);
    json_t *value = clean.length > 0 ? json_stringn(clean.bytes, clean.length) : json_string("");
    if (ssmi_text_status(&clean) != SSM_OK) w->failed = 1;
    ssmi_text_clear(&clean);
    return value;
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *numbers(writer *w, const double *value, size_t n, size_t stride)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) append(w, array, number(value[i * stride]));
    return array;
}

static json_t *count(size_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *one_series(writer *w, size_t i)
{
    const ssm_series *s = &w->b->panel[i];
    char from[SSM_TIME_TEXT_SIZE], to[SSM_TIME_TEXT_SIZE], step[32];
    json_t *object = json_object(), *periods = json_array();
    size_t missing = 0;
    for (size_t t = 0; t < s->length; t++) missing += isnan(s->value[t]) != 0;
    ssm_series_time_text(s, 0, from, sizeof from);
    ssm_series_time_text(s, s->length - 1, to, sizeof to);
    ssm_step_text(s->time.step, step, sizeof step);
    for (size_t k = 0; k < s->n_periods; k++) append(w, periods, count(s->period[k]));
    put(w, object, "name", text(w, s->name));
    put(w, object, "rows", count(s->length));
    put(w, object, "missing", count(missing));
    put(w, object, "first", text(w, from));
    put(w, object, "last", text(w, to));
    put(w, object, "interval", text(w, step));
    put(w, object, "periods", periods);
    put(w, object, "scale", number(w->b->scale[i]));
    return object;
}

static json_t *asked(writer *w)
{
    const ssm_backtest *b = w->b;
    json_t *object = json_object(), *horizons = json_array(), *series = json_array(), *origins = json_array();
    json_t *warnings = json_array();
    for (size_t i = 0; i < b->n_horizons; i++) append(w, horizons, count(b->horizon[i]));
    for (size_t i = 0; i < b->n_series; i++) append(w, series, one_series(w, i));
    for (size_t k = 0; k < b->n_origins; k++) append(w, origins, count(ssm_backtest_origin(b, 0, k)));
    for (size_t i = 0; i < w->facts->n_warnings; i++) append(w, warnings, text(w, w->facts->warning[i]));
    put(w, object, "command", text(w, w->facts->command));
    put(w, object, "data", text(w, w->facts->data_name));
    put(w, object, "sha256", text(w, w->facts->data_digest));
    put(w, object, "warnings", warnings);
    put(w, object, "seed", json_integer((json_int_t)w->facts->seed));
    put(w, object, "threads", count(w->facts->threads));
    put(w, object, "series", series);
    put(w, object, "horizons", horizons);
    put(w, object, "origins", origins);
    put(w, object, "step", count(b->step));
    put(w, object, "test_rows", count(b->test_rows));
    put(w, object, "refit", json_boolean(b->refit));
    put(w, object, "season", count(b->season));
    put(w, object, "ranked_by", text(w, b->measure[b->ranked_by].name));
    return object;
}

static json_t *measures(writer *w)
{
    static const char *const direction[] = {"lower is better", "nominal is best", "descriptive"};
    json_t *array = json_array();
    for (size_t m = 0; m < w->b->n_measures; m++) {
        const ssm_measure *measure = &w->b->measure[m];
        json_t *object = json_object();
        put(w, object, "name", text(w, measure->name));
        put(w, object, "title", text(w, measure->title));
        put(w, object, "summary", text(w, measure->metric->summary));
        put(w, object, "formula", text(w, measure->metric->formula));
        put(w, object, "unit", text(w, measure->metric->unit));
        put(w, object, "direction", text(w, direction[measure->metric->direction]));
        append(w, array, object);
    }
    return array;
}

static json_t *placing(writer *w, size_t horizon, size_t place)
{
    const ssm_ranking *r = &w->b->ranking[horizon];
    const ssm_dm_test *test = &r->test[place];
    json_t *object = json_object();
    put(w, object, "model", text(w, w->b->outcome[r->order[place]].label));
    put(w, object, "value", number(ssmi_report_value(w->b, r->order[place], horizon, w->b->ranked_by)));
    put(w, object, "wins", count(r->wins[place]));
    if (place == 0) return object;
    json_t *dm = json_object();
    put(w, dm, "mean_difference", number(test->difference));
    put(w, dm, "statistic", number(test->statistic));
    put(w, dm, "p_value", number(test->p_value));
    put(w, dm, "p_holm", number(r->holm[place]));
    put(w, dm, "origins", count(test->n));
    put(w, dm, "lags", count(test->lags));
    put(w, dm, "bartlett", json_boolean(test->bartlett));
    put(w, object, "against_best", dm);
    return object;
}

static json_t *rankings(writer *w)
{
    json_t *array = json_array();
    for (size_t i = 0; i < w->b->n_horizons; i++) {
        ssm_arena tmp;
        json_t *object = json_object(), *places = json_array();
        for (size_t k = 0; k < w->b->ranking[i].n; k++) append(w, places, placing(w, i, k));
        ssmi_arena_init(&tmp, w->ctx);
        put(w, object, "horizon", count(w->b->horizon[i]));
        put(w, object, "verdict", text(w, ssmi_report_verdict(&tmp, w->b, i)));
        put(w, object, "order", places);
        append(w, array, object);
        ssmi_arena_clear(&tmp);
    }
    return array;
}

static json_t *scores_of(writer *w, size_t outcome)
{
    const ssm_backtest *b = w->b;
    json_t *array = json_array();
    for (size_t i = 0; i < b->n_horizons; i++) {
        json_t *object = json_object();
        put(w, object, "horizon", count(b->horizon[i]));
        for (size_t m = 0; m < b->n_measures; m++) {
            put(w, object, b->measure[m].name, number(ssmi_report_value(b, outcome, i, m)));
        }
        put(w, object, "loss_by_origin",
            numbers(w, b->outcome[outcome].loss + i * b->n_origins, b->n_origins, 1));
        append(w, array, object);
    }
    return array;
}

/* Scores of each step, for the measures that a curve is drawn of. */
static json_t *steps_of(writer *w, size_t outcome)
{
    static const char *const shown[] = {"mae", "mase", "wql", "coverage_80", "coverage_95"};
    const ssm_backtest *b = w->b;
    json_t *object = json_object();
    for (size_t m = 0; m < b->n_measures; m++) {
        int wanted = m == b->ranked_by;
        for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++) {
            wanted = wanted || strcmp(shown[k], b->measure[m].name) == 0;
        }
        const double *value = b->outcome[outcome].step_value + m * b->longest;
        if (wanted) put(w, object, b->measure[m].name, numbers(w, value, b->longest, 1));
    }
    return object;
}

static json_t *training_of(writer *w, const ssm_outcome *o)
{
    json_t *array = json_array();
    for (size_t i = 0; i < o->n_training; i++) {
        const ssm_training_point *p = &o->training[i];
        json_t *object = json_object();
        put(w, object, "step", number(p->step));
        put(w, object, "rate", number(p->rate));
        put(w, object, "train", number(p->train));
        put(w, object, "validation", number(p->validation));
        append(w, array, object);
    }
    return array;
}

static json_t *models(writer *w)
{
    json_t *array = json_array();
    for (size_t i = 0; i < w->b->n_outcomes; i++) {
        const ssm_outcome *o = &w->b->outcome[i];
        json_t *object = json_object();
        put(w, object, "label", text(w, o->label));
        put(w, object, "model", text(w, o->model));
        put(w, object, "settings", text(w, o->settings));
        put(w, object, "status", text(w, o->status == SSM_OK ? "ok" : ssm_status_text(o->status)));
        if (o->status == SSM_OK) {
            put(w, object, "note", text(w, o->note));
            if (o->n_training > 0) put(w, object, "training", training_of(w, o));
            put(w, object, "scores", scores_of(w, i));
            put(w, object, "steps", steps_of(w, i));
        } else {
            put(w, object, "message", text(w, o->message));
        }
        append(w, array, object);
    }
    return array;
}

static json_t *window_forecast(writer *w, const ssm_window *window, const ssm_forecast *f)
{
    json_t *object = json_object();
    size_t low = 0;
    while (low < f->n_levels && fabs(f->level[low] - 0.1) > 1e-9) low++;
    put(w, object, "mean", numbers(w, f->mean, window->horizon, 1));
    if (low == f->n_levels) return object;
    put(w, object, "low_80", numbers(w, f->quantile + low, window->horizon, f->n_levels));
    put(w, object, "high_80", numbers(w, f->quantile + f->n_levels - 1 - low, window->horizon, f->n_levels));
    return object;
}

static json_t *windows(writer *w)
{
    const ssm_backtest *b = w->b;
    json_t *array = json_array();
    for (size_t i = 0; i < b->n_windows; i++) {
        const ssm_window *window = &b->window[i];
        char time[SSM_TIME_TEXT_SIZE];
        json_t *object = json_object(), *forecasts = json_array();
        ssm_series_time_text(&b->panel[window->series], window->row, time, sizeof time);
        put(w, object, "horizon", count(window->horizon));
        put(w, object, "series", text(w, b->panel[window->series].name));
        put(w, object, "row", count(window->row));
        put(w, object, "time", text(w, time));
        put(w, object, "reason", text(w, window->reason));
        put(w, object, "truth", numbers(w, b->panel[window->series].value + window->row, window->horizon, 1));
        for (size_t o = 0; o < b->n_outcomes; o++) {
            if (b->outcome[o].status != SSM_OK) continue;
            json_t *forecast = window_forecast(w, window, &b->outcome[o].window[i]);
            put(w, forecast, "model", text(w, b->outcome[o].label));
            append(w, forecasts, forecast);
        }
        put(w, object, "forecasts", forecasts);
        append(w, array, object);
    }
    return array;
}

static json_t *cost(writer *w)
{
    json_t *object = json_object(), *array = json_array();
    for (size_t i = 0; i < w->b->n_outcomes; i++) {
        const ssm_cost *c = &w->b->outcome[i].cost;
        json_t *row = json_object();
        put(w, row, "model", text(w, w->b->outcome[i].label));
        put(w, row, "fit_seconds", number(c->fit_seconds));
        put(w, row, "predict_seconds", number(c->predict_seconds));
        put(w, row, "peak_bytes", count(c->peak_bytes));
        put(w, row, "fits", count(c->n_fits));
        put(w, row, "forecasts", count(c->n_forecasts));
        append(w, array, row);
    }
    put(w, object, "measured", text(w, w->facts->created));
    put(w, object, "models", array);
    return object;
}

static int collect(const char *bytes, size_t length, void *out)
{
    ssmi_text_add(out, bytes, length);
    return ssmi_text_status(out) == SSM_OK ? 0 : -1;
}

static json_t *whole(writer *w)
{
    ssm_arena tmp;
    json_t *root = json_object();
    ssmi_arena_init(&tmp, w->ctx);
    put(w, root, "schema", text(w, "ssmcast comparison"));
    put(w, root, "schema_version", json_integer(SCHEMA_VERSION));
    put(w, root, "ssmcast", text(w, ssm_version()));
    put(w, root, "headline", text(w, ssmi_report_headline(&tmp, w->b)));
    put(w, root, "asked", asked(w));
    put(w, root, "measures", measures(w));
    put(w, root, "rankings", rankings(w));
    put(w, root, "models", models(w));
    put(w, root, "windows", windows(w));
    put(w, root, "cost", cost(w));
    ssmi_arena_clear(&tmp);
    return root;
}

ssm_status ssmi_report_json(ssm_context *ctx, const ssm_backtest *b, const ssm_report_facts *facts,
                            ssmi_text *out)
{
    writer w = {ctx, b, facts, 0};
    json_t *root = whole(&w);
    if (!w.failed &&
        json_dump_callback(root, collect, out, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS)) != 0) {
        w.failed = 1;
    }
    json_decref(root);
    ssmi_text_puts(out, "\n");
    return w.failed ? ssmi_fail(ctx, SSM_E_MEMORY, "cannot make the report: out of memory")
                    : ssmi_text_status(out);
}
