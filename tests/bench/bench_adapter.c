/* Whether the rule by which `zero` lets a linear map count (models/zero_adapter_share.h) would have paid:
 * asked of rows that no test part has.
 *
 *     SSMCAST_DATA=datasets bench_adapter [stocks,exchange ...]
 *
 * The rows behind the first quarter of each set are cut into blocks of time. Before each block `linear` is
 * fitted to all columns, and the block is forecast from origins a step apart; `zero` knows nothing of the
 * set. From the fourth block on the share is the one that the rule gives for the blocks before, and what it
 * does to the block at hand is printed: its squared error over that of `zero` alone. "all" is the mean over
 * sets of the mean logarithm, "worst" the largest ratio of all, and "lost" counts those above 1.01. ETT and
 * exchange rates: without their test rows.
 *
 * "half": the same for the plain average of the two (models/learner_pretrained.h), and "half_of_linear": its
 * error over that of `linear`. */
#include "bench/families.h"
#include "models/zero_adapter_share.h"
#include "models/zero_fan.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 6, PARTS = FAMILY_HORIZONS, LONGEST = 720 };
static const double level[SSMI_FAN_LEVELS] = {.1, .2, .3, .4, .5, .6, .7, .8, .9};

enum { ZERO, LINEAR, HALF, PLAIN };
static double value[FAMILY_COLUMNS][FAMILY_ROWS], plain[PARTS][BLOCKS][PLAIN];
static ssmi_zero_adapter_errors errors[PARTS][BLOCKS];

static void add_plain(double *square, double zero, double line, double y)
{
    const double said[PLAIN] = {[ZERO] = zero, [LINEAR] = line, [HALF] = 0.5 * zero + 0.5 * line};
    for (size_t k = 0; k < PLAIN; k++) square[k] += (y - said[k]) * (y - said[k]);
}

/* Adds the errors of the forecasts from one origin, for each horizon that ends before row `end`. */
static void add_origin(size_t block, const family *f, const double *y, size_t left, const double *fan,
                       const double *map)
{
    double square[PLAIN] = {0};
    ssmi_zero_adapter_errors sum = {0};
    for (size_t h = 0, part = 0; h < left && part < PARTS; h++) {
        const double *q = fan + h * SSMI_FAN_LEVELS;
        if (!isnan(y[h])) {
            ssmi_zero_adapter_errors_add(&sum, q, map[h], y[h], 1, 1);
            add_plain(square, q[SSMI_FAN_MIDDLE], map[h], y[h]);
        }
        if (h + 1 != f->horizon[part]) continue;
        for (size_t k = 0; k < PLAIN; k++) plain[part][block][k] += square[k];
        ssmi_zero_adapter_errors_join(&errors[part][block], &sum);
        part++;
    }
}

static ssm_status run_block(const family *f, size_t block, size_t from, size_t to, ssm_context *ctx)
{
    static double fan[LONGEST * SSMI_FAN_LEVELS], mean[LONGEST], map[LONGEST];
    const size_t horizon = f->horizon[PARTS - 1];
    ssm_series panel[FAMILY_COLUMNS];
    ssm_forecaster *zero, *linear;
    for (size_t c = 0; c < f->columns; c++) {
        panel[c] = (ssm_series){.value = value[c], .length = from};
        SSMI_TRY(ssm_series_detect_periods(ctx, &panel[c]));
    }
    const ssm_fit_task task = {panel, f->columns, horizon, 0};
    SSMI_TRY(ssm_forecaster_new(ctx, "zero", &zero));
    SSMI_TRY(ssm_forecaster_new(ctx, "linear", &linear));
    SSMI_TRY(ssm_forecaster_fit(zero, &task));
    SSMI_TRY(ssm_forecaster_fit(linear, &task));
    for (size_t c = 0; c < f->columns; c++)
        for (size_t o = from; o + f->horizon[0] <= to; o += f->step) {
            ssm_series history = panel[c];
            ssm_forecast out = {horizon, SSMI_FAN_LEVELS, level, mean, fan}, other = {.horizon = horizon};
            history.length = o;
            other.mean = map;
            SSMI_TRY(ssm_forecaster_condition(zero, &history));
            SSMI_TRY(ssm_forecaster_predict(zero, &out));
            SSMI_TRY(ssm_forecaster_condition(linear, &history));
            SSMI_TRY(ssm_forecaster_predict(linear, &other));
            add_origin(block, f, value[c] + o, to - o, fan, map);
        }
    ssm_forecaster_free(zero);
    ssm_forecaster_free(linear);
    return SSM_OK;
}

