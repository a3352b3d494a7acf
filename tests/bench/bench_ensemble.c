/* How the members of an ensemble are best combined, asked of rows that no test part has.
 *
 *     SSMCAST_DATA=datasets bench_ensemble [ETTh1,exchange ...]
 *
 * Pseudo-tests: each series is cut inside its training and validation rows (competitions: one horizon before
 * the end of the training part). Members are fitted on the rows before the cut, weights come from a backtest
 * there, as in models/ensemble.c, and the rows after the cut are forecast from several origins. Each rule of
 * the table below combines the same forecasts. A line gives errors as ratios to those of `zero` alone:
 * squared and absolute ones summed over series in units of their deviation, for horizon 720 the mean of the
 * first 96, 192, 336, and 720 rows; the quantile loss (levels 0.1 ... 0.9) as geometric mean over series, and
 * of sums in the series' units ("wql"). "all" is the geometric mean over the families. Families that are not
 * at hand are left out. */
#include "models/ensemble_pool.h"
#include "models/trial.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 80000, MOST_CUTS = 4, MEMBERS = 5, LEVELS = 11, LINE = 1 << 19, SCORES = 4 };

typedef struct family {
    const char *name, *file;
    int rows_are_series;
    size_t first, n, every;             /* columns, or rows, of the file that are taken */
    size_t cut[MOST_CUTS];              /* rows before each; rows_are_series: a horizon before the end */
    size_t span, horizon, step, season; /* rows after a cut; season 0: found in the rows before it */
} family;

static const family families[] = {
    {"ETTh1", "ltsf/ETTh1.csv", 0, 1, 7, 1, {8640}, 2880, 720, 120, 0},
    {"ETTh2", "ltsf/ETTh2.csv", 0, 1, 7, 1, {8640}, 2880, 720, 120, 0},
    {"ETTm1", "ltsf/ETTm1.csv", 0, 1, 7, 1, {34560}, 11520, 720, 720, 0},
    {"exchange", "ltsf/exchange_rate.csv", 0, 1, 8, 1, {2500, 3300, 4100, 5311}, 760, 720, 20, 0},
    {"M4 hourly", "competitions/M4/Hourly-train.csv", 1, 3, 52, 8, {0}, 48, 48, 48, 24},
    {"M3 monthly", "competitions/M3/M3_monthly_train.csv", 1, 5, 60, 23, {0}, 18, 18, 18, 12},
    {"taylor", "classical/taylor.csv", 0, 1, 1, 1, {2700}, 1000, 336, 48, 0},
    {"PJM load", "sensors/PJM_Load_hourly.csv", 0, 1, 1, 1, {8000}, 3000, 336, 96, 0},
    {"taxi", "sensors/nab_nyc_taxi.csv", 0, 1, 1, 1, {6000}, 3000, 336, 96, 0},
    {"sea level", "sensors/halifax_sealevel_2003_hourly.csv", 0, 1, 1, 1, {4500}, 2000, 168, 60, 0},
    {"temperatures", "sensors/daily-min-temperatures.csv", 0, 1, 1, 1, {2500}, 1100, 90, 40, 0},
    {"machine", "sensors/nab_machine_temperature_system_failure.csv", 0, 1, 1, 1, {12000}, 4000, 288, 144, 0},
    {"stocks", "classical/EuStockMarkets.csv", 0, 1, 4, 1, {1200}, 600, 96, 30, 0},
    {"sunspots", "classical/sunspot.month.csv", 0, 1, 1, 1, {2000}, 1100, 132, 44, 0},
    {"nn5", "competitions/other/nn5_daily.csv", 0, 1, 12, 9, {560}, 170, 56, 28, 0},
    {"hospital", "competitions/other/hospital.csv", 0, 1, 30, 25, {72}, 12, 12, 12, 0},
    {"CO2", "classical/co2_weekly_statsmodels.csv", 0, 1, 1, 1, {1500}, 700, 104, 52, 0},
};
enum { FAMILIES = sizeof families / sizeof *families };

static const struct {
    const char *model, *option, *value;
} members[MEMBERS] = {{"kalman", NULL, NULL},
                      {"linear", NULL, NULL},
                      {"seasonal_naive", NULL, NULL},
                      {"zero", NULL, NULL},
                      {"zero", "flip", "true"}};
enum { PLAIN = 3, FLIP = 4 };

