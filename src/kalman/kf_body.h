/* Laying out a filter, checking its model, and its start. */

static int NAME(kf_is_in)(REAL x, REAL least, REAL most)
{
    return x >= least && x <= most; /* not so for NaN */
}

/* Whether `count` numbers are within [least, most]; an optional array that is missing is. */
static int NAME(kf_are_in)(const REAL *x, size_t count, REAL least, REAL most)
{
    int in = 1;
    for (size_t i = 0; x != NULL && i < count; i++) in &= NAME(kf_is_in)(x[i], least, most);
    return in;
}

static int NAME(kf_has_pointers)(const NAME(kf_model) * m)
{
    return m->T != NULL && (m->p == 0 || m->Zt != NULL) && (m->p == 0 || m->h != NULL || m->H != NULL) &&
           (m->r == 0 || (m->G != NULL && m->q != NULL)) && (m->m == 0 || m->B != NULL);
}

static int NAME(kf_is_finite)(const NAME(kf_model) * m)
{
    const size_t n = STATES(m), p = SENSORS(m), r = SHOCKS(m);
    return NAME(kf_are_in)(m->T, n * n, -LIMIT, LIMIT) && NAME(kf_are_in)(m->G, n * r, -LIMIT, LIMIT) &&
           NAME(kf_are_in)(m->Zt, n * p, -LIMIT, LIMIT) && NAME(kf_are_in)(m->B, n * m->m, -LIMIT, LIMIT) &&
           NAME(kf_are_in)(m->c, n, -LIMIT, LIMIT) && NAME(kf_are_in)(m->d, p, -LIMIT, LIMIT);
}

/* Whether H (p, p) is a variance. work (p, p). */
static int NAME(kf_is_variance)(const REAL *H, REAL *work, size_t p)
{
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i < p; i++) {
            const REAL gap = H[i + j * p] - H[j + i * p], size = H[i + i * p] + H[j + j * p];
            if (!(gap <= 16 * EPSILON * size)) return 0;
            work[i + j * p] = H[i + j * p];
        }
    }
    for (size_t j = p; j-- > 0;) {
        if (!NAME(ud_eliminate)(work, H[j + j * p], j, p)) return 0;
    }
    return 1;
}

/* work (p, p) */
static ssm_kf_status NAME(kf_try_model)(const NAME(kf_model) * m, REAL *work)
{
    if (!NAME(kf_is_finite)(m)) return SSM_KF_E_RANGE;
    if (!NAME(kf_are_in)(m->q, SHOCKS(m), 0, SQUARE_LIMIT)) return SSM_KF_E_VARIANCE;
    const int good = ERRORS(m) != NULL ? NAME(kf_is_variance)(ERRORS(m), work, SENSORS(m))
                                       : NAME(kf_are_in)(m->h, SENSORS(m), 0, SQUARE_LIMIT);
    return good ? SSM_KF_OK : SSM_KF_E_VARIANCE;
}

static void NAME(kf_lay)(NAME(kf) * f, REAL *memory, size_t n)
{
    f->x = memory;
    f->D = f->x + n;
    f->U = f->D + n;
    f->work = f->U + SSM_KF_TRIANGLE_REALS(n);
}

ssm_kf_status NAME(kf_init)(NAME(kf) * f, const NAME(kf_model) * model, REAL *memory, uint32_t reals)
{
    if (f == NULL || model == NULL || memory == NULL || model->n == 0) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(model), p = SENSORS(model), r = SHOCKS(model);
    if (model->n != n || model->p != p || model->r != r || model->H != ERRORS(model))
        return SSM_KF_E_ARGUMENT;
    if (!NAME(kf_has_pointers)(model)) return SSM_KF_E_ARGUMENT;
    if (reals < SSM_KF_REALS(n, p, r)) return SSM_KF_E_MEMORY;
    const ssm_kf_status status = NAME(kf_try_model)(model, memory + SSM_KF_STATE_REALS(n));
    if (status != SSM_KF_OK) return status;
    f->model = model;
    NAME(kf_lay)(f, memory, n);
    f->gate = 0;
    f->patience = f->refused = f->steps = 0;
    for (size_t i = 0; i < SSM_KF_STATE_REALS(n); i++) memory[i] = 0;
    return SSM_KF_OK;
}

/* x, rests and the counters; the variance is in place. */
static ssm_kf_status NAME(kf_start)(NAME(kf) * f, const REAL *x)
{
    const size_t n = STATES(f->model), rests = SSM_KF_RESTS(n);
    for (size_t i = 0; i < n; i++) f->x[i] = x != NULL ? x[i] : 0;
    for (size_t i = 0; i < rests; i++) f->U[n * (n - 1) / 2 + i] = 0;
    f->refused = f->steps = 0;
    return SSM_KF_OK;
}

ssm_kf_status NAME(kf_prior)(NAME(kf) * f, const REAL *x, const REAL *P)
{
    if (f == NULL || P == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model);
    if (!NAME(kf_are_in)(x, n, -LIMIT, LIMIT)) return SSM_KF_E_RANGE;
    if (!NAME(ud_factor)(f->U, f->D, P, f->work, n)) return SSM_KF_E_VARIANCE;
    return NAME(kf_start)(f, x);
}

ssm_kf_status NAME(kf_prior_diagonal)(NAME(kf) * f, const REAL *x, const REAL *variance)
{
    if (f == NULL || variance == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model);
    if (!NAME(kf_are_in)(x, n, -LIMIT, LIMIT)) return SSM_KF_E_RANGE;
    if (!NAME(kf_are_in)(variance, n, 0, SQUARE_LIMIT)) return SSM_KF_E_VARIANCE;
    for (size_t i = 0; i < n * (n - 1) / 2; i++) f->U[i] = 0;
    for (size_t i = 0; i < n; i++) f->D[i] = variance[i];
    return NAME(kf_start)(f, x);
}

ssm_kf_status NAME(kf_prior_factors)(NAME(kf) * f, const REAL *x, const REAL *U, const REAL *D)
{
    if (f == NULL || U == NULL || D == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model);
    if (!NAME(kf_are_in)(x, n, -LIMIT, LIMIT)) return SSM_KF_E_RANGE;
    if (!NAME(kf_are_in)(U, n * (n - 1) / 2, -SQUARE_LIMIT, SQUARE_LIMIT)) return SSM_KF_E_RANGE;
    if (!NAME(kf_are_in)(D, n, 0, SQUARE_LIMIT)) return SSM_KF_E_VARIANCE;
    for (size_t i = 0; i < n * (n - 1) / 2; i++) f->U[i] = U[i];
    for (size_t i = 0; i < n; i++) f->D[i] = D[i];
    return NAME(kf_start)(f, x);
}
