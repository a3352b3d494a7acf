/* From a linear-Gaussian state-space model to the constants of the filter for control code.
 *
 * A shock covariance Q = L diag(q) L' goes into G = R L. A diffuse start becomes the variance
 * P1 + kappa P1inf with kappa = 1e6 times the largest variance that a state has by its shocks, its start, or
 * by one observation of it: the U-D form carries that in single precision (tests/kalman/test_kf_numeric.c).
 */
#include "kalman/codegen.h"

#include "core/dense.h"
#include "core/statespace.h"
#include "kalman/ud.h"

#include <math.h>
#include <string.h>

static const double diffuse_factor = 1e6;

static double *copy(const double *x, size_t count, ssm_arena *arena)
{
    double *out = SSMI_ALLOC(arena, double, count);
    if (out != NULL && x != NULL) memcpy(out, x, count * sizeof *out);
    return out; /* zeroed when x is NULL */
}

static ssm_status check(const ssm_statespace *m, ssm_arena *arena)
{
    SSMI_TRY(ssm_statespace_check(arena->ctx, m, 1));
    if (!ssmi_is_time_invariant(m))
        return ssmi_fail(arena->ctx, SSM_E_UNSUPPORTED,
                         "the system varies with time; code is for a constant one");
    if (m->n > UINT16_MAX || m->p > UINT16_MAX)
        return ssmi_fail(arena->ctx, SSM_E_UNSUPPORTED,
                         "the system has %zu states and %zu observations, more than %u", m->n, m->p,
                         UINT16_MAX);
    return SSM_OK;
}

/* G (n, r) and q (r) with G diag(q) G' = R Q R'. */
static ssm_status set_shocks(ssmi_kf_model_f64 *out, const ssm_statespace *m, ssm_arena *arena)
{
    const size_t n = m->n, r = m->r;
    double *L = copy(NULL, r * r, arena), *G = copy(NULL, n * r, arena), *q = copy(NULL, r, arena);
    if (L == NULL || G == NULL || q == NULL) return SSM_E_MEMORY;
    if (!ssmi_ldl(L, q, m->Q.data, r))
        return ssmi_fail(arena->ctx, SSM_E_DATA, "Q is not non-negative definite");
    if (m->R.data != NULL) {
        ssmi_mul(G, m->R.data, L, n, r, r);
    } else {
        memcpy(G, L, n * r * sizeof *G);
    }
    out->G = G;
    out->q = q;
    return SSM_OK;
}

static int is_diagonal(const double *H, size_t p)
{
    for (size_t i = 0; H != NULL && i < p * p; i++) {
        if (i % (p + 1) != 0 && H[i] != 0.0) return 0;
    }
    return 1;
}

