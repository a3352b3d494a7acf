/* The filter for control code in one precision under calls in any order: see fuzz_kf.c. */

enum { NAME(most_reals) = SSM_KF_REALS(MOST_STATES, MOST_SENSORS, MOST_STATES) };

/* A model of any numbers, the filter, and what its functions are given. */
typedef struct NAME(play) {
    REAL T[MOST_STATES * MOST_STATES], G[MOST_STATES * MOST_STATES], q[MOST_STATES];
    REAL Zt[MOST_STATES * MOST_SENSORS], h[MOST_SENSORS], H[MOST_SENSORS * MOST_SENSORS];
    REAL B[MOST_STATES * MOST_INPUTS], c[MOST_STATES], d[MOST_SENSORS];
    REAL x[MOST_STATES], P[MOST_STATES * MOST_STATES], D[MOST_STATES], y[MOST_SENSORS], u[MOST_INPUTS];
    NAME(kf_model) model;
    NAME(kf) kf;
} NAME(play);

/* Mostly numbers as people have them, now and then any bits. */
static REAL NAME(number)(input *in)
{
    const int kind = take(in);
    if (kind < 160) return (REAL)(take(in) - 128) / 64;
    if (kind < 200) return 1;
    if (kind < 216) return (REAL)NAN;
    BITS bits = 0;
    for (size_t i = 0; i < sizeof bits; i++) bits = (BITS)(bits << 8 | (BITS)take(in));
    REAL x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void NAME(fill)(input *in, REAL *x, size_t count)
{
    for (size_t i = 0; i < count; i++) x[i] = NAME(number)(in);
}

/* Numbers of which fewer are refused: the absolute values of small ones. */
static void NAME(fill_variances)(input *in, REAL *x, size_t count)
{
    const int wild = take(in) > 240;
    for (size_t i = 0; i < count; i++) x[i] = wild ? NAME(number)(in) : (REAL)take(in) / 16;
}

static void NAME(make)(NAME(play) * s, input *in)
{
    const size_t n = (size_t)(1 + take(in) % MOST_STATES), p = (size_t)take(in) % (MOST_SENSORS + 1);
    const size_t r = (size_t)take(in) % (n + 1), m = (size_t)take(in) % (MOST_INPUTS + 1);
    const int optional = take(in);
    NAME(fill)(in, s->T, n * n);
    NAME(fill)(in, s->G, n * r);
    NAME(fill_variances)(in, s->q, r);
    NAME(fill)(in, s->Zt, n * p);
    NAME(fill_variances)(in, s->h, p);
    NAME(fill_variances)(in, s->H, p * p);
    for (size_t i = 0; i < p * p; i++) s->H[i] = i % (p + 1) == 0 ? s->H[i] : s->H[i % p * p + i / p];
    NAME(fill)(in, s->B, n * m);
    NAME(fill)(in, s->c, n);
    NAME(fill)(in, s->d, p);
    s->model = (NAME(kf_model)){(uint16_t)n,
                                (uint16_t)p,
                                (uint16_t)r,
                                (uint16_t)m,
                                s->T,
                                s->G,
                                s->q,
                                s->Zt,
                                s->h,
                                optional & 1 ? s->H : NULL,
                                s->B,
                                optional & 2 ? s->c : NULL,
                                optional & 4 ? s->d : NULL};
}

/* What must hold after each call. */
static void NAME(stay_sound)(const NAME(kf) * f)
{
    const size_t n = f->model->n;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(f->x[i]) || !isfinite(f->D[i]) || f->D[i] < 0) abort();
    for (size_t i = 0; i < SSM_KF_TRIANGLE_REALS(n); i++)
        if (!isfinite(f->U[i])) abort();
    if (NAME(kf_check)(f) < 0) abort();
}

/* Whatever the bytes, a state that is taken is sound; what was saved comes back bit for bit. */
static ssm_kf_status NAME(archive)(NAME(play) * s, input *in)
{
    uint8_t bytes[SSM_KF_SAVED_BYTES(MOST_STATES, sizeof(REAL))] = {0};
    REAL before[SSM_KF_STATE_REALS(MOST_STATES)];
    const size_t n = s->model.n, length = SSM_KF_SAVED_BYTES(n, sizeof(REAL));
    const size_t state = SSM_KF_STATE_REALS(n) * sizeof(REAL);
    if (NAME(kf_save)(&s->kf, bytes, (uint32_t)length) != SSM_KF_OK) abort();
    memcpy(before, s->kf.x, state);
    for (int damage = take(in) % 4; damage > 0; damage--)
        bytes[(size_t)take(in) % length] ^= (uint8_t)take(in);
    if (take(in) & 1) seal(bytes, length);
    const ssm_kf_status status =
        NAME(kf_load)(&s->kf, bytes, (uint32_t)(take(in) > 250 ? (size_t)take(in) : length));
    if (status == SSM_KF_OK) NAME(stay_sound)(&s->kf);
    if (NAME(kf_save)(&s->kf, bytes, (uint32_t)length) != SSM_KF_OK) abort();
    if (NAME(kf_load)(&s->kf, bytes, (uint32_t)length) != SSM_KF_OK) abort();
    if (status != SSM_KF_OK && memcmp(before, s->kf.x, state) != 0) abort();
    return status;
}

