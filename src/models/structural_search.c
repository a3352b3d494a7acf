/* Choosing a structural model.
 *
 *   harmonics                 all of a short period; of a long one those that stand out in the spectrum. The
 *                             strongest go into the state and may change, the others become a fixed pattern
 *   logarithm, slope, cycle   by AICc on the log-likelihood of the same rows, given those before them. It is
 *                             comparable across models with different diffuse starts, and across the
 *                             logarithm once the Jacobian -sum log y is added. Small models: all
 * combinations; large ones: one question after the other, each from the parameters found so far window rows
 * times squared states of one evaluation are bounded, so a fit takes seconds however long the history is
 *
 * Known value: AirPassengers without its last two years: logarithm, slope, six harmonics. */
#include "models/structural_search.h"

#include "models/gaussian.h"

#include <math.h>
#include <string.h>

enum {
    all_harmonics_up_to = 13, /* rows: months, weeks of four, days of a week */
    lines_in_state = 10,
    most_lines = 160,
    most_rows_for_lines = 20000,
    small_model = 15, /* states */
    long_series = 600,
    most_rows = 4000,      /* of a fit, unless four of the longest periods are more */
    cycles_for_lines = 40, /* enough to see a line; more would show how it changes over the years */
    least_rows_for_lines = 2000
};
/* Rows times squared states that one evaluation of the likelihood may take. */
static const double evaluation_budget = 2.5e6;
/* To which the log-likelihood is maximised: differences of AIC below 0.1 decide nothing. */
static const double coarse = 1e-3, fine = 1e-4;

/* One way of looking at the series. */
typedef struct look {
    double *x; /* (length) model values */
    double center, scale, jacobian;
    ssmi_pattern pattern;
} look;

/* A structure that has been estimated under a look. */
typedef struct verdict {
    ssmi_structural structure;
    double criterion; /* smaller is better */
    int logged, converged;
} verdict;

typedef struct search {
    const ssmi_structural_wishes *wishes;
    const double *y; /* (length) the rows in use */
    size_t length, observed, burn, row;
    ssmi_line *line; /* (n_lines) all that were chosen; the structure holds the first of them */
    size_t n_lines;
    int positive;
    look look[2]; /* plain, logarithm */
    ssm_arena *mem, *tmp;
} search;

size_t ssmi_first_row(const ssm_series *series, size_t period)
{
    const ssm_time_index time = series->time;
    if (time.step.unit == SSM_STEP_MONTHS) return 0; /* months have no long seasons */
    const int64_t count = time.step.unit == SSM_STEP_NONE ? 1 : time.step.count, n = (int64_t)period;
    const int64_t row = time.start / count - (time.start % count < 0 ? 1 : 0);
    return (size_t)((row % n + n) % n);
}

double ssmi_structural_value(const ssmi_structural_choice *c, double y, size_t row)
{
    if (c->logged && y <= 0.0) return NAN; /* outside the model's range: as good as missing */
    const double x = (c->logged ? log(y) : y) - c->center;
    return (c->scale > 0.0 ? x / c->scale : x) - ssmi_pattern_at(&c->pattern, row);
}

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

/* ---- looks ---- */

/* Centres and scales x; scale 0: all observed values are equal. */
static void standardise(double *x, size_t length, double *center, double *scale)
{
    ssmi_spread spread = {0};
    *center = ssmi_mean(x, length, NULL);
    for (size_t t = 0; t < length; t++) ssmi_spread_add(&spread, x[t] - *center);
    *scale = ssmi_spread_sd(&spread, 0);
    if (!(*scale > 1e-14 * fabs(*center))) *scale = 0.0;
    for (size_t t = 0; t < length; t++) x[t] = *scale > 0.0 ? (x[t] - *center) / *scale : x[t] - *center;
}

static ssm_status open_look(search *w, int logged)
{
    look *l = w->look + logged;
    l->x = SSMI_ALLOC(w->tmp, double, w->length);
    if (l->x == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < w->length; t++) l->x[t] = logged ? log(w->y[t]) : w->y[t];
    standardise(l->x, w->length, &l->center, &l->scale);
    return SSM_OK;
}

