/* The stream against one pass over the same tokens, its rule of refreshing, and what it may not do: allocate.
 */
#include "models/fixture.h"

#include "base/counting.h"
#include "models/zero_stream.h"
#include "models/zero_weights.h"

#include <string.h>

enum { CONTEXT = 320, MORE = 60, H = 40, EVERY = 1000, PATCHES = (H + 15) / 16, ROWS = CONTEXT + 400 };
enum { LEVELS = SSMI_FAN_LEVELS, PATCH = SSMI_ZERO_PATCH };

typedef struct bench {
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_zero_model model;
    ssmi_zero_view view;
    ssmi_zero_stream stream;
    double value[ROWS];
} bench;

/* Two seasons and noise; some rows are missing. */
static void fill(double *y, size_t n)
{
    unsigned seed = 11;
    for (size_t t = 0; t < n; t++) {
        seed = seed * 1664525u + 1013904223u;
        const double noise = (double)(seed >> 8) / 16777216.0 - 0.5;
        y[t] =
            t % 31 == 7 ? NAN : 50 + 4 * sin((double)t * 0.26179938779914941) + sin((double)t * 0.11) + noise;
    }
}

static void open_bench(bench *b, int flip, int integer, size_t every)
{
    assert_int_equal(ssm_context_new(NULL, &b->ctx), SSM_OK);
    ssmi_arena_init(&b->arena, b->ctx);
    b->model = (ssmi_zero_model){.context = CONTEXT, .flip = flip};
    assert_int_equal(ssmi_zero_share(&b->model.network, "", integer, b->ctx), SSM_OK);
    assert_int_equal(ssmi_zero_stream_open(&b->stream, &b->model, every, &b->arena), SSM_OK);
    fill(b->value, ROWS);
}

static void start(bench *b, size_t length)
{
    assert_int_equal(ssmi_zero_view_of(&b->model, b->value, length, H, &b->view, &b->arena), SSM_OK);
    ssmi_zero_stream_start(&b->stream, b->value, length, H, &b->view.frame);
}

static void close_bench(bench *b)
{
    ssmi_arena_clear(&b->arena);
    ssm_context_free(b->ctx);
}

static void streamed(bench *b, double *fan)
{
    assert_int_equal(ssmi_zero_stream_forecast(&b->stream, fan, H, &b->arena), SSM_OK);
}

/* The forecast of a fresh look at rows [0, length). */
static void fresh(bench *b, double *fan, size_t length)
{
    ssmi_zero_view view;
    assert_int_equal(ssmi_zero_view_of(&b->model, b->value, length, H, &view, &b->arena), SSM_OK);
    assert_int_equal(ssmi_zero_forecast(&b->model, fan, b->value, length, H, &view, &b->arena), SSM_OK);
}

/* One pass over all tokens, without any carried state: whole patches from the start of the window up to the
 * told rows, then patches that end with the newest row, then the future. `from` is where the window starts.
 */
static void one_pass(bench *b, double *fan, size_t from, size_t frozen, size_t length)
{
    const size_t padding = (PATCH - (frozen - from) % PATCH) % PATCH, batch = b->model.flip ? 2 : 1;
    const size_t end = padding + length - from, whole = end / PATCH;
    const size_t told = whole > SSMI_ZERO_LAG ? (whole - SSMI_ZERO_LAG) * PATCH : 0;
    const size_t parts = (end - told + PATCH - 1) / PATCH, tokens = told / PATCH + parts + PATCHES - 1;
    ssmi_zero_rows rows;
    float *feature = SSMI_ALLOC(&b->arena, float, 2 * tokens * SSMI_ZERO_FEATURES);
    float *position = SSMI_ALLOC(&b->arena, float, tokens);
    float *quantile = SSMI_ALLOC(&b->arena, float, batch *PATCHES *PATCH *LEVELS);
    assert_int_equal(ssmi_zero_rows_open(&rows, end, &b->arena), SSM_OK);
    ssmi_zero_rows_clear(&rows, padding);
    for (size_t t = from; t < length; t++) ssmi_zero_rows_push(&rows, &b->view.frame, b->value[t]);
    for (size_t i = 0; i < tokens; i++) {
        const int is_told = i < told / PATCH, is_future = i >= told / PATCH + parts;
        const size_t last = is_told ? (i + 1) * PATCH : end + (i + 1 - told / PATCH) * PATCH - parts * PATCH;
        ssmi_zero_describe(feature + i * SSMI_ZERO_FEATURES, &rows, &b->view.frame,
                           is_told || is_future ? 0 : (ptrdiff_t)told, last);
        position[i] = (float)last / PATCH - 1;
    }
    if (batch == 2) ssmi_zero_flip(feature + tokens * SSMI_ZERO_FEATURES, feature, tokens);
    const ssmi_zero_pass pass = {batch, tokens, tokens - PATCHES, feature, quantile, NULL, position, NULL};
    assert_int_equal(ssmi_zero_forward(b->model.network, &pass, ssmi_cpu_isa(), &b->arena), SSM_OK);
    assert_int_equal(ssmi_zero_unwind(&b->model, fan, quantile, H, &b->view.frame, &b->arena), SSM_OK);
}

