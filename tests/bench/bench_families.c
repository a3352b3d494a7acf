/* What an option of a forecaster does, asked of many kinds of series of which none is a test part.
 *
 *     SSMCAST_DATA=datasets bench_families linear --a fade=0 --b fade=1 [--near 16] [taylor,CO2 ...]
 *
 * Each family (bench/families.h) is cut after 60 % and after 80 % of its rows. The model is fitted to the
 * rows before the cut, at most the last 12000 of them, with the periods found in these, and forecasts the
 * sixth of all rows that follows, from about 24 origins evenly spread, conditioned on all rows before each:
 * for the family's shortest and its longest horizon. With --near n only the first n-th part of the steps
 * counts. --a and --b, as often as wanted, are options of the first and of the second set; without --b only
 * the first is run. One JSON line per case and set:
 *
 *     squared, absolute  error a row, in units of the deviation of each column's first quarter
 *     quantile           quantile loss a row, mean over the deciles
 *     coverage80, 95     part of the rows inside the intervals of 80 and 95 %
 *     fit_seconds        of the processor
 *
 * With two sets, a line per case has the ratios of b to a, a line per family their geometric mean over its
 * cases, and at the end a line per measure the mean over the families, the worst and the best of them, and
 * how many cases b loses and wins by over 1 %. The last line is the mean over families of coverage and of its
 * distance from 80 %. */
#include "bench/configured.h"
#include "bench/families.h"
#include "bench/score.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_OPTIONS = 16, MOST_FITTED = 12000, ORIGINS = 24, LONGEST = 720, CUTS = 2, MEASURES = 3 };

typedef struct option_set {
    const char *option[MOST_OPTIONS];
    size_t n;
} option_set;

typedef struct job {
    ssm_context *ctx;
    const char *model, *list;
    size_t near;
    option_set set[2];
    size_t n_sets;
} job;

/* One cut and horizon of a family. */
typedef struct task {
    const family *family;
    size_t cut, end, horizon, step; /* origins from cut on whose horizon ends by end */
} task;

typedef struct outcome {
    score mean; /* a row */
    double rows, fit_seconds;
} outcome;

/* What is summed over cases and families of the ratios of one measure. */
typedef struct tally {
    double family_log, family_cases; /* of the family at hand */
    double sum, worst, best;         /* of the families' ratios */
    const char *worst_name, *best_name;
    size_t families, lost, won, cases;
} tally;

typedef struct cover {
    double inside, off;
} cover;

typedef struct report {
    tally tally[MEASURES];
    cover cover[2];
    size_t families;
} report;

static const char *const measure_name[MEASURES] = {"squared", "absolute", "quantile"};
static double value[FAMILY_COLUMNS][FAMILY_ROWS];

