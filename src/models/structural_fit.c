/* Maximum likelihood for structural models.
 *
 * Variances run on the log scale, the other parameters on a logistic one, all within bounds, so that a
 * variance of zero is approached from inside; one that ends at the bottom is then set to exactly zero when
 * that costs nothing. The gradient is the analytic score (Koopman & Shephard 1992) of the matrices, chained
 * to the parameters: a variance is itself an element of Q; of others the few elements of T and P1 that
 * depend on them are differenced, which costs no filter run. Only the damping, whose state starts diffuse,
 * takes two more filter runs. The optimiser is NLopt's SLSQP (Kraft 1994); whatever it does, the best point
 * seen is kept.
 *
 * Known value: log AirPassengers with dummy seasonals has its maximum at 229.3652 (KFAS convention). */
#include "models/structural_parts.h"

#include "core/climb.h"

#include <math.h>
#include <string.h>

static const double smallest_log = -32.0, largest_log = 5.0; /* of a variance, when that of y is 1 */
static const double zero_log = -18.0;                        /* below this, zero is tried */
static const double zero_cost = 0.01;                        /* loss of log-likelihood that is nothing */

/* The search: theta holds the parameters that are not held. */
typedef struct search {
    ssmi_structural *s; /* trial values */
    ssmi_structural_matrices matrices;
    ssmi_kalman_scorer scorer;
    const ssmi_structural_data *data;
    double precision;                            /* of the log-likelihood */
    size_t n, index[SSMI_STRUCTURAL_PARAMETERS]; /* parameters to estimate */
    ssmi_parameter about[SSMI_STRUCTURAL_PARAMETERS];
    double best, best_value[SSMI_STRUCTURAL_PARAMETERS];
    double *Qdiag, *P1, *T, H; /* the score of the matrices */
    size_t evaluations;
    ssm_status failure; /* of the last evaluation */
} search;

static double from_theta(const ssmi_parameter *p, double theta)
{
    return p->is_variance ? exp(theta) : p->low + (p->high - p->low) / (1.0 + exp(-theta));
}

static double to_theta(const ssmi_parameter *p, double value)
{
    if (p->is_variance) return fmin(fmax(log(value), smallest_log), largest_log);
    const double share = fmin(fmax((value - p->low) / (p->high - p->low), 1e-3), 1.0 - 1e-3);
    return log(share / (1.0 - share));
}

/* d value / d theta */
static double slope_of_theta(const ssmi_parameter *p, double value)
{
    return p->is_variance ? value : (value - p->low) * (p->high - value) / (p->high - p->low);
}

static ssm_status loglik_only(search *w, double *loglik)
{
    ssm_kalman_summary summary;
    ssmi_structural_apply(&w->matrices);
    ssmi_kalman_filter_refresh(&w->scorer.filter);
    SSMI_TRY(ssmi_kalman_filter_run(&w->scorer.filter, w->data->y, w->data->length, NULL, NULL, &summary));
    *loglik = summary.loglik;
    return SSM_OK;
}

/* ---- the score of a parameter, natural scale ---- */

/* By a central difference of the likelihood, on the theta scale. */
static double slope_by_runs(search *w, size_t i)
{
    const ssmi_parameter *p = w->about + i;
    const double old = w->s->parameter[i], theta = to_theta(p, old), step = 1e-4;
    double above = 0.0, below = 0.0;
    w->s->parameter[i] = from_theta(p, theta + step);
    const ssm_status up = loglik_only(w, &above);
    w->s->parameter[i] = from_theta(p, theta - step);
    const ssm_status down = loglik_only(w, &below);
    w->s->parameter[i] = old;
    if (up != SSM_OK || down != SSM_OK) return 0.0;
    return (above - below) / (2.0 * step * slope_of_theta(p, old));
}

