/* One step: prediction, and updates one scalar after the other.
 *
 * Errors of sensors that depend on one another are made independent first (Koopman & Durbin 2000): with
 * H = L diag(h) L', the rows L^-1 (Z, y - d) have errors of variances h. A missing sensor is left out of H.
 *
 * Of a nonlinear observation only the residual e = y - hx at the start x0 of the row is known; the innovation
 * of each of its scalars is e - z (x - x0), so the row gives what the batch formula gives. A linear one has
 * e = y - d and x0 = 0. */

/* After a prediction or the observations of a row: what overflowed goes back to the limits. */
static ssm_kf_status NAME(kf_settle)(NAME(kf) * f, ssm_kf_status status)
{
    if (NAME(ud_is_settled)(f->x, f->U, f->D, STATES(f->model))) return status;
    int cut = NAME(ud_hold)(f->x, f->x, -LIMIT, LIMIT, STATES(f->model));
    cut |= NAME(ud_settle)(f->U, f->D, STATES(f->model));
    return cut ? SSM_KF_DIVERGED : status;
}

/* ---- prediction ---- */

/* The covariance, with T or a Jacobian in its place. */
static void NAME(kf_move)(NAME(kf) * f, const REAL *T)
{
    const NAME(kf_model) *m = f->model;
    NAME(ud_predict)(f->U, f->D, T, m->G, m->q, f->work, STATES(m), SHOCKS(m));
    f->steps++;
}

/* The mean, which comes last: what the covariance has stored is better read a little later. */
static ssm_kf_status NAME(kf_arrive)(NAME(kf) * f, const REAL *next)
{
    for (size_t i = 0; i < STATES(f->model); i++) f->x[i] = next[i];
    return NAME(kf_settle)(f, SSM_KF_OK);
}

/* y <- y + M x, M (n, m). */
static void NAME(kf_add_product)(REAL *restrict y, const REAL *M, const REAL *x, size_t n, size_t m)
{
    for (size_t j = 0; j < m; j++) {
        for (size_t i = 0; i < n; i++) y[i] += M[i + j * n] * x[j];
    }
}

/* next = T x + B u + c. */
static APART void NAME(kf_move_mean)(REAL *restrict next, const NAME(kf_model) * m, const REAL *x,
                                     const REAL *u)
{
    const size_t n = STATES(m);
    for (size_t i = 0; i < n; i++) next[i] = m->c != NULL ? m->c[i] : 0;
    NAME(kf_add_product)(next, m->T, x, n, n);
    if (u != NULL) NAME(kf_add_product)(next, m->B, u, n, m->m);
}

ssm_kf_status NAME(kf_predict)(NAME(kf) * f, const REAL *u)
{
    if (f == NULL) return SSM_KF_E_ARGUMENT;
    if (!NAME(kf_are_in)(u, f->model->m, -LIMIT, LIMIT)) return SSM_KF_E_RANGE;
    NAME(kf_move)(f, f->model->T);
    NAME(kf_move_mean)(f->work, f->model, f->x, u);
    return NAME(kf_arrive)(f, f->work);
}

ssm_kf_status NAME(kf_predict_ekf)(NAME(kf) * f, const REAL *fx, const REAL *J)
{
    if (f == NULL || fx == NULL || J == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model);
    if (!NAME(kf_are_in)(fx, n, -LIMIT, LIMIT) || !NAME(kf_are_in)(J, n * n, -LIMIT, LIMIT))
        return SSM_KF_E_RANGE;
    NAME(kf_move)(f, J);
    return NAME(kf_arrive)(f, fx);
}

/* ---- one scalar ---- */

/* Without noise in the observation, F is rounding below this. */
static APART REAL NAME(kf_rounding)(const NAME(kf) * f, const REAL *z)
{
    const size_t n = STATES(f->model);
    const REAL unit = 2 * (REAL)n * EPSILON, *U = f->U;
    REAL sum = 0;
    for (size_t j = 0; j < n; U += j, j++) {
        REAL reach = z[j] < 0 ? -z[j] : z[j];
        for (size_t i = 0; i < j; i++) {
            const REAL term = U[i] * z[i];
            reach += term < 0 ? -term : term;
        }
        reach *= unit;
        sum += f->D[j] * reach * reach;
    }
    return sum;
}

static ssm_kf_status NAME(kf_judge)(const NAME(kf) * f, const REAL *z, REAL h, REAL v, REAL F)
{
    if (!(F <= SQUARE_LIMIT) || !(v * v <= 4 * SQUARE_LIMIT)) return SSM_KF_DIVERGED;
    if (F < TINY || (!(h > 0) && F <= NAME(kf_rounding)(f, z))) return SSM_KF_CERTAIN;
    if (!(GATE(f) > 0 && v * v > GATE(f) * F)) return SSM_KF_OK;
    return f->patience > 0 && f->refused >= f->patience && F > h ? SSM_KF_REACQUIRED : SSM_KF_GATED;
}

