/* Networks whose state is carried from row to row: what they are told, and that a stream is its history. */
#include "fixture.h"

#include "base/counting.h"
#include "forecast/handle.h"
#include "models/learner.h"
#include <stdint.h>
#include <unistd.h>

enum { LENGTH = 700, SEEN = 460, HORIZON = 4, COLUMNS = 2 };

typedef struct bench {
    counting memory;
    ssm_context *ctx;
    double y[LENGTH], x[LENGTH * COLUMNS];
    ssm_series all, seen; /* a season of 12 months and a level that follows itself; its first rows */
    char path[64];
} bench;

static double noise(uint32_t *seed)
{
    *seed = 1664525u * *seed + 1013904223u;
    return (*seed >> 8) / 8388608.0 - 1;
}

static void open_bench(bench *b, int columns)
{
    uint32_t seed = 5;
    double level = 0;
    const ssm_allocator allocator = counting_allocator(&b->memory);
    b->memory = (counting){0};
    for (size_t t = 0; t < LENGTH; t++) {
        level = 0.7 * level + noise(&seed);
        b->x[COLUMNS * t] = noise(&seed), b->x[COLUMNS * t + 1] = fabs(noise(&seed));
        b->y[t] = 50 + 3 * sin(2 * 3.14159265358979 * (double)t / 12) + level;
        if (columns) b->y[t] += 4 * b->x[COLUMNS * t] + 2 * b->x[COLUMNS * t + 1];
    }
    b->all = fixture_series(b->y, LENGTH, 12);
    b->all.time.step = (ssm_step){SSM_STEP_MONTHS, 1};
    if (columns) {
        b->all.exogenous = b->x;
        b->all.n_exogenous = COLUMNS;
        b->all.exogenous_rows = LENGTH;
    }
    b->seen = ssm_series_slice(b->all, 0, SEEN);
    assert_int_equal(ssm_context_new(&allocator, &b->ctx), SSM_OK);
    ssm_context_set_threads(b->ctx, 1);
    strcpy(b->path, "/tmp/ssmcast_carried_XXXXXX");
    close(mkstemp(b->path));
}

static void close_bench(bench *b)
{
    ssm_context_free(b->ctx);
    assert_int_equal(b->memory.blocks_out, 0);
    unlink(b->path);
}

/* More options, after those that make a network small and quick. */
typedef const char *const setting[2];

static ssm_forecaster *make(bench *b, const char *model, setting *more, size_t n)
{
    static setting small[] = {{"state", "carried"}, {"lookback", "24"}, {"windows", "2000"},
                              {"rate", "0.01"},     {"skip", "last"},   {"patch", "4"},
                              {"stride", "4"},      {"width", "8"},     {"hidden", "8"}};
    ssm_forecaster *f;
    assert_int_equal(ssm_forecaster_new(b->ctx, model, &f), SSM_OK);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        assert_int_equal(ssm_forecaster_set(f, small[i][0], small[i][1]), SSM_OK);
    for (size_t i = 0; i < n; i++) assert_int_equal(ssm_forecaster_set(f, more[i][0], more[i][1]), SSM_OK);
    return f;
}

/* Fitted to the first rows, with a network that was kept. */
static ssm_forecaster *fit(bench *b, const char *model, setting *more, size_t n)
{
    char note[256];
    ssm_forecaster *f = make(b, model, more, n);
    if (ssm_forecaster_fit(f, &(ssm_fit_task){.panel = &b->seen, .n_series = 1, .horizon = HORIZON}) !=
        SSM_OK)
        fail_msg("%s: %s", model, ssm_context_message(b->ctx));
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    if (strstr(note, "its state carried") == NULL) fail_msg("%s: %s", model, note);
    return f;
}

static void ask(ssm_forecaster *f, fixture_answer *out)
{
    memset(out, 0, sizeof *out);
    fixture_predict(f, HORIZON, out);
}

/* Two counters that start again every 2 half tokens, half of that apart, say how much the older has seen. */
static void the_older_state_has_seen_more_than_half_and_never_more_than_all(void **state)
{
    (void)state;
    for (size_t stride = 1; stride <= 5; stride += 2) {
        for (size_t half = 1; half <= 4; half++) {
            const ssmi_network net = {.size = {.stride = stride}, .half = half};
            size_t age[2] = {0, 0}, told = 0;
            for (size_t rows = 1; rows < 80; rows++) {
                const ssmi_learner_place p = ssmi_learner_place_of(rows, &net);
                for (; (told + 1) * stride < rows; told++)
                    for (size_t s = 0; s < 2; s++)
                        age[s] = (told + s * half) % (2 * half) == 0 ? 1 : age[s] + 1;
                assert_int_equal(p.told, told);
                assert_int_equal(p.told * stride + p.since, rows);
                assert_in_range(p.since, 1, stride);
                size_t older = 0;
                for (size_t s = 0; s < 2; s++) /* one that is to start again now has nothing to say */
                    if ((told + s * half) % (2 * half) != 0 && age[s] > older) older = age[s];
                assert_int_equal(p.context, 1 + older);
                assert_in_range(p.context, told < half ? told + 1 : half + 1, 2 * half);
            }
        }
    }
}