/* prior by member; 0: not a member. The network is the one of the two that has a prior. */
static const struct rule {
    const char *name;
    double prior[MEMBERS];
    int bounded;  /* by the network */
    double trust; /* in the network's spread; in the others': 1 */
} rules[] = {
    {"zero, flip", {0, 0, 0, 0, 1}, 0, 1},
    {"8:4:1:1", {1, 4, 1, 8, 0}, 0, 1},
    {"8:4:1:1, flip", {1, 4, 1, 0, 8}, 0, 1},
    {"8:4:1:1, flip, bounded", {1, 4, 1, 0, 8}, 1, 1},
    {"8:4:1:1, flip, bounded, trust 4", {1, 4, 1, 0, 8}, 1, 4},
    {"8:4:1:1, flip, bounded, trust 8 (the ensemble)", {1, 4, 1, 0, 8}, 1, 8},
    {"8:4:1:1, flip, bounded, trust 16", {1, 4, 1, 0, 8}, 1, 16},
    {"16:4:1:1, flip, bounded, trust 8", {1, 4, 1, 0, 16}, 1, 8},
    {"16:8:1:1, flip, bounded, trust 8", {1, 8, 1, 0, 16}, 1, 8},
    {"prior 8:4:1:1 alone, flip, bounded, trust 8", {-1, -4, -1, 0, -8}, 1, 8},
};
enum { RULES = sizeof rules / sizeof *rules };

static const double level[LEVELS] = {0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975};
static double value[MOST_ROWS];
static char line[LINE];

/* Mean errors of a row: squared and absolute in deviations of the series, quantile loss in its own units. */
typedef struct score {
    double squared, absolute, pinball;
} score;

/* One cut of one series: what all members did. */
typedef struct trial_case {
    ssm_series series; /* all rows that may be seen */
    size_t cut;
    double deviation;
    ssmi_trial_plan plan;
    ssmi_rolling rolling; /* after the cut */
    ssmi_trial backtest[MEMBERS], test[MEMBERS];
} trial_case;

static double number(const char *cell, char **end)
{
    const double v = strtod(cell + (*cell == '"'), end);
    return *end == cell + (*cell == '"') ? NAN : v;
}

/* Column c of a CSV file; cells without a number are missing. */
static size_t read_column(FILE *file, size_t c)
{
    size_t n = 0;
    while (n < MOST_ROWS && fgets(line, sizeof line, file) != NULL) {
        const char *cell = line;
        char *end;
        for (size_t k = 0; k < c && cell != NULL; k++)
            if ((cell = strchr(cell, ',')) != NULL) cell++;
        if (cell != NULL) value[n++] = number(cell, &end);
    }
    return n;
}

/* Row r: a name, then values up to the first empty cell. */
static size_t read_row(FILE *file, size_t r)
{
    size_t n = 0;
    for (size_t k = 0; k <= r; k++)
        if (fgets(line, sizeof line, file) == NULL) return 0;
    for (const char *cell = strchr(line, ','); cell != NULL && n < MOST_ROWS; cell = strchr(cell + 1, ',')) {
        char *end;
        const double v = number(cell + 1, &end);
        if (isnan(v)) break;
        value[n++] = v;
    }
    return n;
}

static size_t read_series(const family *f, size_t i)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", getenv("SSMCAST_DATA"), f->file);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    const size_t at = f->first + i * f->every;
    size_t n = 0;
    if (fgets(line, sizeof line, file) != NULL)
        n = f->rows_are_series ? read_row(file, at) : read_column(file, at);
    fclose(file);
    return n;
}

static double deviation(const double *y, size_t n)
{
    double mean = 0, square = 0, k = 0;
    for (size_t t = 0; t < n; t++)
        if (!isnan(y[t])) mean += (y[t] - mean) / ++k;
    for (size_t t = 0; t < n; t++)
        if (!isnan(y[t])) square += (y[t] - mean) * (y[t] - mean) / k;
    return square > 0 ? sqrt(square) : 1;
}

/* Plans of both backtest and pseudo-test, as the ensemble and its user would have them. */
static ssm_status make_case(trial_case *c, const family *f, size_t rows, size_t cut, ssm_context *ctx)
{
    const size_t end = cut + f->span < rows ? cut + f->span : rows;
    ssm_series known = {.value = value, .length = cut, .n_periods = f->season > 1};
    known.period[0] = f->season;
    if (f->season == 0) SSMI_TRY(ssm_series_detect_periods(ctx, &known));
    *c = (trial_case){.series = known, .cut = cut, .deviation = deviation(value, cut)};
    c->series.length = end;
    ssmi_trial_plan_make(&c->plan, &known, f->horizon);
    c->plan.rolling.n_levels = SSMI_ENSEMBLE_BOUNDS;
    c->plan.rolling.level = ssmi_ensemble_bounds;
    c->rolling = (ssmi_rolling){.horizon = f->horizon, .step = f->step, .n_levels = LEVELS, .level = level};
    ssmi_rolling_fill(&c->rolling, end, cut, 0);
    return SSM_OK;
}

