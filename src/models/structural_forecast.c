/* Forecasts of a structural model.
 *
 *     E y_{t+h} = Z_{t+h} a,   Var = Z P Z' + H;   a <- T a,   P <- T P T' + Q
 *
 * What the rows before t have left open must be closed first: a direction of which nothing is known has no
 * variance that doubles can carry. Each open state is taken to be observed once, with a mean and a variance
 * that say how little is known.
 *
 * Known value: a local level with variances 15099 and 1469.1 on the Nile: standard deviation 143.52789952 one
 * row ahead, 183.90801489 ten rows ahead. */
#include "models/structural.h"

#include <math.h>

/* In units of the variance of the series, of what the rows leave open. */
static const double open_variance = 100.0;

typedef struct guess {
    double mean, variance;
} guess;

/* What to think of state k where nothing is known of it. */
static guess guess_of(const ssmi_structural *s, size_t k)
{
    for (size_t j = 0; j < s->n_parts; j++) {
        const ssmi_part *part = s->part + j;
        size_t at = k - part->state;
        if (k < part->state || at >= part->n_states) continue;
        if (part->kind != SSMI_REGRESSION && part->kind != SSMI_INTERVENTIONS) break;
        if (part->kind == SSMI_INTERVENTIONS) at += SSMI_STRUCTURAL_COLUMNS;
        const double deviation = s->deviation[at];
        if (deviation > 0.0) return (guess){s->coefficient[at], deviation * deviation};
    }
    return (guess){0.0, open_variance};
}

static int is_open(const ssmi_kalman_state *state, size_t k)
{
    double sum = 0.0;
    for (size_t j = 0; j < state->n_diffuse; j++)
        sum += state->A[k + j * state->n] * state->A[k + j * state->n];
    return sum > 1e-20 * state->reach[k] * state->reach[k];
}

ssm_status ssmi_structural_close(const ssmi_structural_matrices *m, ssmi_kalman_state *state,
                                 ssmi_structural_taken taken, void *user, ssm_arena *tmp)
{
    const size_t n = m->model.n;
    if (state->n_diffuse == 0) return SSM_OK;
    double *M = SSMI_ALLOC(tmp, double, 2 * n);
    if (M == NULL) return SSM_E_MEMORY;
    for (size_t k = n; k-- > 0 && state->n_diffuse > 0;) {
        size_t start[2] = {0, 1}, column[1] = {k};
        double one[1] = {1.0};
        const ssmi_rows Z = {.n_rows = 1, .start = start, .column = column, .value = one};
        const guess g = guess_of(m->s, k);
        if (!is_open(state, k)) continue;
        const ssmi_innovation in = ssmi_kalman_update(state, &Z, 0, g.variance, g.mean, M, M + n);
        if (taken != NULL) taken(user, &Z, 0, &in, M, M + n);
    }
    state->n_diffuse = 0;
    return SSM_OK;
}

/* ---- forecasts ---- */

/* Lists of one row of a model that moves. */
typedef struct lists {
    size_t start[2];
    ssmi_rows Z;
    ssmi_entries shock;
} lists;

static ssm_status open_lists(lists *l, size_t n, ssm_arena *tmp)
{
    const size_t shocks = n + SSM_MAX_PERIODS;
    *l = (lists){.Z.n_rows = 1};
    l->Z.start = l->start;
    l->Z.column = SSMI_ALLOC(tmp, size_t, n);
    l->Z.value = SSMI_ALLOC(tmp, double, n);
    l->shock.place = SSMI_ALLOC(tmp, size_t, shocks);
    l->shock.mirror = SSMI_ALLOC(tmp, size_t, shocks);
    l->shock.value = SSMI_ALLOC(tmp, double, shocks);
    return l->Z.column == NULL || l->Z.value == NULL || l->shock.place == NULL || l->shock.mirror == NULL ||
                   l->shock.value == NULL
               ? SSM_E_MEMORY
               : SSM_OK;
}

ssm_status ssmi_structural_forecast(const ssmi_structural_matrices *m, const ssmi_kalman_filter *f, size_t t,
                                    double *mean, double *variance, size_t horizon, ssm_arena *tmp)
{
    const size_t n = m->model.n;
    const ssmi_kalman_system *system = &f->system;
    const ssmi_rows *Z = &system->Z;
    const ssmi_entries *shock = &system->shock;
    lists l;
    ssmi_kalman_state state;
    double *memory = SSMI_ALLOC(tmp, double, SSMI_KALMAN_STATE_SIZE(n)), *M = SSMI_ALLOC(tmp, double, n);
    if (memory == NULL || M == NULL) return SSM_E_MEMORY;
    SSMI_TRY(open_lists(&l, n, tmp));
    if (m->moves) Z = &l.Z, shock = &l.shock;
    ssmi_kalman_state_init(&state, n, memory);
    ssmi_kalman_state_copy(&state, &f->state);
    SSMI_TRY(ssmi_structural_close(m, &state, NULL, NULL, tmp));
    for (size_t h = 0; h < horizon; h++) {
        if (m->moves) m->motion.row(m->motion.user, t + h, &l.Z, &l.shock);
        ssmi_rows_combine(M, state.P, Z, 0, n);
        mean[h] = ssmi_rows_dot(Z, 0, state.a);
        variance[h] = fmax(ssmi_rows_dot(Z, 0, M) + system->h[0], 0.0);
        ssmi_kalman_predict(&state, &system->T, shock, NULL);
    }
    return SSM_OK;
}
