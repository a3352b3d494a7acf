/* The scan against reference vectors and against brute force, for one element type (REAL, NAME, KERNEL_SET).
 */

/* Everything one run of the scan reads and writes, with the layout of the kernels. */
typedef struct NAME(run) {
    NAME(ssmi_scan) scan;
    NAME(ssmi_scan_grad) grad;
    REAL *y, *dy, *state, *checkpoints, *scratch;
} NAME(run);

static REAL *NAME(zeros)(size_t n)
{
    return calloc(n + 1, sizeof(REAL));
}

/* (a, b, c) -> (a, c, b), narrowed to REAL; NULL stays NULL. */
static REAL *NAME(turned)(const golden_tensor *t, size_t a, size_t b, size_t c)
{
    if (t == NULL) return NULL;
    REAL *out = NAME(zeros)(a * b * c);
    for (size_t i = 0; i < a; i++) {
        for (size_t j = 0; j < b; j++) {
            for (size_t k = 0; k < c; k++) out[(i * c + k) * b + j] = (REAL)t->value[(i * b + j) * c + k];
        }
    }
    return out;
}

static NAME(run) NAME(open_run)(const golden *g)
{
    const golden_tensor *u = golden_find(g, "u"), *A = golden_find(g, "A");
    const size_t b = u->dim[0], e = u->dim[1], l = u->dim[2], n = A->dim[1];
    NAME(run) r = {.scan = {.batch = b, .length = l, .channels = e, .states = n}};
    NAME(ssmi_scan) *s = &r.scan;
    REAL *A2 = NAME(turned)(A, 1, e, n);
    for (size_t i = 0; i < e * n; i++) A2[i] = (REAL)((double)A2[i] * 1.4426950408889634);
    s->x = NAME(turned)(u, b, e, l);
    s->delta = NAME(turned)(golden_find(g, "delta"), b, e, l);
    s->z = NAME(turned)(golden_find(g, "z"), b, e, l);
    s->B = NAME(turned)(golden_find(g, "B"), b, n, l);
    s->C = NAME(turned)(golden_find(g, "C"), b, n, l);
    s->D = NAME(turned)(golden_find(g, "D"), 1, 1, e);
    s->delta_bias = NAME(turned)(golden_find(g, "delta_bias"), 1, 1, e);
    s->A2 = A2;
    s->softplus = s->delta_bias != NULL;
    s->rule = SSMI_EULER_B;
    s->x_stride = s->delta_stride = s->z_stride = e;
    s->bc_stride = n;
    r.dy = NAME(turned)(golden_find(g, "dy"), b, e, l);
    r.y = NAME(zeros)(b * l * e);
    r.state = NAME(zeros)(b * n * e);
    r.checkpoints = NAME(zeros)(b * ssmi_scan_tiles(l) * n * e);
    r.scratch = NAME(zeros)(ssmi_scan_scratch(e, n));
    r.grad = (NAME(ssmi_scan_grad)){NAME(zeros)(b * l * e), NAME(zeros)(b * l * e), NAME(zeros)(b * l * e),
                                    NAME(zeros)(b * l * n), NAME(zeros)(b * l * n), NAME(zeros)(e * n),
                                    NAME(zeros)(e),         NAME(zeros)(e)};
    return r;
}

static void NAME(close_run)(NAME(run) * r)
{
    const void *inputs[] = {r->scan.x, r->scan.delta, r->scan.z,          r->scan.B,
                            r->scan.C, r->scan.D,     r->scan.delta_bias, r->scan.A2};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) free((void *)(uintptr_t)inputs[i]);
    REAL *outputs[] = {r->grad.dx, r->grad.ddelta, r->grad.dz,          r->grad.dB, r->grad.dC,
                       r->grad.dA, r->grad.dD,     r->grad.ddelta_bias, r->y,       r->dy,
                       r->state,   r->checkpoints, r->scratch};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) free(outputs[i]);
}

/* Error of a kernel array (a, c, b) against a reference tensor (a, b, c); 0 where there is no such tensor. */
static double NAME(error_of)(const golden *g, const char *name, const REAL *got, size_t a, size_t b, size_t c)
{
    const golden_tensor *t = golden_find(g, name);
    if (t == NULL) return 0;
    double *back = calloc(t->size, sizeof *back);
    for (size_t i = 0; i < a; i++) {
        for (size_t j = 0; j < b; j++) {
            for (size_t k = 0; k < c; k++) back[(i * b + j) * c + k] = (double)got[(i * c + k) * b + j];
        }
    }
    double error = golden_error(back, t);
    free(back);
    return error;
}

static void NAME(check_golden)(const golden *g, const NAME(ssmi_kernels) * kernels, double tolerance)
{
    NAME(run) r = NAME(open_run)(g);
    const NAME(ssmi_scan) *s = &r.scan;
    const size_t b = s->batch, e = s->channels, l = s->length, n = s->states;
    kernels->scan_forward(r.y, r.state, r.checkpoints, s);
    kernels->scan_backward(&r.grad, r.dy, r.checkpoints, r.scratch, s);
    const struct {
        const char *name;
        const REAL *got;
        size_t dim[3];
    } checks[] = {
        {"y", r.y, {b, e, l}},        {"last_state", r.state, {b, e, n}},
        {"du", r.grad.dx, {b, e, l}}, {"ddelta", r.grad.ddelta, {b, e, l}},
        {"dz", r.grad.dz, {b, e, l}}, {"dA", r.grad.dA, {1, e, n}},
        {"dB", r.grad.dB, {b, n, l}}, {"dC", r.grad.dC, {b, n, l}},
        {"dD", r.grad.dD, {1, 1, e}}, {"ddelta_bias", r.grad.ddelta_bias, {1, 1, e}},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const size_t *d = checks[i].dim;
        double error = NAME(error_of)(g, checks[i].name, checks[i].got, d[0], d[1], d[2]);
        if (!(error <= tolerance)) print_error("%s: error %g\n", checks[i].name, error);
        assert_true(error <= tolerance);
    }
    NAME(close_run)(&r);
}
