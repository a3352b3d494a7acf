#include "cli/feed.h"

#include <math.h>
#include <string.h>

/* Phi(-1) and Phi(1) */
static const double one_below = 0.15865525393145705, one_above = 0.84134474606854295;

/* Keeps the levels ascending and distinct. */
static void add_level(cli_feed *feed, double level)
{
    size_t k = feed->n_levels;
    for (size_t j = 0; j < k; j++) {
        if (fabs(feed->level[j] - level) < 1e-9) return;
    }
    for (; k > 0 && feed->level[k - 1] > level; k--) feed->level[k] = feed->level[k - 1];
    feed->level[k] = level;
    feed->n_levels++;
}

static size_t place_of(const cli_feed *feed, double level)
{
    size_t k = 0;
    while (fabs(feed->level[k] - level) >= 1e-9) k++;
    return k;
}

static void set_levels(cli_feed *feed, double percent)
{
    const double low = 0.5 - percent / 200.0, high = 0.5 + percent / 200.0;
    const double wanted[CLI_FEED_LEVELS] = {one_below, 0.5, one_above, low, high};
    for (size_t k = 0; k < CLI_FEED_LEVELS; k++) add_level(feed, wanted[k]);
    feed->at_low = place_of(feed, low);
    feed->at_minus = place_of(feed, one_below);
    feed->at_median = place_of(feed, 0.5);
    feed->at_plus = place_of(feed, one_above);
    feed->at_high = place_of(feed, high);
}

static void forget_forecast(ssm_forecast *next)
{
    for (size_t h = 0; h < next->horizon; h++) next->mean[h] = NAN;
    for (size_t k = 0; k < next->horizon * next->n_levels; k++) next->quantile[k] = NAN;
}

static ssm_status make_forecast(ssm_forecast *out, const cli_feed *feed, size_t horizon)
{
    *out = (ssm_forecast){.horizon = horizon, .n_levels = feed->n_levels, .level = feed->level};
    out->mean = SSMI_ALLOC(feed->arena, double, horizon);
    out->quantile = ssmi_arena_alloc(feed->arena, horizon, feed->n_levels * sizeof(double));
    if (out->mean == NULL || out->quantile == NULL) return SSM_E_MEMORY;
    forget_forecast(out);
    return SSM_OK;
}

ssm_status cli_feed_init(cli_feed *feed, const char *const *name, size_t n, double percent, size_t horizon,
                         ssm_arena *arena)
{
    *feed = (cli_feed){.ctx = arena->ctx, .arena = arena, .n = n};
    set_levels(feed, percent);
    feed->channel = SSMI_ALLOC(arena, cli_channel, n);
    feed->next = SSMI_ALLOC(arena, ssm_forecast, n);
    feed->at = SSMI_ALLOC(arena, ssm_forecast, n);
    feed->taken = SSMI_ALLOC(arena, double, n);
    feed->unit = SSMI_ALLOC(arena, ssm_forecaster *, n);
    if (feed->channel == NULL || feed->next == NULL || feed->at == NULL || feed->taken == NULL ||
        feed->unit == NULL)
        return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        feed->channel[i].name = ssmi_arena_strdup(arena, name[i]);
        if (feed->channel[i].name == NULL) return SSM_E_MEMORY;
        SSMI_TRY(make_forecast(&feed->next[i], feed, horizon));
        SSMI_TRY(make_forecast(&feed->at[i], feed, 1));
    }
    return SSM_OK;
}

/* A model that cannot tell yet leaves nothing expected. */
static ssm_status or_nothing(cli_feed *feed, ssm_status status, ssm_forecast *out, size_t width)
{
    if (status != SSM_E_DATA && status != SSM_E_NUMERIC) return status;
    for (size_t i = 0; i < width; i++) forget_forecast(out + i);
    feed->blind = 1;
    return SSM_OK;
}

