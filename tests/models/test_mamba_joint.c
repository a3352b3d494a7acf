/* Series that are forecast together by one network. */
#include "fixture.h"

#include "forecast/handle.h"
#include "models/learner.h"
#include <stdint.h>
#include <unistd.h>

enum { V = 3, ROWS = 1500, SEEN = 1300, HORIZON = 4, LAG = 4, COLUMNS = 1 };

typedef struct bench {
    ssm_context *ctx;
    double y[V][ROWS], x[ROWS * COLUMNS];
    ssm_series all[V], seen[V];
} bench;

static double noise(uint32_t *seed)
{
    *seed = 1664525u * *seed + 1013904223u;
    return (*seed >> 8) / 8388608.0 - 1;
}

/* The second follows the first by LAG rows, the third goes its own way. */
static void open_bench(bench *b)
{
    static const char *const name[V] = {"ahead", "behind", "alone"};
    uint32_t seed = 7;
    double first = 0, third = 0;
    for (size_t t = 0; t < ROWS; t++) {
        b->y[0][t] = first = 0.9 * first + noise(&seed);
        b->y[1][t] = 50 + 20 * (t >= LAG ? b->y[0][t - LAG] : 0) + noise(&seed);
        b->y[2][t] = third = 0.9 * third + noise(&seed);
        b->x[t] = noise(&seed);
    }
    for (size_t v = 0; v < V; v++) {
        b->all[v] = fixture_series(b->y[v], ROWS, 0);
        b->all[v].name = name[v];
        b->seen[v] = ssm_series_slice(b->all[v], 0, SEEN);
    }
    assert_int_equal(ssm_context_new(NULL, &b->ctx), SSM_OK);
}

static void close_bench(bench *b)
{
    ssm_context_free(b->ctx);
}

typedef const char *const setting[2];

static ssm_forecaster *fit(bench *b, const char *model, const ssm_series *series, size_t n, setting *more,
                           size_t n_more)
{
    static setting small[] = {{"lookback", "16"}, {"patch", "4"},       {"stride", "4"},  {"width", "8"},
                              {"hidden", "16"},   {"windows", "20000"}, {"rate", "0.01"}, {"dropout", "0"}};
    ssm_forecaster *f;
    assert_int_equal(ssm_forecaster_new(b->ctx, model, &f), SSM_OK);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        assert_int_equal(ssm_forecaster_set(f, small[i][0], small[i][1]), SSM_OK);
    for (size_t i = 0; i < n_more; i++)
        assert_int_equal(ssm_forecaster_set(f, more[i][0], more[i][1]), SSM_OK);
    const ssm_fit_task task = {.panel = series, .n_series = n, .horizon = HORIZON};
    if (ssm_forecaster_fit(f, &task) != SSM_OK) fail_msg("%s: %s", model, ssm_context_message(b->ctx));
    return f;
}

static void predict(ssm_forecaster *f, fixture_answer *a, size_t n)
{
    ssm_forecast out[V];
    for (size_t v = 0; v < n; v++)
        out[v] = (ssm_forecast){HORIZON, FIXTURE_LEVELS, fixture_level, a[v].mean, a[v].quantile};
    assert_int_equal(ssm_forecaster_predict(f, out), SSM_OK);
}

/* Root mean squared error of the second series, forecast at each row that was not seen. */
static double error_behind(bench *b, ssm_forecaster *f)
{
    const int joint = ssm_forecaster_width(f) > 1;
    double sum = 0;
    size_t n = 0;
    for (size_t o = SEEN; o + HORIZON <= ROWS; o++) {
        ssm_series history[V];
        fixture_answer a[V];
        for (size_t v = 0; v < V; v++) history[v] = ssm_series_slice(b->all[v], 0, o);
        assert_int_equal(ssm_forecaster_condition(f, joint ? history : history + 1), SSM_OK);
        predict(f, joint ? a : a + 1, joint ? V : 1);
        for (size_t h = 0; h < HORIZON; h++, n++) sum += pow(b->y[1][o + h] - a[1].mean[h], 2);
    }
    return sqrt(sum / (double)n);
}

/* Its own noise has a standard deviation of .6; alone it is forecast as a process whose steps have one of 12.
 */
