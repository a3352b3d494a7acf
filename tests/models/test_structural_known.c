/* Structural models against published log-likelihoods and maxima.
 *
 * Values: Durbin & Koopman (2012) by way of KFAS 1.5 (Nile, AirPassengers, Seatbelts), and the table of
 * unemployment models that statsmodels keeps of KFAS (tests/results/results_structural.py). KFAS leaves out
 * the constant of each diffuse observation. */
#include "kalman/cases.h"
#include "models/structural_parts.h"

typedef struct fixture {
    ssm_context *ctx;
    ssm_arena tmp;
    double y[256], x[256];
    size_t length;
    ssmi_structural s;
    ssmi_structural_data data;
} fixture;

static void open_fixture(fixture *f)
{
    memset(f, 0, sizeof *f);
    f->ctx = open_context();
    ssmi_arena_init(&f->tmp, f->ctx);
}

static void close_fixture(fixture *f)
{
    ssmi_arena_clear(&f->tmp);
    ssm_context_free(f->ctx);
}

/* Column `name` of a CSV in the classical folder; 0 rows when there is no such folder. */
static size_t read_classical(const char *file, const char *name, double *out)
{
    char path[512], line[1024];
    const char *root = getenv("SSMCAST_DATA");
    if (root == NULL) return 0;
    snprintf(path, sizeof path, "%s/classical/%s", root, file);
    FILE *in = fopen(path, "r");
    if (in == NULL || fgets(line, sizeof line, in) == NULL) return 0;
    size_t column = 0, n = 0;
    for (char *cell = strtok(line, ",\r\n"); cell != NULL && strcmp(cell, name) != 0;
         cell = strtok(NULL, ",\r\n"))
        column++;
    while (n < 256 && fgets(line, sizeof line, in) != NULL) {
        char *cell = strtok(line, ",\r\n");
        for (size_t k = 0; k < column && cell != NULL; k++) cell = strtok(NULL, ",\r\n");
        out[n++] = cell != NULL ? strtod(cell, NULL) : NAN;
    }
    fclose(in);
    return n;
}

static ssmi_part *add(fixture *f, ssmi_part_kind kind, size_t form, size_t count, size_t period)
{
    ssmi_part *part = ssmi_structural_add(&f->s, kind);
    part->form = form;
    part->count = count;
    part->period = period;
    return part;
}

static void add_harmonics(fixture *f, size_t period)
{
    add(f, SSMI_HARMONICS, 0, period / 2, period);
    for (size_t j = 1; j <= period / 2; j++)
        f->s.line[f->s.n_lines++] = (ssmi_line){.multiple = j, .period = period};
}

/* Log-likelihood at these parameters, in the convention of KFAS. */
static double kfas(fixture *f, const double *parameter)
{
    ssmi_structural_matrices m;
    ssmi_kalman_filter filter;
    ssm_kalman_summary summary;
    const ssm_kalman_options options = {.convention = SSM_LOGLIK_KFAS};
    ssmi_structural_lay_out(&f->s);
    memcpy(f->s.parameter, parameter, f->s.n_parameters * sizeof *parameter);
    assert_int_equal(ssmi_structural_build(&m, &f->s, &f->data.rows, &f->tmp), SSM_OK);
    assert_int_equal(ssmi_structural_filter(&filter, &m, &f->tmp), SSM_OK);
    assert_int_equal(ssmi_kalman_filter_run(&filter, f->y, f->length, &options, NULL, &summary), SSM_OK);
    assert_int_equal(summary.n_diffuse_left, 0);
    return summary.loglik;
}

/* Fits y / unit and returns the log-likelihood of y in the convention of KFAS. */
static double fit(fixture *f, double unit)
{
    ssmi_structural_fit out;
    double y[256];
    size_t n_diffuse = 0;
    ssmi_structural_matrices m;
    for (size_t t = 0; t < f->length; t++) y[t] = f->y[t] / unit;
    f->data.y = y;
    f->data.length = f->length;
    ssmi_structural_lay_out(&f->s);
    ssmi_structural_start(&f->s, 0);
    assert_int_equal(ssmi_structural_estimate(&f->s, &f->data, 0, SSMI_STARTS, 1e-9, &out, &f->tmp), SSM_OK);
    assert_int_equal(ssmi_structural_build(&m, &f->s, &f->data.rows, &f->tmp), SSM_OK);
    for (size_t k = 0; k < f->s.n_states; k++) n_diffuse += m.P1inf[k * (f->s.n_states + 1)] > 0.0;
    for (size_t i = 0; i < f->s.n_parameters; i++) f->s.parameter[i] *= unit * unit;
    return out.loglik + (double)n_diffuse * 0.91893853320467274 - (double)(f->length - n_diffuse) * log(unit);
}

