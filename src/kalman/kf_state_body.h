/* What the filter knows: covariance, forecasts, health, cost. */

ssm_kf_status NAME(kf_covariance)(const NAME(kf) * f, REAL *P)
{
    if (f == NULL || P == NULL) return SSM_KF_E_ARGUMENT;
    NAME(ud_covariance)(P, f->U, f->D, STATES(f->model));
    return SSM_KF_OK;
}

ssm_kf_status NAME(kf_expect)(const NAME(kf) * f, REAL *mean, REAL *variance)
{
    if (f == NULL || mean == NULL) return SSM_KF_E_ARGUMENT;
    const NAME(kf_model) *m = f->model;
    const size_t n = STATES(m), p = SENSORS(m);
    for (size_t s = 0; s < p; s++) {
        const REAL *z = m->Zt + s * n, h = ERRORS(m) != NULL ? ERRORS(m)[s + s * p] : m->h[s];
        REAL sum = m->d != NULL ? m->d[s] : 0;
        for (size_t i = 0; i < n; i++) sum += z[i] * f->x[i];
        mean[s] = sum;
        if (variance != NULL) variance[s] = NAME(ud_project)(f->work, f->work + n, f->U, f->D, z, h, n);
    }
    return SSM_KF_OK;
}

ssm_kf_status NAME(kf_forecast)(const NAME(kf) * f, uint32_t horizon, REAL *mean, REAL *variance,
                                REAL *memory, uint32_t reals)
{
    if (f == NULL || mean == NULL || memory == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model), p = SENSORS(f->model);
    if (reals < SSM_KF_REALS(n, p, SHOCKS(f->model))) return SSM_KF_E_MEMORY;
    NAME(kf) ahead = *f;
    ssm_kf_status worst = SSM_KF_OK;
    NAME(kf_lay)(&ahead, memory, n);
    for (size_t i = 0; i < SSM_KF_STATE_REALS(n); i++) memory[i] = f->x[i];
    for (uint32_t t = 0; t < horizon; t++) {
        const ssm_kf_status status = NAME(kf_predict)(&ahead, NULL);
        if (status > worst) worst = status;
        NAME(kf_expect)(&ahead, mean + t * p, variance != NULL ? variance + t * p : NULL);
    }
    return worst;
}

/* Whether the rest of a variance is of its last place. */
static int NAME(kf_is_rest)(REAL rest, REAL D)
{
    return NAME(kf_is_in)(rest, -EPSILON * D, EPSILON * D);
}

/* Whether a state of n states is possible: numbers x, D, U, rests one behind the other. */
static ssm_kf_status NAME(kf_try_state)(const REAL *x, size_t n)
{
    const REAL *D = x + n, *U = D + n, *rest = U + n * (n - 1) / 2;
    const size_t rests = SSM_KF_RESTS(n);
    for (size_t i = 0; i < rests; i++) {
        if (!NAME(kf_is_rest)(rest[i], D[i])) return SSM_KF_E_VARIANCE;
    }
    if (!NAME(kf_are_in)(x, n, -LIMIT, LIMIT)) return SSM_KF_E_RANGE;
    if (!NAME(kf_are_in)(U, n * (n - 1) / 2, -SQUARE_LIMIT, SQUARE_LIMIT)) return SSM_KF_E_RANGE;
    return NAME(kf_are_in)(D, n, 0, SQUARE_LIMIT) ? SSM_KF_OK : SSM_KF_E_VARIANCE;
}

ssm_kf_status NAME(kf_check)(const NAME(kf) * f)
{
    if (f == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model);
    const ssm_kf_status status = NAME(kf_try_state)(f->x, n);
    int edge = 0;
    for (size_t i = 0; i < n; i++) edge |= f->x[i] == LIMIT || f->x[i] == -LIMIT || f->D[i] == SQUARE_LIMIT;
    for (size_t i = 0; i < n * (n - 1) / 2; i++) edge |= f->U[i] == SQUARE_LIMIT || f->U[i] == -SQUARE_LIMIT;
    return status == SSM_KF_OK && edge ? SSM_KF_DIVERGED : status;
}

/* One scalar: ud_project n^2 + 2 n, ud_correct 2 n^2 + 4 n + 1, with rests 4 n more, the innovation 2 n, the
 * gate 2, the wider variance of a reacquisition 2 n + 5, the gain 2 n + 1; without noise the test for
 * rounding n^2
 * + 3 n + 2 in place of the gate or before it. */
static size_t NAME(kf_operations_scalar)(size_t n, int noiseless)
{
    return 3 * n * n + 12 * n + 9 + 4 * SSM_KF_RESTS(n) + (noiseless ? n * n + 3 * n + 2 : 0);
}

/* Making the errors of s-th row and those before it independent. */
static size_t NAME(kf_operations_rotation)(size_t s, size_t n)
{
    return s * (s - 1) + s * 2 + 3 * s + 2 * n * s + 2 * s + s + 3;
}

uint32_t NAME(kf_operations)(const NAME(kf_model) * m)
{
    if (m == NULL) return 0;
    const size_t n = STATES(m), p = SENSORS(m), columns = SSM_KF_FOURS(n + SHOCKS(m));
    size_t count = 2 * n * n + 2 * n * m->m; /* mean */
    count += n * n * (n - 1) + columns * n * (2 * n + 1);
    for (size_t s = 0; s < p; s++) {
        count += NAME(kf_operations_scalar)(n, ERRORS(m) != NULL || !(m->h[s] > 0)) + (m->d != NULL);
        if (ERRORS(m) != NULL) count += NAME(kf_operations_rotation)(s, n);
    }
    return (uint32_t)count;
}
