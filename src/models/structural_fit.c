/* Maximum likelihood for the basic structural model.
 *
 * Variances run on the log scale, phi and damping on a logistic one, all within bounds, so that a variance of
 * zero is approached from inside; one that ends at the bottom is then set to exactly zero when that costs
 * nothing. The gradient is the analytic score (Koopman & Shephard 1992), except for the damping, whose state
 * starts diffuse: there a central difference of two more filter runs. The optimiser is NLopt's SLSQP (Kraft
 * 1994); whatever it does, the best point seen is kept.
 *
 * Known value: log AirPassengers with dummy seasonals has its maximum at 229.3652 (KFAS convention). */
#include "models/structural.h"

#include <math.h>
#include <nlopt.h>
#include <string.h>

static const double smallest_log = -32.0, largest_log = 5.0; /* of a variance, when that of y is 1 */
static const double zero_log = -18.0;                        /* below this, zero is tried */
static const double zero_cost = 0.01;                        /* loss of log-likelihood that is nothing */

typedef struct bounds {
    double low, high;
} bounds;

static const bounds phi_bounds = {-0.5, 0.995}, damping_bounds = {0.80, 0.995};

/* The search: theta holds the parameters in use. */
typedef struct search {
    ssmi_structural *s; /* trial values */
    ssmi_structural_matrices matrices;
    ssmi_kalman_scorer scorer;
    const double *y;
    size_t length;
    double precision;                            /* of the log-likelihood */
    size_t n, index[SSMI_STRUCTURAL_PARAMETERS]; /* parameters in use */
    double best, best_value[SSMI_STRUCTURAL_PARAMETERS];
    size_t evaluations;
    ssm_status failure; /* of the last evaluation */
} search;

static const bounds *logistic_bounds(size_t parameter)
{
    return parameter == SSMI_PHI ? &phi_bounds : parameter == SSMI_DAMPING ? &damping_bounds : NULL;
}

static double from_theta(size_t parameter, double theta)
{
    const bounds *b = logistic_bounds(parameter);
    return b == NULL ? exp(theta) : b->low + (b->high - b->low) / (1.0 + exp(-theta));
}

static double to_theta(size_t parameter, double value)
{
    const bounds *b = logistic_bounds(parameter);
    if (b == NULL) return fmin(fmax(log(value), smallest_log), largest_log);
    const double share = fmin(fmax((value - b->low) / (b->high - b->low), 1e-3), 1.0 - 1e-3);
    return log(share / (1.0 - share));
}

/* d value / d theta */
static double slope_of_theta(size_t parameter, double value)
{
    const bounds *b = logistic_bounds(parameter);
    return b == NULL ? value : (value - b->low) * (b->high - value) / (b->high - b->low);
}

static ssm_status loglik_only(search *w, double *loglik)
{
    ssm_kalman_summary summary;
    ssmi_structural_apply(&w->matrices, w->s);
    ssmi_kalman_filter_refresh(&w->scorer.filter);
    SSMI_TRY(ssmi_kalman_filter_run(&w->scorer.filter, w->y, w->length, NULL, NULL, &summary));
    *loglik = summary.loglik;
    return SSM_OK;
}

/* By a central difference, on the theta scale. */
static double slope_of_damping(search *w)
{
    const double old = w->s->parameter[SSMI_DAMPING], theta = to_theta(SSMI_DAMPING, old), step = 1e-4;
    double above = 0.0, below = 0.0;
    w->s->parameter[SSMI_DAMPING] = from_theta(SSMI_DAMPING, theta + step);
    const ssm_status up = loglik_only(w, &above);
    w->s->parameter[SSMI_DAMPING] = from_theta(SSMI_DAMPING, theta - step);
    const ssm_status down = loglik_only(w, &below);
    w->s->parameter[SSMI_DAMPING] = old;
    return up == SSM_OK && down == SSM_OK ? (above - below) / (2.0 * step) : 0.0;
}

