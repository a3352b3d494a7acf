/* What all trained forecasters share, whatever their network is made of. */
#include "fixture.h"

#include "models/learner_trust.h"
#include "models/learner_windows.h"
#include <stdint.h>
#include <unistd.h>

enum { LENGTH = 700, HORIZON = 4 };

/* A model with options that make it small and quick, and give it every shape that it has. */
static const struct variant {
    const char *model;
    const char *option[8][2];
} variants[] = {
    {"nlinear", {{"loss", "mse"}}},
    {"dlinear", {{"loss", "mae"}, {"schedule", "wsd"}}},
    {"mamba", {{"tied", "true"}}},
    {"mamba", {{"variant", "2"}, {"loss", "pinball"}}},
    {"mamba",
     {{"variant", "3"}, {"first", "s4d"}, {"states", "5"}, {"bidirectional", "true"}, {"phases", "true"}}},
    {"s4d", {{"poles", "legs"}, {"accumulate", "2"}}},
    {"s4d", {{"poles", "fitted"}}},
    {"mamba", {{"first", "s4d"}, {"poles", "fitted"}}},
    {"mamba", {{"state", "carried"}, {"phases", "true"}}},
    {"mamba", {{"state", "carried"}, {"first", "s4d"}, {"stride", "2"}, {"seeds", "2"}}},
    {"mamba", {{"state", "carried"}, {"variant", "3"}}},
    {"s4d", {{"state", "carried"}, {"patch", "1"}, {"stride", "1"}, {"loss", "mse"}}},
    {"transformer", {{"causal", "true"}, {"heads", "3"}, {"phases", "true"}}},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static const char *const small[][2] = {{"patch", "4"}, {"stride", "4"}, {"width", "8"}, {"hidden", "8"}};

static double noise(uint32_t *seed)
{
    *seed = 1664525u * *seed + 1013904223u;
    return (*seed >> 8) / 8388608.0 - 1;
}

/* A season of 12, and a level that follows its own last values: what every one of them can learn. */
static void fill(double *y, size_t n)
{
    uint32_t seed = 3;
    double level = 0;
    for (size_t t = 0; t < n; t++) {
        level = 0.7 * level + noise(&seed);
        y[t] = 50 + 3 * sin(2 * 3.14159265358979 * (double)t / 12) + level;
    }
}

static double share_of(const double *c, const double *v, size_t n)
{
    double cc[4], vv[4];
    ssmi_learner_evidence evidence = {n, 1, cc, vv};
    memcpy(cc, c, n * sizeof *c);
    memcpy(vv, v, n * sizeof *v);
    return ssmi_learner_evidence_share(&evidence);
}

/* The known value of models/learner_trust.h, and what it must not believe. */
static void a_gain_within_its_standard_error_is_not_trusted(void **state)
{
    const double c[] = {1, 2, 3}, v[] = {2, 2, 2}, mixed[] = {4, -5, 4}, against[] = {-1, -2, -1};
    const double more[] = {5, 5, 5}, middle[] = {0, 3, 0}, once[] = {0, 2, 0}, nothing[] = {0, 0, 0};
    (void)state;
    assert_float_equal(share_of(c, v, 3), 11.0 / 12, 1e-15);
    assert_float_equal(share_of(mixed, v, 3), 0, 0);
    assert_float_equal(share_of(against, v, 3), 0, 0);
    assert_float_equal(share_of(more, v, 3), 1, 0);
    assert_float_equal(share_of(middle, once, 3), 0.5, 0); /* one stretch has no standard error */
    assert_float_equal(share_of(nothing, nothing, 3), 0, 0);
}

static void evidence_is_kept_by_stretches_of_two_horizons(void **state)
{
    enum { H = 4 };
    const float target[H] = {1, NAN, 2, 0}, skip[H] = {0, 0, 0, 1}, added[H] = {0.5f, 9, 0, 1};
    const ssmi_window_series panel = {.length = 40};
    const ssmi_ridge_task task = {.panel = &panel, .n_series = 1, .horizon = H};
    ssmi_learner_evidence evidence;
    ssm_context *ctx;
    ssm_arena arena;
    (void)state;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_learner_evidence_new(&evidence, &task, &arena), SSM_OK);
    ssmi_learner_evidence_add(&evidence, 7, target, skip, added, H);
    ssmi_learner_evidence_add(&evidence, 8, target, skip, added, H);
    ssmi_learner_evidence_add(&evidence, 40, target, skip, added, H);
    assert_float_equal(evidence.c[0], -0.5, 1e-12);
    assert_float_equal(evidence.v[0], 1.25, 1e-12);
    assert_float_equal(evidence.v[1], 1.25, 1e-12);
    assert_float_equal(evidence.v[5], 1.25, 1e-12);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static ssm_forecaster *make(ssm_context *ctx, const struct variant *v)
{
    ssm_forecaster *f;
    const int tokens = strcmp(v->model, "nlinear") != 0 && strcmp(v->model, "dlinear") != 0;
    assert_int_equal(ssm_forecaster_new(ctx, v->model, &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "lookback", "24"), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "windows", "1600"), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "rate", "0.01"), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "skip", "last"), SSM_OK);
    for (size_t i = 0; i < 4 && tokens; i++)
        assert_int_equal(ssm_forecaster_set(f, small[i][0], small[i][1]), SSM_OK);
    for (size_t i = 0; v->option[i][0] != NULL; i++)
        assert_int_equal(ssm_forecaster_set(f, v->option[i][0], v->option[i][1]), SSM_OK);
    return f;
}

