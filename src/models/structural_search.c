/* Choosing a structural model.
 *
 *   harmonics    all of a short period; of a long one those that stand out in the spectrum. The strongest go
 *                into the state and may change, the others become a fixed pattern
 *   logarithm, slope, cycle, autoregression   by AICc on the log-likelihood of the same rows, given those
 *                before them; it is comparable across models with different diffuse starts, and across the
 *                logarithm once the Jacobian -sum log y is added. Or by a backtest on the last rows. Small
 *                models: all combinations; large ones: one question after the other, each from the
 *                parameters found so far
 *   window       rows times squared states of one evaluation are bounded, so a fit takes seconds however long
 *                the history is
 *
 * Known value: AirPassengers without its last two years: logarithm, slope, six harmonics. */
#include "models/structural_search.h"

#include "models/gaussian.h"
#include "models/structural_backtest.h"
#include "models/structural_compose.h"
#include "models/structural_detect.h"
#include "models/structural_look.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    most_rows_for_lines = 20000,
    small_model = 15, /* states */
    long_series = 600,
    most_rows = 4000 /* of a fit, unless four of the longest periods are more */
};
/* Rows times squared states that one evaluation of the likelihood may take. */
static const double evaluation_budget = 2.5e6;
/* Without a cycle its frequency means nothing, and the best of all frequencies gains more than a parameter
 * should (Davies 1987): AICc has to prefer it by this much. */
static const double doubt_of_cycle = 12.0;
/* So that quantiles stay finite in every sense. */
static const double least_freedom = 3.0;
/* To which the log-likelihood is maximised: differences of AIC below 0.1 decide nothing. */
static const double coarse = 1e-3, fine = 1e-4;

/* A structure that has been estimated under a look. */
typedef struct verdict {
    ssmi_structural structure;
    double criterion; /* smaller is better */
    int logged, converged;
    size_t n_ordinary;
} verdict;

typedef struct search {
    const ssmi_structural_wishes *wishes;
    const ssm_series *series;
    const double *y; /* (length) the rows in use */
    size_t length, observed, burn, row;
    ssmi_structural_rows rows;
    ssmi_structural_plan plan;
    ssmi_structural_trial trial;
    int positive;
    ssmi_look look[2]; /* plain, logarithm */
    ssm_arena *mem, *tmp;
} search;

static size_t count_observed(const double *y, size_t length)
{
    size_t n = 0;
    for (size_t t = 0; t < length; t++) n += isnan(y[t]) ? 0 : 1;
    return n;
}

static int all_positive(const double *y, size_t length)
{
    for (size_t t = 0; t < length; t++) {
        if (y[t] <= 0.0) return 0;
    }
    return 1;
}

/* ---- candidates ---- */

static double information(const search *w, const ssmi_structural *s, int logged,
                          const ssmi_structural_fit *fit)
{
    const double k = (double)ssmi_structural_free(s), n = (double)fit->n_conditional;
    const double penalty = 2.0 * k + 2.0 * k * (k + 1.0) / fmax(n - k - 1.0, 1.0);
    return penalty - 2.0 * (fit->conditional + w->look[logged].jacobian);
}

static ssmi_structural_data data_of(const search *w, int logged)
{
    return (ssmi_structural_data){.y = w->look[logged].x, .length = w->length, .rows = w->rows};
}

static ssm_status backtest(search *w, const ssmi_structural *s, int logged, double precision, size_t n_starts,
                           double *error)
{
    const ssmi_look *l = w->look + logged;
    const ssmi_structural_choice as = {
        .pattern = l->pattern, .logged = logged, .center = l->center, .scale = l->scale};
    const ssmi_structural_data data = data_of(w, logged);
    const ssmi_mark mark = ssmi_arena_mark(w->tmp);
    const ssm_status status =
        ssmi_structural_try(error, s, &as, w->row, &data, w->y, &w->trial, precision, n_starts, w->tmp);
    ssmi_arena_rewind(w->tmp, mark);
    return status;
}

