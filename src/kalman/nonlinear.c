/* The nonlinear filters, a row at a time (Kailath, Sayed & Hassibi 2000, ch. 12; Bell & Cathey 1993).
 *
 *     [ D_y  D_x ]                     [ U_y  K' ]          F = U_y'U_y
 *     [ G_y   0  ]   triangularised    [  0   U  ]          e = U_y'^-1 v,   a <- a + K e
 * with D the deviations of observation and state, G_y the root of H, U the root of the filtered variance. A
 * centre row of positive weight joins the stack; one of negative weight is taken from the triangle, and left
 * out when that would make it indefinite, which errs on the wide side. The prediction stacks D and the root
 * of Q. The iterated filter repeats the update from a with Jacobians taken at its own result.
 *
 * Known value: a linear model gives what the Kalman filter gives. */
#include "kalman/nonlinear.h"

#include "core/dense.h"
#include "kalman/root_downdate.h"
#include "kalman/square_root.h"
#include "kalman/system.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double log_2pi = 1.8378770664093454836;
static const double variance_tolerance = 1e-10; /* of its diagonal: what may be missing to one */
static const double iterated_enough = 1e-9;     /* a step of so many standard deviations ends the iteration */

/* ---- start ---- */

static ssm_status check_model(ssm_context *ctx, const ssm_nonlinear *m)
{
    if (m->n == 0 || m->p == 0 || m->n > 4096 || m->p > 4096)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "nonlinear model: n and p must be between 1 and 4096");
    if (m->transition == NULL || m->observation == NULL)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "nonlinear model: both functions must be given");
    for (size_t i = 0; m->a1 != NULL && i < m->n; i++) {
        if (!isfinite(m->a1[i]))
            return ssmi_fail(ctx, SSM_E_DATA, "nonlinear model: a1[%zu] is not finite", i);
    }
    return SSM_OK;
}

static ssm_status fill_options(ssm_context *ctx, const ssm_nonlinear *m, ssm_nonlinear_options *o)
{
    static const double parameter[] = {
        [SSM_ROBUST_NONE] = 1.0, [SSM_ROBUST_HUBER] = 1.345, [SSM_ROBUST_STUDENT] = 4.0};
    if ((unsigned)o->method > SSM_UKF || (unsigned)o->robust > SSM_ROBUST_STUDENT)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "nonlinear filter: unknown method or robust option");
    if (o->iterations == 0) o->iterations = 20;
    if (o->robust_parameter == 0.0) o->robust_parameter = parameter[o->robust];
    if (o->alpha == 0.0) {
        o->alpha = 1.0;
        o->beta = 2.0;
        o->kappa = 0.0;
    }
    if (!(o->alpha > 0.0 && o->alpha <= 1e3) || !isfinite(o->beta) || !((double)m->n + o->kappa > 0.0) ||
        !isfinite(o->kappa))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "nonlinear filter: sigma points need alpha > 0, n + kappa > 0");
    if (!(o->gate >= 0.0) || !(o->robust_parameter > 0.0))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "nonlinear filter: gate and robust parameter must be positive");
    return SSM_OK;
}

static ssm_status take_memory(ssm_nonlinear_state *s)
{
    const size_t n = s->model.n, p = s->model.p, k = n + p, m = n > p ? n : p;
    ssm_arena *arena = &s->arena;
    const struct {
        double **array;
        size_t size;
    } part[] = {{&s->a, n},
                {&s->U, n * n},
                {&s->spread.mean, m},
                {&s->spread.D, 2 * n * m},
                {&s->spread.X, 2 * n * n},
                {&s->spread.centre, m},
                {&s->x, n},
                {&s->point, n},
                {&s->value, m},
                {&s->jacobian, m * n},
                {&s->noise, m * m},
                {&s->stack, (2 * n + 1 + m) * k},
                {&s->root, k * k},
                {&s->work, 2 * k * k},
                {&s->v, p},
                {&s->e, p},
                {&s->shift, n}};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        *part[i].array = SSMI_ALLOC(arena, double, part[i].size);
        if (*part[i].array == NULL) return SSM_E_MEMORY;
    }
    s->seen = SSMI_ALLOC(arena, size_t, p);
    s->judged = SSMI_ALLOC(arena, ssm_nonlinear_point, p);
    return s->seen != NULL && s->judged != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* G (size, size) with G'G = S; 0 when S is no variance: what a pivoted factor leaves of it must be rounding.
 */