static ssm_status fit(ssm_forecaster *f, const ssm_series *series)
{
    return ssm_forecaster_fit(f, &(ssm_fit_task){.panel = series, .n_series = 1, .horizon = HORIZON});
}

static ssm_series monthly(const double *y, size_t length)
{
    ssm_series series = fixture_series(y, length, 12);
    series.time.step = (ssm_step){SSM_STEP_MONTHS, 1};
    return series;
}

/* Forecasts of a model are those of the same model read from its file, which takes its place. */
static void survive_a_file(ssm_context *ctx, ssm_forecaster **f, const ssm_series *odd,
                           fixture_answer *answer)
{
    char path[] = "/tmp/ssmcast_learner_XXXXXX";
    fixture_answer before;
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    memset(&before, 0, sizeof before);
    memset(answer, 0, sizeof *answer);
    assert_int_equal(ssm_forecaster_condition(*f, odd), SSM_OK);
    fixture_predict(*f, HORIZON, &before);
    assert_int_equal(ssm_forecaster_save(*f, path), SSM_OK);
    ssm_forecaster_free(*f);
    if (ssm_forecaster_load(ctx, path, f) != SSM_OK) fail_msg("%s", ssm_context_message(ctx));
    assert_int_equal(ssm_forecaster_condition(*f, odd), SSM_OK);
    fixture_predict(*f, HORIZON, answer);
    assert_memory_equal(answer, &before, sizeof before);
    unlink(path);
}

static void stream_as_at_once(ssm_forecaster *f, const ssm_series *all, const ssm_series *early)
{
    fixture_answer batch, stream;
    memset(&batch, 0, sizeof batch);
    memset(&stream, 0, sizeof stream);
    assert_int_equal(ssm_forecaster_condition(f, all), SSM_OK);
    fixture_predict(f, HORIZON, &batch);
    assert_int_equal(ssm_forecaster_condition(f, early), SSM_OK);
    for (size_t t = early->length; t < all->length; t++)
        assert_int_equal(ssm_forecaster_update(f, all->value + t), SSM_OK);
    fixture_predict(f, HORIZON, &stream);
    assert_memory_equal(&stream, &batch, sizeof batch);
}

/* Each is trained once: it beats the last value, survives a file, and takes rows one by one, with gaps, as it
 * takes the history at once. */
static void every_kind_of_network_learns_is_kept_and_streams(void **state)
{
    (void)state;
    double y[LENGTH], gaps[LENGTH];
    ssm_context *ctx;
    fill(y, LENGTH);
    memcpy(gaps, y, sizeof y);
    for (size_t t = LENGTH - 40; t < LENGTH - 30; t++) gaps[t] = NAN;
    gaps[LENGTH - 1] = NAN;
    const ssm_series all = monthly(gaps, LENGTH), early = monthly(gaps, 300);
    const ssm_series whole = monthly(y, LENGTH), odd = ssm_series_slice(whole, 7, LENGTH - 12);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    for (size_t i = 0; i < VARIANTS; i++) {
        fixture_answer answer;
        char note[256];
        ssm_forecaster *f = make(ctx, &variants[i]);
        if (fit(f, &all) != SSM_OK) fail_msg("%s: %s", variants[i].model, ssm_context_message(ctx));
        assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
        if (strstr(note, "network kept") == NULL && strstr(note, "networks averaged") == NULL)
            fail_msg("%s: %s", variants[i].model, note);
        survive_a_file(ctx, &f, &odd, &answer);
        for (size_t h = 0; h < HORIZON; h++) assert_true(fabs(answer.mean[h] - y[LENGTH - 5 + h]) < 4);
        stream_as_at_once(f, &all, &early);
        ssm_forecaster_free(f);
    }
    ssm_context_free(ctx);
}

