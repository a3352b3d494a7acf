/* The structural forecaster through the front door: options of its parts, decomposition, regressors,
 * interventions, model files. */
#include "models/fixture.h"

enum { PARTS = 32, MONTHS = 144, AHEAD = 24 };

typedef struct option {
    const char *name, *value;
} option;

typedef struct session {
    ssm_context *ctx;
    ssm_forecaster *f;
    ssm_status status;
} session;

/* A fitted and conditioned forecaster; `status` is the first failure. */
static session start(const ssm_series *series, const option *options)
{
    session s = {0};
    ssm_fit_task task = {.panel = series, .n_series = 1, .horizon = AHEAD};
    assert_int_equal(ssm_context_new(NULL, &s.ctx), SSM_OK);
    assert_int_equal(ssm_forecaster_new(s.ctx, "kalman", &s.f), SSM_OK);
    for (; options != NULL && options->name != NULL; options++)
        assert_int_equal(ssm_forecaster_set(s.f, options->name, options->value), SSM_OK);
    s.status = ssm_forecaster_fit(s.f, &task);
    if (s.status == SSM_OK) s.status = ssm_forecaster_condition(s.f, series);
    return s;
}

static session begin(const ssm_series *series, const option *options)
{
    session s = start(series, options);
    if (s.status != SSM_OK) fail_msg("%s", ssm_context_message(s.ctx));
    return s;
}

static void end(session *s)
{
    ssm_forecaster_free(s->f);
    ssm_context_free(s->ctx);
}

typedef struct parts {
    size_t n, rows;
    double signal[400], signal_sd[400], observation_sd[400], value[400 * PARTS], sd[400 * PARTS];
    double innovation[400], outlier[400], shift[400];
    int multiplicative;
} parts;

static void take_apart(session *s, size_t length, size_t horizon, parts *p)
{
    *p = (parts){.rows = length + horizon};
    while (ssm_forecaster_component(s->f, p->n) != NULL) p->n++;
    assert_in_range(p->n, 1, PARTS);
    ssm_decomposition out = {.horizon = horizon,
                             .signal = p->signal,
                             .signal_sd = p->signal_sd,
                             .observation_sd = p->observation_sd,
                             .component = p->value,
                             .component_sd = p->sd,
                             .innovation = p->innovation,
                             .outlier = p->outlier,
                             .shift = p->shift};
    const ssm_status status = ssm_forecaster_decompose(s->f, &out);
    if (status != SSM_OK) fail_msg("%s", ssm_context_message(s->ctx));
    p->multiplicative = out.multiplicative;
}

static size_t part_named(const session *s, const char *name)
{
    for (size_t i = 0; ssm_forecaster_component(s->f, i) != NULL; i++) {
        if (strcmp(ssm_forecaster_component(s->f, i), name) == 0) return i;
    }
    fail_msg("no component \"%s\"", name);
    return 0;
}

static void assert_whole(const parts *p)
{
    for (size_t t = 0; t < p->rows; t++) {
        double whole = p->multiplicative ? 1.0 : 0.0;
        for (size_t k = 0; k < p->n; k++) {
            const double x = p->value[t * p->n + k];
            assert_true(isfinite(x) && p->sd[t * p->n + k] >= 0);
            whole = p->multiplicative ? whole * x : whole + x;
        }
        assert_true(whole == p->signal[t]); /* to the last bit */
        assert_true(p->signal_sd[t] >= 0 && p->observation_sd[t] >= p->signal_sd[t]);
    }
}

/* Durbin & Koopman (2012), sec. 2.4 to 2.6: the values of a fit, so to the accuracy of its variances. */
static void the_nile_has_its_smoothed_level(void **state)
{
    (void)state;
    static parts p;
    double y[FIXTURE_ROWS];
    ssm_series series = fixture_series(y, fixture_read("nile.csv", y), 0);
    session s = begin(&series, (option[]){{"log", "off"}, {"slope", "off"}, {"ar", "0"}, {0}});
    take_apart(&s, 100, 10, &p);
    assert_whole(&p);
    assert_int_equal(p.n, 1);
    assert_near(p.value[0], 1111.66831913, 1e-5);
    assert_near(p.value[49], 834.7632591, 1e-5);
    assert_near(p.sd[0] * p.sd[0], 4032.15794181, 1e-3);
    assert_near(p.sd[49] * p.sd[49], 2326.75686981, 1e-3);
    assert_near(p.value[109], 798.37029261, 1e-5);
    assert_near(p.observation_sd[100], 143.52789952, 1e-4);
    assert_near(p.observation_sd[109], 183.90801489, 1e-4);
    /* innovation 2 is 40 / sqrt(31667.1); the smoothed disturbances of their figure 2.3 */
    assert_true(isnan(p.innovation[0]) && isnan(p.shift[0]));
    assert_near(p.innovation[1], 40 / sqrt(31667.1), 1e-4);
    size_t outlier = 0, shift = 1;
    for (size_t t = 1; t < 100; t++) {
        if (fabs(p.outlier[t]) > fabs(p.outlier[outlier])) outlier = t;
        if (fabs(p.shift[t]) > fabs(p.shift[shift])) shift = t;
    }
    assert_int_equal(1871 + outlier, 1913);
    assert_int_equal(1871 + shift, 1899);
    assert_true(p.outlier[outlier] < -3 && p.shift[shift] < -3);
    end(&s);
}

