/* Simulation smoother by mean corrections (Durbin & Koopman 2002; 2012, sec. 4.9.2, diffuse: their sec. 5.5).
 *
 *     (alpha+, eta+, y+)  a path from the model         alpha~ = alpha+ + E(alpha | y - y+)
 * where the expectation is that of the model without offsets and with a start of mean zero. Variances do not
 * depend on the data, so the filter and its gains are computed once, and a draw is a simulation and a pass of
 * means forwards and backwards. The diffuse part of alpha+_1 may be anything: the correction is exact for it;
 * it is zero here.
 *
 * Known value: a draw at an observed value without error is that value. */
#include "kalman/simulation.h"

#include "base/parallel.h"
#include "base/random.h"
#include "core/dense.h"

#include <math.h>
#include <string.h>

enum { draws_per_item = 8 }; /* of the loop over threads; they share a workspace */

ssm_statespace ssmi_centred(const ssm_statespace *model)
{
    ssm_statespace centred = *model;
    centred.c = centred.d = (ssm_system_matrix){0};
    centred.a1 = NULL;
    return centred;
}

typedef struct correction {
    const ssm_statespace *model;
    const double *y;
    const ssmi_path *plus;
    double *error;                          /* (p) */
    double *alpha, *epsilon, *eta, *filled; /* of this draw, or NULL */
} correction;

/* x <- plus + mean, or nothing when x is NULL. */
static void add(double *x, const double *plus, const double *mean, size_t n)
{
    for (size_t i = 0; x != NULL && i < n; i++) x[i] = plus[i] + mean[i];
}

/* eps+ = y+ - d - Z alpha+ */
static void unconditional_error(const correction *c, size_t t)
{
    const ssm_statespace *m = c->model;
    const size_t n = m->n, p = m->p;
    const double *Z = ssmi_system_at(m->Z, t), *d = ssmi_system_at(m->d, t);
    for (size_t i = 0; i < p; i++) c->error[i] = c->plus->y[t * p + i] - (d != NULL ? d[i] : 0.0);
    for (size_t j = 0; j < n; j++) ssmi_axpy(c->error, -c->plus->alpha[t * n + j], Z + j * p, p);
}

/* Missing observations from the draw of the state, itself plus + mean, and of the error. */
static void fill_row(const correction *c, size_t t, const ssmi_smoothed *row)
{
    const ssm_statespace *m = c->model;
    const size_t n = m->n, p = m->p;
    const double *Z = ssmi_system_at(m->Z, t), *y = c->y + t * p;
    for (size_t i = 0; i < p; i++) {
        double value = c->plus->y[t * p + i] + row->epsilon[i];
        for (size_t j = 0; j < n; j++) value += Z[i + j * p] * row->alpha[j];
        c->filled[t * p + i] = isnan(y[i]) ? value : y[i];
    }
}

static void correct_row(void *user, size_t t, const ssmi_smoothed *row)
{
    const correction *c = user;
    const size_t n = c->model->n, p = c->model->p, r = c->model->r;
    add(c->alpha != NULL ? c->alpha + t * n : NULL, c->plus->alpha + t * n, row->alpha, n);
    add(c->eta != NULL ? c->eta + t * r : NULL, c->plus->eta + t * r, row->eta, r);
    if (c->filled != NULL) fill_row(c, t, row);
    if (c->epsilon == NULL) return;
    unconditional_error(c, t);
    add(c->epsilon + t * p, c->error, row->epsilon, p);
}

static double *of_draw(double *array, size_t draw, size_t size)
{
    return array != NULL ? array + draw * size : NULL;
}

void ssmi_simulation_correct(ssmi_smoother *s, const ssm_statespace *model, const double *y, size_t length,
                             const ssmi_path *plus, double *difference, size_t draw,
                             const ssm_kalman_draws *out)
{
    const size_t p = model->p;
    correction c = {.model = model,
                    .y = y,
                    .plus = plus,
                    .error = s->explained, /* free: no variances are carried */
                    .alpha = of_draw(out->alpha, draw, model->n * length),
                    .epsilon = of_draw(out->epsilon, draw, p * length),
                    .eta = of_draw(out->eta, draw, model->r * length),
                    .filled = of_draw(out->y, draw, p * length)};
    for (size_t k = 0; k < p * length; k++) difference[k] = y[k] - plus->y[k];
    ssmi_smoother_again(s, difference, length, correct_row, &c);
}

typedef struct task {
    const ssm_statespace *model, *centred;
    const ssmi_smoother *gains;
    const double *y;
    size_t length, draws;
    uint64_t stream;
    const ssm_kalman_draws *out;
} task;

static ssm_status draw_item(void *user, size_t item, ssm_arena *scratch)
{
    const task *k = user;
    const ssm_statespace *m = k->model;
    const size_t L = k->length, first = item * draws_per_item;
    ssmi_smoother s;
    SSMI_TRY(ssmi_smoother_share(&s, k->gains, k->centred, L, scratch));
    const ssmi_path plus = {.y = SSMI_ALLOC(scratch, double, m->p *L),
                            .alpha = SSMI_ALLOC(scratch, double, m->n *L),
                            .eta = SSMI_ALLOC(scratch, double, m->r *L)};
    double *difference = SSMI_ALLOC(scratch, double, m->p *L);
    if (plus.y == NULL || plus.alpha == NULL || plus.eta == NULL || difference == NULL) return SSM_E_MEMORY;
    for (size_t d = first; d < k->draws && d < first + draws_per_item; d++) {
        const ssmi_mark mark = ssmi_arena_mark(scratch);
        gsl_rng *rng = ssmi_random_stream(scratch, (k->stream << 32) | d);
        if (rng == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssmi_simulate(plus.y, plus.alpha, plus.eta, m, L, rng, scratch));
        ssmi_simulation_correct(&s, m, k->y, L, &plus, difference, d, k->out);
        ssmi_arena_rewind(scratch, mark);
    }
    return SSM_OK;
}

static void ignore_row(void *user, size_t t, const ssmi_smoothed *row)
{
    (void)user, (void)t, (void)row;
}

static ssm_status simulate(const ssm_statespace *model, const double *y, size_t length,
                           const ssm_kalman_options *options, uint64_t stream, size_t draws,
                           const ssm_kalman_draws *out, ssm_arena *arena)
{
    const ssm_statespace centred = ssmi_centred(model);
    ssmi_smoother gains;
    SSMI_TRY(ssmi_smoother_init(&gains, &centred, length, 0, arena));
    SSMI_TRY(ssmi_smoother_run(&gains, y, length, options, NULL, ignore_row, NULL));
    task k = {model, &centred, &gains, y, length, draws, stream, out};
    return ssmi_parallel_for(arena->ctx, (draws + draws_per_item - 1) / draws_per_item, draw_item, &k);
}

ssm_status ssm_kalman_simulate(ssm_context *ctx, const ssm_statespace *model, const double *y, size_t length,
                               const ssm_kalman_options *options, uint64_t stream, size_t draws,
                               const ssm_kalman_draws *out)
{
    if (out == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "the place for the draws is missing");
    if (stream >> 32 != 0 || draws >> 32 != 0)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "stream and draws must be below 2^32");
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, 0));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = simulate(model, y, length, options, stream, draws, out, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