static void a_series_that_follows_another_is_forecast_by_it(void **state)
{
    static setting kinds[] = {{"across", "mamba"}, {"across", "attention"}};
    (void)state;
    bench b;
    char note[400];
    open_bench(&b);
    ssm_forecaster *alone = fit(&b, "mamba", b.seen, V, NULL, 0);
    const double unknown = error_behind(&b, alone);
    ssm_forecaster_free(alone);
    for (size_t i = 0; i < 2; i++) {
        ssm_forecaster *f = fit(&b, "mamba_joint", b.seen, V, &kinds[i], 1);
        const double known = error_behind(&b, f);
        print_message("%s: %g, alone %g\n", kinds[i][1], known, unknown);
        assert_true(known < 0.7 * unknown);
        assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
        assert_non_null(strstr(note, "3 series together; network kept"));
        ssm_forecaster_free(f);
    }
    close_bench(&b);
}

static void assert_same(const fixture_answer *a, const fixture_answer *b)
{
    for (size_t v = 0; v < V; v++) {
        assert_memory_equal(a[v].mean, b[v].mean, HORIZON * sizeof *a->mean);
        assert_memory_equal(a[v].quantile, b[v].quantile, HORIZON * FIXTURE_LEVELS * sizeof *a->quantile);
    }
}

/* With gaps, with a column, alone and averaged with the pretrained network; by a file half way. */
static void rows_one_by_one_are_the_history_at_once(void **state)
{
    static setting more[] = {{"pretrained", "0.5"}, {"windows", "2000"}};
    (void)state;
    bench b;
    open_bench(&b);
    for (size_t t = SEEN - 100; t < ROWS; t += 7) b.y[t % V][t] = NAN;
    for (size_t n_more = 0; n_more <= 2; n_more += 2) {
        enum { MORE = 30 };
        char path[] = "/tmp/ssmcast_joint_XXXXXX";
        fixture_answer streamed[V], at_once[V];
        ssm_series history[V];
        ssm_forecaster *loaded[1];
        for (size_t v = 0; v < V; v++) {
            b.seen[v].exogenous = b.all[v].exogenous = n_more > 0 ? b.x : NULL;
            b.seen[v].n_exogenous = b.all[v].n_exogenous = n_more > 0 ? COLUMNS : 0;
            b.seen[v].exogenous_rows = b.all[v].exogenous_rows = n_more > 0 ? ROWS : 0;
            history[v] = ssm_series_slice(b.all[v], 0, SEEN + MORE);
        }
        ssm_forecaster *f = fit(&b, "mamba_joint", b.seen, V, more, n_more);
        assert_int_equal(ssm_forecaster_condition(f, b.seen), SSM_OK);
        for (size_t t = SEEN; t < SEEN + MORE; t++) {
            const double y[V] = {b.y[0][t], b.y[1][t], b.y[2][t]};
            assert_int_equal(ssm_forecaster_update(f, y), SSM_OK);
        }
        predict(f, streamed, V);
        assert_int_equal(ssm_forecaster_condition(f, history), SSM_OK);
        predict(f, at_once, V);
        assert_same(streamed, at_once);
        close(mkstemp(path));
        if (n_more == 0) {
            size_t n;
            assert_int_equal(ssm_forecaster_save_state(&f, 1, path), SSM_OK);
            assert_int_equal(ssm_forecaster_load_state(b.ctx, path, 1, loaded, &n), SSM_OK);
        } else {
            assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
            assert_int_equal(ssm_forecaster_load(b.ctx, path, &loaded[0]), SSM_OK);
            assert_int_equal(ssm_forecaster_condition(loaded[0], history), SSM_OK);
        }
        predict(loaded[0], streamed, V);
        assert_same(streamed, at_once);
        ssm_forecaster_free(loaded[0]);
        ssm_forecaster_free(f);
        unlink(path);
    }
    close_bench(&b);
}