/* Sum of score * X over the block of a part in P1. */
static double start_product(const search *w, const ssmi_part *part, const double *X)
{
    const size_t n = w->matrices.model.n;
    double sum = 0.0;
    for (size_t j = part->state; j < part->state + part->n_states; j++) {
        for (size_t i = part->state; i < part->state + part->n_states; i++)
            sum += w->P1[i + j * n] * X[i + j * n];
    }
    return sum;
}

/* A variance is the diagonal of Q where it shocks, and the scale of a stationary start. */
static double slope_of_variance(const search *w, const ssmi_part *part, size_t i)
{
    const int stationary = ssmi_part_types[part->kind].places != NULL;
    double sum = 0.0;
    for (size_t k = part->state; k < part->state + part->n_states; k++)
        sum += w->matrices.shock[k] == i ? w->Qdiag[k] : 0.0;
    if (stationary && w->s->parameter[i] > 0.0)
        sum += start_product(w, part, w->matrices.P1) / w->s->parameter[i];
    return sum;
}

/* Sum of the score over the elements of T and P1 that belong to the part. */
static double linear_part(const search *w, const ssmi_part *part, const double *T)
{
    const size_t n = w->matrices.model.n;
    double sum = start_product(w, part, w->matrices.P1);
    for (size_t k = 0; k < w->scorer.n_places; k++) {
        const ssmi_place *place = w->scorer.place + k;
        if (place->row >= part->state && place->row < part->state + part->n_states)
            sum += T[k] * w->matrices.T[place->row + place->column * n];
    }
    return sum;
}

/* By differences of the matrices. */
static double slope_of_shape(search *w, const ssmi_part *part, size_t i)
{
    const ssmi_parameter *p = w->about + i;
    const double old = w->s->parameter[i];
    const double step = 1e-5 * fmin(p->high - old, old - p->low);
    w->s->parameter[i] = old + step;
    ssmi_part_types[part->kind].fill(&w->matrices, part);
    const double above = linear_part(w, part, w->T);
    w->s->parameter[i] = old - step;
    ssmi_part_types[part->kind].fill(&w->matrices, part);
    const double below = linear_part(w, part, w->T);
    w->s->parameter[i] = old;
    ssmi_part_types[part->kind].fill(&w->matrices, part);
    return (above - below) / (2.0 * step);
}

static double slope_of_parameter(search *w, size_t i)
{
    if (i == 0) return w->H;
    if (w->about[i].is_diffuse) return slope_by_runs(w, i);
    const ssmi_part *part = w->s->part;
    while (i >= part->parameter + part->n_parameters) part++;
    return w->about[i].is_variance ? slope_of_variance(w, part, i) : slope_of_shape(w, part, i);
}

/* ---- climbing ---- */

static void keep_best(search *w, double loglik)
{
    if (!(loglik > w->best)) return;
    w->best = loglik;
    memcpy(w->best_value, w->s->parameter, sizeof w->best_value);
}

/* Log-likelihood at the trial values, and its gradient on the theta scale when asked for. */
static double evaluate(search *w, double *gradient)
{
    ssm_kalman_summary summary = {.loglik = -INFINITY};
    const ssmi_kalman_slope out = {
        .Hdiag = &w->H, .Qdiag = w->Qdiag, .P1 = w->P1, .T = w->scorer.n_places > 0 ? w->T : NULL};
    w->evaluations++;
    ssmi_structural_apply(&w->matrices);
    w->failure = ssmi_kalman_scorer_run(&w->scorer, w->data->y, w->data->length, NULL, &summary, &out);
    if (w->failure != SSM_OK || !isfinite(summary.loglik)) return -INFINITY;
    keep_best(w, summary.loglik);
    for (size_t k = 0; gradient != NULL && k < w->n; k++) {
        const size_t i = w->index[k];
        gradient[k] = slope_of_parameter(w, i) * slope_of_theta(w->about + i, w->s->parameter[i]);
    }
    return summary.loglik;
}

static double objective(void *user, const double *theta, double *gradient, int *stop)
{
    search *w = user;
    (void)stop;
    for (size_t k = 0; k < w->n; k++)
        w->s->parameter[w->index[k]] = from_theta(w->about + w->index[k], theta[k]);
    return evaluate(w, gradient);
}

