/* Levels that move together: the two forms, the score, and what one series says about another. */
#include "models/fixture.h"

#include "models/shared.h"

#include <ssmcast/kalman.h>
#include <stdlib.h>
#include <unistd.h>

enum { P = 3, ROWS = 300, HORIZON = 5 };

static double normal(unsigned long *x)
{
    double sum = 0;
    for (int k = 0; k < 12; k++) {
        *x = (*x * 1103515245UL + 12345UL) % 2147483648UL;
        sum += (double)*x / 2147483648.0;
    }
    return sum - 6;
}

/* One movement in three series, of which the second takes double and the third the opposite; noise on each.
 */
static void make_rows(double y[P][ROWS], unsigned long seed)
{
    static const double loading[P] = {1, 2, -1}, offset[P] = {10, -5, 100};
    double common = 0, own[P] = {0};
    for (size_t t = 0; t < ROWS; t++) {
        common += normal(&seed);
        for (size_t i = 0; i < P; i++) {
            own[i] += 0.1 * normal(&seed);
            y[i][t] = offset[i] + loading[i] * common + own[i] + 0.3 * normal(&seed);
        }
    }
}

static void make_series(ssm_series *series, double y[P][ROWS], size_t rows)
{
    static const char *const name[P] = {"a", "b", "c"};
    for (size_t i = 0; i < P; i++) series[i] = (ssm_series){.name = name[i], .value = y[i], .length = rows};
}

typedef struct bench {
    ssm_context *ctx;
    ssm_arena tmp;
    double y[P][ROWS];
    ssm_series series[P];
} bench;

static void open_bench(bench *b)
{
    assert_int_equal(ssm_context_new(NULL, &b->ctx), SSM_OK);
    ssmi_arena_init(&b->tmp, b->ctx);
    make_rows(b->y, 5);
    make_series(b->series, b->y, ROWS);
}

static void close_bench(bench *b)
{
    ssmi_arena_clear(&b->tmp);
    ssm_context_free(b->ctx);
}

static ssm_forecaster *fit_series(bench *b, const ssm_series *series, size_t n, const char *rank)
{
    ssm_forecaster *f;
    assert_int_equal(ssm_forecaster_new(b->ctx, "multivariate", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "rank", rank), SSM_OK);
    const ssm_status status =
        ssm_forecaster_fit(f, &(ssm_fit_task){.panel = series, .n_series = n, .horizon = HORIZON});
    if (status != SSM_OK) fail_msg("%s", ssm_context_message(b->ctx));
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    return f;
}

/* Numbers for `rank` movements, all different. */
static void some_numbers(ssmi_shared *s, size_t rank, size_t blocks, ssm_arena *arena)
{
    assert_int_equal(ssmi_shared_alloc(s, P, rank, blocks, arena), SSM_OK);
    for (size_t i = 0; i < P; i++) s->h[i] = 0.3 + 0.1 * (double)i;
    for (size_t i = 0; i < P * blocks; i++) s->d[i] = (i < P ? 0.2 : 0.01) + 0.01 * (double)i;
    for (size_t i = 0; i < P * rank * blocks; i++) s->L[i] = (i % 2 ? -0.3 : 0.5) + 0.07 * (double)i;
}

/* Some rows, column after column within a row, a few of them with holes. */
static void interleave(const bench *b, double *y, size_t rows)
{
    for (size_t t = 0; t < rows; t++) {
        for (size_t i = 0; i < P; i++) y[t * P + i] = (t + 3 * i) % 7 == 0 ? NAN : b->y[i][t] / 5;
    }
}