/* Multiplies the variance so that an innovation v stands right at the gate; returns its variance. */
static APART REAL NAME(kf_widen)(NAME(kf) * f, REAL *g, REAL h, REAL v, REAL F)
{
    const REAL factor = (v * v / GATE(f) - h) / (F - h);
    for (size_t i = 0; i < STATES(f->model); i++) {
        f->D[i] *= factor;
        g[i] *= factor;
    }
    return v * v / GATE(f);
}

/* Moves the mean by b `step` with b = P z', and the variance, for what ud_project left in work. */
static APART ssm_kf_status NAME(kf_absorb)(NAME(kf) * f, REAL h, REAL step, ssm_kf_status status)
{
    const size_t n = STATES(f->model);
    REAL *direction = f->work, *g = direction + n, *b = g + n;
    NAME(ud_correct)(f->U, f->D, b, direction, g, h, n);
    NAME(kf_add_product)(f->x, b, &step, n, 1);
    return status;
}

/* Takes in an observation with row z, error variance h and innovation v. */
static ssm_kf_status NAME(kf_take)(NAME(kf) * f, const REAL *z, REAL h, REAL v, NAME(kf_innovation) * out)
{
    const size_t n = STATES(f->model);
    REAL *direction = f->work, *g = direction + n;
    REAL F = NAME(ud_project)(direction, g, f->U, f->D, z, h, n);
    ssm_kf_status status = NAME(kf_judge)(f, z, h, v, F);
    f->refused = status == SSM_KF_GATED ? f->refused + (f->refused < UINT32_MAX) : 0;
    if (status == SSM_KF_REACQUIRED) F = NAME(kf_widen)(f, g, h, v, F);
    if (out != NULL) *out = (NAME(kf_innovation)){v, F, status};
    if (status != SSM_KF_OK && status != SSM_KF_REACQUIRED) return status;
    return NAME(kf_absorb)(f, h, v / F, status);
}

static ssm_kf_status NAME(kf_miss)(NAME(kf_innovation) * out)
{
    if (out != NULL) *out = (NAME(kf_innovation)){0, 0, SSM_KF_MISSING};
    return SSM_KF_MISSING;
}

/* ---- a row ---- */

typedef struct NAME(kf_row) {
    const REAL *Zt, *h; /* (n, p), (p) */
    const REAL *e;      /* (p) residual at x0, NaN: missing */
    const REAL *x0;     /* (n); NULL: 0 */
} NAME(kf_row);

/* e - z (x - x0) */
static APART REAL NAME(kf_residual)(REAL e, const REAL *z, const REAL *x, const REAL *x0, size_t n)
{
    for (size_t i = 0; i < n; i++) e -= z[i] * (x0 != NULL ? x[i] - x0[i] : x[i]);
    return e;
}

static ssm_kf_status NAME(kf_take_row)(NAME(kf) * f, NAME(kf_row) row, NAME(kf_innovation) * out)
{
    const size_t n = STATES(f->model), p = SENSORS(f->model);
    ssm_kf_status worst = SSM_KF_OK;
    for (size_t s = 0; s < p; s++) {
        const REAL *z = row.Zt + s * n, v = NAME(kf_residual)(row.e[s], z, f->x, row.x0, n);
        NAME(kf_innovation) *place = out != NULL ? out + s : NULL;
        const ssm_kf_status status =
            row.e[s] == row.e[s] ? NAME(kf_take)(f, z, row.h[s], v, place) : NAME(kf_miss)(place);
        if (status > worst) worst = status;
    }
    return NAME(kf_settle)(f, worst);
}

/* Row s of L and h_s, given those before it; a missing sensor has no part in the others. */
static void NAME(kf_factor_errors)(REAL *restrict L, REAL *restrict h, const REAL *H, const REAL *e, size_t s,
                                   size_t p)
{
    REAL *row = L + s * (s - 1) / 2;
    h[s] = H[s + s * p];
    for (size_t k = 0; k < s; k++) {
        REAL l = H[k + s * p];
        for (size_t i = 0; i < k; i++) l -= row[i] * L[k * (k - 1) / 2 + i] * h[i];
        l *= NAME(ud_invert)(h[k]);
        row[k] = e[s] == e[s] && e[k] == e[k] ? NAME(ud_bound)(l, -SQUARE_LIMIT, SQUARE_LIMIT) : 0;
        h[s] -= row[k] * row[k] * h[k];
    }
    if (!(h[s] > 16 * (REAL)p * EPSILON * H[s + s * p])) h[s] = 0;
}