static ssm_status set_observation(ssmi_kf_model_f64 *out, const ssm_statespace *m, ssm_arena *arena)
{
    const size_t n = m->n, p = m->p;
    double *Zt = copy(NULL, n * p, arena), *h = copy(NULL, p, arena);
    if (Zt == NULL || h == NULL) return SSM_E_MEMORY;
    ssmi_transpose(Zt, m->Z.data, p, n);
    for (size_t i = 0; m->H.data != NULL && i < p; i++) h[i] = m->H.data[i + i * p];
    out->Zt = Zt;
    out->h = h;
    if (!is_diagonal(m->H.data, p)) {
        out->H = copy(m->H.data, p * p, arena);
        if (out->H == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

static ssm_status set_offsets(ssmi_kf_model_f64 *out, const ssm_statespace *m, ssm_arena *arena)
{
    out->T = copy(m->T.data, m->n * m->n, arena);
    if (m->c.data != NULL) out->c = copy(m->c.data, m->n, arena);
    if (m->d.data != NULL) out->d = copy(m->d.data, m->p, arena);
    const int lost =
        out->T == NULL || (m->c.data != NULL && out->c == NULL) || (m->d.data != NULL && out->d == NULL);
    return lost ? SSM_E_MEMORY : SSM_OK;
}

static double largest_diagonal(double most, const double *A, size_t n)
{
    for (size_t i = 0; A != NULL && i < n; i++) most = fmax(most, A[i + i * n]);
    return most;
}

/* Largest variance of a state given one observation of it alone. */
static double largest_by_observation(double most, const ssm_statespace *m)
{
    for (size_t i = 0; m->H.data != NULL && i < m->p; i++) {
        double reach = 0.0;
        for (size_t j = 0; j < m->n; j++) reach = fmax(reach, fabs(m->Z.data[i + j * m->p]));
        if (reach > 0.0) most = fmax(most, m->H.data[i + i * m->p] / (reach * reach));
    }
    return most;
}

static ssm_status set_start(ssmi_codegen_system *s, const ssm_statespace *m, ssm_arena *arena)
{
    const size_t n = m->n;
    double *V = copy(NULL, n * n, arena), *P = copy(m->P1, n * n, arena), *work = copy(NULL, n * n, arena);
    s->x = copy(m->a1, n, arena);
    s->U = copy(NULL, n * (n - 1) / 2 + 1, arena);
    s->D = copy(NULL, n, arena);
    if (V == NULL || P == NULL || work == NULL || s->x == NULL || s->U == NULL || s->D == NULL)
        return SSM_E_MEMORY;
    SSMI_TRY(ssmi_state_noise(V, m, 0, arena));
    double scale = largest_diagonal(largest_diagonal(0.0, V, n), m->P1, n);
    scale = largest_by_observation(scale, m);
    const double kappa = diffuse_factor * (scale > 0.0 ? scale : 1.0);
    for (size_t i = 0; m->P1inf != NULL && i < n * n; i++) P[i] += kappa * m->P1inf[i];
    if (!ssmi_ud_factor_f64(s->U, s->D, P, work, n))
        return ssmi_fail(arena->ctx, SSM_E_DATA, "the start's variance is not non-negative definite");
    return SSM_OK;
}

/* K = P Z' F^-1: the gain on the filtered state. ssm_statespace_steady_state gives that on the predicted one.
 */
static ssm_status set_gain(ssmi_codegen_system *s, const ssm_statespace *m, ssm_arena *arena)
{
    const size_t n = m->n, p = m->p;
    double *P = copy(NULL, n * n, arena), *TK = copy(NULL, n * p, arena), *F = copy(NULL, p * p, arena);
    double *PZt = copy(NULL, n * p, arena), *K = copy(NULL, p * n, arena), *closed = copy(NULL, n * n, arena);
    s->K = copy(NULL, n * p, arena);
    if (P == NULL || TK == NULL || F == NULL || PZt == NULL || K == NULL || closed == NULL || s->K == NULL)
        return SSM_E_MEMORY;
    SSMI_TRY(ssm_statespace_steady_state(arena->ctx, m, P, TK, F));
    ssmi_mul_nt(PZt, P, m->Z.data, n, n, p);
    ssmi_transpose(K, PZt, n, p); /* F K' = Z P */
    if (!ssmi_solve(K, F, p, n))
        return ssmi_fail(arena->ctx, SSM_E_NUMERIC, "the innovation's variance is singular");
    ssmi_transpose(s->K, K, p, n);
    ssmi_mul(closed, TK, m->Z.data, n, p, n);
    for (size_t i = 0; i < n * n; i++) closed[i] = m->T.data[i] - closed[i];
    const ssm_statespace loop = {
        .n = n, .p = p, .r = m->r, .Z = m->Z, .H = m->H, .T = {closed, 0}, .R = m->R, .Q = m->Q};
    double radius;
    SSMI_TRY(ssm_statespace_spectral_radius(arena->ctx, &loop, 0, &radius));
    s->settling = radius > 0.0 ? ceil(log(0.01) / (2.0 * log(radius))) : 1.0;
    return SSM_OK;
}

ssm_status ssmi_codegen_system_init(ssmi_codegen_system *s, const ssm_statespace *m, int steady,
                                    ssm_arena *arena)
{
    *s = (ssmi_codegen_system){.model = {.n = (uint16_t)m->n, .p = (uint16_t)m->p, .r = (uint16_t)m->r}};
    SSMI_TRY(check(m, arena));
    SSMI_TRY(set_offsets(&s->model, m, arena));
    SSMI_TRY(set_observation(&s->model, m, arena));
    SSMI_TRY(set_shocks(&s->model, m, arena));
    SSMI_TRY(set_start(s, m, arena));
    return steady ? set_gain(s, m, arena) : SSM_OK;
}

/* ---- single precision ---- */

float *ssmi_codegen_floats(const double *x, size_t count, ssm_arena *arena)
{
    float *out = SSMI_ALLOC(arena, float, count);
    for (size_t i = 0; out != NULL && i < count; i++) out[i] = (float)x[i];
    return out;
}

ssm_status ssmi_codegen_narrow(ssmi_kf_model_f32 *out, const ssmi_kf_model_f64 *m, ssm_arena *arena)
{
    const size_t n = m->n, p = m->p, r = m->r;
    const struct {
        const float **to;
        const double *from;
        size_t count;
    } part[] = {{&out->T, m->T, n * n}, {&out->G, m->G, n * r}, {&out->q, m->q, r}, {&out->Zt, m->Zt, n * p},
                {&out->h, m->h, p},     {&out->H, m->H, p * p}, {&out->c, m->c, n}, {&out->d, m->d, p}};
    *out = (ssmi_kf_model_f32){.n = m->n, .p = m->p, .r = m->r};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        if (part[i].from == NULL) continue;
        *part[i].to = ssmi_codegen_floats(part[i].from, part[i].count, arena);
        if (*part[i].to == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}
