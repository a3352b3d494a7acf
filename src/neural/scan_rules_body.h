/* The scan with the exact zero-order hold and the bilinear rule (core/discretise.h), one state at a time;
 * with u = dt A <= 0, phi(u) = (exp(u) - 1)/u and m = 1/(1 - u/2):
 *
 *     h_t = a h_{t-1} + w B_t x_t
 *     zero-order hold   a = exp(u)     w = dt phi(u)   a' = a u'     w_dt = a      w_A = dt^2 phi'(u)
 *     bilinear          a = 2m - 1     w = dt m        a' = m^2 u'   w_dt = m^2    w_A = dt^2 m^2/2
 *
 * Included by selective_scan_body.h; their adjoint: scan_rules_adjoint_body.h. */
typedef struct rule_step {
    vec a, w, slope, w_A; /* slope: a' = slope u', and also w_dt */
} rule_step;

/* Terms of the series of phi and phi' that reach rounding at |u| = 1/2. */
#if defined(REAL_IS_DOUBLE)
enum { PHI_TERMS = 15 };
#else
enum { PHI_TERMS = 8 };
#endif

/* phi and phi' where they cancel: sum u^k/(k+1)! and sum k u^{k-1}/(k+1)!. */
static inline void phi_series(vec *phi, vec *slope, vec u)
{
    vec p = v_set(0), d = v_set(0);
    for (int k = PHI_TERMS; k >= 1; k--) { /* nested: p = (1 + u p)/k, and d its derivative */
        d = v_fma(d, u, p);
        p = v_fma(p, u, v_set(1));
        p = v_mul(p, v_set((REAL)1 / (REAL)k));
        d = v_mul(d, v_set((REAL)1 / (REAL)k));
    }
    *phi = p;
    *slope = d;
}

static inline rule_step hold_step(vec dt, vec A2)
{
    rule_step r;
    vec u = v_mul(v_mul(dt, A2), v_set(LN2)), near, near_slope, one = v_set(1);
    v_exp2_products(&r.a, dt, &A2, 1, 1);
    phi_series(&near, &near_slope, u);
    vec far = v_div(v_sub(r.a, one), u);
    vec far_slope = v_div(v_fma(r.a, v_sub(u, one), one), v_mul(u, u));
    vec phi = v_select_above(v_set((REAL)-0.5), u, far, near);
    vec slope = v_select_above(v_set((REAL)-0.5), u, far_slope, near_slope);
    r.w = v_mul(dt, phi);
    r.slope = r.a;
    r.w_A = v_mul(v_mul(dt, dt), slope);
    return r;
}

static inline rule_step bilinear_step(vec dt, vec A2)
{
    vec half = v_mul(v_mul(dt, A2), v_set(LN2 / 2)), one = v_set(1), m = v_div(one, v_sub(one, half));
    vec square = v_mul(m, m);
    return (rule_step){v_sub(v_add(m, m), one), v_mul(dt, m), square,
                       v_mul(v_mul(v_mul(dt, dt), square), v_set((REAL)0.5))};
}

static inline rule_step step_by_rule(vec dt, vec A2, ssmi_rule rule)
{
    return rule == SSMI_BILINEAR ? bilinear_step(dt, A2) : hold_step(dt, A2);
}

static inline vec row_x(const tile *w, const scan_task *s, size_t t)
{
    return load_lanes(s->x + (w->row + t) * s->x_stride + w->e, w->n);
}

static void forward_state_by_rule(tile *w, REAL *state, const scan_task *s, size_t k)
{
    const size_t at = k * s->channels + w->e;
    vec h = load_lanes(state + at, w->n), A2 = load_lanes(s->A2 + at, w->n);
    for (size_t t = 0; t < w->rows; t++) {
        const size_t row = (w->row + t) * s->bc_stride + k;
        const rule_step r = step_by_rule(w->dt[t], A2, s->rule);
        h = v_fma(r.a, h, v_mul(v_mul(r.w, row_x(w, s, t)), v_set(s->B[row])));
        w->out[t] = v_fma(h, v_set(s->C[row]), w->out[t]);
    }
    store_lanes(state + at, h, w->n);
}
