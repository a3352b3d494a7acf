/* Runs of ordinary rows of small constant models: see the template for the recurrence.
 *
 * Known value: Nile, variances 15099 and 1469.1: the same log-likelihood, to the last bit, as with an output
 * array, which goes row by row. */
#include "kalman/lean.h"

#include "kalman/form.h"
#include <float.h>
#include <string.h>

enum { LEAN_MOST = 6 };

/* What the loops read and change; arrays are those of the filter. */
typedef struct lean {
    double z[LEAN_MOST], c[LEAN_MOST], V[LEAN_MOST * LEAN_MOST];
    const double *T;
    double h, d, least_F, tolerance;
    size_t test_after;
    int concentrate, watching;

    double *a, *P, *M, F, v;
    ssmi_loglik_sum sum, squares;
    int calm, look; /* the last row's F agreed with that before; the test for the steady state is due */
} lean;

#define N       1
#define NAME(x) x##_1
#include "kalman/lean_template.h"
#define N       2
#define NAME(x) x##_2
#include "kalman/lean_template.h"
#define N       3
#define NAME(x) x##_3
#include "kalman/lean_template.h"
#define N       4
#define NAME(x) x##_4
#include "kalman/lean_template.h"
#define N       5
#define NAME(x) x##_5
#include "kalman/lean_template.h"
#define N       6
#define NAME(x) x##_6
#include "kalman/lean_template.h"

typedef size_t rows(lean *x, const double *y, size_t t, size_t end);

static rows *const full[] = {full_rows_1, full_rows_2, full_rows_3, full_rows_4, full_rows_5, full_rows_6};
static rows *const steady[] = {steady_rows_1, steady_rows_2, steady_rows_3,
                               steady_rows_4, steady_rows_5, steady_rows_6};

static int applicable(const ssmi_kalman_run *r)
{
    const ssmi_kalman_filter *f = r->f;
    const ssm_statespace *m = f->system.model;
    return m->n <= LEAN_MOST && m->p == 1 && f->system.constant && m->c.stride == 0 && m->d.stride == 0 &&
           f->form == &ssmi_kalman_univariate && f->extra == NULL && f->state.n_diffuse == 0;
}

static void load(lean *x, const ssmi_kalman_run *r)
{
    const ssmi_kalman_filter *f = r->f;
    const ssm_statespace *m = f->system.model;
    const size_t n = m->n;
    *x = (lean){.T = m->T.data, .h = f->system.h[0], .tolerance = r->tolerance, .test_after = r->test_after};
    x->concentrate = r->concentrate;
    x->watching = r->watching;
    memcpy(x->z, m->Z.data, n * sizeof(double));
    if (m->c.data != NULL) memcpy(x->c, m->c.data, n * sizeof(double));
    if (m->d.data != NULL) x->d = m->d.data[0];
    ssmi_entries_add(x->V, &f->system.shock);
    x->least_F = ssmi_kalman_least_variance(&f->state, &f->system.Z, 0, x->h);
    x->a = f->state.a;
    x->P = f->state.P;
    x->M = f->M;
    x->F = f->row[0].F;
    x->v = f->row[0].v;
    x->sum = r->sum;
    x->squares = r->squares;
}

static void store(const lean *x, ssmi_kalman_run *r, size_t taken)
{
    r->sum = x->sum;
    r->squares = x->squares;
    r->sum.count += taken;
    r->summary.n_observed += taken;
    if (taken > 0) r->f->row[0] = (ssmi_innovation){.kind = SSMI_KALMAN_ORDINARY, .v = x->v, .F = x->F};
}

size_t ssmi_kalman_lean_rows(ssmi_kalman_run *r, size_t t, const double *y, size_t length)
{
    if (!applicable(r)) return t;
    const size_t k = r->f->system.n - 1;
    for (;;) {
        lean x;
        load(&x, r);
        const size_t next = (r->steady ? steady : full)[k](&x, y, t, length);
        store(&x, r, next - t);
        if (r->steady) r->summary.n_steady += next - t;
        t = next;
        if (t == length || !x.look) return t;
        ssmi_kalman_run_watch(r, t - 1, x.calm);
    }
}