/* One run of the optimiser from the values in s; returns whether it says that it converged. */
static int climb(search *w)
{
    double theta[SSMI_STRUCTURAL_PARAMETERS], low[SSMI_STRUCTURAL_PARAMETERS],
        high[SSMI_STRUCTURAL_PARAMETERS], work[3 * SSMI_STRUCTURAL_PARAMETERS];
    if (w->n == 0) return isfinite(evaluate(w, NULL));
    for (size_t k = 0; k < w->n; k++) {
        const ssmi_parameter *p = w->about + w->index[k];
        low[k] = p->is_variance ? smallest_log : -7.0;
        high[k] = p->is_variance ? largest_log : 7.0;
        theta[k] = to_theta(p, w->s->parameter[w->index[k]]);
    }
    const ssmi_climb_task task = {.n = w->n,
                                  .objective = objective,
                                  .user = w,
                                  .low = low,
                                  .high = high,
                                  .size = (double)w->data->length,
                                  .precision = w->precision,
                                  .smallest_step = 1e-6,
                                  .most_evaluations = w->n > 6 ? 80 + 25 * (w->n - 6) : 80};
    return ssmi_climb(theta, &task, work).converged;
}

/* Variances that ended at the bottom become zero where the likelihood does not mind. */
static void clear_zeros(search *w)
{
    for (size_t k = 0; k < w->n; k++) {
        const size_t i = w->index[k];
        if (!w->about[i].is_variance || w->best_value[i] > exp(zero_log)) continue;
        double loglik = -INFINITY;
        memcpy(w->s->parameter, w->best_value, sizeof w->best_value);
        w->s->parameter[i] = 0.0;
        if (loglik_only(w, &loglik) == SSM_OK && loglik >= w->best - zero_cost) {
            w->best = loglik;
            w->best_value[i] = 0.0;
        }
    }
    memcpy(w->s->parameter, w->best_value, sizeof w->best_value);
}

/* ---- what was found ---- */

static void keep_coefficients(search *w, const ssmi_kalman_state *state)
{
    ssmi_structural *s = w->s;
    for (size_t k = 0; k < s->n_parts; k++) {
        const ssmi_part *part = s->part + k;
        const size_t base = part->kind == SSMI_INTERVENTIONS ? SSMI_STRUCTURAL_COLUMNS : 0;
        if (part->kind != SSMI_REGRESSION && part->kind != SSMI_INTERVENTIONS) continue;
        for (size_t j = 0; j < part->count; j++) {
            const size_t at = part->state + j;
            s->coefficient[base + j] = state->a[at];
            s->deviation[base + j] = sqrt(fmax(state->P[at * (state->n + 1)], 0.0));
        }
    }
}

/* Log-likelihood of the rows from `burn` on, given those before, and the whole of it. */
static ssm_status measure(search *w, size_t burn, ssmi_structural_fit *fit, ssm_arena *tmp)
{
    ssm_kalman_summary summary;
    ssmi_loglik_sum sum = ssmi_loglik_zero();
    ssmi_kalman_filter *f = &w->scorer.filter;
    ssmi_structural_apply(&w->matrices);
    ssmi_kalman_filter_refresh(f);
    SSMI_TRY(ssmi_kalman_filter_run(f, w->data->y, w->data->length, NULL, &w->scorer.record, &summary));
    fit->n_ordinary = 0;
    for (size_t t = 0; t < w->data->length; t++) {
        const ssmi_innovation *in = w->scorer.record.innovation + t;
        if (in->kind != SSMI_KALMAN_ORDINARY) continue;
        fit->n_ordinary++;
        if (t < burn) continue;
        ssmi_loglik_log(&sum, in->F);
        ssmi_loglik_plain(&sum, in->v * in->v / in->F);
        sum.count++;
    }
    fit->loglik = summary.loglik;
    fit->conditional = ssmi_loglik_value(&sum);
    fit->n_conditional = sum.count;
    memset(w->s->deviation, 0, sizeof w->s->deviation); /* no guess from an earlier fit */
    SSMI_TRY(ssmi_structural_close(&w->matrices, &f->state, NULL, NULL, tmp));
    keep_coefficients(w, &f->state);
    return SSM_OK;
}

