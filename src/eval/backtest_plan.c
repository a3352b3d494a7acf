/* Everything about a backtest that is decided before a model is seen: origins, scales, measures, windows. */
#include "eval/backtest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_ORIGINS = 24, MAX_MEASURES = 40 };

const double ssmi_backtest_level[SSMI_BACKTEST_LEVELS] = {0.025, 0.05, 0.1, 0.2, 0.3,  0.4,  0.5,
                                                          0.6,   0.7,  0.8, 0.9, 0.95, 0.975};

/* Central intervals between level [i] and its mirror image; the full set of interval metrics only where
 * people ask for them. */
typedef struct interval {
    size_t low;
    int full;
} interval;

static const interval intervals[] = {{5, 0}, {4, 0}, {3, 0}, {2, 1}, {1, 0}, {0, 1}};

static void add_measure(ssm_measure *list, size_t *n, const ssm_metric *metric, double nominal)
{
    ssm_measure *m = &list[(*n)++];
    *m = (ssm_measure){.metric = metric, .nominal = nominal};
    if (isnan(nominal)) {
        snprintf(m->name, sizeof m->name, "%s", metric->name);
        snprintf(m->title, sizeof m->title, "%s", metric->title);
    } else {
        snprintf(m->name, sizeof m->name, "%s_%.0f", metric->name, 100 * nominal);
        snprintf(m->title, sizeof m->title, "%s %.0f %%", metric->title, 100 * nominal);
    }
}

static void fill_measures(ssm_measure *list, size_t *n)
{
    for (size_t i = 0; ssm_metric_at(i) != NULL; i++) {
        const ssm_metric *metric = ssm_metric_at(i);
        if (!(metric->needs & SSM_NEEDS_INTERVAL)) {
            add_measure(list, n, metric, NAN);
            continue;
        }
        for (size_t k = 0; k < sizeof intervals / sizeof intervals[0]; k++) {
            double nominal = 1 - 2 * ssmi_backtest_level[intervals[k].low];
            if (intervals[k].full || metric->direction == SSM_NOMINAL_IS_BEST)
                add_measure(list, n, metric, nominal);
        }
    }
}

ssm_judged ssmi_backtest_judge(const ssm_backtest *b, size_t measure, double truth, double scale,
                               const ssm_forecast *f, size_t step)
{
    const double *row = f->quantile + step * f->n_levels;
    double nominal = b->measure[measure].nominal;
    ssm_judged judged = {truth,
                         f->mean[step],
                         SSMI_DECILES,
                         ssmi_backtest_level + SSMI_FIRST_DECILE,
                         row + SSMI_FIRST_DECILE,
                         NAN,
                         NAN,
                         nominal,
                         scale};
    for (size_t k = 0; !isnan(nominal) && k < f->n_levels / 2; k++) {
        if (fabs(1 - 2 * f->level[k] - nominal) > 1e-9) continue;
        judged.low = row[k];
        judged.high = row[f->n_levels - 1 - k];
    }
    return judged;
}

static ssm_status check(ssm_context *ctx, const ssm_backtest_plan *plan)
{
    if (plan->n_series == 0) return ssmi_fail(ctx, SSM_E_ARGUMENT, "a backtest needs a series");
    if (plan->n_entrants == 0) return ssmi_fail(ctx, SSM_E_ARGUMENT, "a backtest needs a model");
    if (plan->n_horizons == 0) return ssmi_fail(ctx, SSM_E_ARGUMENT, "a backtest needs a horizon");
    for (size_t i = 0; i < plan->n_horizons; i++) {
        if (plan->horizon[i] > (i > 0 ? plan->horizon[i - 1] : 0)) continue;
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "horizons must be positive and ascending: found %zu",
                         plan->horizon[i]);
    }
    if (plan->metric == NULL) return SSM_OK;
    const ssm_metric *metric = ssm_metric_find(plan->metric);
    if (metric != NULL && metric->direction == SSM_LOWER_IS_BETTER && !(metric->needs & SSM_NEEDS_INTERVAL)) {
        return SSM_OK;
    }
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "cannot rank by \"%s\": not a metric that is better when lower",
                     plan->metric);
}

static size_t shortest(const ssm_backtest_plan *plan)
{
    size_t length = plan->panel[0].length;
    for (size_t i = 1; i < plan->n_series; i++) {
        if (plan->panel[i].length < length) length = plan->panel[i].length;
    }
    return length;
}

