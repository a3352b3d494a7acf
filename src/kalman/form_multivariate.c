/* The conventional form: a row at a time (Durbin & Koopman 2012, sec. 4.3 and 5.2).
 *
 * Observed components only. Ordinary rows, with M = P Z', F = Z M + H = L D L', v = y - d - Z a:
 *     v* = L^-1 v    M* = M L^-T      a <- a + M* D^-1 v*      P <- P - M* D^-1 M*'
 * v*_i is the innovation of y_i given y_1 ... y_{i-1} of the row, D_i its variance and M*_i its covariance
 * with the state: the numbers of the univariate form. Diffuse rows, with Finf = Z A A' Z' of full rank = L D
 * L', K = A A' Z' L^-T D^-1 (the book's K0 L) and G = L^-1 F L^-T: a <- a + K v*      P <- P - K M*' - M* K'
 * + K G K'      A <- A without the directions of Z A which is eq. 5.15 and 5.16 for the filtered state. When
 * Finf is neither of full rank nor zero, or F is singular, the row is left to the univariate form, and
 * counted.
 *
 * Known value: Nile, variances 15099 and 1469.1: log-likelihood -633.4645636489. */
#include "kalman/form.h"

#include "core/dense.h"
#include <string.h>

/* Views into f->form_work; m observed components, k of them. */
typedef struct block {
    double *M, *F, *L, *D, *v, *A; /* (n, p), (p, p), (p, p), (p), (p), (n, n) kept A */
    double *G, *g;                 /* (p, p), (n) */
    size_t *seen;                  /* (p) components observed, m of them */
    size_t m;
} block;

static ssm_status use(ssmi_kalman_filter *f, ssm_arena *arena)
{
    const size_t n = f->system.n, p = f->system.p;
    f->form_work = SSMI_ALLOC(arena, double, n *p + 3 * p * p + 2 * p + n * n + n);
    f->form_index = SSMI_ALLOC(arena, size_t, p);
    return f->form_work == NULL || f->form_index == NULL ? SSM_E_MEMORY : SSM_OK;
}

static block lay_out(ssmi_kalman_filter *f, const double *y)
{
    const size_t n = f->system.n, p = f->system.p;
    block b = {.M = f->form_work, .seen = f->form_index};
    b.F = b.M + n * p;
    b.L = b.F + p * p;
    b.G = b.L + p * p;
    b.D = b.G + p * p;
    b.v = b.D + p;
    b.A = b.v + p;
    b.g = b.A + n * n;
    for (size_t i = 0; i < p; i++) {
        if (!isnan(y[i])) b.seen[b.m++] = i;
    }
    return b;
}

/* M = P Z', F = Z M + H, v = y - d - Z a over the observed components. */
static void innovate(block *b, const ssmi_kalman_filter *f, const double *y)
{
    const ssmi_kalman_system *s = &f->system;
    const size_t n = s->n, m = b->m;
    for (size_t k = 0; k < m; k++) {
        const size_t i = b->seen[k];
        ssmi_rows_combine(b->M + k * n, f->state.P, &s->Z, i, n);
        b->v[k] = y[i] - (s->d != NULL ? s->d[i] : 0.0) - ssmi_rows_dot(&s->Z, i, f->state.a);
        for (size_t l = 0; l <= k; l++) {
            const double h = s->H != NULL ? s->H[i + b->seen[l] * s->p] : 0.0;
            b->F[k + l * m] = b->F[l + k * m] = ssmi_rows_dot(&s->Z, i, b->M + l * n) + h;
        }
    }
}

/* M <- M L^-T, v <- L^-1 v, for a unit lower L (m, m). */
static void decorrelate(block *b, size_t n)
{
    const size_t m = b->m;
    for (size_t k = 0; k < m; k++) {
        for (size_t l = 0; l < k; l++) {
            ssmi_axpy(b->M + k * n, -b->L[k + l * m], b->M + l * n, n);
            b->v[k] -= b->L[k + l * m] * b->v[l];
        }
    }
}

static void write_row(ssmi_kalman_filter *f, const block *b, ssmi_kalman_kind kind)
{
    for (size_t i = 0; i < f->system.p; i++)
        f->row[i] = (ssmi_innovation){.kind = SSMI_KALMAN_MISSING, .v = NAN, .F = NAN};
    for (size_t k = 0; k < b->m; k++) {
        f->row[b->seen[k]] = (ssmi_innovation){.kind = kind, .v = b->v[k], .F = b->D[k]};
        memcpy(f->M + b->seen[k] * f->system.n, b->M + k * f->system.n, f->system.n * sizeof(double));
    }
}

/* Whether every scalar of the row has a variance that is more than rounding. */
static int regular(const block *b, const ssmi_kalman_filter *f, const double *y)
{
    for (size_t k = 0; k < b->m; k++) {
        const size_t i = b->seen[k];
        const double h = f->system.H != NULL ? f->system.H[i * (f->system.p + 1)] : 0.0;
        if (ssmi_kalman_judge(&f->state, &f->system.Z, i, h, y[i], b->v[k], b->D[k]) != SSMI_KALMAN_ORDINARY)
            return 0;
    }
    return 1;
}