static void a_frame_is_mean_and_deviation_of_the_rows_that_count(void **state)
{
    (void)state;
    ssmi_learner_frame f = ssmi_learner_frame_new();
    const double y[] = {3, NAN, -1, 4, NAN, 2};
    assert_true(isnan(f.held));
    for (size_t t = 0; t < 6; t++) ssmi_learner_frame_add(&f, y[t], 10);
    assert_near(f.recent.mean, 2, 1e-15); /* of 3, -1, 4, 2 */
    assert_near(f.recent.square, 3.5, 1e-15);
    assert_true(f.held == 2 && f.whole.mean == f.recent.mean);
    const ssmi_learner_unit even = ssmi_learner_unit_of(&f);
    assert_true(even.scale == 0);
    assert_near(even.spread, sqrt(3.5), 1e-15);
    for (size_t t = 0; t < 400; t++) ssmi_learner_frame_add(&f, 7, 10);
    const ssmi_learner_unit flat = ssmi_learner_unit_of(&f);
    assert_near(flat.centre, 7, 1e-12);
    assert_near(flat.scale, log(1e-3), 1e-12); /* recent rows are flat against all of them */
    for (size_t n = 0; n < 2; n++) {           /* nothing seen, and one value alone */
        ssmi_learner_frame none = ssmi_learner_frame_new();
        if (n > 0) ssmi_learner_frame_add(&none, 5, 10);
        assert_true(ssmi_learner_unit_of(&none).spread == 1 && ssmi_learner_unit_of(&none).scale == 0);
    }
}

/* A jump off a constant, in units of its own token's frame. */
static void a_jump_is_told_as_no_more_than_the_memory_allows(void **state)
{
    (void)state;
    ssmi_learner_frame f = ssmi_learner_frame_new();
    for (size_t t = 0; t < 1000; t++) ssmi_learner_frame_add(&f, 1, 64);
    ssmi_learner_frame_add(&f, 1e9, 64);
    const ssmi_learner_unit u = ssmi_learner_unit_of(&f);
    assert_in_range((1e9 - u.centre) / u.spread, 7, 8);
}

/* What training computes for an origin and what a stream that stands there says: the same network, the same
 * tokens; sums run in another order. */
static void a_stream_says_what_training_saw(void **state)
{
    (void)state;
    static bench b;
    open_bench(&b, 0);
    b.y[400] = b.y[401] = b.y[417] = NAN;
    static setting more[] = {{"phases", "true"}, {"stride", "3"}};
    ssm_forecaster *f = fit(&b, "mamba", more, 2);
    const ssmi_learner *l = f->self;
    ssm_arena arena;
    ssmi_window_series panel;
    ssmi_learner_track track = {.first = ssmi_learner_row(&b.all)};
    ssmi_arena_init(&arena, b.ctx);
    assert_int_equal(ssmi_windows_prepare(&panel, &b.all, SEEN, &arena), SSM_OK);
    assert_int_equal(ssmi_learner_track_run(&track, &panel, l->drifts, &l->net, &arena), SSM_OK);
    float *token = SSMI_ALLOC(&arena, float, l->net.tokens * l->net.features);
    float *step = SSMI_ALLOC(&arena, float, l->net.tokens), *out = SSMI_ALLOC(&arena, float, l->net.outputs);
    float *told = SSMI_ALLOC(&arena, float, l->net.outputs);
    float *record = SSMI_ALLOC(&arena, float, ssmi_network_record_f32(&l->net, 1));
    float *scratch = SSMI_ALLOC(&arena, float, ssmi_network_scratch_f32(&l->net, 1));
    for (size_t origin = 390; origin < 440; origin++) {
        const ssm_series history = ssm_series_slice(b.all, 0, origin);
        const size_t newest =
            ssmi_learner_track_tell(token, step, &track, &panel, origin, &l->net, &l->phases);
        const ssmi_network_input_f32 in = {.batch = 1, .token = token, .step = step, .newest = &newest};
        float worst = 0, most = 0;
        assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
        ssmi_network_forward_f32(out, record, scratch, &in, l->params, &l->net, 0, 0,
                                 ssmi_kernels_of_f32(ssmi_cpu_isa()));
        assert_int_equal(ssmi_learner_carried_ask(told, &l->carried, l, 0, l->next - 1, NULL, &arena),
                         SSM_OK);
        for (size_t i = 0; i < l->net.outputs; i++) {
            worst = fmaxf(worst, fabsf(out[i] - told[i]));
            most = fmaxf(most, fabsf(out[i]));
        }
        if (!(most > 0.1f && worst < 1e-4f * most)) fail_msg("origin %zu: %g of %g", origin, worst, most);
    }
    ssmi_arena_clear(&arena);
    ssm_forecaster_free(f);
    close_bench(&b);
}