static int root_of(double *G, const double *S, double *work, size_t size)
{
    double *A = work, *left = work + size * size;
    for (size_t k = 0; k < size * size; k++) {
        if (!isfinite(S[k])) return 0;
    }
    const size_t rank = ssmi_kalman_factor(A, S, left, size);
    for (size_t j = 0; j < size; j++) {
        for (size_t i = 0; i < size; i++) {
            const double scale = fmax(fabs(S[i + i * size]), fabs(S[j + j * size]));
            if (fabs(left[i + j * size]) > variance_tolerance * scale) return 0;
            if (fabs(S[i + j * size] - S[j + i * size]) > variance_tolerance * scale) return 0;
            G[i + j * size] = i < rank ? A[j + i * size] : 0.0;
        }
    }
    return 1;
}

ssm_status ssmi_nonlinear_noise(ssm_nonlinear_state *s, ssm_system_matrix S, size_t size, const char *name)
{
    if (S.data == NULL) {
        ssmi_fill(s->noise, 0.0, size * size);
        return SSM_OK;
    }
    if (root_of(s->noise, S.data + s->t * S.stride, s->work, size)) return SSM_OK;
    return ssmi_fail(s->ctx, SSM_E_DATA, "row %zu: %s is not a variance", s->t, name);
}

static ssm_status open_state(ssm_nonlinear_state *s)
{
    const size_t n = s->model.n;
    SSMI_TRY(take_memory(s));
    s->summary.loglik = 0.0;
    if (s->model.a1 != NULL) memcpy(s->a, s->model.a1, n * sizeof(double));
    if (s->model.P1 != NULL) {
        if (!root_of(s->stack, s->model.P1, s->work, n))
            return ssmi_fail(s->ctx, SSM_E_DATA, "nonlinear model: P1 is not a variance");
        ssmi_root_triangle(s->U, s->stack, n, n);
    }
    SSMI_TRY(ssmi_nonlinear_noise(s, s->model.Q, n, "Q"));
    return ssmi_nonlinear_noise(s, s->model.H, s->model.p, "H");
}

ssm_status ssm_nonlinear_new(ssm_context *ctx, const ssm_nonlinear *model,
                             const ssm_nonlinear_options *options, ssm_nonlinear_state **out)
{
    if (model == NULL || out == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "model and state must be given");
    ssm_nonlinear_options filled = options != NULL ? *options : (ssm_nonlinear_options){0};
    SSMI_TRY(check_model(ctx, model));
    SSMI_TRY(fill_options(ctx, model, &filled));
    ssm_nonlinear_state *s = ssmi_resize(ctx, NULL, 1, sizeof *s);
    if (s == NULL) return SSM_E_MEMORY;
    *s = (ssm_nonlinear_state){.ctx = ctx, .model = *model, .options = filled};
    ssmi_arena_init(&s->arena, ctx);
    const ssm_status status = open_state(s);
    if (status != SSM_OK) {
        ssm_nonlinear_free(s);
        return status;
    }
    *out = s;
    return SSM_OK;
}

void ssm_nonlinear_free(ssm_nonlinear_state *s)
{
    if (s == NULL) return;
    ssmi_arena_clear(&s->arena);
    ssmi_release(s->ctx, s);
}

void ssm_nonlinear_get(const ssm_nonlinear_state *s, double *a, double *P)
{
    const size_t n = s->model.n;
    if (a != NULL) memcpy(a, s->a, n * sizeof(double));
    if (P != NULL) ssmi_mul_tn(P, s->U, s->U, n, n, n);
}

/* ---- update ---- */