/* What the columns are expected to be in the rows after the last; at a time of its own, in that one row. */
static ssm_status look_ahead(cli_feed *feed, const int64_t *stamp)
{
    size_t first = 0;
    for (size_t i = 0; i < feed->n_units; i++) {
        ssm_forecaster *f = feed->unit[i];
        ssm_forecast *out = (stamp != NULL ? feed->at : feed->next) + first;
        const size_t width = ssm_forecaster_width(f);
        const ssm_status status =
            stamp != NULL ? ssm_forecaster_predict_at(f, *stamp, out) : ssm_forecaster_predict(f, out);
        SSMI_TRY(or_nothing(feed, status, out, width));
        first += width;
    }
    return SSM_OK;
}

static ssm_status take_in(cli_feed *feed, const int64_t *stamp)
{
    size_t first = 0;
    for (size_t i = 0; i < feed->n_units; i++) {
        ssm_forecaster *f = feed->unit[i];
        SSMI_TRY(stamp != NULL ? ssm_forecaster_update_at(f, *stamp, feed->taken + first)
                               : ssm_forecaster_update(f, feed->taken + first));
        first += ssm_forecaster_width(f);
    }
    return SSM_OK;
}

ssm_status cli_feed_connect(cli_feed *feed, ssm_forecaster *const *unit, size_t n_units)
{
    size_t first = 0;
    for (size_t i = 0; i < n_units; i++) first += ssm_forecaster_width(unit[i]);
    if (first != feed->n || n_units > feed->n)
        return ssmi_fail(feed->ctx, SSM_E_ARGUMENT, "the model is one of %zu columns, here are %zu", first,
                         feed->n);
    memcpy(feed->unit, unit, n_units * sizeof(ssm_forecaster *));
    feed->n_units = n_units;
    return look_ahead(feed, NULL);
}

static double innovation(const cli_feed *feed, const ssm_forecast *expected, double y)
{
    const double *q = expected->quantile, median = q[feed->at_median];
    const double unit = y > median ? q[feed->at_plus] - median : median - q[feed->at_minus];
    return unit > 0.0 ? (y - median) / unit : NAN; /* NaN also when nothing was expected */
}

static cli_gate_flag pass_gate(cli_channel *c, const cli_gate *gate)
{
    if (gate->limit <= 0.0 || isnan(c->z)) return CLI_TAKEN;
    if (fabs(c->z) <= gate->limit) {
        c->gated = 0;
        c->acquiring = 0;
        return CLI_TAKEN;
    }
    c->gated++;
    c->acquiring |= c->gated >= gate->reacquire;
    return c->acquiring ? CLI_REACQUIRED : CLI_GATED;
}

/* Compares a value with what was expected; returns what the model is to take in. */
static double judge(const cli_feed *feed, const ssm_forecast *expected, size_t i, double y)
{
    cli_channel *c = &feed->channel[i];
    c->value = y;
    c->mean = expected->mean[0];
    c->low = expected->quantile[feed->at_low];
    c->high = expected->quantile[feed->at_high];
    c->z = innovation(feed, expected, y);
    c->flag = pass_gate(c, &feed->gate);
    return c->flag == CLI_GATED ? NAN : y;
}

ssm_status cli_feed_row(cli_feed *feed, const int64_t *stamp, const double *value)
{
    const ssm_forecast *expected = stamp != NULL ? feed->at : feed->next;
    if (stamp != NULL) SSMI_TRY(look_ahead(feed, stamp));
    feed->rows++;
    for (size_t i = 0; i < feed->n; i++) feed->taken[i] = judge(feed, expected + i, i, value[i]);
    SSMI_TRY(take_in(feed, stamp));
    return look_ahead(feed, NULL);
}

ssm_status cli_feed_gap(cli_feed *feed, size_t rows)
{
    for (size_t i = 0; i < feed->n; i++) feed->taken[i] = NAN;
    for (size_t k = 0; k < rows; k++) SSMI_TRY(take_in(feed, NULL));
    return look_ahead(feed, NULL);
}
