/* What Frama-C looks at: the filter in an endless loop, its functions called in any order. Model, Jacobians,
 * gate, every measurement and input are any numbers whatsoever, NaN and infinity included; H, B, c, d are
 * there or not. The start is what ssm_kf_prior_factors accepts. To be shown: no access outside an object or
 * of what was never written, no division of integers by zero, no overflow of an integer, and that the state
 * is finite with variances that are not negative, after each call and for ever. STEP_ALONE: of the functions
 * only init, start, update and prediction, which is quicker. BEGIN_ALONE: the other ways to begin; of what
 * ssm_kf_prior makes of any variance, that it lies within the limits of ssm_kf_prior_factors. */
#include "ssmcast_kf.h"

enum { N = SSM_KF_STATES, P = SSM_KF_SENSORS, R = SSM_KF_SHOCKS, M = 2, AHEAD = 3 };
enum {
    TRIANGLE = N * (N - 1) / 2,
    FACTOR = SSM_KF_TRIANGLE_REALS(N),
    BYTES = SSM_KF_SAVED_BYTES(N, sizeof(ssm_kf_real))
};

#ifdef SSM_KF_DOUBLE
#define MOST_X 1e150
#define MOST   1e300
#else
#define MOST_X 1e18f
#define MOST   1e36f
#endif

/*@ assigns \result \from \nothing; */
extern ssm_kf_real anything(void);
/*@ assigns \result \from \nothing; */
extern int choice(void);
/*@ assigns \result \from \nothing;
    ensures 0 <= \result <= 255; */
extern int byte(void);

static ssm_kf_real T[N * N], G[N * R], q[R], Zt[N * P], h[P], H[P * P], B[N * M], c[N], d[P]; /* model */
static ssm_kf_real y[P], u[M], fx[N], J[N * N], hx[P], Jt[N * P], K[N * P];
static ssm_kf_real memory[SSM_KF_REALS(N, P, R)], scratch[SSM_KF_REALS(N, P, R)];
static ssm_kf_real mean[P * AHEAD], variance[P * AHEAD], covariance[N * N],
    steady_memory[SSM_KF_STEADY_REALS(N, P)];
static uint8_t saved[BYTES];

static void fill(ssm_kf_real *x, int count)
{
    for (int i = 0; i < count; i++) x[i] = anything();
}

static ssm_kf_real within(ssm_kf_real least, ssm_kf_real most)
{
    const ssm_kf_real x = anything();
    if (x != x) return least; /* comparisons do not free the analysis from NaN, this does */
    return x >= least && x <= most ? x : least;
}

/* x or NULL, in one state of the analysis */
static ssm_kf_real *maybe(ssm_kf_real *x)
{
    ssm_kf_real *const either[2] = {NULL, x};
    return either[choice() & 1];
}

static void fill_model(void)
{
    fill(T, N * N);
    fill(G, N * R);
    fill(q, R);
    fill(Zt, N * P);
    fill(h, P);
    fill(H, P * P);
    fill(B, N * M);
    fill(c, N);
    fill(d, P);
}

static void stay_sound(const ssm_kf *f)
{
    for (int i = 0; i < N; i++) {
        /*@ assert mean: \is_finite(f->x[i]); */
        /*@ assert variance: \is_finite(f->D[i]) && f->D[i] >= 0; */
    }
    for (int i = 0; i < FACTOR; i++) {
        /*@ assert factor: \is_finite(f->U[i]); */
    }
}

static void start(ssm_kf *f)
{
    static ssm_kf_real x[N], U[TRIANGLE + 1], D[N];
    for (int i = 0; i < N; i++) x[i] = within(-MOST_X, MOST_X);
    for (int i = 0; i < TRIANGLE; i++) U[i] = within(-MOST, MOST);
    for (int i = 0; i < N; i++) D[i] = within(0, MOST);
    ssm_kf_prior_factors(f, maybe(x), U, D);
}

#ifdef BEGIN_ALONE
static ssm_kf_real A[N * N], Qc[N * N], work[SSM_KF_DISCRETISE_REALS(N)];

static void stay_within(const ssm_kf *f)
{
    const ssm_kf_real most_x = MOST_X, most = MOST; /* as rounded; ACSL compares real numbers */
    for (int i = 0; i < N; i++) {
        /*@ assert mean: -most_x <= f->x[i] <= most_x; */
        /*@ assert variance: 0 <= f->D[i] <= most; */
    }
    for (int i = 0; i < TRIANGLE; i++) {
        /*@ assert factor: -most <= f->U[i] <= most; */
    }
}