static size_t common_divisor(size_t a, size_t b)
{
    while (b > 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Origins at multiples of the season would all see the same hour of the day: a step without a common factor
 * visits every phase. */
static size_t even_step(size_t room, size_t n, size_t season)
{
    size_t step = n > 1 ? room / (n - 1) : 1;
    if (step < 1) step = 1;
    while (step > 1 && common_divisor(step, season) > 1) step--;
    return step;
}

static ssm_status place_origins(ssmi_backtest *b, const ssm_backtest_plan *plan)
{
    ssm_backtest *r = &b->result;
    size_t length = shortest(plan), most = plan->max_origins > 0 ? plan->max_origins : DEFAULT_ORIGINS;
    r->longest = plan->horizon[plan->n_horizons - 1];
    r->test_rows = plan->test_rows > 0 ? plan->test_rows : length / 5;
    if (r->test_rows < r->longest) r->test_rows = r->longest;
    if (r->test_rows >= length || length - r->test_rows < 3) {
        return ssmi_fail(b->memory.ctx, SSM_E_DATA,
                         "%zu rows are too few to test a horizon of %zu: nothing is left to fit on", length,
                         r->longest);
    }
    size_t room = r->test_rows - r->longest;
    r->n_origins = room + 1 < most ? room + 1 : most;
    r->step = plan->step > 0 ? plan->step : even_step(room, r->n_origins, r->season);
    if (room / r->step + 1 < r->n_origins) r->n_origins = room / r->step + 1;
    return SSM_OK;
}

size_t ssm_backtest_origin(const ssm_backtest *b, size_t series, size_t k)
{
    return b->panel[series].length - b->longest - (b->n_origins - 1 - k) * b->step;
}

static ssm_status fill_scales(ssmi_backtest *b)
{
    ssm_backtest *r = &b->result;
    double *scale = SSMI_ALLOC(&b->memory, double, r->n_series);
    if (scale == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < r->n_series; i++) {
        scale[i] = ssm_seasonal_scale(r->panel[i].value, ssm_backtest_origin(r, i, 0), r->season);
    }
    r->scale = scale;
    return SSM_OK;
}

static int any_scale(const ssm_backtest *r)
{
    for (size_t i = 0; i < r->n_series; i++) {
        if (!isnan(r->scale[i])) return 1;
    }
    return 0;
}

static void choose_metric(ssm_backtest *r, const char *name)
{
    const ssm_metric *metric = ssm_metric_find(name != NULL ? name : "mase");
    if (name == NULL && !any_scale(r)) metric = ssm_metric_find("mae");
    while (r->measure[r->ranked_by].metric != metric) r->ranked_by++;
}

/* A stretch and what the seasonal naive forecast would have missed there. */
typedef struct candidate {
    size_t series, origin;
    double difficulty;
} candidate;

static double difficulty(const ssm_backtest *r, size_t series, size_t k, size_t horizon)
{
    const double *y = r->panel[series].value;
    size_t origin = ssm_backtest_origin(r, series, k), counted = 0;
    double sum = 0;
    for (size_t h = 0; h < horizon; h++) {
        size_t back = r->season * (h / r->season + 1);
        double error = origin + h >= back ? fabs(y[origin + h] - y[origin + h - back]) : NAN;
        if (isnan(error)) continue;
        sum += error;
        counted++;
    }
    return 2 * counted > horizon ? sum / (double)counted / (isnan(r->scale[series]) ? 1 : r->scale[series])
                                 : NAN;
}

static int by_difficulty(const void *a_, const void *b_)
{
    const candidate *a = a_, *b = b_;
    if (a->difficulty != b->difficulty) return a->difficulty < b->difficulty ? -1 : 1;
    if (a->series != b->series) return a->series < b->series ? -1 : 1;
    return (a->origin > b->origin) - (a->origin < b->origin);
}

static ssm_window make_window(const ssm_backtest *r, size_t horizon, const candidate *c, const char *reason)
{
    return (ssm_window){horizon, c->series, c->origin, ssm_backtest_origin(r, c->series, c->origin), reason};
}

/* For each horizon the stretch of median difficulty and the hardest. */
static ssm_status choose_windows(ssmi_backtest *b)
{
    ssm_backtest *r = &b->result;
    candidate *all = SSMI_ALLOC(&b->memory, candidate, r->n_series * r->n_origins);
    ssm_window *window = SSMI_ALLOC(&b->memory, ssm_window, 2 * r->n_horizons);
    if (all == NULL || window == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < r->n_horizons; i++) {
        size_t n = 0;
        for (size_t s = 0; s < r->n_series; s++) {
            for (size_t k = 0; k < r->n_origins; k++) {
                candidate c = {s, k, difficulty(r, s, k, r->horizon[i])};
                if (!isnan(c.difficulty)) all[n++] = c;
            }
        }
        if (n == 0) continue;
        qsort(all, n, sizeof *all, by_difficulty);
        window[r->n_windows++] = make_window(r, r->horizon[i], &all[(n - 1) / 2], "typical window");
        if (n > 1) window[r->n_windows++] = make_window(r, r->horizon[i], &all[n - 1], "hardest window");
    }
    r->window = window;
    return SSM_OK;
}

static ssm_status copy_plan(ssmi_backtest *b, const ssm_backtest_plan *plan)
{
    ssm_backtest *r = &b->result;
    ssm_series *panel = SSMI_ALLOC(&b->memory, ssm_series, plan->n_series);
    size_t *horizon = SSMI_ALLOC(&b->memory, size_t, plan->n_horizons);
    ssm_measure *measure = SSMI_ALLOC(&b->memory, ssm_measure, MAX_MEASURES);
    if (panel == NULL || horizon == NULL || measure == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < plan->n_series; i++) panel[i] = plan->panel[i];
    for (size_t i = 0; i < plan->n_horizons; i++) horizon[i] = plan->horizon[i];
    fill_measures(measure, &r->n_measures);
    r->panel = panel;
    r->n_series = plan->n_series;
    r->horizon = horizon;
    r->n_horizons = plan->n_horizons;
    r->measure = measure;
    r->refit = plan->refit;
    r->level = ssmi_backtest_level;
    r->n_levels = SSMI_BACKTEST_LEVELS;
    r->season = panel[0].n_periods > 0 ? panel[0].period[0] : 1;
    return SSM_OK;
}

ssm_status ssmi_backtest_prepare(ssmi_backtest *b, const ssm_backtest_plan *plan)
{
    SSMI_TRY(check(b->memory.ctx, plan));
    SSMI_TRY(copy_plan(b, plan));
    SSMI_TRY(place_origins(b, plan));
    SSMI_TRY(fill_scales(b));
    choose_metric(&b->result, plan->metric);
    return choose_windows(b);
}