/* Gathers the score of the matrices into the parameters (natural scale). Qdiag (n), P1 (n, n), T (1). */
static void gather(const search *w, double *out, const double *H, const double *Qdiag, const double *P1,
                   const double *T)
{
    const ssmi_structural *s = w->s;
    const size_t n = w->matrices.model.n;
    memset(out, 0, SSMI_STRUCTURAL_PARAMETERS * sizeof(double));
    size_t k = 1;
    out[SSMI_IRREGULAR] = H[0];
    out[SSMI_LEVEL] = Qdiag[0];
    if (s->slope != SSMI_SLOPE_NONE) out[SSMI_SLOPE] = Qdiag[k++];
    if (s->cycle) {
        const double phi = s->parameter[SSMI_PHI], rest = 1.0 - phi * phi, start = P1[k * (n + 1)];
        out[SSMI_CYCLE] = Qdiag[k] + start / rest;
        out[SSMI_PHI] = T[0] + start * 2.0 * phi * s->parameter[SSMI_CYCLE] / (rest * rest);
        k++;
    }
    for (size_t j = 0; j < s->n_lines; j++) {
        const int one = 2 * s->line[j].multiple == s->line[j].period;
        out[SSMI_SEASON + s->line[j].season] += Qdiag[k] + (one ? 0.0 : Qdiag[k + 1]);
        k += one ? 1 : 2;
    }
}

static void keep_best(search *w, double loglik)
{
    if (!(loglik > w->best)) return;
    w->best = loglik;
    memcpy(w->best_value, w->s->parameter, sizeof w->best_value);
}

/* Log-likelihood per row at the trial values, and its gradient on the theta scale when asked for. */
static double evaluate(search *w, double *gradient, ssm_arena *scratch)
{
    ssm_kalman_summary summary = {.loglik = -INFINITY};
    const size_t n = w->matrices.model.n;
    double H, T, score[SSMI_STRUCTURAL_PARAMETERS];
    const ssmi_mark mark = ssmi_arena_mark(scratch);
    double *Qdiag = SSMI_ALLOC(scratch, double, n), *P1 = SSMI_ALLOC(scratch, double, n *n);
    w->evaluations++;
    w->failure = SSM_E_MEMORY;
    if (Qdiag != NULL && P1 != NULL) {
        const ssmi_kalman_slope out = {.H = &H, .Qdiag = Qdiag, .P1 = P1, .T = w->s->cycle ? &T : NULL};
        ssmi_structural_apply(&w->matrices, w->s);
        w->failure = ssmi_kalman_scorer_run(&w->scorer, w->y, w->length, NULL, &summary, &out);
    }
    if (w->failure == SSM_OK && isfinite(summary.loglik)) {
        keep_best(w, summary.loglik);
        gather(w, score, &H, Qdiag, P1, &T);
        for (size_t k = 0; gradient != NULL && k < w->n; k++) {
            const size_t i = w->index[k];
            gradient[k] =
                i == SSMI_DAMPING ? slope_of_damping(w) : score[i] * slope_of_theta(i, w->s->parameter[i]);
            gradient[k] /= (double)w->length;
        }
    } else {
        for (size_t k = 0; gradient != NULL && k < w->n; k++) gradient[k] = 0.0;
        summary.loglik = -1e10;
    }
    ssmi_arena_rewind(scratch, mark);
    return summary.loglik / (double)w->length;
}

typedef struct objective {
    search *w;
    ssm_arena *scratch;
} objective;

static double call(unsigned n, const double *theta, double *gradient, void *user)
{
    objective *o = user;
    for (unsigned k = 0; k < n; k++)
        o->w->s->parameter[o->w->index[k]] = from_theta(o->w->index[k], theta[k]);
    return evaluate(o->w, gradient, o->scratch);
}

/* One run of the optimiser from the values in s; returns whether it says that it converged. */
static int climb(search *w, ssm_arena *tmp)
{
    double theta[SSMI_STRUCTURAL_PARAMETERS], low[SSMI_STRUCTURAL_PARAMETERS],
        high[SSMI_STRUCTURAL_PARAMETERS], value;
    objective o = {w, tmp};
    nlopt_opt opt = nlopt_create(NLOPT_LD_SLSQP, (unsigned)w->n);
    if (opt == NULL) return 0;
    for (size_t k = 0; k < w->n; k++) {
        const int logistic = logistic_bounds(w->index[k]) != NULL;
        low[k] = logistic ? -7.0 : smallest_log;
        high[k] = logistic ? 7.0 : largest_log;
        theta[k] = fmin(fmax(to_theta(w->index[k], w->s->parameter[w->index[k]]), low[k]), high[k]);
    }
    nlopt_set_lower_bounds(opt, low);
    nlopt_set_upper_bounds(opt, high);
    nlopt_set_max_objective(opt, call, &o);
    nlopt_set_ftol_abs(opt, w->precision / (double)w->length);
    nlopt_set_xtol_abs1(opt, 1e-6);
    nlopt_set_maxeval(opt, 80);
    const nlopt_result result = nlopt_optimize(opt, theta, &value);
    nlopt_destroy(opt);
    return result > 0 && result != NLOPT_MAXEVAL_REACHED;
}