static ssm_status run_members(trial_case *c, ssm_arena *mem)
{
    /* the pseudo-test as a trial: fitted before the first origin */
    const ssmi_trial_plan test = {.series = c->series, .rolling = c->rolling, .scale = 1};
    for (size_t k = 0; k < MEMBERS; k++) {
        c->backtest[k] =
            (ssmi_trial){.model = members[k].model, .option = members[k].option, .value = members[k].value};
        c->test[k] = c->backtest[k];
    }
    if (c->plan.rolling.n_origins > 0) SSMI_TRY(ssmi_trial_run(c->backtest, MEMBERS, &c->plan, mem));
    return ssmi_trial_run(c->test, MEMBERS, &test, mem);
}

/* Members of a rule that have both forecasts. */
typedef struct chosen {
    size_t n, index[MEMBERS], judge;
    double prior[MEMBERS];
} chosen;

static void choose(chosen *s, const trial_case *c, const struct rule *rule)
{
    double sum = 0;
    s->n = 0;
    s->judge = MEMBERS;
    for (size_t k = 0; k < MEMBERS; k++) {
        if (rule->prior[k] == 0 || c->test[k].status != SSM_OK || isnan(c->backtest[k].mase)) continue;
        if (k >= PLAIN) s->judge = s->n;
        s->index[s->n] = k;
        sum += s->prior[s->n++] = fabs(rule->prior[k]);
    }
    for (size_t k = 0; k < s->n; k++) s->prior[k] /= sum;
}

/* Weights as the ensemble finds them; a negative prior stands as it is. */
static void weigh(double *weight, const chosen *s, const trial_case *c, const struct rule *rule)
{
    const ssmi_rolling *r = &c->plan.rolling;
    ssmi_ensemble_errors errors = {.n = s->n, .unit = c->plan.scale};
    errors.windows = 1 + (double)((r->n_origins - 1) * r->step) / (double)r->horizon;
    for (size_t i = 0; i < r->n_origins * r->horizon && rule->prior[1] >= 0; i++) {
        const double y = c->plan.series.value[r->first + i / r->horizon * r->step + i % r->horizon];
        const double *judge = s->judge < s->n ? c->backtest[s->index[s->judge]].quantile : NULL;
        const double *bounds = rule->bounded ? judge + i * SSMI_ENSEMBLE_BOUNDS : NULL;
        double error[MEMBERS];
        if (isnan(y)) continue;
        for (size_t k = 0; k < s->n; k++)
            error[k] = y - ssmi_ensemble_within(c->backtest[s->index[k]].mean[i], bounds);
        ssmi_ensemble_add(&errors, error);
    }
    ssmi_ensemble_weigh(weight, s->prior, &errors);
}

/* Whether the first h rows are scored, too. */
static int is_scored(size_t h, size_t horizon)
{
    return h == horizon || (horizon == 720 && (h == 96 || h == 192 || h == 336));
}

static void add_origin(score *sum, const trial_case *c, const ssm_forecast *out, const double *y,
                       double share)
{
    double squared = 0, absolute = 0, pinball = 0, n = 0, parts = out->horizon == 720 ? 4 : 1;
    for (size_t h = 0; h < out->horizon; h++) {
        const double e = (y[h] - out->mean[h]) / c->deviation, *q = out->quantile + h * out->n_levels;
        if (!isnan(y[h])) squared += e * e, absolute += fabs(e), n++;
        for (size_t k = 0; k < out->n_levels && !isnan(y[h]); k++)
            pinball += 2 * fmax(out->level[k] * (y[h] - q[k]), (out->level[k] - 1) * (y[h] - q[k])) /
                       (double)out->n_levels;
        if (!is_scored(h + 1, out->horizon) || n == 0) continue;
        sum->squared += share * squared / n / parts;
        sum->absolute += share * absolute / n / parts;
    }
    if (n > 0) sum->pinball += share * pinball / n;
}

static score score_rule(const trial_case *c, const struct rule *rule)
{
    static double mean[1024], quantile[1024 * LEVELS];
    score sum = {0};
    chosen s;
    choose(&s, c, rule);
    ssmi_ensemble_pool pool = {.n = s.n, .judge = rule->bounded ? s.judge : s.n};
    for (size_t k = 0; k < s.n; k++) pool.trust[k] = k == s.judge ? rule->trust : 1;
    weigh(pool.weight, &s, c, rule);
    const size_t n = c->rolling.n_origins, horizon = c->rolling.horizon;
    for (size_t i = 0; i < n; i++) {
        ssm_forecast part[MEMBERS], out = {horizon, LEVELS - 2, level + 1, mean, quantile};
        for (size_t k = 0; k < s.n; k++) {
            const ssmi_trial *t = &c->test[s.index[k]];
            part[k] = (ssm_forecast){horizon, LEVELS, level, t->mean + i * horizon,
                                     t->quantile + i * horizon * LEVELS};
        }
        ssmi_ensemble_combine(&out, &pool, part);
        add_origin(&sum, c, &out, c->series.value + c->rolling.first + i * c->rolling.step, 1 / (double)n);
    }
    return sum;
}