/* Components that are taken in, and the root of their errors' variance with the weights in it. */
static ssm_status choose(ssm_nonlinear_state *s, size_t *count)
{
    const size_t p = s->model.p;
    const ssm_system_matrix H = s->model.H;
    size_t q = 0;
    for (size_t i = 0; i < p; i++) {
        if (s->judged[i].weight > 0.0) s->seen[q++] = i;
    }
    *count = q;
    double *S = s->stack; /* free until the rows are stacked */
    for (size_t b = 0; b < q; b++) {
        for (size_t a = 0; a < q; a++) {
            const size_t i = s->seen[a], j = s->seen[b];
            const double h = H.data != NULL ? H.data[s->t * H.stride + i + j * p] : 0.0;
            S[a + b * q] = h / sqrt(s->judged[i].weight * s->judged[j].weight);
        }
    }
    if (root_of(s->noise, S, s->work, q)) return SSM_OK;
    return ssmi_fail(s->ctx, SSM_E_DATA, "row %zu: H is not a variance", s->t);
}

/* Stacks deviations of the q chosen components and of the state over the noise; triangularises. */
static void triangularise(ssm_nonlinear_state *s, size_t q)
{
    const size_t n = s->model.n, m = s->spread.m, k = q + n;
    const size_t centre = s->spread.centre_sign > 0 ? 1 : 0, rows = m + centre + q;
    memset(s->stack, 0, rows * k * sizeof(double));
    for (size_t b = 0; b < q; b++) {
        double *column = s->stack + b * rows;
        memcpy(column, s->spread.D + s->seen[b] * m, m * sizeof(double));
        if (centre) column[m] = s->spread.centre[s->seen[b]];
        memcpy(column + m + centre, s->noise + b * q, q * sizeof(double));
    }
    for (size_t j = 0; j < n; j++) memcpy(s->stack + (q + j) * rows, s->spread.X + j * m, m * sizeof(double));
    ssmi_root_triangle(s->root, s->stack, rows, k);
    if (s->spread.centre_sign >= 0) return;
    double *x = s->stack;
    for (size_t b = 0; b < q; b++) x[b] = s->spread.centre[s->seen[b]];
    for (size_t j = 0; j < n; j++) x[q + j] = 0.0;
    ssmi_root_downdate(s->root, x, s->work, k);
}

/* A pivot that is only rounding: an observation without information, given those before it. */
static int is_void(const double *column, size_t b)
{
    double sum = 0.0;
    for (size_t a = 0; a <= b; a++) sum += column[a] * column[a];
    return !(fabs(column[b]) > 16.0 * DBL_EPSILON * sqrt(sum));
}

/* e = U_y'^-1 v, and shift = K e. */
static void solve(ssm_nonlinear_state *s, size_t q)
{
    const size_t n = s->model.n, k = q + n;
    for (size_t b = 0; b < q; b++) {
        const double *column = s->root + b * k;
        double sum = s->v[s->seen[b]];
        for (size_t a = 0; a < b; a++) sum -= column[a] * s->e[a];
        s->e[b] = is_void(column, b) ? 0.0 : sum / column[b];
    }
    for (size_t j = 0; j < n; j++) s->shift[j] = ssmi_dot(s->root + (q + j) * k, s->e, q);
}

/* Largest step from x to a + shift in standard deviations; x becomes it. */
static double step_to(ssm_nonlinear_state *s)
{
    const size_t n = s->model.n;
    double largest = 0.0;
    for (size_t j = 0; j < n; j++) {
        const double next = s->a[j] + s->shift[j], sd = sqrt(ssmi_dot(s->U + j * n, s->U + j * n, n));
        if (sd > 0.0) largest = fmax(largest, fabs(next - s->x[j]) / sd);
        s->x[j] = next;
    }
    return largest;
}

/* Further linearisations, each at the result of the one before, with the judgement of the first. */
static ssm_status iterate(ssm_nonlinear_state *s, const double *y, size_t q)
{
    const size_t p = s->model.p;
    for (size_t k = 1; step_to(s) > iterated_enough && k < s->options.iterations; k++) {
        SSMI_TRY(ssmi_nonlinear_spread(s, s->model.observation, p, s->x, 1));
        for (size_t i = 0; i < p; i++) s->v[i] = y[i] - s->spread.mean[i];
        if (s->model.difference != NULL) s->model.difference(s->model.user, s->t, s->v);
        triangularise(s, q);
        solve(s, q);
    }
    return SSM_OK;
}