/* Makes the errors of the row independent; e becomes L^-1 e. Scratch from `work`. */
static APART NAME(kf_row)
    NAME(kf_rotate)(NAME(kf_row) row, REAL *e, const REAL *H, REAL *work, size_t n, size_t p)
{
    REAL *Zt = work, *h = Zt + n * p, *L = h + p;
    for (size_t s = 0; s < p; s++) {
        NAME(kf_factor_errors)(L, h, H, e, s, p);
        const REAL *l = L + s * (s - 1) / 2;
        for (size_t i = 0; i < n; i++) {
            REAL z = row.Zt[i + s * n];
            for (size_t k = 0; k < s; k++) z -= l[k] * Zt[i + k * n];
            Zt[i + s * n] = z;
        }
    }
    for (size_t s = 0; s < p; s++) {
        for (size_t k = 0; k < s; k++) {
            if (e[k] == e[k]) e[s] -= L[s * (s - 1) / 2 + k] * e[k];
        }
    }
    return (NAME(kf_row)){Zt, h, e, row.x0};
}

/* Scratch of an update: 3 n of kf_take, n of x0, p of e, the rest of kf_rotate. */
static ssm_kf_status NAME(kf_take_all)(NAME(kf) * f, const REAL *Zt, const REAL *x0,
                                       NAME(kf_innovation) * out)
{
    const NAME(kf_model) *m = f->model;
    REAL *e = f->work + 4 * STATES(m);
    NAME(kf_row) row = {Zt, m->h, e, x0};
    if (ERRORS(m) != NULL) row = NAME(kf_rotate)(row, e, ERRORS(m), e + SENSORS(m), STATES(m), SENSORS(m));
    return NAME(kf_take_row)(f, row, out);
}

/* Whether each of y is a number within the limits or missing. */
static int NAME(kf_is_row)(const REAL *y, size_t p)
{
    int good = 1;
    for (size_t s = 0; s < p; s++) good &= NAME(kf_are_in)(y + s, y[s] == y[s], -LIMIT, LIMIT);
    return good;
}

ssm_kf_status NAME(kf_update)(NAME(kf) * f, const REAL *y, NAME(kf_innovation) * out)
{
    if (f == NULL || y == NULL) return SSM_KF_E_ARGUMENT;
    const NAME(kf_model) *m = f->model;
    if (!NAME(kf_is_row)(y, SENSORS(m))) return SSM_KF_E_RANGE;
    REAL *e = f->work + 4 * STATES(m);
    for (size_t s = 0; s < SENSORS(m); s++) e[s] = m->d != NULL ? y[s] - m->d[s] : y[s];
    return NAME(kf_take_all)(f, m->Zt, NULL, out);
}

ssm_kf_status NAME(kf_update_ekf)(NAME(kf) * f, const REAL *hx, const REAL *Jt, const REAL *y,
                                  NAME(kf_innovation) * out)
{
    if (f == NULL || hx == NULL || Jt == NULL || y == NULL) return SSM_KF_E_ARGUMENT;
    const size_t n = STATES(f->model), p = SENSORS(f->model);
    if (!NAME(kf_is_row)(y, p) || !NAME(kf_are_in)(hx, p, -LIMIT, LIMIT) ||
        !NAME(kf_are_in)(Jt, n * p, -LIMIT, LIMIT))
        return SSM_KF_E_RANGE;
    REAL *x0 = f->work + 3 * n, *e = x0 + n;
    for (size_t i = 0; i < n; i++) x0[i] = f->x[i];
    for (size_t s = 0; s < p; s++) e[s] = y[s] - hx[s];
    return NAME(kf_take_all)(f, Jt, x0, out);
}

ssm_kf_status NAME(kf_update_row)(NAME(kf) * f, const REAL *z, REAL h, REAL y, NAME(kf_innovation) * out)
{
    if (f == NULL || z == NULL) return SSM_KF_E_ARGUMENT;
    if (!NAME(kf_is_row)(&y, 1) || !NAME(kf_are_in)(z, STATES(f->model), -LIMIT, LIMIT))
        return SSM_KF_E_RANGE;
    if (!NAME(kf_is_in)(h, 0, SQUARE_LIMIT)) return SSM_KF_E_VARIANCE;
    if (y != y) return NAME(kf_miss)(out);
    for (size_t i = 0; i < STATES(f->model); i++) y -= z[i] * f->x[i];
    return NAME(kf_settle)(f, NAME(kf_take)(f, z, h, y, out));
}

ssm_kf_status NAME(kf_update_sensor)(NAME(kf) * f, uint16_t sensor, REAL y, NAME(kf_innovation) * out)
{
    if (f == NULL || sensor >= f->model->p) return SSM_KF_E_ARGUMENT;
    const NAME(kf_model) *m = f->model;
    const size_t n = STATES(m), p = SENSORS(m);
    if (!NAME(kf_is_row)(&y, 1)) return SSM_KF_E_RANGE;
    if (m->d != NULL) y -= m->d[sensor];
    return NAME(kf_update_row)(f, m->Zt + sensor * n,
                               ERRORS(m) != NULL ? ERRORS(m)[sensor + sensor * p] : m->h[sensor], y, out);
}
