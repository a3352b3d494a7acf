/* The adjoint of scan_rules_body.h, one state at a time. The tile then holds the gradient of x without the
 * skip in gB and that of dt in gAh. Included by selective_adjoint_body.h.
 *
 * Runs the rows again, keeping h_{t-1} in `kept`, then backwards. */
static void backward_state_by_rule(adjoint_tile *v, const adjoint *task, size_t k)
{
    const scan_task *s = task->s;
    tile *w = &v->w;
    const size_t at = k * s->channels + w->e;
    vec h = load_lanes(task->state + at, w->n), A2 = load_lanes(s->A2 + at, w->n),
        g = load_lanes(task->g + at, w->n);
    vec A = v_mul(A2, v_set(LN2)), dA = v_set(0);
    for (size_t t = 0; t < w->rows; t++) {
        const size_t row = (w->row + t) * s->bc_stride + k;
        const rule_step r = step_by_rule(w->dt[t], A2, s->rule);
        v->kept[t].ah[0] = h;
        h = v_fma(r.a, h, v_mul(v_mul(r.w, row_x(w, s, t)), v_set(s->B[row])));
        w->out[t] = v_fma(h, v_set(s->C[row]), w->out[t]);
    }
    for (size_t t = w->rows; t-- > 0;) {
        const size_t row = (w->row + t) * s->bc_stride + k;
        REAL *dB = lane_sums(task->sums, t, k), *dC = dB + DC_LANES;
        const rule_step r = step_by_rule(w->dt[t], A2, s->rule);
        vec x = row_x(w, s, t), b = v_set(s->B[row]), was = v->kept[t].ah[0];
        vec now = v_fma(r.a, was, v_mul(v_mul(r.w, x), b)), G = v_fma(v_set(s->C[row]), v->dout[t], g);
        vec ga = v_mul(v_mul(G, was), r.slope), gw = v_mul(v_mul(G, b), x);
        v_store(dB, v_fma(v_mul(G, r.w), x, v_load(dB)));
        v_store(dC, v_fma(v->dout[t], now, v_load(dC)));
        v->gB[t] = v_fma(v_mul(G, b), r.w, v->gB[t]);
        v->gAh[t] = v_fma(ga, A, v_fma(gw, r.slope, v->gAh[t]));
        dA = v_fma(ga, w->dt[t], v_fma(gw, r.w_A, dA));
        g = v_mul(r.a, G);
    }
    store_lanes(task->g + at, g, w->n);
    add_lanes(task->grad->dA + at, dA, w->n);
}