/* Takes out the harmonics from `keep` on, and sums the Jacobian over the rows that the criterion counts. */
static ssm_status finish_look(search *w, int logged, size_t keep)
{
    look *l = w->look + logged;
    SSMI_TRY(
        ssmi_pattern_fit(&l->pattern, w->line, w->n_lines, keep, l->x, w->length, w->row, w->mem, w->tmp));
    for (size_t t = 0; t < w->length; t++) l->x[t] -= ssmi_pattern_at(&l->pattern, w->row + t);
    l->jacobian = 0.0;
    for (size_t t = w->burn; t < w->length; t++) {
        if (!isnan(w->y[t])) l->jacobian -= (logged ? log(w->y[t]) : 0.0) + log(l->scale);
    }
    return SSM_OK;
}

/* ---- candidates ---- */

static double criterion(const search *w, const ssmi_structural *s, int logged, const ssmi_structural_fit *fit)
{
    double k = 0.0;
    const double n = (double)fit->n_conditional;
    for (size_t i = 0; i < SSMI_STRUCTURAL_PARAMETERS; i++) k += ssmi_structural_uses(s, i) ? 1.0 : 0.0;
    const double penalty = 2.0 * k + 2.0 * k * (k + 1.0) / fmax(n - k - 1.0, 1.0);
    return penalty - 2.0 * (fit->conditional + w->look[logged].jacobian);
}

/* Estimates a structure and replaces `best` when it is better. */
static ssm_status consider(search *w, verdict *best, ssmi_structural structure, int logged, size_t n_starts)
{
    ssmi_structural_fit fit;
    if (w->observed < ssmi_structural_states(&structure) + 3) return SSM_OK;
    const ssm_status status = ssmi_structural_estimate(
        &structure, w->look[logged].x, w->length, w->burn, n_starts,
        ssmi_structural_states(&structure) > small_model ? coarse : fine, &fit, w->tmp);
    if (status == SSM_E_MEMORY || status == SSM_E_CANCELLED) return status;
    if (status != SSM_OK) return SSM_OK; /* another structure may do */
    const double value = criterion(w, &structure, logged, &fit);
    if (value < best->criterion) *best = (verdict){structure, value, logged, fit.converged};
    return SSM_OK;
}

/* Reasonable values, in units of the variance of the series. */
static void first_values(ssmi_structural *s)
{
    static const double value[SSMI_STRUCTURAL_PARAMETERS] = {
        [SSMI_IRREGULAR] = 0.05, [SSMI_LEVEL] = 0.02, [SSMI_SLOPE] = 1e-5,  [SSMI_CYCLE] = 0.05,
        [SSMI_SEASON] = 1e-4,    [SSMI_PHI] = 0.7,    [SSMI_DAMPING] = 0.95};
    memcpy(s->parameter, value, sizeof value);
    for (size_t k = 1; k < SSM_MAX_PERIODS; k++) s->parameter[SSMI_SEASON + k] = value[SSMI_SEASON];
}

static int allows_slope(ssmi_wish wish, ssmi_slope slope)
{
    static const ssmi_slope meant[] = {
        [SSMI_YES] = SSMI_SLOPE_ON, [SSMI_NO] = SSMI_SLOPE_NONE, [SSMI_DAMPED] = SSMI_SLOPE_DAMPED};
    return wish == SSMI_AUTO || meant[wish] == slope;
}

static int allows(ssmi_wish wish, int yes)
{
    return wish == SSMI_AUTO || (wish == SSMI_YES) == (yes != 0);
}