static void threads_change_nothing(void **state)
{
    static setting more[] = {{"windows", "3000"}, {"dropout", "0.2"}};
    (void)state;
    bench b;
    fixture_answer one[V], three[V];
    open_bench(&b);
    for (size_t threads = 1; threads <= 3; threads += 2) {
        ssm_context_set_threads(b.ctx, threads);
        ssm_forecaster *f = fit(&b, "mamba_joint", b.seen, V, more, 2);
        assert_int_equal(ssm_forecaster_condition(f, b.seen), SSM_OK);
        predict(f, threads == 1 ? one : three, V);
        ssm_forecaster_free(f);
    }
    assert_same(one, three);
    close_bench(&b);
}

/* A gap that a series has at the origin is filled from rows to come, which no network may see: what came
 * before it is repeated, and nothing is known of a series that has not begun. The others learn from that
 * window, it does not. */
static void a_series_that_is_silent_at_an_origin_does_not_tell_its_future(void **state)
{
    enum { L = 16, GAP = 600, BEGIN = 20 };
    (void)state;
    bench b;
    ssm_arena arena;
    ssmi_window_series panel[V];
    ssmi_learner_windows windows;
    ssmi_learner_track track[V] = {{.first = 0}};
    open_bench(&b);
    ssmi_arena_init(&arena, b.ctx);
    b.y[2][GAP - 2] = b.y[2][GAP - 1] = NAN;
    for (size_t t = 0; t < BEGIN; t++) b.y[1][t] = NAN;
    for (size_t v = 0; v < V; v++)
        assert_int_equal(ssmi_windows_prepare(&panel[v], &b.all[v], SEEN, &arena), SSM_OK);
    const ssmi_ridge_task task = {
        .panel = panel, .n_series = V, .horizon = HORIZON, .n_validation = ROWS - SEEN};
    ssm_forecaster *f = fit(&b, "mamba_joint", b.seen, V, NULL, 0);
    const ssmi_learner_skip skip = ssmi_learner_skip_of(f->self);
    assert_int_equal(skip.ridge->lookback, L);
    assert_int_equal(
        ssmi_learner_windows_collect(&windows, &task, skip.ridge, V, SSMI_LEARNER_TRAINING, 100000, &arena),
        SSM_OK);
    assert_int_equal(windows.n, SEEN - HORIZON - L + 1);
    const size_t item[] = {0, GAP - L};
    assert_int_equal(windows.origin[item[1]], GAP);
    float *memory = SSMI_ALLOC(&arena, float, ssmi_learner_batch_of(NULL, &skip, 2 * V).size);
    ssmi_learner_batch batch = ssmi_learner_batch_of(memory, &skip, 2 * V);
    ssmi_learner_batch_fill(&batch, panel, track, &windows, item, 2, &skip);
    assert_int_equal(batch.n, 2 * V);
    const float *unborn = batch.value + L, *silent = batch.value + (V + 2) * L,
                *heard = batch.mask + (V + 2) * L;
    for (size_t i = 0; i < L; i++) assert_true(unborn[i] == 0 && batch.mask[L + i] == 0);
    assert_true(silent[L - 3] != silent[L - 4] && heard[L - 3] == 1);
    for (size_t i = L - 2; i < L; i++) assert_true(silent[i] == silent[L - 3] && heard[i] == 0);
    assert_true(isnan(batch.target[HORIZON]) && isnan(batch.target[(V + 2) * HORIZON]));
    assert_true(batch.target[V * HORIZON] == (float)panel[0].value[GAP]);
    ssm_forecaster_free(f);
    ssmi_arena_clear(&arena);
    close_bench(&b);
}

/* One series has nobody to hear. */
static void one_series_is_no_trouble(void **state)
{
    (void)state;
    bench b;
    fixture_answer a[1];
    open_bench(&b);
    ssm_forecaster *f = fit(&b, "mamba_joint", b.seen, 1, NULL, 0);
    assert_int_equal(ssm_forecaster_width(f), 1);
    assert_int_equal(ssm_forecaster_condition(f, b.seen), SSM_OK);
    predict(f, a, 1);
    ssm_forecaster_free(f);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_that_follows_another_is_forecast_by_it),
        cmocka_unit_test(rows_one_by_one_are_the_history_at_once),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_series_that_is_silent_at_an_origin_does_not_tell_its_future),
        cmocka_unit_test(one_series_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