/* Estimates a structure and replaces `best` when it is better. */
static ssm_status consider(search *w, verdict *best, const ssmi_structural *structure, int logged,
                           size_t n_starts)
{
    ssmi_structural_fit fit;
    verdict v = {.structure = *structure, .logged = logged};
    const ssmi_structural_data data = data_of(w, logged);
    const double precision = structure->n_states > small_model ? coarse : fine;
    if (w->observed < structure->n_states + 3) return SSM_OK;
    ssm_status status =
        ssmi_structural_estimate(&v.structure, &data, w->burn, n_starts, precision, &fit, w->tmp);
    if (status == SSM_OK) v.criterion = information(w, &v.structure, logged, &fit);
    if (w->wishes->cycle == SSMI_AUTO && ssmi_structural_part(structure, SSMI_CYCLE) != NULL)
        v.criterion += doubt_of_cycle;
    if (status == SSM_OK && w->trial.n_origins > 0)
        status = backtest(w, structure, logged, precision, n_starts, &v.criterion);
    if (status == SSM_E_MEMORY || status == SSM_E_CANCELLED) return status;
    if (status != SSM_OK) return SSM_OK; /* another structure may do */
    v.converged = fit.converged;
    v.n_ordinary = fit.n_ordinary;
    if (v.criterion < best->criterion) *best = v;
    return SSM_OK;
}

static int allows(ssmi_wish wish, int yes)
{
    return wish == SSMI_AUTO || (wish == SSMI_YES) == (yes != 0);
}

static int allows_slope(ssmi_wish wish, ssmi_slope slope)
{
    static const ssmi_slope meant[] = {[SSMI_YES] = SSMI_SLOPE_ON,
                                       [SSMI_NO] = SSMI_SLOPE_NONE,
                                       [SSMI_DAMPED] = SSMI_SLOPE_DAMPED,
                                       [SSMI_FIXED] = SSMI_SLOPE_ON};
    return wish == SSMI_AUTO || meant[wish] == slope;
}

/* What is asked about a series besides the logarithm. */
typedef struct question {
    ssmi_slope slope;
    size_t order;
    int cycle;
} question;

static int is_asked(const search *w, int logged, const question *q)
{
    const ssmi_structural_wishes *o = w->wishes;
    if (!allows(o->logarithm, logged) || (logged && !w->positive)) return 0;
    if (!allows(o->cycle, q->cycle) || !allows_slope(o->slope, q->slope)) return 0;
    /* a cycle in question and an autoregression in question say the same twice */
    return !(q->cycle && o->cycle == SSMI_AUTO && q->order > o->least_order);
}

static ssm_status try_combination(search *w, ssmi_seasons seasons, int logged, const question *q,
                                  size_t n_starts, verdict *best)
{
    ssmi_structural s;
    if (!is_asked(w, logged, q)) return SSM_OK;
    ssmi_structural_compose(&s, &w->plan, w->wishes, seasons, q->slope, q->order, q->cycle);
    if (!isinf(best->criterion)) ssmi_structural_inherit(&s, &best->structure, 1e-7);
    return consider(w, best, &s, logged, n_starts);
}

/* Each slope, or only the level when the slope is asked about later. */
static ssm_status try_slopes(search *w, ssmi_seasons seasons, int logged, question q, int later,
                             size_t n_starts, verdict *best)
{
    for (int slope = SSMI_SLOPE_NONE; slope <= (later ? SSMI_SLOPE_NONE : SSMI_SLOPE_DAMPED); slope++) {
        q.slope = (ssmi_slope)slope;
        SSMI_TRY(try_combination(w, seasons, logged, &q, n_starts, best));
    }
    return SSM_OK;
}

/* All combinations for a short series. For a long one, where each costs more and the data leave less doubt,
 * the slope comes last, under the best of the others. */
static ssm_status search_all(search *w, ssmi_seasons seasons, verdict *best)
{
    const ssmi_structural_wishes *o = w->wishes;
    const int is_long = w->length > long_series, later = is_long && o->slope == SSMI_AUTO;
    const size_t n_starts = is_long ? 1 : 2;
    for (int logged = 0; logged <= 1; logged++) {
        for (int cycle = 0; cycle <= 1; cycle++) {
            for (size_t order = o->least_order; order <= o->most_order; order++)
                SSMI_TRY(try_slopes(w, seasons, logged, (question){.order = order, .cycle = cycle}, later,
                                    n_starts, best));
        }
    }
    if (!later || isinf(best->criterion)) return SSM_OK;
    const ssmi_part *ar = ssmi_structural_part(&best->structure, SSMI_AUTOREGRESSION);
    question q = {SSMI_SLOPE_ON, ar != NULL ? ar->count : 0,
                  ssmi_structural_part(&best->structure, SSMI_CYCLE) != NULL};
    const int logged = best->logged;
    SSMI_TRY(try_combination(w, seasons, logged, &q, 1, best));
    q.slope = SSMI_SLOPE_DAMPED;
    return try_combination(w, seasons, logged, &q, 1, best);
}

/* ---- the search ---- */

static size_t longest_period(const ssmi_structural_wishes *o)
{
    return o->n_periods > 0 ? o->period[o->n_periods - 1] : 1;
}