static void passengers_with_given_variances(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    f.length = read_log_passengers(f.y);
    add(&f, SSMI_TREND, SSMI_SLOPE_ON, 0, 0);
    add(&f, SSMI_DUMMIES, 0, 12, 12);
    assert_close(kfas(&f, (double[]){1e-4, 7e-4, 1e-7, 6e-5}), 229.08310606, 1e-10);
    f.s = (ssmi_structural){0};
    add(&f, SSMI_TREND, SSMI_SLOPE_ON, 0, 0);
    add_harmonics(&f, 12);
    assert_close(kfas(&f, (double[]){1e-4, 7e-4, 1e-7, 6e-6}), 222.485331832, 1e-11);
    close_fixture(&f);
}

static void passengers_at_the_maximum(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    f.length = read_log_passengers(f.y);
    add(&f, SSMI_TREND, SSMI_SLOPE_ON, 0, 0);
    add(&f, SSMI_DUMMIES, 0, 12, 12);
    const double loglik = fit(&f, 0.44);
    /* KFAS stops at 229.3652, statsmodels at 229.3665 */
    if (!(loglik > 229.3652 - 2e-3 && loglik < 229.3665 + 2e-3)) fail_msg("log-likelihood %.6f", loglik);
    assert_close(f.s.parameter[0], 1.295e-4, 0.05);
    assert_close(f.s.parameter[1], 6.995e-4, 0.02);
    assert_close(f.s.parameter[3], 6.413e-5, 0.02);
    close_fixture(&f);
}

/* The dam of Aswan: the only shift that the Nile has. */
static void nile_with_a_level_shift(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    f.length = read_nile(f.y);
    add(&f, SSMI_TREND, 0, 0, 0);
    add(&f, SSMI_INTERVENTIONS, 0, 1, 0);
    f.s.n_interventions = 1;
    f.s.intervention[0] = (ssmi_intervention){.kind = SSMI_LEVEL_SHIFT, .row = 1899 - 1871};
    assert_close(kfas(&f, (double[]){16292.10, 0.574}), -618.111562, 1e-8);
    const double loglik = fit(&f, 169.0);
    if (!(loglik >= -618.111562 - 1e-4)) fail_msg("log-likelihood %.6f", loglik);
    /* where KFAS stops the likelihood is flat: the level's variance has its maximum at 0 */
    assert_close(f.s.parameter[0], 16292.10, 1e-3);
    assert_true(f.s.parameter[1] < 0.574);
    f.s.parameter[0] = 16292.10 / (169.0 * 169.0), f.s.parameter[1] = 0.574 / (169.0 * 169.0);
    f.s.held[0] = f.s.held[1] = 1;
    ssmi_structural_fit held;
    double y[256];
    for (size_t t = 0; t < f.length; t++) y[t] = f.y[t] / 169.0;
    f.data.y = y;
    assert_int_equal(ssmi_structural_estimate(&f.s, &f.data, 0, 1, 1e-9, &held, &f.tmp), SSM_OK);
    assert_close(f.s.coefficient[SSMI_STRUCTURAL_COLUMNS] * 169.0, -248.228327, 1e-6); /* 0.574 is rounded */
    close_fixture(&f);
}

static void seatbelts_at_the_maximum(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    f.length = read_classical("Seatbelts.csv", "drivers", f.y);
    if (f.length == 0) {
        print_message("skipped: SSMCAST_DATA does not name a folder with classical/Seatbelts.csv\n");
    } else {
        for (size_t t = 0; t < f.length; t++) f.y[t] = log(f.y[t]);
        add(&f, SSMI_TREND, 0, 0, 0);
        add_harmonics(&f, 12);
        const double loglik = fit(&f, 0.17);
        assert_close(loglik, 179.886014, 1e-6);
        assert_close(f.s.parameter[0], 3.41596e-3, 1e-3);
        assert_close(f.s.parameter[1], 9.35879e-4, 1e-3);
        assert_close(f.s.parameter[2], 5.00976e-7, 1e-2); /* the flattest of the three */
    }
    close_fixture(&f);
}

/* One line of the table of unemployment models. */
static void check(fixture *f, const char *what, const double *parameter, double expected, double tolerance)
{
    const double found = kfas(f, parameter);
    if (!(fabs(found - expected) <= tolerance * fabs(expected)))
        fail_msg("%s: log-likelihood %.10g, expected %.10g", what, found, expected);
    f->s = (ssmi_structural){0};
}

