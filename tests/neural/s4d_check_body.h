/* One S4D layer with all its data, for one element type (REAL, NAME). */
typedef struct NAME(layer) {
    NAME(ssmi_s4d) s;
    NAME(ssmi_s4d_grad) grad;
    REAL *y, *dy, *state, *checkpoints, *record, *scratch;
} NAME(layer);

static REAL *NAME(numbers)(size_t n, double low, double high, uint32_t seed)
{
    REAL *out = calloc(n, sizeof *out);
    for (size_t i = 0; i < n; i++) out[i] = (REAL)next_number(&seed, low, high);
    return out;
}

static NAME(layer) NAME(open_layer)(const shape *p)
{
    const size_t plane = p->batch * p->length * p->channels, n = p->pairs * p->channels, E = p->channels;
    NAME(layer) l = {.s = {p->batch, p->length, E, p->pairs, .x_stride = E, .rule = p->rule}};
    REAL *lambda = NAME(numbers)(2 * n, -3, -1, 5), *step = NULL;
    for (size_t i = 0; i < n; i++) lambda[n + i] *= -1.5;
    if (p->uneven) step = NAME(numbers)(p->batch * p->length, 0, 3, 6);
    for (size_t i = 0; p->uneven && i < p->batch * p->length; i++) step[i] = step[i] < 1 ? 0 : step[i];
    l.s.x = NAME(numbers)(plane, -1, 1, 1);
    l.s.lambda = lambda;
    l.s.C = NAME(numbers)(2 * n, -1, 1, 2);
    l.s.dt = NAME(numbers)(E, 0.1, 0.5, 3);
    l.s.D = NAME(numbers)(E, -1, 1, 4);
    l.s.step = step;
    l.dy = NAME(numbers)(plane, -1, 1, 7);
    l.y = calloc(plane, sizeof(REAL));
    l.state = calloc(p->batch * 2 * n, sizeof(REAL));
    l.checkpoints = calloc(p->batch * ssmi_s4d_tiles(p->length) * 2 * n, sizeof(REAL));
    l.record = calloc(NAME(ssmi_s4d_record)(p->length, E, p->pairs), sizeof(REAL));
    l.scratch = calloc(NAME(ssmi_s4d_scratch)(p->length, E, p->pairs), sizeof(REAL));
    l.grad =
        (NAME(ssmi_s4d_grad)){calloc(plane, sizeof(REAL)), calloc(2 * n, sizeof(REAL)),
                              calloc(2 * n, sizeof(REAL)), calloc(E, sizeof(REAL)), calloc(E, sizeof(REAL))};
    return l;
}

static void NAME(close_layer)(NAME(layer) * l)
{
    const void *all[] = {l->s.x,     l->s.lambda,    l->s.C,   l->s.dt,   l->s.D,          l->s.step,
                         l->grad.dx, l->grad.dC,     l->y,     l->dy,     l->grad.dlambda, l->grad.ddt,
                         l->grad.dD, l->checkpoints, l->state, l->record, l->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free((void *)(uintptr_t)all[i]);
}

static void NAME(forward)(NAME(layer) * l, const ssmi_kernels *kernels)
{
    memset(l->state, 0, l->s.batch * 2 * l->s.pairs * l->s.channels * sizeof *l->state);
    NAME(ssmi_s4d_forward)(l->y, l->state, l->checkpoints, l->scratch, &l->s, kernels);
}