/* Of one family: sums over its cases for `zero` and for each rule. */
typedef struct totals {
    double cases;
    score zero, rule[RULES];
    double log_pinball[RULES];
} totals;

static void add_score(score *sum, const score *s)
{
    sum->squared += s->squared;
    sum->absolute += s->absolute;
    sum->pinball += s->pinball;
}

static void add_case(totals *t, const trial_case *c)
{
    const struct rule alone = {"zero", {0, 0, 0, 1, 0}, 0, 1};
    const score zero = score_rule(c, &alone);
    t->cases++;
    add_score(&t->zero, &zero);
    for (size_t r = 0; r < RULES; r++) {
        const score s = score_rule(c, &rules[r]);
        add_score(&t->rule[r], &s);
        t->log_pinball[r] += log(s.pinball / zero.pinball);
    }
}

static void print(const char *name, size_t r, double cases, const double *ratio)
{
    printf("{\"bench\": \"ensemble\", \"family\": \"%s\", \"rule\": \"%s\", \"series\": %.0f, "
           "\"squared\": %.4f, \"absolute\": %.4f, \"pinball\": %.4f, \"wql\": %.4f}\n",
           name, rules[r].name, cases, ratio[0], ratio[1], ratio[2], ratio[3]);
    fflush(stdout);
}

/* Adds the logarithms of its ratios to all (RULES, SCORES). */
static void report(const family *f, const totals *t, double *all)
{
    for (size_t r = 0; r < RULES; r++) {
        const score *s = &t->rule[r], *z = &t->zero;
        const double ratio[SCORES] = {s->squared / z->squared, s->absolute / z->absolute,
                                      exp(t->log_pinball[r] / t->cases), s->pinball / z->pinball};
        print(f->name, r, t->cases, ratio);
        for (size_t k = 0; k < SCORES; k++) all[r * SCORES + k] += log(ratio[k]);
    }
}

static ssm_status run_family(const family *f, totals *t, ssm_context *ctx, ssm_arena *mem)
{
    static trial_case c;
    for (size_t i = 0; i < f->n; i++) {
        const size_t rows = read_series(f, i);
        for (size_t k = 0; k < MOST_CUTS && rows > f->horizon; k++) {
            const size_t cut = f->rows_are_series && k == 0 ? rows - f->horizon : f->cut[k];
            const ssmi_mark mark = ssmi_arena_mark(mem);
            if (cut == 0 || cut + f->horizon > rows) break;
            SSMI_TRY(make_case(&c, f, rows, cut, ctx));
            if (c.plan.rolling.n_origins > 0) {
                SSMI_TRY(run_members(&c, mem));
                add_case(t, &c);
            }
            ssmi_arena_rewind(mem, mark);
        }
    }
    return SSM_OK;
}

/* Whether a list of names, separated by commas, has this one; no list has all. */
static int is_named(const char *list, const char *name)
{
    const size_t n = strlen(name);
    if (list == NULL) return 1;
    for (const char *at = list; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == '\0')) return 1;
    return 0;
}

int main(int argc, char **argv)
{
    ssm_context *ctx;
    ssm_arena mem;
    double all[RULES * SCORES] = {0}, count = 0;
    if (getenv("SSMCAST_DATA") == NULL) return fprintf(stderr, "SSMCAST_DATA is not set\n"), 1;
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    ssm_context_set_threads(ctx, 1);
    openblas_set_num_threads(1);
    ssmi_arena_init(&mem, ctx);
    for (size_t i = 0; i < FAMILIES; i++) {
        totals t = {0};
        if (!is_named(argc > 1 ? argv[1] : NULL, families[i].name)) continue;
        if (run_family(&families[i], &t, ctx, &mem) != SSM_OK)
            return fprintf(stderr, "%s: %s\n", families[i].name, ssm_context_message(ctx)), 1;
        if (t.cases == 0) continue;
        report(&families[i], &t, all);
        count++;
    }
    for (size_t r = 0; r < RULES && count > 0; r++) {
        double ratio[SCORES];
        for (size_t k = 0; k < SCORES; k++) ratio[k] = exp(all[r * SCORES + k] / count);
        print("all", r, count, ratio);
    }
    ssmi_arena_clear(&mem);
    ssm_context_free(ctx);
    return 0;
}