static void both_forms_are_one_distribution(void **state)
{
    (void)state;
    enum { SOME = 40 };
    bench b;
    double y[SOME * P];
    open_bench(&b);
    interleave(&b, y, SOME);
    for (size_t blocks = 1; blocks <= 2; blocks++) {
        for (size_t rank = 0; rank <= P; rank++) {
            ssmi_shared s;
            ssmi_shared_matrices joint, split;
            ssm_kalman_summary one, other;
            double scored;
            some_numbers(&s, rank, blocks, &b.tmp);
            assert_int_equal(ssmi_shared_build(&joint, &s, &b.tmp), SSM_OK);
            assert_int_equal(ssmi_shared_split(&split, &s, 0, &b.tmp), SSM_OK);
            assert_int_equal(ssm_kalman_filter(b.ctx, &joint.model, y, SOME, NULL, NULL, &one), SSM_OK);
            assert_int_equal(ssm_kalman_filter(b.ctx, &split.model, y, SOME, NULL, NULL, &other), SSM_OK);
            assert_int_equal(ssmi_shared_loglik(&s, y, SOME, &scored, NULL, &b.tmp), SSM_OK);
            assert_near(other.loglik, one.loglik, 1e-10);
            assert_near(scored, one.loglik, 1e-12);
        }
    }
    close_bench(&b);
}

static void the_score_is_the_slope_of_the_likelihood(void **state)
{
    (void)state;
    enum { SOME = 40, RANK = 2, BLOCKS = 2, N = P * (1 + BLOCKS * (1 + RANK)) };
    bench b;
    double y[SOME * P], gradient[N], up, down;
    const double step = 1e-5;
    ssmi_shared s;
    open_bench(&b);
    interleave(&b, y, SOME);
    some_numbers(&s, RANK, BLOCKS, &b.tmp);
    assert_int_equal(ssmi_shared_loglik(&s, y, SOME, &up, gradient, &b.tmp), SSM_OK);
    for (size_t k = 0; k < N; k++) {
        const int is_log = k < P * (1 + BLOCKS);
        double *number = k < P ? s.h + k : is_log ? s.d + (k - P) : s.L + (k - P * (1 + BLOCKS));
        const double kept = *number;
        *number = is_log ? kept * exp(step) : kept + step;
        assert_int_equal(ssmi_shared_loglik(&s, y, SOME, &up, NULL, &b.tmp), SSM_OK);
        *number = is_log ? kept * exp(-step) : kept - step;
        assert_int_equal(ssmi_shared_loglik(&s, y, SOME, &down, NULL, &b.tmp), SSM_OK);
        *number = kept;
        const double slope = (up - down) / (2 * step);
        if (!(fabs(slope - gradient[k]) <= 1e-6 * fmax(fabs(slope), 1)))
            fail_msg("parameter %zu: score %.10g, difference %.10g", k, gradient[k], slope);
    }
    close_bench(&b);
}

static void one_series_is_the_local_level(void **state)
{
    (void)state;
    bench b;
    double y[100];
    int converged;
    ssmi_shared s;
    open_bench(&b);
    const size_t n = fixture_read("nile.csv", y);
    for (size_t t = 0; t < n; t++) y[t] /= 100;
    assert_int_equal(ssmi_shared_search(&s, -1, 1, y, 1, n, &converged, &b.tmp, &b.tmp), SSM_OK);
    assert_true(converged && s.rank == 0);
    assert_near(s.h[0], 1.5099, 0.01); /* the top is flat: a thousandth of the log-likelihood is a percent */
    assert_near(s.d[0], 0.14691, 0.05);
    close_bench(&b);
}

static double filled_error(bench *b, const ssm_series *series, size_t n, size_t which, const double *truth,
                           size_t from, size_t to, const char *rank)
{
    double signal[P][ROWS], sum = 0;
    ssm_decomposition d[P];
    ssm_forecaster *f = fit_series(b, series, n, rank);
    for (size_t i = 0; i < n; i++) d[i] = (ssm_decomposition){.signal = signal[i]};
    assert_int_equal(ssm_forecaster_decompose(f, d), SSM_OK);
    for (size_t t = from; t < to; t++) sum += (signal[which][t] - truth[t]) * (signal[which][t] - truth[t]);
    ssm_forecaster_free(f);
    return sqrt(sum / (double)(to - from));
}