static ssm_status try_combination(search *w, const ssmi_structural *base, int logged, int cycle,
                                  ssmi_slope slope, size_t n_starts, verdict *best)
{
    const ssmi_structural_wishes *o = w->wishes;
    if (!allows(o->logarithm, logged) || !allows(o->cycle, cycle) || !allows_slope(o->slope, slope) ||
        (logged && !w->positive))
        return SSM_OK;
    ssmi_structural s = *base;
    first_values(&s);
    if (!isinf(best->criterion)) { /* neighbours share most of their parameters */
        for (size_t i = 0; i < SSMI_STRUCTURAL_PARAMETERS; i++) {
            if (ssmi_structural_uses(&best->structure, i))
                s.parameter[i] = fmax(best->structure.parameter[i], 1e-7);
        }
    }
    s.slope = slope;
    s.cycle = cycle;
    return consider(w, best, s, logged, n_starts);
}

/* All combinations for a short series. For a long one, where each costs more and the data leave less doubt,
 * the logarithm and the cycle first, then the slope under the best of them. */
static ssm_status search_all(search *w, const ssmi_structural *base, verdict *best)
{
    const int is_long = w->length > long_series, slope_is_free = w->wishes->slope == SSMI_AUTO;
    for (int logged = 0; logged <= 1; logged++) {
        for (int cycle = 0; cycle <= 1; cycle++) {
            for (int slope = SSMI_SLOPE_NONE; slope <= SSMI_SLOPE_DAMPED; slope++) {
                if (is_long && slope_is_free && slope != SSMI_SLOPE_NONE) continue;
                SSMI_TRY(try_combination(w, base, logged, cycle, (ssmi_slope)slope, is_long ? 1 : 2, best));
            }
        }
    }
    if (!is_long || !slope_is_free) return SSM_OK;
    const int logged = best->logged, cycle = best->structure.cycle;
    SSMI_TRY(try_combination(w, base, logged, cycle, SSMI_SLOPE_ON, 1, best));
    return try_combination(w, base, logged, cycle, SSMI_SLOPE_DAMPED, 1, best);
}

/* ---- the search ---- */

static size_t longest_period(const ssmi_structural_wishes *o)
{
    return o->n_periods > 0 ? o->period[o->n_periods - 1] : 1;
}

/* Chooses harmonics on the last rows. */
static ssm_status choose_lines(search *w, ssmi_structural *base)
{
    const ssmi_structural_wishes *o = w->wishes;
    ssmi_harmonics_plan plan = {
        .n_periods = o->n_periods, .all_up_to = all_harmonics_up_to, .most = most_lines};
    memcpy(plan.period, o->period, sizeof plan.period);
    w->line = SSMI_ALLOC(w->tmp, ssmi_line, most_lines);
    if (w->line == NULL) return SSM_E_MEMORY;
    SSMI_TRY(open_look(w, 0));
    size_t rows = longest_period(o) * cycles_for_lines;
    if (rows < least_rows_for_lines) rows = least_rows_for_lines;
    if (rows > w->length) rows = w->length;
    SSMI_TRY(
        ssmi_harmonics_choose(&plan, w->look[0].x + (w->length - rows), rows, w->line, &w->n_lines, w->tmp));
    size_t most = o->harmonics > 0 ? o->harmonics : lines_in_state;
    for (size_t k = 0; k < w->n_lines && o->harmonics == 0; k++) {
        if (w->line[k].period <= all_harmonics_up_to && k >= most) most = k + 1;
    }
    if (most > SSMI_STRUCTURAL_LINES) most = SSMI_STRUCTURAL_LINES;
    base->n_lines = w->n_lines < most ? w->n_lines : most;
    memcpy(base->line, w->line, base->n_lines * sizeof *w->line);
    return SSM_OK;
}

static void drop_first_rows(search *w, size_t rows)
{
    w->y += rows;
    w->length -= rows;
    w->row += rows;
}

/* Keeps the last rows that the budget allows. */
static void limit_rows(search *w, const ssmi_structural *base)
{
    const double n = (double)ssmi_structural_states(base) + 2.0;
    const size_t longest = longest_period(w->wishes);
    size_t rows = (size_t)fmin(evaluation_budget / (n * n), most_rows);
    if (rows < 4 * longest) rows = 4 * longest;
    if (w->wishes->window == 0 && rows < w->length &&
        count_observed(w->y + (w->length - rows), rows) > rows / 4)
        drop_first_rows(w, w->length - rows);
    w->observed = count_observed(w->y, w->length);
    w->burn = ssmi_structural_states(base) + 3;
    if (w->burn + 6 > w->observed) w->burn = 0;
}