static double measure(const score *s, size_t k)
{
    const double all[MEASURES] = {s->squared, s->absolute, s->pinball};
    return all[k];
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Columns [from, from + n) before the cut. */
static ssm_status fit(ssm_forecaster **out, const job *j, const option_set *set, const task *t, size_t from,
                      size_t n)
{
    ssm_series panel[FAMILY_COLUMNS];
    const size_t skipped = t->cut > MOST_FITTED ? t->cut - MOST_FITTED : 0;
    for (size_t c = 0; c < n; c++) {
        panel[c] = (ssm_series){.value = value[from + c] + skipped, .length = t->cut - skipped};
        const ssm_status status = ssm_series_detect_periods(j->ctx, &panel[c]);
        if (status != SSM_OK) return status;
    }
    const ssm_fit_task fitted = {panel, n, t->horizon, 0};
    const ssm_status status = configured_new(j->ctx, j->model, set->option, set->n, out);
    return status == SSM_OK ? ssm_forecaster_fit(*out, &fitted) : status;
}

static ssm_status forecast(outcome *o, ssm_forecaster *f, const task *t, size_t column, size_t steps)
{
    static double mean[LONGEST], quantile[LONGEST * SCORE_LEVELS];
    ssm_forecast out = {t->horizon, SCORE_LEVELS, score_level, mean, quantile};
    for (size_t origin = t->cut; origin + t->horizon <= t->end; origin += t->step) {
        const ssm_series history = {.value = value[column], .length = origin};
        ssm_status status = ssm_forecaster_condition(f, &history);
        if (status == SSM_OK) status = ssm_forecaster_predict(f, &out);
        if (status != SSM_OK) return status;
        for (size_t h = 0; h < steps; h++) {
            if (isnan(value[column][origin + h])) continue;
            score_add_row(&o->mean, mean[h], quantile + h * SCORE_LEVELS, value[column][origin + h]);
            o->rows++;
        }
    }
    return SSM_OK;
}

/* A global model learns from all columns at once, any other from each alone. */
static ssm_status run_set(outcome *o, const job *j, const option_set *set, const task *t)
{
    const int global = (ssm_forecaster_type_find(j->model)->caps & SSM_CAP_GLOBAL) != 0;
    const size_t n = t->family->columns;
    ssm_forecaster *f = NULL;
    ssm_status status = SSM_OK;
    *o = (outcome){.rows = 0};
    for (size_t c = 0; c < n && status == SSM_OK; c++) {
        const double start = seconds();
        if (c == 0 || !global) status = fit(&f, j, set, t, c, global ? n : 1);
        o->fit_seconds += seconds() - start;
        if (status == SSM_OK) status = forecast(o, f, t, c, (t->horizon + j->near - 1) / j->near);
        if (f != NULL && (!global || c + 1 == n || status != SSM_OK)) {
            ssm_forecaster_free(f);
            f = NULL;
        }
    }
    score total = {0};
    score_add(&total, &o->mean, 1 / o->rows);
    o->mean = total;
    return status;
}

static void print_case(const task *t, double cut)
{
    printf("{\"bench\": \"families\", \"family\": \"%s\", \"cut\": %.1f, \"horizon\": %zu", t->family->name,
           cut, t->horizon);
}

static void print_outcome(const job *j, size_t which, const task *t, double cut, const outcome *o)
{
    const option_set *set = &j->set[which];
    print_case(t, cut);
    printf(", \"model\": \"%s\", \"set\": \"%s\", \"options\": \"", j->model, which == 0 ? "a" : "b");
    for (size_t i = 0; i < set->n; i++) printf("%s%s", i > 0 ? " " : "", set->option[i]);
    printf("\", \"rows\": %.0f", o->rows);
    for (size_t k = 0; k < MEASURES; k++) printf(", \"%s\": %.5f", measure_name[k], measure(&o->mean, k));
    printf(", \"coverage80\": %.4f, \"coverage95\": %.4f, \"fit_seconds\": %.2f}\n", o->mean.inside80,
           o->mean.inside95, o->fit_seconds);
}

static void compare(report *r, const task *t, double cut, const outcome o[2])
{
    print_case(t, cut);
    for (size_t k = 0; k < MEASURES; k++) {
        tally *m = &r->tally[k];
        const double ratio = measure(&o[1].mean, k) / measure(&o[0].mean, k);
        printf(", \"%s_ratio\": %.4f", measure_name[k], ratio);
        m->family_log += log(ratio);
        m->family_cases++;
        m->cases++;
        m->lost += ratio > 1.01;
        m->won += ratio < 0.99;
    }
    printf(", \"fit_seconds_ratio\": %.2f}\n", o[1].fit_seconds / o[0].fit_seconds);
}

static ssm_status run_case(report *r, cover inside[2], const job *j, const family *f, size_t rows, double cut,
                           size_t horizon)
{
    outcome o[2];
    task t = {f, (size_t)(cut * (double)rows), 0, horizon, 0};
    t.end = t.cut + rows / 6;
    t.step = ((t.end - t.cut - horizon) / ORIGINS) | 1; /* odd: not always the same hour */
    for (size_t which = 0; which < j->n_sets; which++) {
        const ssm_status status = run_set(&o[which], j, &j->set[which], &t);
        if (status != SSM_OK) return status;
        print_outcome(j, which, &t, cut, &o[which]);
        inside[which].inside += o[which].mean.inside80 / (2 * CUTS);
        inside[which].off += fabs(o[which].mean.inside80 - 0.8) / (2 * CUTS);
    }
    if (j->n_sets == 2) compare(r, &t, cut, o);
    fflush(stdout);
    return SSM_OK;
}

static void close_family(report *r, const job *j, const char *name, const cover inside[2])
{
    printf("{\"bench\": \"families\", \"family\": \"%s\"", name);
    for (size_t which = 0; which < j->n_sets; which++) {
        printf(", \"coverage80_%s\": %.4f", which == 0 ? "a" : "b", inside[which].inside);
        r->cover[which].inside += inside[which].inside;
        r->cover[which].off += inside[which].off;
    }
    for (size_t k = 0; j->n_sets == 2 && k < MEASURES; k++) {
        tally *m = &r->tally[k];
        const double ratio = exp(m->family_log / m->family_cases);
        printf(", \"%s_ratio\": %.4f", measure_name[k], ratio);
        if (m->families == 0 || ratio > m->worst) m->worst = ratio, m->worst_name = name;
        if (m->families == 0 || ratio < m->best) m->best = ratio, m->best_name = name;
        m->sum += ratio;
        m->families++;
        m->family_log = m->family_cases = 0;
    }
    printf("}\n");
    fflush(stdout);
    r->families++;
}

static ssm_status run_family(report *r, const job *j, const family *f)
{
    static const double cuts[CUTS] = {0.6, 0.8};
    const size_t rows = family_read(value, f);
    cover inside[2] = {{0, 0}, {0, 0}};
    if (rows == 0) return fprintf(stderr, "%s is not at hand: left out\n", f->file), SSM_OK;
    for (size_t i = 0; i < 2 * CUTS; i++) {
        const size_t horizon = f->horizon[i % 2 * (FAMILY_HORIZONS - 1)];
        const ssm_status status = run_case(r, inside, j, f, rows, cuts[i / 2], horizon);
        if (status != SSM_OK) return status;
    }
    close_family(r, j, f->name, inside);
    return SSM_OK;
}

static void print_report(const report *r, const job *j)
{
    const double n = (double)r->families;
    for (size_t k = 0; j->n_sets == 2 && k < MEASURES; k++) {
        const tally *m = &r->tally[k];
        printf("{\"bench\": \"families\", \"measure\": \"%s\", \"families\": %zu, \"mean_ratio\": %.4f, "
               "\"worst\": "
               "\"%s\", \"worst_ratio\": %.4f, \"best\": \"%s\", \"best_ratio\": %.4f, \"cases\": %zu, "
               "\"lost\": %zu, \"won\": %zu}\n",
               measure_name[k], m->families, m->sum / n, m->worst_name, m->worst, m->best_name, m->best,
               m->cases, m->lost, m->won);
    }
    printf("{\"bench\": \"families\", \"families\": %zu", r->families);
    for (size_t which = 0; which < j->n_sets; which++)
        printf(", \"coverage80_%c\": %.4f, \"off80_%c\": %.4f", "ab"[which], r -> cover[which].inside / n,
               "ab"[which], r -> cover[which].off / n);
    printf("}\n");
}

/* 0 when the command line is not understood. */
static int read_arguments(job *j, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const int b = strcmp(argv[i], "--b") == 0;
        if (b || strcmp(argv[i], "--a") == 0) {
            option_set *set = &j->set[b];
            if (i + 1 == argc || set->n == MOST_OPTIONS) return 0;
            set->option[set->n++] = argv[++i];
            if (b) j->n_sets = 2;
        } else if (strcmp(argv[i], "--near") == 0) {
            if (i + 1 == argc || (j->near = strtoul(argv[++i], NULL, 10)) < 1) return 0;
        } else if (j->model == NULL) {
            j->model = argv[i];
        } else if (j->list == NULL && argv[i][0] != '-') {
            j->list = argv[i];
        } else {
            return 0;
        }
    }
    return j->model != NULL && ssm_forecaster_type_find(j->model) != NULL;
}

int main(int argc, char **argv)
{
    static report r;
    job j = {.n_sets = 1, .near = 1};
    if (!read_arguments(&j, argc, argv))
        return fprintf(stderr, "usage: bench_families MODEL [--a option=value]... [--b option=value]... "
                               "[--near N] [FAMILY,...]\n"),
               2;
    if (getenv("SSMCAST_DATA") == NULL) return fprintf(stderr, "SSMCAST_DATA is not set\n"), 1;
    if (ssm_context_new(NULL, &j.ctx) != SSM_OK) return 1;
    ssm_context_set_threads(j.ctx, 1);
    openblas_set_num_threads(1);
    for (size_t i = 0; i < FAMILIES; i++) {
        if (!family_is_in(&families[i], j.list)) continue;
        if (run_family(&r, &j, &families[i]) != SSM_OK)
            return fprintf(stderr, "%s: %s\n", families[i].name, ssm_context_message(j.ctx)), 1;
    }
    if (r.families > 0) print_report(&r, &j);
    ssm_context_free(j.ctx);
    return 0;
}