static void a_silent_series_is_filled_from_the_others(void **state)
{
    (void)state;
    enum { FROM = 120, TO = 180 };
    bench b;
    double truth[ROWS];
    open_bench(&b);
    memcpy(truth, b.y[1], sizeof truth);
    for (size_t t = FROM; t < TO; t++) b.y[1][t] = NAN;
    const double joint = filled_error(&b, b.series, P, 1, truth, FROM, TO, "auto");
    const double alone = filled_error(&b, b.series + 1, 1, 0, truth, FROM, TO, "auto");
    const double independent = filled_error(&b, b.series, P, 1, truth, FROM, TO, "0");
    /* noise of 0.3 and of twice that in what the others tell, against a path of steps of 2 over 60 rows */
    assert_true(joint < 1.2);
    assert_true(alone > 3 * joint);
    assert_near(independent, alone, 0.02);
    close_bench(&b);
}

static void the_number_of_movements_is_found_in_any_order(void **state)
{
    (void)state;
    bench b;
    char note[512], turned[512];
    open_bench(&b);
    ssm_forecaster *f = fit_series(&b, b.series, P, "auto");
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "3 series, levels with 1 common movement:"));
    ssm_forecaster_free(f);
    const ssm_series first = b.series[0];
    b.series[0] = b.series[2];
    b.series[2] = first;
    f = fit_series(&b, b.series, P, "auto");
    assert_int_equal(ssm_forecaster_note(f, turned, sizeof turned), SSM_OK);
    assert_string_equal(turned, note);
    ssm_forecaster_free(f);
    close_bench(&b);
}

static void parts_add_up_and_residuals_show_what_is_odd(void **state)
{
    (void)state;
    enum { ODD = 150, STEP = 220, ALL = ROWS + HORIZON };
    bench b;
    static double signal[P][ALL], sd[P][ALL], wide[P][ALL], part[P][2 * ALL], part_sd[P][2 * ALL];
    static double innovation[P][ROWS], outlier[P][ROWS], shift[P][ROWS];
    double mean[P][HORIZON];
    ssm_decomposition d[P];
    ssm_forecast out[P];
    open_bench(&b);
    b.y[2][ODD] += 5;
    for (size_t t = STEP; t < ROWS; t++) b.y[0][t] += 15;
    b.y[1][40] = NAN;
    ssm_forecaster *f = fit_series(&b, b.series, P, "1");
    for (size_t i = 0; i < P; i++) {
        d[i] = (ssm_decomposition){HORIZON,       signal[i],  sd[i],    wide[i], part[i], part_sd[i],
                                   innovation[i], outlier[i], shift[i], 1,       1};
        out[i] = (ssm_forecast){.horizon = HORIZON, .mean = mean[i]};
    }
    assert_int_equal(ssm_forecaster_decompose(f, d), SSM_OK);
    assert_int_equal(ssm_forecaster_predict(f, out), SSM_OK);
    assert_string_equal(ssm_forecaster_component(f, 0), "common");
    assert_string_equal(ssm_forecaster_component(f, 1), "own");
    assert_null(ssm_forecaster_component(f, 2));
    for (size_t i = 0; i < P; i++) {
        assert_true(d[i].multiplicative == 0 && d[i].states == 0);
        for (size_t t = 0; t < ALL; t++) {
            assert_true(fabs(part[i][2 * t] + part[i][2 * t + 1] - signal[i][t]) < 1e-8);
            assert_true(wide[i][t] >= sd[i][t]);
            if (t >= ROWS) assert_true(fabs(signal[i][t] - mean[i][t - ROWS]) < 1e-6);
        }
        assert_true(isnan(innovation[i][0]) && isnan(shift[i][0]));
    }
    for (size_t t = 0; t < ROWS; t++) {
        if (t != ODD) assert_true(!(fabs(outlier[2][t]) >= fabs(outlier[2][ODD])));
        if (t != STEP) assert_true(!(fabs(shift[0][t]) >= fabs(shift[0][STEP])));
    }
    assert_true(isnan(outlier[1][40]) && isnan(innovation[1][40]));
    assert_true(outlier[2][ODD] > 5 && shift[0][STEP] > 5);
    ssm_forecaster_free(f);
    close_bench(&b);
}