static void unemployment_models(void **state)
{
    (void)state;
    fixture f;
    const double turn = 6.283185307179586477;
    open_fixture(&f);
    f.length = read_classical("macrodata_quarterly.csv", "unemp", f.y);
    if (f.length == 0) {
        print_message(
            "skipped: SSMCAST_DATA does not name a folder with classical/macrodata_quarterly.csv\n");
        close_fixture(&f);
        return;
    }
    assert_int_equal(read_classical("macrodata_quarterly.csv", "realgdp", f.x), f.length);
    for (size_t t = 0; t < f.length; t++) f.x[t] = log(f.x[t]);
    f.data.rows = (ssmi_structural_rows){.x = f.x, .n_x = 1};

    add(&f, SSMI_TREND, 0, 0, 0);
    check(&f, "llevel", (double[]){4.256647886e-06, 1.182078808e-01}, -70.97242557, 1e-7);
    add(&f, SSMI_TREND, 0, 0, 0);
    check(&f, "rwalk", (double[]){0, 0.1182174646}, -70.96771641, 1e-7);
    add(&f, SSMI_TREND, SSMI_SLOPE_ON, 0, 0);
    check(&f, "lltrend", (double[]){1.339852549e-06, 1.008704925e-02, 6.091760810e-02}, -31.15640107, 1e-7);
    add(&f, SSMI_TREND, SSMI_SLOPE_ON, 0, 0);
    check(&f, "strend", (double[]){0.0008824099119, 0, 0.0753064234342}, -31.92261408, 1e-7);
    add(&f, SSMI_TREND, SSMI_SLOPE_ON, 0, 0);
    check(&f, "dtrend", (double[]){2.134137554, 0, 0}, -370.7758666, 1e-7);
    add(&f, SSMI_DUMMIES, 0, 4, 4);
    check(&f, "seasonal", (double[]){38.17043009, 0.1}, -655.3337155, 1e-7);
    add_harmonics(&f, 5);
    check(&f, "freq_seasonal", (double[]){38.95352534, 0.05}, -657.6629457, 1e-7);
    add(&f, SSMI_REGRESSION, 0, 1, 0);
    f.s.n_columns = 1, f.s.spread[0] = 1.0;
    check(&f, "reg", (double[]){2.215438082}, -371.7966543, 1e-7);
    add(&f, SSMI_TREND, SSMI_SLOPE_ON, 0, 0);
    add(&f, SSMI_AUTOREGRESSION, 0, 1, 0);
    check(&f, "rtrend_ar1", (double[]){0, 0, 0.0609, 0.0097, 0.9592}, -31.15629379, 1e-6);
    add(&f, SSMI_CYCLE, 1, 0, 0);
    check(&f, "cycle", (double[]){37.57197079, 0.1, turn / 10}, -656.6568684, 1e-7);
    add(&f, SSMI_TREND, SSMI_SLOPE_ON, 0, 0);
    add(&f, SSMI_CYCLE, 1, 0, 0);
    add(&f, SSMI_AUTOREGRESSION, 0, 1, 0);
    add(&f, SSMI_DUMMIES, 0, 4, 4);
    add(&f, SSMI_REGRESSION, 0, 1, 0);
    f.s.n_columns = 1, f.s.spread[0] = 1.0;
    check(&f, "lltrend_cycle_seasonal_reg_ar1",
          (double[]){0.0001, 0.01, 0.06, 0.0001, turn / 10, 0.1, 0.2, 0.0001}, -105.8936568, 1e-7);
    close_fixture(&f);
}

/* An autoregression by its partial autocorrelations: Monahan's map, and the stationary start. */
static void partial_autocorrelations_make_a_stationary_autoregression(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    add(&f, SSMI_AUTOREGRESSION, 0, 3, 0);
    ssmi_structural_lay_out(&f.s);
    memcpy(f.s.parameter, (double[]){0, 1.5, 0.5, -0.3, 0.2}, 5 * sizeof(double));
    ssmi_structural_matrices m;
    assert_int_equal(ssmi_structural_build(&m, &f.s, &f.data.rows, &f.tmp), SSM_OK);
    /* order 2: (0.5 + 0.3 * 0.5, -0.3); order 3: (0.65 + 0.2 * 0.3, -0.3 - 0.2 * 0.65, 0.2) */
    const double phi[3] = {0.71, -0.43, 0.2};
    for (size_t j = 0; j < 3; j++) assert_close(m.T[3 * j], phi[j], 1e-14);
    double mean[3], P[9];
    assert_int_equal(ssm_statespace_stationary(f.ctx, &m.model, mean, P), SSM_OK);
    for (size_t k = 0; k < 9; k++) assert_close(m.P1[k], P[k], 1e-12);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passengers_with_given_variances),
        cmocka_unit_test(passengers_at_the_maximum),
        cmocka_unit_test(nile_with_a_level_shift),
        cmocka_unit_test(seatbelts_at_the_maximum),
        cmocka_unit_test(unemployment_models),
        cmocka_unit_test(partial_autocorrelations_make_a_stationary_autoregression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