/* Fits so many networks, saves and loads them; the squared error of one-step forecasts of 40 rows y. */
static double networks_error(ssm_context *ctx, const char *seeds, const ssm_series *series, const double *y,
                             fixture_answer *out, char *note, size_t size)
{
    char path[] = "/tmp/ssmcast_learner_XXXXXX";
    fixture_answer loaded;
    double square = 0;
    ssm_forecaster *f = make(ctx, &variants[2]);
    close(mkstemp(path));
    memset(&loaded, 0, sizeof loaded);
    assert_int_equal(ssm_forecaster_set(f, "seeds", seeds), SSM_OK);
    assert_int_equal(fit(f, series), SSM_OK);
    assert_int_equal(ssm_forecaster_note(f, note, size), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    fixture_predict(f, HORIZON, out);
    assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
    ssm_forecaster_free(f);
    assert_int_equal(ssm_forecaster_load(ctx, path, &f), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    fixture_predict(f, HORIZON, &loaded);
    assert_memory_equal(&loaded, out, sizeof loaded);
    for (size_t t = 0; t < 40; t++) {
        fixture_predict(f, 1, &loaded);
        square += (loaded.mean[0] - y[t]) * (loaded.mean[0] - y[t]);
        assert_int_equal(ssm_forecaster_update(f, &y[t]), SSM_OK);
    }
    ssm_forecaster_free(f);
    unlink(path);
    return square;
}

/* Errors of one-step forecasts that follow: an average is hardly ever worse, and here it must not be by a
 * tenth. */
static void several_networks_are_averaged_and_survive_a_file(void **state)
{
    (void)state;
    double y[LENGTH];
    char note[256];
    static fixture_answer one, two, again;
    ssm_context *ctx;
    fill(y, LENGTH);
    const ssm_series series = monthly(y, LENGTH - 40);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const double alone = networks_error(ctx, "1", &series, y + LENGTH - 40, &one, note, sizeof note);
    assert_null(strstr(note, "averaged"));
    const double both = networks_error(ctx, "3", &series, y + LENGTH - 40, &two, note, sizeof note);
    assert_non_null(strstr(note, "3 networks averaged"));
    assert_true(one.mean[0] != two.mean[0]);
    assert_true(both < 1.1 * alone);
    networks_error(ctx, "3", &series, y + LENGTH - 40, &again, note, sizeof note);
    assert_memory_equal(&again, &two, sizeof two);
    for (size_t h = 0; h < HORIZON; h++)
        for (size_t k = 0; k + 1 < FIXTURE_LEVELS; k++)
            assert_true(two.quantile[h * FIXTURE_LEVELS + k] <= two.quantile[h * FIXTURE_LEVELS + k + 1]);
    ssm_context_free(ctx);
}

static int cancel(void *user, const char *stage, double done, double value, double rate)
{
    size_t *left = user;
    (void)done, (void)value, (void)rate;
    return strcmp(stage, "training") == 0 && (*left == 0 || --*left == 0);
}

static void a_stopped_fit_goes_on_from_its_checkpoint_to_the_same_bytes(void **state)
{
    (void)state;
    double y[LENGTH];
    char folder[] = "learner_test.XXXXXX", path[64], previous[80];
    fixture_answer whole, resumed;
    ssm_context *ctx;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/run", folder);
    snprintf(previous, sizeof previous, "%s.previous", path);
    fill(y, LENGTH);
    const ssm_series series = monthly(y, LENGTH);
    memset(&whole, 0, sizeof whole);
    memset(&resumed, 0, sizeof resumed);
    for (int with = 0; with < 2; with++) {
        size_t left = 3;
        assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
        ssm_forecaster *f = make(ctx, &variants[5]);
        if (with) {
            assert_int_equal(ssm_forecaster_set(f, "checkpoint", path), SSM_OK);
            ssm_context_set_progress(ctx, (ssm_progress){cancel, &left});
            assert_int_equal(fit(f, &series), SSM_E_CANCELLED);
            ssm_context_set_progress(ctx, (ssm_progress){NULL, NULL});
        }
        assert_int_equal(fit(f, &series), SSM_OK);
        assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
        fixture_predict(f, HORIZON, with ? &resumed : &whole);
        y[5] += 1; /* other data */
        if (with) {
            assert_int_equal(fit(f, &series), SSM_E_DATA);
            assert_non_null(strstr(ssm_context_message(ctx), "other data or options"));
        }
        y[5] -= 1;
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
    assert_memory_equal(&resumed, &whole, sizeof whole);
    unlink(path);
    unlink(previous);
    assert_int_equal(rmdir(folder), 0);
}

/* The best of the checks is what the note calls the loss after training. */
static void the_loss_curve_is_that_of_the_training(void **state)
{
    (void)state;
    double y[LENGTH], last = 0, lowest = 1;
    ssm_context *ctx;
    ssm_training_point point[SSM_TRAINING_POINTS], few[2];
    fill(y, LENGTH);
    const ssm_series series = monthly(y, LENGTH);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = make(ctx, &variants[5]);
    assert_int_equal(ssm_forecaster_training(f, point, SSM_TRAINING_POINTS), 0);
    assert_int_equal(fit(f, &series), SSM_OK);
    const size_t n = ssm_forecaster_training(f, point, SSM_TRAINING_POINTS);
    assert_in_range(n, 2, SSM_TRAINING_POINTS);
    for (size_t i = 0; i < n; i++) {
        assert_true(point[i].step > last && point[i].rate > 0 && point[i].rate <= 0.01);
        assert_true(point[i].train > 0 && point[i].validation > 0);
        last = point[i].step;
        lowest = fmin(lowest, point[i].validation);
    }
    assert_true(lowest < 0.95); /* the network is kept */
    assert_int_equal(ssm_forecaster_training(f, few, 2), 2);
    assert_memory_equal(few, point, sizeof few);
    ssm_forecaster_free(f);
    f = fixture_fit(ctx, "naive", NULL, NULL, &series, HORIZON);
    assert_int_equal(ssm_forecaster_training(f, point, SSM_TRAINING_POINTS), 0);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void a_row_has_the_same_number_in_every_slice(void **state)
{
    (void)state;
    const double y[40] = {0};
    const int64_t day = INT64_C(86400000000000);
    ssm_series series = {.name = "x", .value = y, .length = 40};
    const ssm_time_index times[] = {{0, {SSM_STEP_NONE, 0}},
                                    {-3 * day, {SSM_STEP_NANOSECONDS, day}},
                                    {day / 2, {SSM_STEP_NANOSECONDS, day / 24}},
                                    {30 * day, {SSM_STEP_MONTHS, 1}},
                                    {-400 * day, {SSM_STEP_MONTHS, 3}}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        series.time = times[i];
        for (size_t from = 0; from < 40; from += 13) {
            const ssm_series slice = ssm_series_slice(series, from, 1);
            assert_true(ssmi_learner_row(&slice) == ssmi_learner_row(&series) + (int64_t)from);
        }
    }
}

static void phases_are_those_of_season_and_calendar(void **state)
{
    (void)state;
    const int64_t hour = INT64_C(3600000000000);
    ssm_series series = {.name = "x", .length = 400, .n_periods = 2, .period = {24, 30}};
    ssmi_learner_phases p;
    float out[3 * 2 * SSMI_LEARNER_PHASES];
    series.time = (ssm_time_index){0, {SSM_STEP_NANOSECONDS, hour}};
    ssmi_learner_phases_find(&p, &series);
    assert_int_equal(p.n, 3); /* the day is there already, the year is too long */
    assert_true(p.period[0] == 24 && p.period[1] == 30 && p.period[2] == 168);
    ssmi_learner_phases_fill(out, &p, -6, 3, 24);
    for (size_t k = 0; k < 3; k++) {
        assert_float_equal(out[k * 6], -1, 1e-6); /* a quarter of a day before midnight */
        assert_float_equal(out[k * 6 + 1], 0, 1e-6);
    }
    series.time.step = (ssm_step){SSM_STEP_MONTHS, 3};
    series.n_periods = 0;
    ssmi_learner_phases_find(&p, &series);
    assert_true(p.n == 1 && p.period[0] == 4);
    series.time.step = (ssm_step){SSM_STEP_NONE, 0};
    ssmi_learner_phases_find(&p, &series);
    assert_int_equal(p.n, 0);
}

/* The skip of a batch is what the ridge forecasts for each of its windows, also as a mean of two maps. */
static void the_skip_of_a_batch_is_the_ridge_of_each_window(void **state)
{
    (void)state;
    enum { MOST = 16, ROOM = 5 };
    ssm_context *ctx;
    ssm_arena arena;
    double y[LENGTH], z[MOST + SSMI_RIDGE_PARTS], c, mean[HORIZON];
    ssmi_window_series panel;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    fill(y, LENGTH);
    ssm_series series = fixture_series(y, LENGTH, 0);
    assert_int_equal(ssmi_windows_prepare(&panel, &series, LENGTH, &arena), SSM_OK);
    for (size_t parts = 1; parts <= SSMI_RIDGE_PARTS; parts++) {
        ssmi_ridge ridge = {
            .lookback = MOST,
            .horizon = HORIZON,
            .centre = SSMI_RIDGE_LAST,
            .n_bands = 1,
            .band = {{HORIZON, parts, {{MOST, SSMI_RIDGE_LAST, 1, 1}, {9, SSMI_RIDGE_MEAN, 1, 1}}}}};
        const ssmi_ridge_task task = {.panel = &panel, .n_series = 1, .horizon = HORIZON, .alpha = 1};
        assert_int_equal(ssmi_ridge_refit(&ridge, &task, &arena, &arena), SSM_OK);
        const ssmi_network net = {.tokens = 1};
        const ssmi_learner_skip skip = {.ridge = &ridge, .net = &net};
        const size_t size = ssmi_learner_batch_of(NULL, &skip, ROOM).size;
        float *memory = SSMI_ALLOC(&arena, float, size);
        assert_non_null(memory);
        ssmi_learner_batch batch = ssmi_learner_batch_of(memory, &skip, ROOM);
        for (size_t i = 0; i < ROOM; i++)
            ssmi_learner_batch_set(&batch, i, panel.value + 30 * i, NULL, 0, NULL, &skip);
        ssmi_learner_batch_close(&batch, ROOM, &skip);
        for (size_t i = 0; i < ROOM; i++) {
            ssmi_ridge_regressors(z, &c, panel.value + 30 * i, &ridge);
            ssmi_ridge_apply(mean, z, &ridge, 1, HORIZON);
            for (size_t h = 0; h < HORIZON; h++)
                assert_true(fabs(batch.skip[i * HORIZON + h] - (c + mean[h])) <= 1e-6 * (1 + fabs(mean[h])));
        }
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

/* Steps that are far too long; the note tells this from a gain that is within chance. */
static void a_network_that_never_was_better_is_said_to_be_no_better(void **state)
{
    (void)state;
    double y[LENGTH];
    ssm_context *ctx;
    char note[256];
    const ssm_series series = fixture_series(y, LENGTH, 12);
    fill(y, LENGTH);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fixture_fit(ctx, "nlinear", "rate", "1", &series, HORIZON);
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "no better than the skip on validation"));
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_network_learns_is_kept_and_streams),
        cmocka_unit_test(several_networks_are_averaged_and_survive_a_file),
        cmocka_unit_test(a_stopped_fit_goes_on_from_its_checkpoint_to_the_same_bytes),
        cmocka_unit_test(the_loss_curve_is_that_of_the_training),
        cmocka_unit_test(a_row_has_the_same_number_in_every_slice),
        cmocka_unit_test(phases_are_those_of_season_and_calendar),
        cmocka_unit_test(a_gain_within_its_standard_error_is_not_trusted),
        cmocka_unit_test(evidence_is_kept_by_stretches_of_two_horizons),
        cmocka_unit_test(the_skip_of_a_batch_is_the_ridge_of_each_window),
        cmocka_unit_test(a_network_that_never_was_better_is_said_to_be_no_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