/* h u / sqrt(h^2 D) and R'r / sqrt(R'N R) by another way: the smoother of the library. */
static void auxiliary_residuals_are_the_standardised_disturbances(void **state)
{
    (void)state;
    static parts p;
    double y[FIXTURE_ROWS], eps[100], eps_var[100], eta[100], eta_var[100];
    ssm_series series = fixture_series(y, fixture_read("nile.csv", y), 0);
    y[30] = NAN;
    session s = begin(&series, (option[]){{"log", "off"}, {"slope", "off"}, {"ar", "0"}, {0}});
    take_apart(&s, 100, 0, &p);
    const double H = p.observation_sd[99] * p.observation_sd[99] - p.signal_sd[99] * p.signal_sd[99];
    const double P = p.signal_sd[99] * p.signal_sd[99]; /* filtered: P = P1 H / (P1 + H), P1 = P + Q */
    const double Q = P * P / (H - P);                   /* steady: 1/P = 1/H + 1/(P + Q) */
    const double one = 1;
    const ssm_statespace model = {
        .n = 1, .p = 1, .r = 1, .Z.data = &one, .T.data = &one, .H.data = &H, .Q.data = &Q, .P1inf = &one};
    const ssm_kalman_smooth_output out = {
        .epsilon = eps, .epsilon_var = eps_var, .eta = eta, .eta_var = eta_var};
    assert_int_equal(ssm_kalman_smooth(s.ctx, &model, y, 100, NULL, &out), SSM_OK);
    for (size_t t = 0; t < 100; t++) {
        if (t == 30) {
            assert_true(isnan(p.outlier[t]));
        } else {
            assert_near(p.outlier[t], eps[t] / sqrt(H - eps_var[t]), 1e-6);
        }
        if (t > 0) assert_near(p.shift[t], eta[t - 1] / sqrt(Q - eta_var[t - 1]), 1e-6);
    }
    end(&s);
}

static void factors_of_a_logarithm_multiply(void **state)
{
    (void)state;
    static parts p;
    double y[FIXTURE_ROWS];
    fixture_answer a;
    ssm_series series = fixture_series(y, fixture_read("air_passengers.csv", y), 12);
    session s = begin(&series, (option[]){{"log", "on"}, {0}});
    take_apart(&s, MONTHS, AHEAD, &p);
    fixture_predict(s.f, AHEAD, &a);
    assert_whole(&p);
    assert_true(p.multiplicative);
    const size_t season = part_named(&s, "seasonal_12"), level = part_named(&s, "level");
    double mean = 0;
    for (size_t t = 60; t < 72; t++) mean += log(p.value[t * p.n + season]) / 12;
    assert_true(fabs(mean) < 0.005); /* a year of factors makes 1 */
    for (size_t t = 0; t < MONTHS; t++) {
        assert_true(p.value[t * p.n + level] > 90 && p.value[t * p.n + level] < 600);
        assert_true(fabs(p.signal[t] / y[t] - 1) < 0.08);
    }
    for (size_t h = 0; h < AHEAD; h++) /* the median of the forecast */
        assert_near(p.signal[MONTHS + h], a.quantile[h * FIXTURE_LEVELS + 1], 1e-9);
    end(&s);
}