/* Rows one by one from the first; at every third the stream is saved and another handle goes on with it, and
 * at every seventh it is compared with the whole history at once: all to the same bytes. With columns there
 * is no state to save. */
static void stream_and_restore(bench *b, ssm_forecaster *f)
{
    static fixture_answer batch, stream;
    ssm_forecaster *at = NULL;
    ssm_series history = ssm_series_slice(b->all, 0, 1);
    size_t n;
    for (size_t t = 0, taken = 0; t < 160; t++) {
        if (t == 0 || b->all.n_exogenous > 0) {
            history.length = taken = t > 1 ? t - 1 : 1;
            assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
        }
        ssm_forecaster *goes_on = at != NULL ? at : f;
        for (; taken <= t; taken++) assert_int_equal(ssm_forecaster_update(goes_on, b->y + taken), SSM_OK);
        ask(goes_on, &stream);
        if (b->all.n_exogenous == 0 && t % 3 == 0) {
            assert_int_equal(ssm_forecaster_save_state(&goes_on, 1, b->path), SSM_OK);
            ssm_forecaster_free(at);
            if (ssm_forecaster_load_state(b->ctx, b->path, 1, &at, &n) != SSM_OK)
                fail_msg("%s", ssm_context_message(b->ctx));
        }
        if (t % 7 != 0) continue;
        history.length = t + 1;
        assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
        ask(f, &batch);
        if (memcmp(&stream, &batch, sizeof batch) != 0)
            fail_msg("row %zu: streamed %.17g, at once %.17g", t, stream.mean[0], batch.mean[0]);
    }
    ssm_forecaster_free(at);
}