/* The factor can be told to be singular only after it was made; then nothing has been changed yet. */
static int update_ordinary(ssmi_kalman_filter *f, block *b, const double *y)
{
    const size_t n = f->system.n;
    innovate(b, f, y);
    if (!ssmi_ldl(b->L, b->D, b->F, b->m)) return 0;
    decorrelate(b, n);
    if (!regular(b, f, y)) return 0;
    for (size_t k = 0; k < b->m; k++) {
        const double *M = b->M + k * n;
        const double root = 1.0 / sqrt(b->D[k]);
        ssmi_axpy(f->state.a, b->v[k] / b->D[k], M, n);
        for (size_t i = 0; i < n; i++) b->g[i] = M[i] * root;
        ssmi_rank1(f->state.P, -1.0, b->g, b->g, n, n);
    }
    write_row(f, b, SSMI_KALMAN_ORDINARY);
    return 1;
}

/* Takes the directions of the row out of A: Finf_k into D, A A' z' into f->Minf, factor L. Returns how many
 * of the m components had one; when not all have, A is as it was. */
static size_t take_directions(ssmi_kalman_filter *f, block *b)
{
    ssmi_kalman_state *s = &f->state;
    const size_t n = f->system.n, m = b->m, before = s->n_diffuse;
    size_t found = 0;
    memcpy(b->A, s->A, n * before * sizeof(double));
    for (size_t k = 0; k < m; k++) {
        double *w = s->work, *Minf = f->Minf + b->seen[k] * n;
        b->D[k] = ssmi_kalman_diffuse_direction(w, s, &f->system.Z, b->seen[k]);
        if (b->D[k] == 0.0) continue;
        found++;
        ssmi_matvec(Minf, s->A, w, n, s->n_diffuse);
        ssmi_kalman_remove_direction(s, w, b->D[k]);
        for (size_t i = 0; i < m; i++)
            b->L[i + k * m] = i < k ? 0.0 : ssmi_rows_dot(&f->system.Z, b->seen[i], Minf) / b->D[k];
    }
    if (found == m) return found;
    memcpy(s->A, b->A, n * before * sizeof(double));
    s->n_diffuse = before;
    return found;
}

/* G <- L^-1 F L^-T, for a unit lower L. */
static void decorrelate_both(block *b)
{
    const size_t m = b->m;
    memcpy(b->G, b->F, m * m * sizeof(double));
    for (size_t k = 0; k < m; k++) {
        for (size_t l = 0; l < k; l++) {
            for (size_t i = 0; i < m; i++) b->G[k + i * m] -= b->L[k + l * m] * b->G[l + i * m];
        }
    }
    for (size_t k = 0; k < m; k++) {
        for (size_t l = 0; l < k; l++) ssmi_axpy(b->G + k * m, -b->L[k + l * m], b->G + l * m, m);
    }
}

/* P <- P - K_k (M_k - sum_l G_lk K_l / 2)' - its transpose. */
static void subtract_gain(ssmi_kalman_filter *f, block *b, size_t k)
{
    const size_t n = f->system.n;
    const double *K = f->Minf + b->seen[k] * n;
    double *g = b->g, *P = f->state.P;
    memcpy(g, b->M + k * n, n * sizeof(double));
    for (size_t l = 0; l < b->m; l++)
        ssmi_axpy(g, -0.5 * b->G[l + k * b->m] / b->D[l], f->Minf + b->seen[l] * n, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) P[i + j * n] -= (K[i] * g[j] + g[i] * K[j]) / b->D[k];
    }
}

/* All components are diffuse; their directions have been taken out. */
static void update_diffuse(ssmi_kalman_filter *f, block *b, const double *y)
{
    const size_t n = f->system.n, m = b->m;
    innovate(b, f, y);
    decorrelate(b, n);
    decorrelate_both(b);
    for (size_t k = 0; k < m; k++) {
        ssmi_axpy(f->state.a, b->v[k] / b->D[k], f->Minf + b->seen[k] * n, n);
        subtract_gain(f, b, k);
    }
    for (size_t k = m; k-- > 0;) { /* what the updates in sequence would have returned */
        for (size_t l = 0; l < k; l++)
            ssmi_axpy(b->M + k * n, -b->G[l + k * m] / b->D[l], f->Minf + b->seen[l] * n, n);
    }
    write_row(f, b, SSMI_KALMAN_DIFFUSE);
    for (size_t k = 0; k < m; k++) {
        f->row[b->seen[k]].Finf = b->D[k];
        f->row[b->seen[k]].F = b->G[k * (m + 1)];
    }
    if (f->state.n_diffuse == 0) ssmi_kalman_extend_scale(&f->state);
}

static void update(ssmi_kalman_filter *f, const double *y)
{
    block b = lay_out(f, y);
    size_t diffuse = 0;
    if (b.m > 0 && f->state.n_diffuse > 0) diffuse = take_directions(f, &b);
    if (diffuse > 0 && diffuse == b.m) {
        update_diffuse(f, &b, y);
    } else if (diffuse > 0 || !update_ordinary(f, &b, y)) {
        ssmi_kalman_update_scalars(f, y);
        f->n_fallback++;
    }
}

static void nothing(ssmi_kalman_filter *f)
{
    (void)f;
}

static void predict(ssmi_kalman_filter *f)
{
    ssmi_kalman_predict(&f->state, &f->system.T, &f->system.shock, f->system.c);
}

const ssmi_kalman_form ssmi_kalman_multivariate = {
    .use = use, .start = nothing, .update = update, .predict = predict, .covariance = nothing};