/* Every kind of part at once, also after save and load, also where a column says nothing. */
static void all_parts_add_up_and_survive_a_file(void **state)
{
    (void)state;
    static parts p, q;
    static double x[2 * (MONTHS + AHEAD)];
    double y[FIXTURE_ROWS];
    fixture_answer before, after;
    fixture_read("air_passengers.csv", y);
    for (size_t t = 0; t < MONTHS + AHEAD; t++) {
        x[2 * t] = 10 + sin((double)t);
        x[2 * t + 1] = 7; /* does not vary */
        if (t < MONTHS) y[t] = log(y[t]) + 0.3 * x[2 * t] + (t >= 100 ? 0.5 : 0);
    }
    y[77] += 2;
    y[20] = NAN;
    ssm_series series = fixture_series(y, MONTHS, 12);
    series.exogenous = x, series.n_exogenous = 2, series.exogenous_rows = MONTHS + AHEAD;
    const option options[] = {{"log", "off"},
                              {"slope", "damped"},
                              {"ar", "2"},
                              {"cycle", "on"},
                              {"variances", "own"},
                              {"exogenous", "walk"},
                              {"interventions", "level:100,outlier:77,slope:120"},
                              {0}};
    session s = begin(&series, options);
    take_apart(&s, MONTHS, AHEAD, &p);
    assert_whole(&p);
    fixture_predict(s.f, AHEAD, &before);
    for (size_t h = 0; h < AHEAD; h++) assert_near(p.signal[MONTHS + h], before.mean[h], 1e-9);
    assert_true(fabs(p.value[110 * p.n + part_named(&s, "level_100")] - 0.5) < 0.1);
    assert_true(fabs(p.value[77 * p.n + part_named(&s, "outlier_77")] - 2) < 0.2);
    assert_true(p.value[110 * p.n + part_named(&s, "slope_120")] == 0);
    assert_true(fabs(p.value[50 * p.n + part_named(&s, "exogenous_1")] - 0.3 * x[100]) < 0.4);
    part_named(&s, "exogenous_2");
    part_named(&s, "cycle");
    part_named(&s, "ar");
    ssm_forecaster *loaded;
    char path[] = "kalman-parts-XXXXXX";
    assert_true(mkstemp(path) >= 0);
    assert_int_equal(ssm_forecaster_save(s.f, path), SSM_OK);
    const ssm_status status = ssm_forecaster_load(s.ctx, path, &loaded);
    if (status != SSM_OK) fail_msg("%s", ssm_context_message(s.ctx));
    assert_int_equal(remove(path), 0);
    ssm_forecaster_free(s.f);
    s.f = loaded;
    assert_int_equal(ssm_forecaster_condition(s.f, &series), SSM_OK);
    fixture_predict(s.f, AHEAD, &after);
    assert_memory_equal(before.mean, after.mean, AHEAD * sizeof(double));
    take_apart(&s, MONTHS, AHEAD, &q);
    assert_memory_equal(p.value, q.value, p.rows * p.n * sizeof(double));
    end(&s);
}

/* Coefficients of columns with a large mean; the forecast follows the columns. */
static void regressors_are_found_and_carried_on(void **state)
{
    (void)state;
    static parts p;
    double y[200 + AHEAD], x[2 * (200 + AHEAD)];
    uint32_t noise = 3;
    for (size_t t = 0; t < 200 + AHEAD; t++) {
        noise = noise * 1664525u + 1013904223u;
        x[2 * t] = 1013 + 8 * cos(0.7 * (double)t) + (double)(noise >> 8) / 16777216.0;
        x[2 * t + 1] = t % 7 == 3;
        noise = noise * 1664525u + 1013904223u;
        y[t] = 50 + 2.5 * (x[2 * t] - 1000) - 20 * x[2 * t + 1] + (double)(noise >> 8) / 16777216.0;
    }
    ssm_series series = fixture_series(y, 200, 0);
    series.exogenous = x, series.n_exogenous = 2, series.exogenous_rows = 200 + AHEAD;
    session s = begin(&series, (option[]){{"log", "off"}, {0}});
    fixture_answer a;
    fixture_predict(s.f, AHEAD, &a);
    for (size_t h = 0; h < AHEAD; h++) assert_true(fabs(a.mean[h] - y[200 + h]) < 1.2);
    take_apart(&s, 200, AHEAD, &p);
    assert_whole(&p);
    for (size_t t = 0; t < 200; t++) {
        assert_near(p.value[t * p.n + 1], 2.5 * x[2 * t], 5e-3);
        assert_true(fabs(p.value[t * p.n + 2] + 20 * x[2 * t + 1]) < 0.2);
    }
    end(&s);
}