static double worst(const bench *b, const double *x, const double *y)
{
    double most = 0;
    for (size_t i = 0; i < (size_t)H * LEVELS; i++)
        most = fmax(most, isfinite(x[i]) ? fabs(x[i] - y[i]) / b->view.frame.scale : INFINITY);
    return most;
}

static const struct {
    int flip, integer;
    size_t length; /* of the history; the window is the last CONTEXT rows of it */
} cases[] = {{0, 0, CONTEXT + 37}, {0, 0, 100}, {0, 0, 1}, {1, 0, CONTEXT}, {0, 1, CONTEXT}};

/* Single precision, sums in another order: 1e-5 of the scale. Inputs of 8-bit products are rounded, which may
 * go either way: a step of theirs is 3e-5 of the largest. */
static void a_stream_equals_one_pass_over_its_tokens(void **state)
{
    (void)state;
    static const char *const isas[] = {"portable", "avx2", "avx512"};
    static const size_t step[] = {11, 6, 6}, first[] = {0, 0, 3}; /* all places in a token between them */
    static bench b;
    double stream[H * LEVELS], pass[H * LEVELS];
    for (size_t k = 0; k < sizeof cases / sizeof *cases * 3; k++) {
        const size_t length = cases[k / 3].length, from = length > CONTEXT ? length - CONTEXT : 0;
        assert_int_equal(setenv("SSMCAST_ISA", isas[k % 3], 1), 0);
        open_bench(&b, cases[k / 3].flip, cases[k / 3].integer, EVERY);
        start(&b, length);
        for (size_t t = length; t < length + MORE; t++) {
            const ssmi_mark mark = ssmi_arena_mark(&b.arena);
            assert_int_equal(ssmi_zero_stream_update(&b.stream, b.value[t]), SSM_OK);
            if (b.stream.since == 0) start(&b, t + 1); /* a single point has no reach */
            if (b.stream.since == 0 || t % step[k % 3] != first[k % 3]) continue;
            streamed(&b, stream);
            one_pass(&b, pass, from, length, t + 1);
            const double error = worst(&b, stream, pass);
            if (!(error <= (cases[k / 3].integer ? 1e-3 : 1e-5)))
                fail_msg("case %zu %s, row %zu: %g", k / 3, isas[k % 3], t - length + 1, error);
            ssmi_arena_rewind(&b.arena, mark);
        }
        close_bench(&b);
    }
    unsetenv("SSMCAST_ISA");
}

static void a_refresh_by_count_gives_what_a_fresh_look_gives(void **state)
{
    (void)state;
    static bench b;
    double stream[H * LEVELS], now[H * LEVELS];
    const size_t every = 21, length = CONTEXT + 3;
    open_bench(&b, 0, 0, every);
    start(&b, length);
    for (size_t t = length; t < length + 4 * every; t++) {
        const int due = (t + 1 - length) % every == 0;
        assert_int_equal(ssmi_zero_stream_update(&b.stream, b.value[t]), SSM_OK);
        if (!due && t % 5 > 0) continue;
        streamed(&b, stream);
        fresh(&b, now, t + 1);
        if (due) assert_true(worst(&b, stream, now) <= 1e-5);
        if (!due) assert_true(worst(&b, stream, now) > 0); /* frozen, so not the same */
        if (!due) assert_true(worst(&b, stream, now) < 1); /* and yet near */
    }
    close_bench(&b);
}

