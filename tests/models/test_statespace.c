/* The user's own system as a forecaster: against the filter and smoother it stands on, alone and as a vector.
 */
#include "models/fixture.h"

#include <unistd.h>

enum { NILE = 100, HORIZON = 3, PAIR_ROWS = 40 };

static const char nile_json[] =
    "{\"states\": [\"level\"], \"Z\": 1, \"T\": 1, \"H\": 15099, \"Q\": 1469.1, \"diffuse\": true}";
/* two sensors of one level, with a drift */
static const char pair_json[] =
    "{\"states\": [\"level\", \"drift\"], \"Z\": [[1, 0], [2, 0]], \"T\": [[1, 1], [0, 1]], "
    "\"R\": [1, 0], \"Q\": 0.5, \"H\": [[1, 0.3], [0.3, 2]], \"d\": [0, 10], \"scale\": 4}";

static void system_path(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/ssmcast-system-%ld.json", folder != NULL ? folder : "/tmp", (long)getpid());
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static ssm_forecaster *fit_system(ssm_context *ctx, const char *json, const ssm_series *series, size_t n)
{
    char path[256];
    ssm_forecaster *f;
    system_path(path, sizeof path);
    write_text(path, json);
    assert_int_equal(ssm_forecaster_new(ctx, "statespace", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "file", path), SSM_OK);
    const ssm_status status =
        ssm_forecaster_fit(f, &(ssm_fit_task){.panel = series, .n_series = n, .horizon = HORIZON});
    remove(path);
    if (status != SSM_OK) fail_msg("%s", ssm_context_message(ctx));
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    return f;
}

static ssm_table *nile(ssm_context *ctx)
{
    ssm_table *table;
    assert_int_equal(ssm_table_read(ctx, SSMCAST_DATASETS "/nile.csv", NULL, &table), SSM_OK);
    assert_int_equal(table->length, NILE);
    return table;
}

/* Forecast and smoothed level as in tests/examples and statsmodels. */
static void the_nile_is_that_of_the_books(void **state)
{
    (void)state;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_table *table = nile(ctx);
    ssm_forecaster *f = fit_system(ctx, nile_json, table->series, 1);
    fixture_answer answer;
    double signal[NILE + HORIZON], sd[NILE + HORIZON], observation_sd[NILE + HORIZON], level[NILE + HORIZON];
    double innovation[NILE], outlier[NILE], shift[NILE];
    ssm_decomposition out = {.horizon = HORIZON,
                             .signal = signal,
                             .signal_sd = sd,
                             .observation_sd = observation_sd,
                             .component = level,
                             .innovation = innovation,
                             .outlier = outlier,
                             .shift = shift};
    fixture_predict(f, HORIZON, &answer);
    assert_near(answer.mean[0], 798.370293, 1e-8);
    assert_near((answer.quantile[2] - answer.quantile[0]) / 2.5631031310892, sqrt(20600.257942), 1e-8);
    assert_int_equal(ssm_forecaster_decompose(f, &out), SSM_OK);
    assert_true(out.states && !out.multiplicative);
    assert_string_equal(ssm_forecaster_component(f, 0), "level");
    assert_null(ssm_forecaster_component(f, 1));
    assert_near(signal[0], 1111.668319, 1e-8);
    assert_near(signal[NILE - 1], 798.370293, 1e-8);
    assert_memory_equal(signal, level, sizeof level);
    assert_near(signal[NILE], answer.mean[0], 1e-12);
    assert_near(observation_sd[NILE], sqrt(20600.257942), 1e-8);
    assert_true(isnan(innovation[0])); /* the diffuse one */
    assert_near(innovation[1], 40 / sqrt(31667.1), 1e-6);
    size_t break_row = 1, odd_row = 0;
    for (size_t t = 1; t < NILE; t++) {
        if (fabs(shift[t]) > fabs(shift[break_row])) break_row = t;
        if (fabs(outlier[t]) > fabs(outlier[odd_row])) odd_row = t;
    }
    /* Durbin & Koopman (2012), sec. 2.12.2 and fig. 2.8: the dam of 1899, the odd year 1913 (or 1877) */
    assert_int_equal(1871 + break_row, 1899);
    assert_true(1871 + odd_row == 1913 || 1871 + odd_row == 1877);
    ssm_forecaster_free(f);
    ssm_table_free(table);
    ssm_context_free(ctx);
}

/* v = 1 with F = 3, v = 7/3 with F = 8/3 (the header of statespace.c). */
static void the_scale_is_the_mean_of_the_squared_innovations(void **state)
{
    (void)state;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const double y[] = {1, 2, 4};
    const ssm_series series = fixture_series(y, 3, 1);
    char note[256];
    ssm_forecaster *f = fixture_fit(ctx, "statespace", NULL, NULL, &series, 1);
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    const char *number = strrchr(note, ' ');
    assert_near(strtod(number, NULL), (1.0 / 3 + 49.0 / 24) / 2, 1e-5);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void make_pair(double y[2][PAIR_ROWS], ssm_series pair[2])
{
    for (int t = 0; t < PAIR_ROWS; t++) {
        y[0][t] = 5 + 0.5 * t + (t * 7 % 5) - 2;
        y[1][t] = 20 + 1.0 * t + (t * 3 % 7) - 3;
    }
    y[0][11] = y[0][12] = y[1][12] = y[1][PAIR_ROWS - 1] = NAN;
    for (int i = 0; i < 2; i++) pair[i] = fixture_series(y[i], PAIR_ROWS, 1);
}

/* Row by row, saved and loaded, against ssm_kalman_forecast on the same matrices. */
static void a_vector_series_is_forecast_jointly(void **state)
{
    (void)state;
    const double Z[] = {1, 2, 0, 0}, T[] = {1, 0, 1, 1}, R[] = {1, 0}, Q = 0.5, H[] = {1, 0.3, 0.3, 2},
                 d[] = {0, 10}, P1inf[] = {1, 0, 0, 1};
    const ssm_statespace model = {.n = 2,
                                  .p = 2,
                                  .r = 1,
                                  .Z = {Z, 0},
                                  .H = {H, 0},
                                  .T = {T, 0},
                                  .R = {R, 0},
                                  .Q = {&Q, 0},
                                  .d = {d, 0},
                                  .P1inf = P1inf};
    double y[2][PAIR_ROWS], rows[2 * PAIR_ROWS], mean[2 * HORIZON], F[4 * HORIZON], got[2][HORIZON],
        q[2][HORIZON];
    ssm_series pair[2];
    ssm_context *ctx;
    char path[256];
    make_pair(y, pair);
    for (int t = 0; t < PAIR_ROWS; t++) rows[2 * t] = y[0][t], rows[2 * t + 1] = y[1][t];
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssm_kalman_forecast(ctx, &model, rows, PAIR_ROWS, HORIZON, NULL, mean, F), SSM_OK);
    ssm_forecaster *f = fit_system(ctx, pair_json, pair, 2), *loaded;
    system_path(path, sizeof path);
    assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
    assert_int_equal(ssm_forecaster_load(ctx, path, &loaded), SSM_OK);
    remove(path);
    assert_int_equal(ssm_forecaster_width(loaded), 2);
    const ssm_series early[2] = {ssm_series_slice(pair[0], 0, 9), ssm_series_slice(pair[1], 0, 9)};
    assert_int_equal(ssm_forecaster_condition(loaded, early), SSM_OK);
    for (int t = 9; t < PAIR_ROWS; t++) assert_int_equal(ssm_forecaster_update(loaded, rows + 2 * t), SSM_OK);
    const double level = 0.841344746068543;
    ssm_forecast out[2];
    for (int i = 0; i < 2; i++) out[i] = (ssm_forecast){HORIZON, 1, &level, got[i], q[i]};
    assert_int_equal(ssm_forecaster_predict(loaded, out), SSM_OK);
    for (int h = 0; h < HORIZON; h++)
        for (int i = 0; i < 2; i++) {
            assert_near(got[i][h], mean[2 * h + i], 1e-9);
            const double sd = 2 * sqrt(F[3 * i + 4 * h]); /* scale 4 */
            assert_near(q[i][h] - got[i][h], sd, 1e-7);
        }
    ssm_forecaster_free(f);
    ssm_forecaster_free(loaded);
    ssm_context_free(ctx);
}

static void the_number_of_series_must_be_that_of_the_system(void **state)
{
    (void)state;
    double y[2][PAIR_ROWS];
    ssm_series pair[2];
    ssm_context *ctx;
    ssm_forecaster *f;
    char path[256];
    make_pair(y, pair);
    system_path(path, sizeof path);
    write_text(path, pair_json);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssm_forecaster_new(ctx, "statespace", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "file", path), SSM_OK);
    ssm_fit_task task = {.panel = pair, .n_series = 1, .horizon = 1};
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_ARGUMENT);
    assert_non_null(strstr(ssm_context_message(ctx), "2 series, not of 1"));
    remove(path);
    task.n_series = 2;
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_IO);
    assert_non_null(strstr(ssm_context_message(ctx), path));
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

