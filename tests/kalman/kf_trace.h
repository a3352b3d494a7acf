/* Runs the filter for control code over systems of many sizes and reports a digest of each state, bit for
 * bit. The same file is compiled against the library, the amalgamation, and for microcontrollers; so it uses
 * nothing but integers to make its systems. The includer defines REAL, NAME(stem), and
 *
 *     static void report(unsigned n, unsigned p, unsigned r, uint32_t digest); */

enum { TRACE_STATES = 13, TRACE_SENSORS = 4, TRACE_STEPS = 60 };

static uint32_t trace_seed;

/* A multiple of 1/64 in [-1, 1): the same number in every precision (xorshift32, Marsaglia 2003). */
static REAL trace_draw(void)
{
    trace_seed ^= trace_seed << 13;
    trace_seed ^= trace_seed >> 17;
    trace_seed ^= trace_seed << 5;
    return (REAL)((int)(trace_seed >> 16 & 127u) - 64) / (REAL)64;
}

static void trace_fill(REAL *x, size_t count, REAL factor, REAL least)
{
    for (size_t i = 0; i < count; i++) {
        const REAL u = trace_draw() * factor;
        x[i] = least > 0 ? least + (u < 0 ? -u : u) : u;
    }
}

/* FNV-1a (Fowler, Noll & Vo), of the numbers' bytes from the lowest on. */
static uint32_t trace_digest(const REAL *x, size_t count)
{
    uint32_t digest = 2166136261u;
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[sizeof(REAL)];
        memcpy(bytes, x + i, sizeof bytes); /* all machines that this runs on are little-endian */
        for (size_t k = 0; k < sizeof bytes; k++) digest = (digest ^ bytes[k]) * 16777619u;
    }
    return digest;
}

static REAL trace_T[TRACE_STATES * TRACE_STATES], trace_G[TRACE_STATES * TRACE_STATES], trace_q[TRACE_STATES];
static REAL trace_Zt[TRACE_STATES * TRACE_SENSORS], trace_h[TRACE_SENSORS], trace_P[TRACE_STATES];
static REAL trace_memory[SSM_KF_REALS(TRACE_STATES, TRACE_SENSORS, TRACE_STATES)];

/* 0: the filter did what it should. */
static int trace_system(uint16_t n, uint16_t p, uint16_t r)
{
    NAME(kf) kf;
    const NAME(kf_model) model = {
        .n = n, .p = p, .r = r, .T = trace_T, .G = trace_G, .q = trace_q, .Zt = trace_Zt, .h = trace_h};
    int bad = 0;
    trace_seed = 1u + n + 64u * p + 4096u * r;
    trace_fill(trace_T, (size_t)n * n, (REAL)2 / (REAL)(n + 1), 0);
    trace_fill(trace_G, (size_t)n * r, 1, 0);
    trace_fill(trace_q, r, 1, (REAL)0.125);
    trace_fill(trace_Zt, (size_t)n * p, 1, 0);
    trace_fill(trace_h, p, 1, (REAL)0.125);
    for (size_t i = 0; i < n; i++) trace_P[i] = 1000;
    bad |= NAME(kf_init)(&kf, &model, trace_memory, (uint32_t)SSM_KF_REALS(n, p, r)) != SSM_KF_OK;
    bad |= NAME(kf_prior_diagonal)(&kf, NULL, trace_P) != SSM_KF_OK;
    for (int t = 0; t < TRACE_STEPS; t++) {
        REAL y[TRACE_SENSORS];
        trace_fill(y, p, 4, 0);
        bad |= NAME(kf_update)(&kf, y, NULL) < SSM_KF_OK;
        bad |= NAME(kf_predict)(&kf, NULL) != SSM_KF_OK;
    }
    report(n, p, r, trace_digest(kf.x, SSM_KF_STATE_REALS((size_t)n)));
    return bad || NAME(kf_check)(&kf) != SSM_KF_OK;
}

/* All systems, or with sizes fixed at compile time the one that they allow. */
static int trace_all(void)
{
    static const uint16_t size[][3] = {{1, 1, 1}, {2, 1, 1}, {2, 2, 2}, {3, 1, 2}, {4, 2, 4},
                                       {4, 4, 1}, {6, 2, 3}, {8, 4, 8}, {13, 1, 3}};
    int bad = 0;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
#ifdef SSM_KF_STATES
        if (size[i][0] != SSM_KF_STATES || size[i][1] != SSM_KF_SENSORS || size[i][2] != SSM_KF_SHOCKS)
            continue;
#endif
        bad |= trace_system(size[i][0], size[i][1], size[i][2]);
    }
    return bad;
}