static void a_row_far_away_refreshes_at_once(void **state)
{
    (void)state;
    static bench b;
    double stream[H * LEVELS], now[H * LEVELS];
    open_bench(&b, 0, 0, EVERY);
    start(&b, CONTEXT);
    b.value[CONTEXT + 1] = 1e6;
    b.value[CONTEXT + 3] = -1e300;
    for (size_t t = CONTEXT; t < CONTEXT + 6; t++) {
        assert_int_equal(ssmi_zero_stream_update(&b.stream, b.value[t]), SSM_OK);
        assert_int_equal(b.stream.since == 0, t == CONTEXT + 1 || t == CONTEXT + 3);
        if (b.stream.since > 0) continue;
        start(&b, t + 1);
        assert_int_equal(ssmi_zero_stream_update(&b.stream, b.value[t]), SSM_OK);
        start(&b, t + 1);
    }
    for (size_t t = CONTEXT; t < CONTEXT + 4; t++) b.value[t] = t == CONTEXT + 3 ? 200 : b.value[t - 24];
    start(&b, CONTEXT + 3);
    assert_int_equal(ssmi_zero_stream_update(&b.stream, b.value[CONTEXT + 3]), SSM_OK);
    assert_int_equal(b.stream.since, 0);
    streamed(&b, stream);
    fresh(&b, now, CONTEXT + 4);
    assert_true(worst(&b, stream, now) <= 1e-5);
    close_bench(&b);
}

static void after_a_context_without_values_the_stream_waits_for_one(void **state)
{
    (void)state;
    static bench b;
    double stream[H * LEVELS], now[H * LEVELS];
    const size_t every = 50, length = 40;
    open_bench(&b, 0, 0, every);
    for (size_t t = length; t < ROWS; t++) b.value[t] = t == ROWS - 2 ? 3 : NAN;
    start(&b, length);
    for (size_t t = length; t < ROWS - 2; t++)
        assert_int_equal(ssmi_zero_stream_update(&b.stream, b.value[t]), SSM_OK);
    assert_int_equal(ssmi_zero_stream_forecast(&b.stream, stream, H, &b.arena), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(b.ctx), "no observed value"));
    assert_int_equal(ssmi_zero_stream_update(&b.stream, b.value[ROWS - 2]), SSM_OK);
    streamed(&b, stream);
    fresh(&b, now, ROWS - 1);
    assert_true(worst(&b, stream, now) <= 1e-5);
    close_bench(&b);
}

static void an_update_allocates_nothing(void **state)
{
    (void)state;
    static double value[ROWS];
    static const char *const flips[] = {"false", "true"};
    fill(value, ROWS);
    for (int k = 0; k < 2; k++) {
        counting c = {0};
        const ssm_allocator allocator = counting_allocator(&c);
        const ssm_series series = fixture_series(value, CONTEXT, 0);
        ssm_context *ctx;
        ssm_forecaster *f;
        assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
        assert_int_equal(ssm_forecaster_new(ctx, "zero", &f), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "flip", flips[k]), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "refresh", "150"), SSM_OK);
        assert_int_equal(ssm_forecaster_fit(f, &(ssm_fit_task){&series, 1, H, 0}), SSM_OK);
        assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
        const size_t calls = c.calls;
        for (size_t t = CONTEXT; t < ROWS; t++) assert_int_equal(ssm_forecaster_update(f, value + t), SSM_OK);
        assert_int_equal(c.calls, calls);
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
        assert_int_equal(c.blocks_out, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_equals_one_pass_over_its_tokens),
        cmocka_unit_test(a_refresh_by_count_gives_what_a_fresh_look_gives),
        cmocka_unit_test(a_row_far_away_refreshes_at_once),
        cmocka_unit_test(after_a_context_without_values_the_stream_waits_for_one),
        cmocka_unit_test(an_update_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