static void streaming_with_regressors_equals_batch(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS], x[MONTHS + AHEAD];
    fixture_answer batch, stream;
    fixture_read("air_passengers.csv", y);
    for (size_t t = 0; t < MONTHS + AHEAD; t++) x[t] = t > 40 && t % 5 == 0;
    ssm_series series = fixture_series(y, MONTHS, 12);
    series.exogenous = x, series.n_exogenous = 1, series.exogenous_rows = MONTHS + AHEAD;
    session s = begin(&series, (option[]){{"seasonal", "dummy"}, {"interventions", "level:90"}, {0}});
    fixture_predict(s.f, AHEAD, &batch);
    for (size_t from = 1; from < MONTHS; from += 29) {
        ssm_series head = ssm_series_slice(series, 0, from);
        assert_int_equal(ssm_forecaster_condition(s.f, &head), SSM_OK);
        for (size_t t = from; t < MONTHS; t++) assert_int_equal(ssm_forecaster_update(s.f, y + t), SSM_OK);
        fixture_predict(s.f, AHEAD, &stream);
        assert_memory_equal(batch.mean, stream.mean, AHEAD * sizeof(double));
    }
    end(&s);
}

/* A history that ends before a step of the level must not make the rows after it any wider than the fit's own
 * doubt about the step. */
static void what_a_history_does_not_show_is_taken_from_the_fit(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    fixture_answer a;
    ssm_series series = fixture_series(y, fixture_read("nile.csv", y), 0);
    session s = begin(&series, (option[]){{"log", "off"}, {"interventions", "level:28"}, {0}});
    ssm_series head = ssm_series_slice(series, 0, 25);
    assert_int_equal(ssm_forecaster_condition(s.f, &head), SSM_OK);
    fixture_predict(s.f, 10, &a);
    assert_true(a.mean[0] - a.mean[9] > 200 && a.mean[0] - a.mean[9] < 300);
    assert_true(a.quantile[9 * FIXTURE_LEVELS + 2] - a.quantile[9 * FIXTURE_LEVELS] < 600);
    end(&s);
}

static void the_shift_of_the_nile_is_detected(void **state)
{
    (void)state;
    static parts p;
    double y[FIXTURE_ROWS];
    char note[512];
    ssm_series series = fixture_series(y, fixture_read("nile.csv", y), 0);
    series.time = (ssm_time_index){.start = -3124137600 * INT64_C(1000000000),
                                   .step = {SSM_STEP_MONTHS, 12}}; /* 1871 */
    session s =
        begin(&series, (option[]){{"log", "off"}, {"slope", "off"}, {"ar", "0"}, {"detect", "3"}, {0}});
    take_apart(&s, 100, 0, &p);
    const size_t shift = part_named(&s, "level_1899-01-01");
    part_named(&s, "outlier_1913-01-01");
    assert_int_equal(p.n, 3);
    assert_near(p.value[99 * p.n + shift], -243, 0.03);
    assert_int_equal(ssm_forecaster_note(s.f, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "level_1899-01-01"));
    end(&s);
    s = begin(&series, (option[]){{"interventions", "level:1899,outlier:1913-01"}, {"log", "off"}, {0}});
    part_named(&s, "level_1899");
    part_named(&s, "outlier_1913-01");
    end(&s);
}

static void bad_options_are_refused_in_words(void **state)
{
    (void)state;
    static const option bad[] = {
        {"interventions", "level"},     {"interventions", "jump:12"},
        {"interventions", "level:"},    {"interventions", "level:101"},
        {"interventions", "level:12,"}, {"interventions", "level:1x"},
        {"interventions", "level:-3"},  {"interventions", "level:1,level:1"},
        {"cycle-periods", "5"},         {"cycle-periods", "9,4"},
        {"cycle-periods", "1,4"},       {"cycle-periods", "nan,4"},
    };
    double y[FIXTURE_ROWS];
    ssm_series series = fixture_series(y, fixture_read("nile.csv", y), 0);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        session s = start(&series, (option[]){bad[k], {0}});
        if (s.status != SSM_E_ARGUMENT || strstr(ssm_context_message(s.ctx), bad[k].name) == NULL)
            fail_msg("%s=%s gives \"%s\"", bad[k].name, bad[k].value, ssm_context_message(s.ctx));
        end(&s);
    }
    double x[9 * 3] = {1, 2, 3, 5, 8, 13, 21};
    ssm_series few = fixture_series(y, 9, 0);
    few.exogenous = x, few.n_exogenous = 3, few.exogenous_rows = 9;
    for (size_t t = 0; t < 27; t++) x[t] = (double)(t * t % 11);
    session s = start(&few, (option[]){{"ar", "8"}, {0}});
    assert_int_equal(s.status, SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(s.ctx), "too few"));
    end(&s);
}