static void drop_first_rows(search *w, size_t rows)
{
    w->y += rows;
    w->length -= rows;
    w->row += rows;
    w->rows.first += (int64_t)rows;
    if (w->rows.x != NULL) w->rows.x += rows * w->rows.n_x;
}

/* Keeps the last rows that the budget allows for a model of `states`. */
static void limit_rows(search *w, size_t states)
{
    const double n = (double)states + 2.0;
    const size_t longest = longest_period(w->wishes);
    size_t rows = (size_t)fmin(evaluation_budget / (n * n), most_rows);
    if (rows < 4 * longest) rows = 4 * longest;
    if (w->wishes->window == 0 && rows < w->length &&
        count_observed(w->y + (w->length - rows), rows) > rows / 4)
        drop_first_rows(w, w->length - rows);
    w->observed = count_observed(w->y, w->length);
    w->burn = states + 3;
    if (w->burn + 6 > w->observed) w->burn = 0;
}

/* Both looks; the harmonics from `keep` on become a pattern. */
static ssm_status open_looks(search *w, size_t n_lines, size_t keep)
{
    for (int logged = 0; logged <= w->positive; logged++) {
        SSMI_TRY(ssmi_look_open(w->look + logged, w->y, w->length, logged, w->tmp));
        SSMI_TRY(ssmi_look_finish(w->look + logged, w->y, w->length, logged, w->burn, w->row, w->plan.line,
                                  n_lines, keep, w->mem, w->tmp));
    }
    return SSM_OK;
}

/* A large model: the questions are settled on the series without its harmonics, in a model of few states;
 * its answer and its variances are where the search for the whole model starts. */
static ssm_status search_large(search *w, ssmi_seasons seasons, verdict *best)
{
    ssmi_structural whole;
    SSMI_TRY(open_looks(w, w->plan.n_lines, 0));
    SSMI_TRY(search_all(w, SSMI_SEASONS_NONE, best));
    if (isinf(best->criterion)) return SSM_OK;
    const ssmi_part *ar = ssmi_structural_part(&best->structure, SSMI_AUTOREGRESSION);
    const int logged = best->logged;
    ssmi_structural_compose(&whole, &w->plan, w->wishes, seasons,
                            (ssmi_slope)ssmi_structural_part(&best->structure, SSMI_TREND)->form,
                            ar != NULL ? ar->count : 0,
                            ssmi_structural_part(&best->structure, SSMI_CYCLE) != NULL);
    ssmi_structural_quiet_seasons(&whole, 1e-5);
    ssmi_structural_inherit(&whole, &best->structure, 1e-7);
    SSMI_TRY(open_looks(w, seasons == SSMI_SEASONS_DUMMIES ? 0 : w->plan.n_lines, w->plan.n_kept));
    best->criterion = INFINITY;
    return consider(w, best, &whole, logged, 1);
}

static ssm_status refuse_logarithm(const search *w)
{
    return ssmi_fail(w->tmp->ctx, SSM_E_DATA, "series \"%s\" has values that are not positive: no logarithm",
                     w->series->name != NULL ? w->series->name : "");
}

static ssm_status search_series(search *w, verdict *best)
{
    ssmi_structural base;
    const ssmi_structural_wishes *o = w->wishes;
    const ssmi_seasons seasons = o->dummies ? SSMI_SEASONS_DUMMIES : SSMI_SEASONS_HARMONICS;
    SSMI_TRY(ssmi_look_open(w->look, w->y, w->length, 0, w->tmp));
    SSMI_TRY(ssmi_structural_plan_seasons(&w->plan, o, w->look[0].x, w->length, w->tmp));
    ssmi_structural_plan_columns(&w->plan, o, &w->rows, w->y, w->length);
    ssmi_structural_compose(&base, &w->plan, o, seasons, SSMI_SLOPE_NONE, 0, 0);
    limit_rows(w, base.n_states);
    ssmi_structural_plan_columns(&w->plan, o, &w->rows, w->y, w->length);
    w->positive = all_positive(w->y, w->length);
    if (o->logarithm == SSMI_YES && !w->positive) return refuse_logarithm(w);
    SSMI_TRY(open_looks(w, seasons == SSMI_SEASONS_DUMMIES ? 0 : w->plan.n_lines, w->plan.n_kept));
    if (w->look[0].scale == 0.0 || (w->positive && w->look[1].scale == 0.0)) return SSM_OK;
    if (o->backtest)
        w->trial = ssmi_structural_trial_plan(w->length, o->horizon, o->n_validation, longest_period(o));
    if (base.n_states > small_model) return search_large(w, seasons, best);
    SSMI_TRY(search_all(w, seasons, best));
    if (!isinf(best->criterion)) return SSM_OK;
    SSMI_TRY(search_all(w, SSMI_SEASONS_NONE, best)); /* too short for seasons */
    if (!isinf(best->criterion) || w->trial.n_origins == 0) return SSM_OK;
    w->trial.n_origins = 0; /* too short for a backtest */
    return search_all(w, SSMI_SEASONS_NONE, best);
}