/* Variances that ended at the bottom become zero where the likelihood does not mind. */
static ssm_status clear_zeros(search *w)
{
    for (size_t k = 0; k < w->n; k++) {
        const size_t i = w->index[k];
        if (logistic_bounds(i) != NULL || w->best_value[i] > exp(zero_log)) continue;
        double loglik = -INFINITY;
        memcpy(w->s->parameter, w->best_value, sizeof w->best_value);
        w->s->parameter[i] = 0.0;
        if (loglik_only(w, &loglik) == SSM_OK && loglik >= w->best - zero_cost) {
            w->best = loglik;
            w->best_value[i] = 0.0;
        }
    }
    memcpy(w->s->parameter, w->best_value, sizeof w->best_value);
    return SSM_OK;
}

/* Log-likelihood of the rows from `burn` on, given those before, and the whole of it. */
static ssm_status measure(search *w, size_t burn, ssmi_structural_fit *fit)
{
    ssm_kalman_summary summary;
    ssmi_loglik_sum sum = ssmi_loglik_zero();
    ssmi_structural_apply(&w->matrices, w->s);
    ssmi_kalman_filter_refresh(&w->scorer.filter);
    SSMI_TRY(ssmi_kalman_filter_run(&w->scorer.filter, w->y, w->length, NULL, &w->scorer.record, &summary));
    for (size_t t = burn; t < w->length; t++) {
        const ssmi_innovation *in = w->scorer.record.innovation + t;
        if (in->kind != SSMI_KALMAN_ORDINARY) continue;
        ssmi_loglik_log(&sum, in->F);
        ssmi_loglik_plain(&sum, in->v * in->v / in->F);
        sum.count++;
    }
    fit->loglik = summary.loglik;
    fit->conditional = ssmi_loglik_value(&sum);
    fit->n_conditional = sum.count;
    return SSM_OK;
}

static ssm_status open_search(search *w, ssm_arena *tmp)
{
    const size_t cycle = 1 + (w->s->slope != SSMI_SLOPE_NONE);
    ssmi_place *place = SSMI_ALLOC(tmp, ssmi_place, 1);
    if (place == NULL) return SSM_E_MEMORY;
    *place = (ssmi_place){.row = cycle, .column = cycle};
    SSMI_TRY(ssmi_structural_build(&w->matrices, w->s, tmp));
    SSMI_TRY(
        ssmi_kalman_scorer_init(&w->scorer, &w->matrices.model, w->length, place, w->s->cycle ? 1 : 0, tmp));
    for (size_t i = 0; i < SSMI_STRUCTURAL_PARAMETERS; i++) {
        if (ssmi_structural_uses(w->s, i)) w->index[w->n++] = i;
    }
    return SSM_OK;
}

/* Starting values: irregular, level, slope, cycle, each season; phi and damping. The first row is replaced by
 * what the caller brought. */
static const double starts[][5] = {
    {0, 0, 0, 0, 0},
    {0.3, 0.01, 1e-5, 0.05, 1e-4},
    {0.001, 0.3, 1e-4, 0.3, 1e-3},
};

static void set_start(ssmi_structural *s, const double *from)
{
    for (size_t i = 0; i <= SSMI_SEASON; i++) s->parameter[i] = from[i];
    for (size_t k = 1; k < SSM_MAX_PERIODS; k++) s->parameter[SSMI_SEASON + k] = from[SSMI_SEASON];
    s->parameter[SSMI_PHI] = 0.7;
    s->parameter[SSMI_DAMPING] = 0.95;
}

ssm_status ssmi_structural_estimate(ssmi_structural *s, const double *y, size_t length, size_t burn,
                                    size_t n_starts, double precision, ssmi_structural_fit *fit,
                                    ssm_arena *tmp)
{
    search w = {.s = s, .y = y, .length = length, .precision = precision, .best = -INFINITY};
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = open_search(&w, tmp);
    *fit = (ssmi_structural_fit){0};
    for (size_t k = 0; status == SSM_OK && k < n_starts && k < sizeof starts / sizeof *starts; k++) {
        const double before = w.best;
        if (k > 0) set_start(s, starts[k]);
        const int converged = climb(&w, tmp);
        if (w.best > before) fit->converged = converged;
    }
    if (status == SSM_OK && isinf(w.best)) status = w.failure != SSM_OK ? w.failure : SSM_E_NUMERIC;
    if (status == SSM_OK) status = clear_zeros(&w);
    if (status == SSM_OK) status = measure(&w, burn, fit);
    fit->evaluations = w.evaluations;
    ssmi_arena_rewind(tmp, mark);
    return status;
}
