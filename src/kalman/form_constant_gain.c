/* The filter with the gain of its steady state (Anderson & Moore 1979, sec. 4.4): P of kalman/step.h is put
 * back to the solution of the Riccati equation before each row, so the means move as
 *
 *     a <- T (a + K v) + c,     v = y - d - Z a
 *
 * Diffuse rows have no such gain; they are taken in as by the univariate form. A partly missing row takes the
 * gain that its other components have under the steady P. */
#include "kalman/form.h"

#include "core/riccati.h"
#include <string.h>

static ssm_status use(ssmi_kalman_filter *f, ssm_arena *arena)
{
    const ssm_statespace *m = f->system.model;
    const size_t n = m->n, p = m->p;
    if (!f->system.constant)
        return ssmi_fail(arena->ctx, SSM_E_UNSUPPORTED, "a model that varies in time has no constant gain");
    f->form_work = SSMI_ALLOC(arena, double, n *n);
    double *V = SSMI_ALLOC(arena, double, n *n), *K = SSMI_ALLOC(arena, double, n *p);
    double *F = SSMI_ALLOC(arena, double, p *p);
    if (f->form_work == NULL || V == NULL || K == NULL || F == NULL) return SSM_E_MEMORY;
    ssmi_entries_add(V, &f->system.shock);
    return ssmi_riccati(f->form_work, K, F, m->T.data, m->Z.data, V, m->H.data, n, p, arena);
}

static void put_back(ssmi_kalman_filter *f)
{
    if (f->state.n_diffuse == 0) memcpy(f->state.P, f->form_work, f->system.n * f->system.n * sizeof(double));
}

static void update(ssmi_kalman_filter *f, const double *y)
{
    put_back(f);
    ssmi_kalman_update_scalars(f, y);
}

static void predict(ssmi_kalman_filter *f)
{
    if (f->state.n_diffuse > 0) {
        ssmi_kalman_predict(&f->state, &f->system.T, &f->system.shock, f->system.c);
        return;
    }
    ssmi_kalman_predict_mean(&f->state, &f->system.T, f->system.c);
    put_back(f);
}

static void nothing(ssmi_kalman_filter *f)
{
    (void)f;
}

const ssmi_kalman_form ssmi_kalman_constant_gain = {
    .use = use, .start = put_back, .update = update, .predict = predict, .covariance = nothing};
