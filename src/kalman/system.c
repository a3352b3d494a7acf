/* Preparing a state-space model for scalar updates.
 *
 * With H = L D L', L unit lower triangular, the rotated observation  y* = L^-1 (y - d),  Z* = L^-1 Z  has the
 * diagonal error variance D (Koopman & Durbin 2000). When a part of the row is missing, the factor is that of
 * the observed part of H, so nothing of the row is lost. */
#include "kalman/system.h"

#include "kalman/errors.h"
#include <float.h>
#include <math.h>
#include <string.h>

static ssm_status alloc_rows(ssmi_rows *rows, size_t m, size_t n, ssm_arena *arena)
{
    rows->wide = ssmi_columns_for(ssmi_cpu_isa());
    rows->start = SSMI_ALLOC(arena, size_t, m + 1);
    rows->column = SSMI_ALLOC(arena, size_t, m * n);
    rows->value = SSMI_ALLOC(arena, double, m *n);
    return rows->start == NULL || rows->column == NULL || rows->value == NULL ? SSM_E_MEMORY : SSM_OK;
}

static ssm_status alloc_entries(ssmi_entries *entries, size_t n, ssm_arena *arena)
{
    const size_t most = n * (n + 1) / 2;
    entries->place = SSMI_ALLOC(arena, size_t, most);
    entries->mirror = SSMI_ALLOC(arena, size_t, most);
    entries->value = SSMI_ALLOC(arena, double, most);
    return entries->place == NULL || entries->mirror == NULL || entries->value == NULL ? SSM_E_MEMORY
                                                                                       : SSM_OK;
}

static ssm_status check(const ssm_statespace *m, ssm_context *ctx)
{
    if (m->n == 0 || m->p == 0)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "state space: n and p must be at least 1");
    if (m->r > m->n) return ssmi_fail(ctx, SSM_E_ARGUMENT, "state space: more shocks than states");
    if (m->n > 4096 || m->p > 4096)
        return ssmi_fail(ctx, SSM_E_UNSUPPORTED, "state space: more than 4096 states or observations");
    if (m->Z.data == NULL || m->T.data == NULL)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "state space: Z and T must be given");
    if (m->r > 0 && m->Q.data == NULL)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "state space: Q must be given when there are shocks");
    if (m->R.data == NULL && m->r != 0 && m->r != m->n)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "state space: R may only be left out when r equals n");
    return SSM_OK;
}

ssm_status ssmi_kalman_check_call(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                  size_t length, size_t horizon)
{
    if (model == NULL || (y == NULL && length > 0))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "model and observations must be given");
    if (horizon > SIZE_MAX - length) return ssmi_fail(ctx, SSM_E_ARGUMENT, "the horizon is out of range");
    return ssm_statespace_check(ctx, model, length + horizon > 0 ? length + horizon : 1);
}

ssm_status ssmi_kalman_system_init(ssmi_kalman_system *s, const ssm_statespace *model, ssm_arena *arena)
{
    SSMI_TRY(check(model, arena->ctx));
    const size_t n = model->n, p = model->p;
    *s = (ssmi_kalman_system){.model = model, .n = n, .p = p};
    s->constant = model->Z.stride == 0 && model->H.stride == 0 && model->T.stride == 0 &&
                  model->R.stride == 0 && model->Q.stride == 0;
    SSMI_TRY(alloc_rows(&s->T, n, n, arena));
    SSMI_TRY(alloc_rows(&s->Tt, n, n, arena));
    s->T.moving = SSMI_ALLOC(arena, size_t, 2 * n);
    if (s->T.moving == NULL) return SSM_E_MEMORY;
    s->Tt.moving = s->T.moving + n;
    SSMI_TRY(alloc_rows(&s->Z, p, n, arena));
    SSMI_TRY(alloc_rows(&s->rotated, p, n, arena));
    SSMI_TRY(alloc_entries(&s->shock, n, arena));
    s->h = SSMI_ALLOC(arena, double, 3 * p);
    s->L = SSMI_ALLOC(arena, double, p *p);
    s->dense = SSMI_ALLOC(arena, double, n *(n > p ? n : p));
    if (s->h == NULL || s->L == NULL || s->dense == NULL) return SSM_E_MEMORY;
    s->rotated_h = s->h + p;
    s->y = s->h + 2 * p;
    ssmi_kalman_system_refresh(s, 0);
    return SSM_OK;
}

/* (R Q R')_ij */
static double shock_variance(const double *R, const double *Q, size_t i, size_t j, size_t n, size_t r)
{
    if (R == NULL) return Q[i + j * n];
    double sum = 0.0;
    for (size_t k = 0; k < r; k++) {
        if (R[i + k * n] == 0.0) continue;
        for (size_t l = 0; l < r; l++) sum += R[i + k * n] * Q[k + l * r] * R[j + l * n];
    }
    return sum;
}

static void list_shock(ssmi_kalman_system *s, size_t t)
{
    const double *R = ssmi_system_at(s->model->R, t), *Q = ssmi_system_at(s->model->Q, t);
    ssmi_entries *out = &s->shock;
    out->count = 0;
    if (s->model->r == 0) return;
    for (size_t j = 0; j < s->n; j++) {
        for (size_t i = j; i < s->n; i++) {
            const double q = shock_variance(R, Q, i, j, s->n, s->model->r);
            if (q == 0.0) continue;
            out->place[out->count] = i + j * s->n;
            out->mirror[out->count] = j + i * s->n;
            out->value[out->count++] = q;
        }
    }
}