typedef struct totals {
    double log_sum, n, worst, lost, half, half_of_linear;
} totals;

/* What the rule says of the blocks before `block`, done to that block. */
static void try_rule(totals *t, const family *f, size_t part, size_t block)
{
    ssmi_trust trust;
    const ssmi_zero_adapter_errors *now = &errors[part][block];
    const double share = ssmi_zero_adapter_share(&trust, errors[part], block);
    if (!(now->square > 0)) return;
    const double ratio = exp(ssmi_zero_adapter_log_ratio(now, share, 0));
    printf("{\"bench\": \"adapter\", \"set\": \"%s\", \"horizon\": %zu, \"block\": %zu, \"share\": %.4f, "
           "\"squared\": %.4f}\n",
           f->name, f->horizon[part], block, share, ratio);
    t->log_sum += log(ratio);
    t->n++;
    t->half += log(plain[part][block][HALF] / plain[part][block][ZERO]);
    t->half_of_linear += log(plain[part][block][HALF] / plain[part][block][LINEAR]);
    t->worst = fmax(t->worst, ratio);
    t->lost += ratio > 1.01;
}

static void print(const char *name, const totals *t)
{
    printf("{\"bench\": \"adapter\", \"set\": \"%s\", \"mean\": %.4f, \"worst\": %.4f, \"lost\": %.0f, "
           "\"of\": %.0f, \"half\": %.4f, \"half_of_linear\": %.4f}\n",
           name, exp(t->log_sum / t->n), t->worst, t->lost, t->n, exp(t->half / t->n),
           exp(t->half_of_linear / t->n));
    fflush(stdout);
}

static ssm_status run_family(totals *t, const family *f, ssm_context *ctx)
{
    const size_t rows = family_read(value, f), start = rows / 4, width = (rows - start) / f->blocks;
    memset(errors, 0, sizeof errors);
    memset(plain, 0, sizeof plain);
    for (size_t k = 0; k < f->blocks && rows > 0; k++)
        SSMI_TRY(run_block(f, k, start + k * width, start + (k + 1) * width, ctx));
    for (size_t part = 0; part < PARTS && rows > 0; part++)
        for (size_t k = SSMI_TRUST_BLOCKS; k < f->blocks; k++) try_rule(t, f, part, k);
    return SSM_OK;
}

int main(int argc, char **argv)
{
    ssm_context *ctx;
    totals all = {0};
    double sets = 0;
    if (getenv("SSMCAST_DATA") == NULL) return fprintf(stderr, "SSMCAST_DATA is not set\n"), 1;
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    ssm_context_set_threads(ctx, 1);
    openblas_set_num_threads(1);
    for (size_t i = 0; i < FAMILIES; i++) {
        totals t = {0};
        if (families[i].blocks == 0 || !family_is_in(&families[i], argc > 1 ? argv[1] : NULL)) continue;
        if (run_family(&t, &families[i], ctx) != SSM_OK)
            return fprintf(stderr, "%s: %s\n", families[i].name, ssm_context_message(ctx)), 1;
        if (t.n == 0) continue;
        print(families[i].name, &t);
        all.log_sum += t.log_sum / t.n, all.half += t.half / t.n,
            all.half_of_linear += t.half_of_linear / t.n;
        all.n += t.n, all.lost += t.lost, all.worst = fmax(all.worst, t.worst), sets++;
    }
    const double each = all.n / fmax(sets, 1);
    all.log_sum *= each, all.half *= each, all.half_of_linear *= each;
    if (sets > 0) print("all", &all);
    ssm_context_free(ctx);
    return 0;
}