static void a_stream_is_its_history_whatever_is_carried(void **state)
{
    (void)state;
    static bench b;
    static setting plain[] = {{"patch", "4"}}, deep[] = {{"variant", "3"}, {"stride", "3"}, {"first", "s4d"}},
                   heads[] = {{"variant", "2"}, {"seeds", "2"}, {"phases", "true"}},
                   rows[] = {{"patch", "1"}, {"stride", "1"}};
    static const struct {
        const char *model;
        setting *more;
        size_t n;
        int columns;
    } kinds[] = {{"mamba", plain, 1, 0}, {"mamba", plain, 1, 1}, {"mamba", heads, 3, 0},
                 {"mamba", deep, 3, 0},  {"s4d", rows, 2, 0},    {"s4d", rows, 2, 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        open_bench(&b, kinds[i].columns);
        ssm_forecaster *f = fit(&b, kinds[i].model, kinds[i].more, kinds[i].n);
        b.y[0] = b.y[1] = b.y[60] = NAN;
        for (size_t t = 90; t < 125; t++) b.y[t] = NAN; /* more than a look-back */
        b.y[0] = 50;
        stream_and_restore(&b, f);
        ssm_forecaster_free(f);
        close_bench(&b);
    }
}

/* A stream of 60000 rows takes no memory after its first rows, and its state is a file of the same size. */
static void a_long_stream_takes_no_memory(void **state)
{
    (void)state;
    static bench b;
    long size[2];
    open_bench(&b, 0);
    static setting more[] = {{"seeds", "2"}};
    ssm_forecaster *f = fit(&b, "mamba", more, 1);
    static fixture_answer a;
    assert_int_equal(ssm_forecaster_condition(f, &b.seen), SSM_OK);
    ask(f, &a);
    for (size_t round = 0; round < 2; round++) {
        const size_t calls = b.memory.calls, rows = round == 0 ? 200 : 60000;
        for (size_t t = 0; t < rows; t++) {
            assert_int_equal(ssm_forecaster_update(f, &b.y[t % LENGTH]), SSM_OK);
            if (t % 100 == 0) ask(f, &a);
        }
        assert_int_equal(b.memory.calls, calls);
        assert_int_equal(ssm_forecaster_save_state(&f, 1, b.path), SSM_OK);
        FILE *file = fopen(b.path, "rb");
        assert_non_null(file);
        fseek(file, 0, SEEK_END);
        size[round] = ftell(file);
        fclose(file);
    }
    assert_true(labs(size[1] - size[0]) < 64); /* the number of rows has more digits */
    for (size_t h = 0; h < HORIZON; h++) assert_true(fabs(a.mean[h] - 50) < 20);
    ssm_forecaster_free(f);
    close_bench(&b);
}

/* A model of several series has no units of its own: a series that it has not seen is forecast alike in any
 * units, and row by row. */
static void a_new_series_of_any_scale_is_taken_by_a_model_of_several(void **state)
{
    (void)state;
    static bench b;
    static double other[LENGTH], scaled[LENGTH];
    static fixture_answer one, thousand;
    open_bench(&b, 0);
    for (size_t t = 0; t < LENGTH; t++) {
        other[t] = 200 - 3 * b.y[LENGTH - 1 - t];
        scaled[t] = 1024 * b.y[t] - 70000;
    }
    ssm_series panel[2] = {b.all, b.all};
    panel[1].value = other;
    ssm_series series = b.all;
    series.value = scaled;
    ssm_forecaster *f = make(&b, "mamba", NULL, 0);
    assert_int_equal(
        ssm_forecaster_fit(f, &(ssm_fit_task){.panel = panel, .n_series = 2, .horizon = HORIZON}), SSM_OK);
    assert_true(ssmi_learner_carries(f->self));
    assert_int_equal(ssm_forecaster_condition(f, &b.all), SSM_OK);
    ask(f, &one);
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    ask(f, &thousand);
    for (size_t h = 0; h < HORIZON; h++)
        assert_float_equal(thousand.mean[h], 1024 * one.mean[h] - 70000, 1e-3 * 1024);
    series = ssm_series_slice(series, 0, 300);
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    for (size_t t = 300; t < LENGTH; t++) assert_int_equal(ssm_forecaster_update(f, &scaled[t]), SSM_OK);
    ask(f, &one);
    assert_memory_equal(&one, &thousand, sizeof one);
    ssm_forecaster_free(f);
    close_bench(&b);
}

/* Constant, enormous, and hardly there: forecasts stay finite. */
static void odd_series_are_told_as_something_finite(void **state)
{
    (void)state;
    static bench b;
    static fixture_answer a;
    open_bench(&b, 0);
    ssm_series panel[2] = {b.seen, b.seen}; /* no units: rows reach the frame as they are */
    ssm_forecaster *f = make(&b, "s4d", NULL, 0);
    assert_int_equal(
        ssm_forecaster_fit(f, &(ssm_fit_task){.panel = panel, .n_series = 2, .horizon = HORIZON}), SSM_OK);
    assert_true(ssmi_learner_carries(f->self));
    const double size[] = {0, 1, 1e-300, 1e200};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        for (size_t t = 0; t < LENGTH; t++) b.y[t] = i == 1 ? 7 : size[i] * sin((double)t);
        assert_int_equal(ssm_forecaster_condition(f, &b.all), SSM_OK);
        ask(f, &a);
        for (size_t h = 0; h < HORIZON; h++) assert_true(isfinite(a.mean[h]));
    }
    ssm_forecaster_free(f);
    close_bench(&b);
}

static void what_cannot_be_carried_is_refused(void **state)
{
    (void)state;
    static bench b;
    open_bench(&b, 1);
    static setting both[] = {{"bidirectional", "true"}};
    const ssm_fit_task one = {.panel = &b.seen, .n_series = 1, .horizon = HORIZON};
    const ssm_series panel[2] = {b.seen, b.seen};
    ssm_forecaster *f = make(&b, "mamba", both, 1);
    assert_int_equal(ssm_forecaster_fit(f, &one), SSM_E_ARGUMENT);
    assert_non_null(strstr(ssm_context_message(b.ctx), "\"bidirectional\" is true"));
    ssm_forecaster_free(f);
    f = make(&b, "s4d", NULL, 0);
    assert_int_equal(
        ssm_forecaster_fit(f, &(ssm_fit_task){.panel = panel, .n_series = 2, .horizon = HORIZON}),
        SSM_E_UNSUPPORTED);
    assert_non_null(strstr(ssm_context_message(b.ctx), "exogenous"));
    ssm_forecaster_free(f);
    assert_int_equal(ssm_forecaster_new(b.ctx, "transformer", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "state", "carried"), SSM_E_ARGUMENT);
    ssm_forecaster_free(f);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_older_state_has_seen_more_than_half_and_never_more_than_all),
        cmocka_unit_test(a_frame_is_mean_and_deviation_of_the_rows_that_count),
        cmocka_unit_test(a_jump_is_told_as_no_more_than_the_memory_allows),
        cmocka_unit_test(a_stream_says_what_training_saw),
        cmocka_unit_test(a_stream_is_its_history_whatever_is_carried),
        cmocka_unit_test(a_long_stream_takes_no_memory),
        cmocka_unit_test(a_new_series_of_any_scale_is_taken_by_a_model_of_several),
        cmocka_unit_test(odd_series_are_told_as_something_finite),
        cmocka_unit_test(what_cannot_be_carried_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