static void list_transition(ssmi_kalman_system *s, size_t t)
{
    ssmi_rows_build(&s->T, ssmi_system_at(s->model->T, t), s->n, s->n);
    ssmi_rows_build_transposed(&s->Tt, ssmi_system_at(s->model->T, t), s->n, s->n);
}

static void read_errors(ssmi_kalman_system *s, size_t t)
{
    const size_t p = s->p;
    s->H = ssmi_system_at(s->model->H, t);
    s->correlated = 0;
    for (size_t i = 0; i < p; i++) {
        s->h[i] = s->H != NULL ? s->H[i + i * p] : 0.0;
        for (size_t j = 0; s->H != NULL && j < i; j++) s->correlated |= s->H[i + j * p] != 0.0;
    }
    s->rotated_is_full = 0;
}

static void list_motion(ssmi_kalman_system *s, size_t t)
{
    if (s->motion == NULL) return;
    s->motion->row(s->motion->user, t, &s->Z, &s->shock);
    s->Z.full = NULL;
}

void ssmi_kalman_system_move(ssmi_kalman_system *s, const ssmi_kalman_motion *motion)
{
    s->motion = motion;
    s->constant = 0;
    list_motion(s, 0);
}

void ssmi_kalman_system_refresh(ssmi_kalman_system *s, size_t t)
{
    s->t = t;
    list_transition(s, t);
    list_shock(s, t);
    ssmi_rows_build(&s->Z, ssmi_system_at(s->model->Z, t), s->p, s->n);
    list_motion(s, t);
    read_errors(s, t);
    s->c = ssmi_system_at(s->model->c, t);
    s->d = ssmi_system_at(s->model->d, t);
}

void ssmi_kalman_system_at(ssmi_kalman_system *s, size_t t)
{
    const ssm_statespace *m = s->model;
    s->t = t;
    s->c = ssmi_system_at(m->c, t);
    s->d = ssmi_system_at(m->d, t);
    if (s->constant) return;
    if (m->T.stride != 0) list_transition(s, t);
    if (m->R.stride != 0 || m->Q.stride != 0) list_shock(s, t);
    if (m->Z.stride != 0) ssmi_rows_build(&s->Z, ssmi_system_at(m->Z, t), s->p, s->n);
    if (m->H.stride != 0) read_errors(s, t);
    if (m->Z.stride != 0 || m->H.stride != 0) s->rotated_is_full = 0;
    list_motion(s, t);
}

/* Z* = L^-1 Z over the observed components; the rows of missing ones stay empty. */
static void rotate_rows(ssmi_kalman_system *s, const double *y)
{
    const size_t n = s->n, p = s->p;
    memset(s->dense, 0, p * n * sizeof(double));
    for (size_t i = 0; i < p; i++) {
        if (isnan(y[i])) continue;
        for (size_t e = s->Z.start[i]; e < s->Z.start[i + 1]; e++)
            s->dense[i + s->Z.column[e] * p] = s->Z.value[e];
        for (size_t k = 0; k < i; k++) {
            if (isnan(y[k]) || s->L[i + k * p] == 0.0) continue;
            for (size_t j = 0; j < n; j++) s->dense[i + j * p] -= s->L[i + k * p] * s->dense[k + j * p];
        }
    }
    ssmi_rows_build(&s->rotated, s->dense, p, n);
}

ssmi_observation ssmi_kalman_observe(ssmi_kalman_system *s, const double *y)
{
    ssmi_observation out = {.Z = &s->Z, .h = s->h, .y = s->y};
    for (size_t i = 0; i < s->p; i++) {
        s->y[i] = y[i] - (s->d != NULL ? s->d[i] : 0.0);
        out.n_missing += isnan(y[i]) ? 1 : 0;
    }
    if (!s->correlated) return out;
    if (out.n_missing > 0 || !s->rotated_is_full) {
        ssmi_errors_factor(s->L, s->rotated_h, s->H, s->y, s->p);
        rotate_rows(s, s->y);
        s->rotated_is_full = out.n_missing == 0;
    }
    ssmi_errors_rotate(s->y, s->L, s->p);
    out.Z = &s->rotated;
    out.h = s->rotated_h;
    return out;
}

/* The state with the largest part of its variance left. */
static size_t largest_pivot(const double *W, const double *X, size_t n)
{
    size_t best = 0;
    double share = -1.0;
    for (size_t i = 0; i < n; i++) {
        const double left = X[i + i * n] > 0.0 ? W[i + i * n] / X[i + i * n] : 0.0;
        if (left > share) {
            share = left;
            best = i;
        }
    }
    return best;
}

size_t ssmi_kalman_factor(double *A, const double *X, double *work, size_t n)
{
    memcpy(work, X, n * n * sizeof(double));
    size_t rank = 0;
    for (; rank < n; rank++) {
        const size_t k = largest_pivot(work, X, n);
        const double pivot = work[k + k * n];
        if (!(pivot > (double)n * DBL_EPSILON * X[k + k * n])) break;
        double *column = A + rank * n;
        for (size_t i = 0; i < n; i++) column[i] = work[i + k * n] / sqrt(pivot);
        for (size_t j = 0; j < n; j++) {
            for (size_t i = 0; i < n; i++) work[i + j * n] -= column[i] * column[j];
        }
        for (size_t i = 0; i < n; i++) work[i + k * n] = work[k + i * n] = 0.0;
    }
    return rank;
}