/* Too little to estimate: a level that stays (one value, all equal) or wanders (two or three). */
static ssm_status fall_back(search *w, verdict *best)
{
    ssmi_structural *s = &best->structure;
    if (w->plan.n_columns > 0 && w->look[0].scale > 0.0)
        return ssmi_fail(
            w->tmp->ctx, SSM_E_DATA,
            "series \"%s\": %zu observed rows are too few for a model with %zu exogenous columns",
            w->series->name != NULL ? w->series->name : "", w->observed, w->plan.n_columns);
    *best = (verdict){.converged = 1};
    ssmi_structural_add(s, SSMI_TREND);
    ssmi_structural_lay_out(s);
    s->parameter[1] = w->look[0].scale > 0.0 ? 1.0 : 0.0;
    w->look[0].pattern = (ssmi_pattern){0};
    return SSM_OK;
}

/* Opens the series on its last rows. */
static void open_search(search *w)
{
    const ssmi_structural_wishes *o = w->wishes;
    const size_t window = o->window > 0 ? o->window : most_rows_for_lines;
    size_t cycle = 1; /* of all phases together */
    for (size_t k = 0; k < o->n_periods; k++) cycle *= o->period[k];
    w->y = w->series->value;
    w->length = w->series->length;
    w->row = ssmi_first_row(w->series, cycle);
    w->rows = (ssmi_structural_rows){
        .x = w->series->exogenous, .n_x = w->series->n_exogenous, .first = ssmi_grid_row(w->series)};
    if (window < w->length && count_observed(w->y + (w->length - window), window) > 0)
        drop_first_rows(w, w->length - window);
}

/* A name too long for a label would not be told from another by its beginning. */
static void label_columns(ssmi_structural *s, const ssm_series *series)
{
    for (size_t j = 0; j < s->n_columns; j++) {
        const char *name = series->exogenous_name != NULL ? series->exogenous_name[j] : "";
        const int length = snprintf(s->column_label[j], SSMI_LABEL_SIZE, "exogenous_%s", name);
        if (name[0] == '\0' || length >= SSMI_LABEL_SIZE)
            snprintf(s->column_label[j], SSMI_LABEL_SIZE, "exogenous_%zu", j + 1);
    }
}

static ssm_status detect(search *w, verdict *best, size_t *n_found)
{
    const ssmi_structural_data data = data_of(w, best->logged);
    *n_found = 0;
    if (w->wishes->detect == 0.0 || isinf(best->criterion)) return SSM_OK;
    return ssmi_structural_detect(&best->structure, &data, w->series, w->series->length - w->length,
                                  w->wishes->detect, fine, n_found, w->tmp);
}

/* The maximum of the likelihood understates variances by the part of the observations that the parameters
 * took up, and knows them less well than a normal distribution pretends: as in a regression. */
static void allow_for_estimates(const verdict *v, double *freedom, double *inflation)
{
    const double n = (double)v->n_ordinary, k = (double)ssmi_structural_free(&v->structure);
    *freedom = n > 0.0 ? fmax(n - k, least_freedom) : 0.0;
    *inflation = n > 0.0 ? sqrt(n / fmin(*freedom, n)) : 1.0;
}

ssm_status ssmi_structural_search(ssmi_structural_choice *choice, const ssmi_structural_wishes *wishes,
                                  const ssm_series *series, ssm_arena *mem, ssm_arena *tmp)
{
    search w = {.wishes = wishes, .series = series, .mem = mem, .tmp = tmp};
    verdict best = {.criterion = INFINITY};
    size_t n_found;
    double freedom, inflation;
    open_search(&w);
    SSMI_TRY(search_series(&w, &best));
    SSMI_TRY(detect(&w, &best, &n_found));
    if (isinf(best.criterion)) SSMI_TRY(fall_back(&w, &best));
    const ssmi_look *l = w.look + best.logged;
    allow_for_estimates(&best, &freedom, &inflation);
    label_columns(&best.structure, series);
    *choice = (ssmi_structural_choice){.structure = best.structure,
                                       .freedom = freedom,
                                       .inflation = inflation,
                                       .pattern = l->pattern,
                                       .logged = best.logged,
                                       .converged = best.converged,
                                       .center = l->center,
                                       .scale = l->scale,
                                       .n_found = n_found};
    return SSM_OK;
}
