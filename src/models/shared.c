/* Matrices of levels that move together, in two forms of one distribution. */
#include "models/shared.h"

#include <string.h>

ssm_status ssmi_shared_alloc(ssmi_shared *s, size_t p, size_t rank, size_t blocks, ssm_arena *arena)
{
    *s = (ssmi_shared){p,
                       rank,
                       blocks,
                       SSMI_ALLOC(arena, double, p),
                       SSMI_ALLOC(arena, double, blocks *p),
                       SSMI_ALLOC(arena, double, blocks *p *rank)};
    return s->h != NULL && s->d != NULL && s->L != NULL ? SSM_OK : SSM_E_MEMORY;
}

static ssm_status alloc_matrices(ssmi_shared_matrices *m, size_t p, size_t n, ssm_arena *arena)
{
    m->Z = SSMI_ALLOC(arena, double, p *n);
    m->H = SSMI_ALLOC(arena, double, p *p);
    m->T = SSMI_ALLOC(arena, double, n *n);
    m->Q = SSMI_ALLOC(arena, double, n *n);
    m->P1 = SSMI_ALLOC(arena, double, n *n);
    m->P1inf = SSMI_ALLOC(arena, double, n *n);
    if (m->Z == NULL || m->H == NULL || m->T == NULL || m->Q == NULL || m->P1 == NULL || m->P1inf == NULL)
        return SSM_E_MEMORY;
    m->model = (ssm_statespace){.n = n,
                                .p = p,
                                .r = n,
                                .Z.data = m->Z,
                                .H.data = m->H,
                                .T.data = m->T,
                                .Q.data = m->Q,
                                .P1 = m->P1,
                                .P1inf = m->P1inf};
    return SSM_OK;
}

/* T of levels that take up slopes `apart` states behind them. */
static void carry_on(double *T, size_t n, size_t from, size_t count, size_t apart)
{
    for (size_t i = from; i < from + count; i++) T[i + (i + apart) * n] = 1.0;
}

ssm_status ssmi_shared_build(ssmi_shared_matrices *m, const ssmi_shared *s, ssm_arena *arena)
{
    const size_t p = s->p, n = s->blocks * p;
    SSMI_TRY(alloc_matrices(m, p, n, arena));
    for (size_t i = 0; i < n; i++) m->T[i * (n + 1)] = m->P1inf[i * (n + 1)] = 1.0;
    for (size_t i = 0; i < p; i++) m->Z[i * (p + 1)] = 1.0;
    if (s->blocks == 2) carry_on(m->T, n, 0, p, p);
    ssmi_shared_apply(m, s);
    return SSM_OK;
}

void ssmi_shared_apply(ssmi_shared_matrices *m, const ssmi_shared *s)
{
    const size_t p = s->p, n = s->blocks * p;
    for (size_t i = 0; i < p; i++) m->H[i * (p + 1)] = s->h[i];
    for (size_t b = 0; b < s->blocks; b++) {
        const double *L = s->L + b * p * s->rank;
        for (size_t j = 0; j < p; j++) {
            for (size_t i = 0; i < p; i++) {
                double q = i == j ? s->d[b * p + i] : 0.0;
                for (size_t k = 0; k < s->rank; k++) q += L[i + k * p] * L[j + k * p];
                m->Q[b * p + i + (b * p + j) * n] = q;
            }
        }
    }
}

/* One column of loadings: a level at state `at`, for slopes with the slope behind it. */
static void add_common(ssmi_shared_matrices *m, const double *loading, size_t at, int has_slope)
{
    const size_t n = m->model.n, p = m->model.p, moved = at + (has_slope ? 1 : 0);
    for (size_t i = 0; i < p; i++) m->Z[i + at * p] = loading[i];
    for (size_t k = at; k <= moved; k++) m->T[k * (n + 1)] = 1.0;
    if (has_slope) m->T[at + moved * n] = 1.0;
    m->Q[moved * (n + 1)] = 1.0;
}

ssm_status ssmi_shared_split(ssmi_shared_matrices *m, const ssmi_shared *s, double open, ssm_arena *arena)
{
    const size_t p = s->p, own = s->blocks * p, n = own + s->rank * (s->blocks == 2 ? 3 : 1);
    SSMI_TRY(alloc_matrices(m, p, n, arena));
    for (size_t i = 0; i < own; i++) {
        m->T[i * (n + 1)] = 1.0;
        m->Q[i * (n + 1)] = s->d[i];
        (open > 0.0 ? m->P1 : m->P1inf)[i * (n + 1)] = open > 0.0 ? open : 1.0;
    }
    if (s->blocks == 2) carry_on(m->T, n, 0, p, p);
    for (size_t i = 0; i < p; i++) {
        m->Z[i * (p + 1)] = 1.0;
        m->H[i * (p + 1)] = s->h[i];
    }
    for (size_t b = 0, at = own; b < s->blocks; b++) {
        for (size_t k = 0; k < s->rank; k++, at += 1 + b)
            add_common(m, s->L + (b * s->rank + k) * p, at, b == 1);
    }
    return SSM_OK;
}
