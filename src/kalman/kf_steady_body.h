/* The filter with the gain that it settles at: x <- x + K (y - Z x - d), x <- T x + B u + c. */

ssm_kf_status NAME(kf_steady_init)(NAME(kf_steady) * f, const NAME(kf_model) * model, const REAL *K,
                                   const REAL *x, REAL *memory, uint32_t reals)
{
    if (f == NULL || model == NULL || memory == NULL || model->n == 0) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(model), p = SENSORS(model);
    if (model->n != n || model->p != p || model->T == NULL) return SSM_KF_E_ARGUMENT;
    if ((p > 0 && (model->Zt == NULL || K == NULL)) || (model->m > 0 && model->B == NULL))
        return SSM_KF_E_ARGUMENT;
    if (reals < SSM_KF_STEADY_REALS(n, p)) return SSM_KF_E_MEMORY;
    if (!NAME(kf_is_finite)(model) || !NAME(kf_are_in)(K, n * p, -LIMIT, LIMIT) ||
        !NAME(kf_are_in)(x, n, -LIMIT, LIMIT))
        return SSM_KF_E_RANGE;
    f->model = model;
    f->K = K;
    f->x = memory;
    f->work = memory + n;
    for (size_t i = 0; i < n; i++) f->x[i] = x != NULL ? x[i] : 0;
    return SSM_KF_OK;
}

/* x <- next, within the limits. */
static ssm_kf_status NAME(kf_steady_move)(NAME(kf_steady) * f, const REAL *next)
{
    return NAME(ud_hold)(f->x, next, -LIMIT, LIMIT, STATES(f->model)) ? SSM_KF_DIVERGED : SSM_KF_OK;
}

ssm_kf_status NAME(kf_steady_predict)(NAME(kf_steady) * f, const REAL *u)
{
    if (f == NULL) return SSM_KF_E_ARGUMENT;
    if (!NAME(kf_are_in)(u, f->model->m, -LIMIT, LIMIT)) return SSM_KF_E_RANGE;
    NAME(kf_move_mean)(f->work, f->model, f->x, u);
    return NAME(kf_steady_move)(f, f->work);
}

ssm_kf_status NAME(kf_steady_update)(NAME(kf_steady) * f, const REAL *y, REAL *v)
{
    if (f == NULL || y == NULL) return SSM_KF_E_ARGUMENT;
    const NAME(kf_model) *m = f->model;
    const size_t n = STATES(m), p = SENSORS(m);
    REAL *next = f->work, *gap = next + n;
    ssm_kf_status status = SSM_KF_OK;
    if (!NAME(kf_is_row)(y, p)) return SSM_KF_E_RANGE;
    for (size_t i = 0; i < n; i++) next[i] = f->x[i];
    for (size_t s = 0; s < p; s++) {
        gap[s] = m->d != NULL ? y[s] - m->d[s] : y[s];
        for (size_t i = 0; i < n; i++) gap[s] -= m->Zt[i + s * n] * f->x[i];
        if (y[s] != y[s]) {
            gap[s] = 0;
            status = SSM_KF_MISSING;
        }
        for (size_t i = 0; i < n; i++) next[i] += f->K[i + s * n] * gap[s];
        if (v != NULL) v[s] = gap[s];
    }
    const ssm_kf_status moved = NAME(kf_steady_move)(f, next);
    return moved != SSM_KF_OK ? moved : status;
}
