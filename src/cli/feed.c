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

ssm_status cli_feed_init(cli_feed *feed, const char *const *name, size_t n, double percent, size_t horizon,
                         ssm_arena *arena)
{
    *feed = (cli_feed){.ctx = arena->ctx, .arena = arena, .n = n};
    set_levels(feed, percent);
    feed->channel = SSMI_ALLOC(arena, cli_channel, n);
    feed->next = SSMI_ALLOC(arena, ssm_forecast, n);
    feed->taken = SSMI_ALLOC(arena, double, n);
    feed->unit = SSMI_ALLOC(arena, ssm_forecaster *, n);
    if (feed->channel == NULL || feed->next == NULL || feed->taken == NULL || feed->unit == NULL)
        return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        ssm_forecast *next = &feed->next[i];
        feed->channel[i].name = ssmi_arena_strdup(arena, name[i]);
        *next = (ssm_forecast){.horizon = horizon, .n_levels = feed->n_levels, .level = feed->level};
        next->mean = SSMI_ALLOC(arena, double, horizon);
        next->quantile = ssmi_arena_alloc(arena, horizon, feed->n_levels * sizeof(double));
        if (feed->channel[i].name == NULL || next->mean == NULL || next->quantile == NULL)
            return SSM_E_MEMORY;
        forget_forecast(next);
    }
    return SSM_OK;
}

/* What the columns of one forecaster are expected to be. */
static ssm_status look_ahead(cli_feed *feed, ssm_forecaster *f, size_t first)
{
    const ssm_status status = ssm_forecaster_predict(f, feed->next + first);
    if (status != SSM_E_DATA && status != SSM_E_NUMERIC) return status;
    for (size_t i = 0; i < ssm_forecaster_width(f); i++) forget_forecast(feed->next + first + i);
    feed->blind = 1;
    return SSM_OK;
}

static ssm_status take_in(cli_feed *feed, size_t rows)
{
    size_t first = 0;
    for (size_t i = 0; i < feed->n_units; i++) {
        for (size_t k = 0; k < rows; k++) SSMI_TRY(ssm_forecaster_update(feed->unit[i], feed->taken + first));
        SSMI_TRY(look_ahead(feed, feed->unit[i], first));
        first += ssm_forecaster_width(feed->unit[i]);
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
    return take_in(feed, 0);
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
static double judge(const cli_feed *feed, size_t i, double y)
{
    cli_channel *c = &feed->channel[i];
    const ssm_forecast *expected = &feed->next[i];
    c->value = y;
    c->mean = expected->mean[0];
    c->low = expected->quantile[feed->at_low];
    c->high = expected->quantile[feed->at_high];
    c->z = innovation(feed, expected, y);
    c->flag = pass_gate(c, &feed->gate);
    return c->flag == CLI_GATED ? NAN : y;
}

ssm_status cli_feed_row(cli_feed *feed, const double *value)
{
    feed->rows++;
    for (size_t i = 0; i < feed->n; i++) feed->taken[i] = judge(feed, i, value[i]);
    return take_in(feed, 1);
}

ssm_status cli_feed_gap(cli_feed *feed, size_t rows)
{
    for (size_t i = 0; i < feed->n; i++) feed->taken[i] = NAN;
    return take_in(feed, rows);
}