/* A smooth trend has a level without shocks; a fixed level and no slope is a mean. */
static void fixed_parts_stay_fixed(void **state)
{
    (void)state;
    static parts p;
    double y[FIXTURE_ROWS], mean = 0;
    ssm_series series = fixture_series(y, fixture_read("nile.csv", y), 0);
    session s = begin(
        &series,
        (option[]){{"log", "off"}, {"level", "fixed"}, {"slope", "off"}, {"ar", "0"}, {"cycle", "off"}, {0}});
    take_apart(&s, 100, 5, &p);
    for (size_t t = 0; t < 100; t++) mean += y[t] / 100;
    for (size_t t = 0; t < 105; t++) assert_near(p.value[t], mean, 1e-9);
    end(&s);
    s = begin(
        &series,
        (option[]){
            {"log", "off"}, {"level", "fixed"}, {"slope", "fixed"}, {"ar", "0"}, {"cycle", "off"}, {0}});
    take_apart(&s, 100, 5, &p);
    for (size_t t = 2; t < 105; t++) assert_near(p.value[t] - p.value[t - 1], p.value[1] - p.value[0], 1e-6);
    end(&s);
}

/* A sine of 9.3 rows: the cycle finds its period. */
static void a_cycle_finds_its_period(void **state)
{
    (void)state;
    double y[150];
    char note[512];
    fixture_answer a;
    uint32_t noise = 11;
    for (size_t t = 0; t < 150; t++) {
        noise = noise * 1664525u + 1013904223u;
        y[t] = 20 + 5 * sin(2 * 3.14159265358979 * (double)t / 9.3) + (double)(noise >> 8) / 16777216.0;
    }
    ssm_series series = fixture_series(y, 130, 0);
    session s = begin(&series, (option[]){{"log", "off"}, {"cycle", "auto"}, {"cycle-periods", "4,20"}, {0}});
    double period = 0;
    assert_int_equal(ssm_forecaster_note(s.f, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "cycle of"));
    assert_int_equal(sscanf(strstr(note, "cycle of"), "cycle of %lf", &period), 1);
    assert_near(period, 9.3, 0.01);
    fixture_predict(s.f, 20, &a);
    for (size_t h = 0; h < 20; h++) assert_true(fabs(a.mean[h] - y[130 + h]) < 1.5);
    end(&s);
}

/* Growth by 3 % a row: a model without slope or logarithm would be far off over 24 rows. */
static void a_backtest_can_choose(void **state)
{
    (void)state;
    double y[120 + AHEAD], off = 0;
    uint32_t noise = 21;
    fixture_answer a;
    for (size_t t = 0; t < 120 + AHEAD; t++) {
        noise = noise * 1664525u + 1013904223u;
        y[t] = exp(0.03 * (double)t) * (0.97 + 0.06 * (double)(noise >> 8) / 16777216.0);
    }
    ssm_series series = fixture_series(y, 120, 0);
    session s = begin(&series, (option[]){{"select", "backtest"}, {0}});
    fixture_predict(s.f, AHEAD, &a);
    for (size_t h = 0; h < AHEAD; h++) off += fabs(a.mean[h] / y[120 + h] - 1) / AHEAD;
    assert_true(off < 0.05);
    end(&s);
    for (size_t rows = 1; rows < 40; rows += 3) { /* too few for a backtest, for a season, for anything */
        series = fixture_series(y, rows, 12);
        s = begin(&series, (option[]){{"select", "backtest"}, {0}});
        fixture_predict(s.f, 2, &a);
        assert_true(fabs(a.mean[1] / y[rows - 1] - 1) < 0.3);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nile_has_its_smoothed_level),
        cmocka_unit_test(auxiliary_residuals_are_the_standardised_disturbances),
        cmocka_unit_test(factors_of_a_logarithm_multiply),
        cmocka_unit_test(all_parts_add_up_and_survive_a_file),
        cmocka_unit_test(regressors_are_found_and_carried_on),
        cmocka_unit_test(streaming_with_regressors_equals_batch),
        cmocka_unit_test(what_a_history_does_not_show_is_taken_from_the_fit),
        cmocka_unit_test(the_shift_of_the_nile_is_detected),
        cmocka_unit_test(bad_options_are_refused_in_words),
        cmocka_unit_test(fixed_parts_stay_fixed),
        cmocka_unit_test(a_cycle_finds_its_period),
        cmocka_unit_test(a_backtest_can_choose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