static ssm_kf_status NAME(look)(NAME(play) * s, input *in)
{
    REAL mean[MOST_SENSORS * 5], variance[MOST_SENSORS * 5], P[MOST_STATES * MOST_STATES];
    REAL memory[NAME(most_reals)], work[SSM_KF_DISCRETISE_REALS(MOST_STATES)];
    switch (take(in) % 4) {
    case 0:
        return NAME(kf_covariance)(&s->kf, P);
    case 1:
        return NAME(kf_expect)(&s->kf, mean, take(in) & 1 ? variance : NULL);
    case 2:
        return NAME(kf_forecast)(&s->kf, 5, mean, variance, memory, (uint32_t)NAME(most_reals));
    default:
        NAME(fill)(in, P, (size_t)s->model.n * s->model.n);
        return NAME(kf_discretise)(s->T, P, NAME(number)(in), s->model.n, s->P, s->P, s->D, work);
    }
}

static ssm_kf_status NAME(start)(NAME(play) * s, input *in)
{
    const size_t n = s->model.n;
    NAME(fill)(in, s->x, n);
    NAME(fill_variances)(in, s->D, n);
    NAME(fill_variances)(in, s->P, n * n);
    switch (take(in) % 3) {
    case 0:
        return NAME(kf_prior)(&s->kf, s->x, s->P);
    case 1:
        return NAME(kf_prior_diagonal)(&s->kf, take(in) & 1 ? s->x : NULL, s->D);
    default:
        return NAME(kf_prior_factors)(&s->kf, s->x, s->P, s->D);
    }
}

static ssm_kf_status NAME(step)(NAME(play) * s, input *in)
{
    NAME(kf_innovation) told[MOST_SENSORS], *out = take(in) & 1 ? told : NULL;
    REAL J[MOST_STATES * MOST_STATES];
    const size_t n = s->model.n, p = s->model.p;
    NAME(fill)(in, s->y, p);
    switch (take(in) % 6) {
    case 0:
        return NAME(kf_update)(&s->kf, s->y, out);
    case 1:
        return NAME(kf_update_sensor)(&s->kf, (uint16_t)take(in), NAME(number)(in), out);
    case 2:
        NAME(fill)(in, s->x, n);
        return NAME(kf_update_row)(&s->kf, s->x, NAME(number)(in), NAME(number)(in), told);
    case 3:
        NAME(fill)(in, J, n * p);
        return NAME(kf_update_ekf)(&s->kf, s->d, J, s->y, out);
    case 4:
        NAME(fill)(in, s->x, n);
        NAME(fill)(in, J, n * n);
        return NAME(kf_predict_ekf)(&s->kf, s->x, J);
    default:
        NAME(fill)(in, s->u, s->model.m);
        return NAME(kf_predict)(&s->kf, take(in) & 1 ? s->u : NULL);
    }
}

static void NAME(run_steady)(const NAME(play) * s, input *in)
{
    NAME(kf_steady) f;
    REAL K[MOST_STATES * MOST_SENSORS], v[MOST_SENSORS], y[MOST_SENSORS], u[MOST_INPUTS];
    REAL memory[SSM_KF_STEADY_REALS(MOST_STATES, MOST_SENSORS)];
    NAME(fill)(in, K, (size_t)s->model.n * s->model.p);
    if (NAME(kf_steady_init)(&f, &s->model, K, take(in) & 1 ? s->x : NULL, memory,
                             sizeof memory / sizeof *memory) != SSM_KF_OK)
        return;
    for (int t = 0; t < 5; t++) {
        NAME(fill)(in, y, s->model.p);
        NAME(fill)(in, u, s->model.m);
        NAME(kf_steady_update)(&f, y, v);
        NAME(kf_steady_predict)(&f, u);
        for (size_t i = 0; i < s->model.n; i++)
            if (!isfinite(f.x[i])) abort();
    }
}

/* The memory is exactly what is asked for, so that a step beyond it is found. */
static void NAME(fuzz)(input *in)
{
    NAME(play) s;
    memset(&s, 0, sizeof s);
    NAME(make)(&s, in);
    const size_t reals = SSM_KF_REALS((size_t)s.model.n, (size_t)s.model.p, (size_t)s.model.r);
    const size_t state = SSM_KF_STATE_REALS((size_t)s.model.n) * sizeof(REAL);
    REAL *memory = malloc(reals * sizeof *memory), *before = malloc(state);
    if (memory == NULL || before == NULL) abort();
    if (NAME(kf_init)(&s.kf, &s.model, memory, (uint32_t)reals - 1) != SSM_KF_E_MEMORY) abort();
    if (NAME(kf_init)(&s.kf, &s.model, memory, (uint32_t)reals) == SSM_KF_OK) {
        s.kf.gate = NAME(number)(in);
        s.kf.patience = (uint32_t)take(in) % 4;
        NAME(kf_operations)(&s.model);
        NAME(run_steady)(&s, in);
        static ssm_kf_status (*const call[])(NAME(play) *, input *) = {NAME(start), NAME(look), NAME(archive),
                                                                       NAME(step),  NAME(step), NAME(step)};
        for (int t = 0; t < 64 && left(in); t++) {
            memcpy(before, s.kf.x, state);
            const ssm_kf_status status = call[take(in) % 6](&s, in);
            if (status < 0 && memcmp(before, s.kf.x, state) != 0) abort();
            NAME(stay_sound)(&s.kf);
        }
    }
    free(memory);
    free(before);
}