/* Two unknown states want two rows. */
static void an_open_start_is_said(void **state)
{
    (void)state;
    static const char trend[] = "{\"Z\": [1, 0], \"T\": [[1, 1], [0, 1]], \"Q\": [[1, 0], [0, 1]], \"H\": 1}";
    const double y[] = {3, 4};
    double mean = -1;
    ssm_series series = fixture_series(y, 1, 1);
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fit_system(ctx, trend, &series, 1);
    ssm_forecast out = {.horizon = 1, .mean = &mean};
    assert_int_equal(ssm_forecaster_predict(f, &out), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(ctx), "1 row leaves 1 of the 2 states"));
    assert_true(mean == -1);
    assert_int_equal(ssm_forecaster_update(f, y + 1), SSM_OK);
    assert_int_equal(ssm_forecaster_predict(f, &out), SSM_OK);
    assert_near(mean, 5, 1e-12);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

/* A level that neither moves nor errs says 3 for ever. */
static void impossible_values_are_counted_in_the_note(void **state)
{
    (void)state;
    static const char fixed[] = "{\"Z\": 1, \"T\": 1}";
    const double good[] = {3, 3, 3, 3}, bad[] = {3, 4, 3, NAN}, worse[] = {3, 4, 5, 3};
    const double *const y[] = {good, bad, worse};
    static const char *const said[] = {"scale 1", "1 value is impossible", "2 values are impossible"};
    for (size_t i = 0; i < 3; i++) {
        char note[256];
        ssm_series series = fixture_series(y[i], 4, 1);
        ssm_context *ctx;
        assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
        ssm_forecaster *f = fit_system(ctx, fixed, &series, 1);
        assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
        assert_non_null(strstr(note, said[i]));
        assert_int_equal(strstr(note, "impossible") != NULL, i > 0);
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nile_is_that_of_the_books),
        cmocka_unit_test(the_scale_is_the_mean_of_the_squared_innovations),
        cmocka_unit_test(a_vector_series_is_forecast_jointly),
        cmocka_unit_test(the_number_of_series_must_be_that_of_the_system),
        cmocka_unit_test(an_open_start_is_said),
        cmocka_unit_test(impossible_values_are_counted_in_the_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