static void begin(ssm_kf *f)
{
    for (int i = 0; i < N; i++) fx[i] = within(-MOST_X, MOST_X);
    fill(covariance, N * N);
    if (ssm_kf_prior(f, maybe(fx), covariance) == SSM_KF_OK) stay_within(f);
    start(f);
    fill(covariance, N);
    ssm_kf_prior_diagonal(f, maybe(fx), covariance);
    start(f);
    fill(A, N * N);
    fill(Qc, N * N);
    ssm_kf_discretise(A, Qc, anything(), (uint16_t)choice() == 0 ? 0 : N, T, G, q, work);
}
#endif

/* A row, one sensor, a row that the model does not have, a row of an extended filter. */
static void update(ssm_kf *f)
{
    ssm_kf_innovation told[P], *const either[2] = {NULL, told}, *out = either[choice() & 1];
    fill(y, P);
    if (choice()) ssm_kf_update(f, y, out);
    stay_sound(f);
    if (choice()) ssm_kf_update_sensor(f, (uint16_t)choice(), anything(), out);
    stay_sound(f);
    if (choice()) ssm_kf_update_row(f, fx, anything(), anything(), out);
    stay_sound(f);
    if (choice()) ssm_kf_update_ekf(f, hx, Jt, y, out);
    stay_sound(f);
}

static void predict(ssm_kf *f)
{
    if (choice()) ssm_kf_predict(f, maybe(u));
    stay_sound(f);
    if (choice()) ssm_kf_predict_ekf(f, fx, J);
    stay_sound(f);
}

static void look(ssm_kf *f)
{
    if (choice()) ssm_kf_forecast(f, AHEAD, mean, maybe(variance), scratch, SSM_KF_REALS(N, P, R));
    if (choice()) ssm_kf_expect(f, mean, maybe(variance));
    if (choice()) ssm_kf_covariance(f, covariance);
    if (choice()) ssm_kf_check(f);
    if (choice()) ssm_kf_operations(f->model);
    if (choice()) ssm_kf_save(f, saved, (uint32_t)choice());
    stay_sound(f);
}

/* Any bytes of any length up to that of the buffer. A state that is taken has passed the limits of start, a
 * relation between bytes and numbers that this analysis does not follow: any possible state takes its place.
 */
static void load(ssm_kf *f)
{
    for (int i = 0; i < BYTES; i++) saved[i] = (uint8_t)byte();
    const uint32_t size = (uint32_t)choice();
    if (size > BYTES) return;
    if (ssm_kf_load(f, saved, size) == SSM_KF_OK) start(f);
    stay_sound(f);
}

static void run_steady(const ssm_kf_model *model)
{
    ssm_kf_steady f;
    fill(K, N * P);
    if (ssm_kf_steady_init(&f, model, K, maybe(fx), steady_memory, SSM_KF_STEADY_REALS(N, P)) != SSM_KF_OK)
        return;
    for (int i = 0; i < N; i++) f.x[i] = within(-MOST_X, MOST_X);
    while (choice()) {
        fill(y, P);
        ssm_kf_steady_update(&f, y, maybe(mean));
        ssm_kf_steady_predict(&f, maybe(u));
        for (int i = 0; i < N; i++) {
            /*@ assert steady: \is_finite(f.x[i]); */
        }
    }
}

int main(void)
{
    const ssm_kf_model model = {N, P, R, M, T, G, q, Zt, h, maybe(H), B, maybe(c), maybe(d)};
    ssm_kf f;
    fill_model();
    if (ssm_kf_init(&f, &model, memory, SSM_KF_REALS(N, P, R)) != SSM_KF_OK) return 1;
    if (choice()) run_steady(&model);
    start(&f);
    f.gate = anything();
    f.patience = (uint32_t)choice();
#ifdef BEGIN_ALONE
    for (;;) begin(&f);
#endif
#ifdef STEP_ALONE
    for (;;) {
        fill(y, P);
        fill(u, M);
        ssm_kf_update(&f, y, NULL);
        stay_sound(&f);
        ssm_kf_predict(&f, maybe(u));
        stay_sound(&f);
    }
#endif
    for (;;) {
        fill(u, M);
        fill(fx, N);
        fill(J, N * N);
        fill(hx, P);
        fill(Jt, N * P);
        update(&f);
        predict(&f);
        look(&f);
        load(&f);
    }
}