static void account(ssm_nonlinear_state *s, size_t q)
{
    ssm_nonlinear_summary *sum = &s->summary;
    const size_t k = q + s->model.n;
    for (size_t i = 0; i < s->model.p; i++) {
        const ssm_nonlinear_point *point = s->judged + i;
        sum->n_missing += isnan(point->innovation) ? 1 : 0;
        sum->n_observed += isnan(point->innovation) ? 0 : 1;
        sum->n_gated += point->gated ? 1 : 0;
        sum->n_weighted += point->weight > 0.0 && point->weight < 1.0 ? 1 : 0;
    }
    for (size_t b = 0; b < q; b++) {
        const double *column = s->root + b * k;
        if (!is_void(column, b))
            sum->loglik -= 0.5 * (log_2pi + 2.0 * log(fabs(column[b])) + s->e[b] * s->e[b]);
    }
}

static ssm_status check_finite(ssm_nonlinear_state *s, const double *mean, const double *U, size_t ld)
{
    const size_t n = s->model.n;
    int finite = 1;
    for (size_t j = 0; j < n; j++) {
        finite &= isfinite(mean[j]) != 0;
        for (size_t i = 0; i <= j; i++) finite &= isfinite(U[i + j * ld]) != 0;
    }
    if (finite) return SSM_OK;
    return ssmi_fail(s->ctx, SSM_E_NUMERIC, "row %zu: the filter's numbers are no longer finite", s->t);
}

static ssm_status take_in(ssm_nonlinear_state *s, const double *y)
{
    const size_t n = s->model.n, p = s->model.p;
    size_t q = 0;
    memcpy(s->x, s->a, n * sizeof(double));
    SSMI_TRY(ssmi_nonlinear_spread(s, s->model.observation, p, s->x, 1));
    ssmi_nonlinear_judge(s, y);
    SSMI_TRY(choose(s, &q));
    if (q > 0) {
        triangularise(s, q);
        solve(s, q);
        if (s->options.method == SSM_ITERATED_EKF) SSMI_TRY(iterate(s, y, q));
        for (size_t j = 0; j < n; j++) s->x[j] = s->a[j] + s->shift[j];
        const double *U = s->root + q + q * (q + n);
        SSMI_TRY(check_finite(s, s->x, U, q + n));
        memcpy(s->a, s->x, n * sizeof(double));
        for (size_t j = 0; j < n; j++) memcpy(s->U + j * n, U + j * (q + n), n * sizeof(double));
    }
    account(s, q);
    return SSM_OK;
}

ssm_status ssm_nonlinear_update(ssm_nonlinear_state *s, const double *y, ssm_nonlinear_point *point)
{
    const size_t p = s->model.p;
    if (y == NULL) return ssmi_fail(s->ctx, SSM_E_ARGUMENT, "observations must be given");
    for (size_t i = 0; i < p; i++) {
        if (isinf(y[i])) return ssmi_fail(s->ctx, SSM_E_DATA, "row %zu: infinite observation", s->t);
    }
    SSMI_TRY(take_in(s, y));
    if (point != NULL) memcpy(point, s->judged, p * sizeof *point);
    return SSM_OK;
}

/* ---- prediction ---- */

ssm_status ssm_nonlinear_predict(ssm_nonlinear_state *s)
{
    const size_t n = s->model.n;
    SSMI_TRY(ssmi_nonlinear_spread(s, s->model.transition, n, s->a, 0));
    SSMI_TRY(ssmi_nonlinear_noise(s, s->model.Q, n, "Q"));
    const size_t m = s->spread.m, centre = s->spread.centre_sign > 0 ? 1 : 0, rows = m + centre + n;
    for (size_t j = 0; j < n; j++) {
        double *column = s->stack + j * rows;
        memcpy(column, s->spread.D + j * m, m * sizeof(double));
        if (centre) column[m] = s->spread.centre[j];
        memcpy(column + m + centre, s->noise + j * n, n * sizeof(double));
    }
    ssmi_root_triangle(s->root, s->stack, rows, n);
    if (s->spread.centre_sign < 0) ssmi_root_downdate(s->root, s->spread.centre, s->work, n);
    SSMI_TRY(check_finite(s, s->spread.mean, s->root, n));
    memcpy(s->a, s->spread.mean, n * sizeof(double));
    memcpy(s->U, s->root, n * n * sizeof(double));
    s->t++;
    return SSM_OK;
}
