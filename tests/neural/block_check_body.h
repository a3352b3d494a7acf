/* The Mamba block against reference vectors, for one element type. */

/* Copies the tensors of the table that the file has into a flat array; `prefix` "d" gives the gradients. */
static REAL *NAME(flat_of)(const golden *g, const ssmi_parameters *table)
{
    REAL *flat = calloc(table->size, sizeof *flat);
    for (size_t i = 0; i < table->n; i++) {
        const ssmi_parameter *p = &table->entry[i];
        const golden_tensor *t = golden_find(g, p->name);
        assert_non_null(t);
        assert_int_equal(t->size, p->size);
        for (size_t k = 0; k < t->size; k++) flat[p->offset + k] = (REAL)t->value[k];
    }
    return flat;
}

static REAL *NAME(values_of)(const golden *g, const char *name)
{
    const golden_tensor *t = golden_find(g, name);
    REAL *out = calloc(t->size, sizeof *out);
    for (size_t k = 0; k < t->size; k++) out[k] = (REAL)t->value[k];
    return out;
}

static double NAME(distance)(const golden *g, const char *name, const REAL *got)
{
    const golden_tensor *t = golden_find(g, name);
    assert_non_null(t);
    double *wide = calloc(t->size, sizeof *wide);
    for (size_t k = 0; k < t->size; k++) wide[k] = (double)got[k];
    double error = golden_error(wide, t);
    free(wide);
    return error;
}

static void NAME(check_block)(const golden *g, const NAME(ssmi_kernels) * kernels, double tolerance)
{
    ssmi_parameters table = {0};
    const ssmi_mamba m = block_of(g, &table);
    const size_t *d = golden_find(g, "x")->dim, n = d[0] * d[1] * d[2];
    REAL *params = NAME(flat_of)(g, &table), *x = NAME(values_of)(g, "x"), *dy = NAME(values_of)(g, "dy");
    REAL *y = calloc(n, sizeof *y), *dx = calloc(n, sizeof *dx),
         *dparams = calloc(table.size, sizeof *dparams);
    REAL *record = calloc(NAME(ssmi_mamba_record)(&m, d[0], d[1]), sizeof *record);
    REAL *scratch = calloc(NAME(ssmi_mamba_scratch)(&m, d[0], d[1]), sizeof *scratch);
    NAME(ssmi_mamba_forward)(y, record, NULL, NULL, x, NULL, params, &m, d[0], d[1], kernels);
    NAME(ssmi_mamba_backward)(dx, dparams, scratch, dy, record, x, NULL, params, &m, d[0], d[1], kernels);
    assert_true(NAME(distance)(g, "y", y) <= tolerance);
    assert_true(NAME(distance)(g, "dx", dx) <= tolerance);
    for (size_t i = 0; i < table.n; i++) {
        char name[64];
        snprintf(name, sizeof name, "d%s", table.entry[i].name);
        double error = NAME(distance)(g, name, dparams + table.entry[i].offset);
        /* The reference module keeps A_log, and so its gradient, in single precision: half a unit in the last
         * place. */
        if (strcmp(name, "dA_log") == 0) error -= 0x1p-24;
        if (!(error <= tolerance)) print_error("%s: error %g\n", name, error);
        assert_true(error <= tolerance);
    }
    REAL *all[] = {params, x, dy, y, dx, dparams, record, scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* One row at a time: the same outputs, and at the end the reference's states. The reference keeps `taps` rows
 * of the convolution's input where taps-1 are enough; the newest ones are compared. */
static void NAME(check_steps)(const golden *g, const NAME(ssmi_kernels) * kernels, double tolerance)
{
    ssmi_parameters table = {0};
    const ssmi_mamba m = block_of(g, &table);
    const size_t *d = golden_find(g, "x")->dim, E = m.channels, N = m.states, W = m.taps;
    REAL *params = NAME(flat_of)(g, &table), *x = NAME(values_of)(g, "x");
    REAL *y = calloc(d[0] * d[1] * d[2], sizeof *y),
         *record = calloc(NAME(ssmi_mamba_record)(&m, 1, 1), sizeof *record);
    REAL *window = calloc(d[0] * W * E, sizeof *window), *state = calloc(d[0] * N * E, sizeof *state);
    REAL *turned = calloc(d[0] * (W + N) * E, sizeof *turned);
    for (size_t i = 0; i < d[0] * d[1]; i++) {
        const size_t b = i / d[1];
        NAME(ssmi_mamba_forward)
        (y + i * d[2], record, window + b * (W - 1) * E, state + b * N * E, x + i * d[2], NULL, params, &m, 1,
         1, kernels);
    }
    assert_true(NAME(distance)(g, "y", y) <= tolerance);
    for (size_t i = 0; i < d[0] * E * N; i++) turned[i] = state[(i / (E * N) * N + i % N) * E + i / N % E];
    assert_true(NAME(distance)(g, "ssm_state", turned) <= tolerance);
    const golden_tensor *conv = golden_find(g, "conv_state");
    for (size_t i = 0; i < d[0] * E * W; i++) {
        const size_t b = i / (E * W), e = i / W % E, k = i % W;
        if (k == 0) continue;
        double got = (double)window[(b * (W - 1) + k - 1) * E + e];
        assert_true(fabs(got - conv->value[i]) <= tolerance * 10);
    }
    REAL *all[] = {params, x, y, record, window, state, turned};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}