static void too_many_series_are_refused(void **state)
{
    (void)state;
    enum { MANY = SSMI_SHARED_SERIES + 1 };
    const double y[] = {1, 2, 4, 3, 5, 7, 6, 8};
    ssm_series series[MANY];
    bench b;
    ssm_forecaster *f;
    open_bench(&b);
    for (size_t i = 0; i < MANY; i++) series[i] = (ssm_series){.name = "x", .value = y, .length = 8};
    assert_int_equal(ssm_forecaster_new(b.ctx, "multivariate", &f), SSM_OK);
    assert_int_equal(
        ssm_forecaster_fit(f, &(ssm_fit_task){.panel = series, .n_series = MANY, .horizon = HORIZON}),
        SSM_E_UNSUPPORTED);
    assert_non_null(strstr(ssm_context_message(b.ctx), "at most 24"));
    ssm_forecaster_free(f);
    close_bench(&b);
}

/* Of which a history of one series would be read as one of three. */
static void a_file_that_is_at_odds_over_the_series_is_refused(void **state)
{
    (void)state;
    bench b;
    char path[] = "/tmp/ssmcast_vector_XXXXXX", head[512];
    ssm_forecaster *loaded = NULL;
    open_bench(&b);
    close(mkstemp(path));
    ssm_forecaster *f = fit_series(&b, b.series, P, "1");
    assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
    FILE *file = fopen(path, "r+b");
    assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
    char *width = memchr(head, '{', sizeof head);
    while (strncmp(width, "fit.width\":\"3", 13) != 0) width++;
    assert_int_equal(fseek(file, width + 12 - head, SEEK_SET), 0);
    assert_int_equal(fputc('1', file), '1');
    fclose(file);
    assert_int_equal(ssm_forecaster_load(b.ctx, path, &loaded), SSM_E_FORMAT);
    assert_non_null(strstr(ssm_context_message(b.ctx), "a model of 3 series, said to be of 1"));
    ssm_forecaster_free(f);
    unlink(path);
    close_bench(&b);
}

static void short_and_flat_series_are_no_trouble(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    for (size_t t = 0; t < ROWS; t++) b.y[1][t] = 4;
    for (size_t n = 1; n < 12; n += 2) {
        double mean[P], quantile[P][3];
        ssm_forecast out[P];
        make_series(b.series, b.y, n);
        ssm_forecaster *f = fit_series(&b, b.series, P, "auto");
        for (size_t i = 0; i < P; i++)
            out[i] = (ssm_forecast){1, FIXTURE_LEVELS, fixture_level, mean + i, quantile[i]};
        assert_int_equal(ssm_forecaster_predict(f, out), SSM_OK);
        assert_true(fabs(mean[1] - 4) < 1e-9);
        ssm_forecaster_free(f);
    }
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_are_one_distribution),
        cmocka_unit_test(the_score_is_the_slope_of_the_likelihood),
        cmocka_unit_test(one_series_is_the_local_level),
        cmocka_unit_test(a_silent_series_is_filled_from_the_others),
        cmocka_unit_test(the_number_of_movements_is_found_in_any_order),
        cmocka_unit_test(parts_add_up_and_residuals_show_what_is_odd),
        cmocka_unit_test(too_many_series_are_refused),
        cmocka_unit_test(a_file_that_is_at_odds_over_the_series_is_refused),
        cmocka_unit_test(short_and_flat_series_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