/* The elements of T whose score is wanted: of parts with a parameter that moves them. */
static size_t list_places(const ssmi_structural *s, ssmi_place *out)
{
    size_t n = 0;
    for (size_t k = 0; k < s->n_parts; k++) {
        const ssmi_part *part = s->part + k;
        if (ssmi_part_types[part->kind].places == NULL) continue;
        const size_t more = ssmi_part_types[part->kind].places(part, out + n);
        for (size_t e = n; e < n + more; e++) {
            out[e].row += part->state;
            out[e].column += part->state;
        }
        n += more;
    }
    return n;
}

static ssm_status open_search(search *w, ssm_arena *tmp)
{
    const size_t n = w->s->n_states, most = SSMI_STRUCTURAL_PARTS * SSMI_MOST_PLACES;
    ssmi_place *place = SSMI_ALLOC(tmp, ssmi_place, most);
    w->Qdiag = SSMI_ALLOC(tmp, double, n);
    w->P1 = SSMI_ALLOC(tmp, double, n *n);
    w->T = SSMI_ALLOC(tmp, double, most);
    if (place == NULL || w->Qdiag == NULL || w->P1 == NULL || w->T == NULL) return SSM_E_MEMORY;
    const size_t n_places = list_places(w->s, place);
    SSMI_TRY(ssmi_structural_build(&w->matrices, w->s, &w->data->rows, tmp));
    SSMI_TRY(ssmi_kalman_scorer_init(&w->scorer, &w->matrices.model,
                                     w->matrices.moves ? &w->matrices.motion : NULL, w->data->length, place,
                                     n_places, tmp));
    for (size_t i = 0; i < w->s->n_parameters; i++) {
        w->about[i] = ssmi_structural_describe(w->s, i);
        if (!w->s->held[i]) w->index[w->n++] = i;
    }
    return SSM_OK;
}

ssm_status ssmi_structural_estimate(ssmi_structural *s, const ssmi_structural_data *data, size_t burn,
                                    size_t n_starts, double precision, ssmi_structural_fit *fit,
                                    ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    search *w = SSMI_ALLOC(tmp, search, 1);
    if (w == NULL) return SSM_E_MEMORY;
    *w = (search){.s = s, .data = data, .precision = precision, .best = -INFINITY};
    ssm_status status = open_search(w, tmp);
    *fit = (ssmi_structural_fit){0};
    for (size_t k = 0; status == SSM_OK && k < n_starts && k < SSMI_STARTS; k++) {
        const double before = w->best;
        if (k > 0) ssmi_structural_start(s, k);
        const int converged = climb(w);
        if (w->best > before) fit->converged = converged;
    }
    if (status == SSM_OK && isinf(w->best)) status = w->failure != SSM_OK ? w->failure : SSM_E_NUMERIC;
    if (status == SSM_OK) {
        clear_zeros(w);
        status = measure(w, burn, fit, tmp);
    }
    fit->evaluations = w->evaluations;
    ssmi_arena_rewind(tmp, mark);
    return status;
}

ssm_status ssmi_structural_score(ssmi_structural *s, const ssmi_structural_data *data, double *loglik,
                                 double *gradient, ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    search *w = SSMI_ALLOC(tmp, search, 1);
    if (w == NULL) return SSM_E_MEMORY;
    *w = (search){.s = s, .data = data, .best = -INFINITY};
    ssm_status status = open_search(w, tmp);
    if (status == SSM_OK) {
        *loglik = evaluate(w, NULL);
        status = w->failure;
    }
    for (size_t k = 0; status == SSM_OK && k < w->n; k++) gradient[k] = slope_of_parameter(w, w->index[k]);
    ssmi_arena_rewind(tmp, mark);
    return status;
}