static ssm_status open_looks(search *w, size_t keep)
{
    for (int logged = 0; logged <= w->positive; logged++) {
        SSMI_TRY(open_look(w, logged));
        SSMI_TRY(finish_look(w, logged, keep));
    }
    return SSM_OK;
}

/* A large model: the questions are settled on the series without its harmonics, in a model of three states;
 * its answer and its variances are where the search for the whole model starts. */
static ssm_status search_large(search *w, const ssmi_structural *base, verdict *best)
{
    ssmi_structural rest = {0};
    SSMI_TRY(open_looks(w, 0));
    SSMI_TRY(search_all(w, &rest, best));
    if (isinf(best->criterion)) return SSM_OK;
    ssmi_structural whole = best->structure;
    const int logged = best->logged;
    whole.n_lines = base->n_lines;
    memcpy(whole.line, base->line, sizeof whole.line);
    for (size_t i = 0; i < SSMI_PHI; i++) whole.parameter[i] = fmax(whole.parameter[i], 1e-7);
    for (size_t k = 0; k < SSM_MAX_PERIODS; k++) whole.parameter[SSMI_SEASON + k] = 1e-5;
    SSMI_TRY(open_looks(w, base->n_lines));
    best->criterion = INFINITY;
    return consider(w, best, whole, logged, 1);
}

static ssm_status search_series(search *w, const ssm_series *series, verdict *best)
{
    ssmi_structural base = {0};
    SSMI_TRY(choose_lines(w, &base));
    limit_rows(w, &base);
    w->positive = all_positive(w->y, w->length);
    if (w->wishes->logarithm == SSMI_YES && !w->positive)
        return ssmi_fail(w->tmp->ctx, SSM_E_DATA,
                         "series \"%s\" has values that are not positive: no logarithm",
                         series->name != NULL ? series->name : "");
    SSMI_TRY(open_looks(w, base.n_lines));
    if (w->look[0].scale == 0.0 || (w->positive && w->look[1].scale == 0.0)) return SSM_OK;
    if (ssmi_structural_states(&base) > small_model) return search_large(w, &base, best);
    SSMI_TRY(search_all(w, &base, best));
    if (!isinf(best->criterion)) return SSM_OK;
    base.n_lines = 0; /* too short for seasons */
    return search_all(w, &base, best);
}

/* Too little to estimate: a level that stays (one value, all equal) or wanders (two or three). */
static void fall_back(search *w, verdict *best)
{
    *best = (verdict){.converged = 1};
    best->structure.parameter[SSMI_DAMPING] = 1.0;
    best->structure.parameter[SSMI_LEVEL] = w->look[0].scale > 0.0 ? 1.0 : 0.0;
    w->look[0].pattern = (ssmi_pattern){0};
}

ssm_status ssmi_structural_search(ssmi_structural_choice *choice, const ssmi_structural_wishes *wishes,
                                  const ssm_series *series, ssm_arena *mem, ssm_arena *tmp)
{
    search w = {.wishes = wishes, .y = series->value, .length = series->length, .mem = mem, .tmp = tmp};
    verdict best = {.criterion = INFINITY};
    const size_t window = wishes->window > 0 ? wishes->window : most_rows_for_lines;
    size_t cycle = 1; /* of all phases together */
    for (size_t k = 0; k < wishes->n_periods; k++) cycle *= wishes->period[k];
    w.row = ssmi_first_row(series, cycle);
    if (window < w.length && count_observed(w.y + (w.length - window), window) > 0)
        drop_first_rows(&w, w.length - window);
    SSMI_TRY(search_series(&w, series, &best));
    if (isinf(best.criterion)) fall_back(&w, &best);
    const look *l = w.look + best.logged;
    *choice = (ssmi_structural_choice){best.structure, l->pattern, best.logged,
                                       best.converged, l->center,  l->scale};
    return SSM_OK;
}
