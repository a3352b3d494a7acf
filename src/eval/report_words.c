/* What a report says in sentences. */
#include "eval/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double SIGNIFICANT = 0.05;

double ssmi_report_value(const ssm_backtest *b, size_t outcome, size_t horizon, size_t measure)
{
    const ssm_outcome *o = &b->outcome[outcome];
    return o->status == SSM_OK ? o->value[horizon * b->n_measures + measure] : NAN;
}

int ssmi_report_decimals(double value)
{
    double size = fabs(value);
    if (!(size > 0) || isinf(size)) return 2;
    int decimals = 2 - (int)floor(log10(size));
    return decimals < 0 ? 0 : decimals > 8 ? 8 : decimals;
}

void ssmi_report_p(char *text, size_t size, double p)
{
    if (isnan(p)) {
        snprintf(text, size, "\xe2\x80\x93");
    } else if (p < 0.001) {
        snprintf(text, size,
                 "<\xc2\xa0"
                 "0.001");
    } else {
        snprintf(text, size, "%.3f", p);
    }
}

size_t ssmi_report_failures(const ssm_backtest *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n_outcomes; i++) n += b->outcome[i].status != SSM_OK;
    return n;
}

char *ssmi_report_subject(ssm_arena *memory, const ssm_backtest *b)
{
    if (b->n_series == 1 && b->panel[0].name != NULL)
        return ssmi_arena_printf(memory, "%s", b->panel[0].name);
    return ssmi_arena_printf(memory, "%zu series", b->n_series);
}

typedef struct unit {
    int64_t size;
    const char *one, *many;
} unit;

/* The largest unit that divides the span. */
static char *span_text(ssm_arena *memory, size_t rows, int64_t span, const unit *units)
{
    while (units->size > 1 && span % units->size != 0) units++;
    if (span % units->size != 0) return ssmi_arena_printf(memory, "%zu", rows);
    int64_t n = span / units->size;
    return ssmi_arena_printf(memory, "%zu (%lld %s)", rows, (long long)n, n == 1 ? units->one : units->many);
}

char *ssmi_report_horizon(ssm_arena *memory, const ssm_backtest *b, size_t rows)
{
    static const unit seconds[] = {{604800, "week", "weeks"},
                                   {86400, "day", "days"},
                                   {3600, "hour", "hours"},
                                   {60, "minute", "minutes"},
                                   {1, "second", "seconds"}};
    static const unit months[] = {{12, "year", "years"}, {1, "month", "months"}};
    ssm_step step = b->panel[0].time.step;
    int64_t second = INT64_C(1000000000);
    if (b->panel[0].stamp != NULL) return ssmi_arena_printf(memory, "%zu", rows);
    if (step.unit == SSM_STEP_MONTHS && step.count < 100000 && rows < 100000000) {
        return span_text(memory, rows, step.count * (int64_t)rows, months);
    }
    if (step.unit == SSM_STEP_NANOSECONDS && step.count % second == 0 && rows < 100000000) {
        return span_text(memory, rows, step.count / second * (int64_t)rows, seconds);
    }
    return ssmi_arena_printf(memory, "%zu", rows);
}

static const char *label_at(const ssm_backtest *b, size_t horizon, size_t place)
{
    return b->outcome[b->ranking[horizon].order[place]].label;
}

static int same_winner(const ssm_backtest *b)
{
    for (size_t i = 1; i < b->n_horizons; i++) {
        if (b->ranking[i].order[0] != b->ranking[0].order[0]) return 0;
    }
    return 1;
}

/* How sure the lead of the winner is, over all horizons. */
static const char *certainty(const ssm_backtest *b)
{
    size_t sure = 0;
    for (size_t i = 0; i < b->n_horizons; i++) sure += b->ranking[i].test[1].p_value < SIGNIFICANT;
    if (sure == b->n_horizons) return ", clearly ahead of the runner-up";
    if (sure > 0) return ", though not clearly everywhere";
    return ", but the lead over the runner-up may be luck";
}

static char *list_of_winners(ssm_arena *memory, const ssm_backtest *b)
{
    char *text = ssmi_arena_printf(memory, "No single winner: ");
    for (size_t i = 0; i < b->n_horizons && text != NULL; i++) {
        text = ssmi_arena_printf(memory, "%s%s%s at horizon %zu", text, i > 0 ? ", " : "", label_at(b, i, 0),
                                 b->horizon[i]);
    }
    return text;
}

char *ssmi_report_headline(ssm_arena *memory, const ssm_backtest *b)
{
    char *subject = ssmi_report_subject(memory, b);
    if (subject == NULL) return NULL;
    if (b->ranking[0].n == 0) return ssmi_arena_printf(memory, "No model could forecast %s", subject);
    if (b->ranking[0].n == 1) {
        return ssmi_arena_printf(memory, "%s forecasts %s, without a rival", label_at(b, 0, 0), subject);
    }
    if (!same_winner(b)) return list_of_winners(memory, b);
    return ssmi_arena_printf(memory, "%s forecasts %s best%s%s", label_at(b, 0, 0), subject,
                             b->n_horizons > 1 ? " at every horizon" : "", certainty(b));
}

/* "the difference is significant (...)" for the runner-up. */
static char *significance(ssm_arena *memory, const ssm_backtest *b, size_t horizon)
{
    const ssm_ranking *r = &b->ranking[horizon];
    const ssm_dm_test *test = &r->test[1];
    char p[16];
    ssmi_report_p(p, sizeof p, test->p_value);
    if (test->difference == 0) return ssmi_arena_printf(memory, "Their errors are the same");
    if (isnan(test->p_value)) {
        return ssmi_arena_printf(memory, "Whether that is luck cannot be tested with %zu forecast%s", test->n,
                                 test->n == 1 ? "" : "s");
    }
    if (test->p_value < SIGNIFICANT) {
        return ssmi_arena_printf(
            memory,
            "The difference is significant (Diebold\xe2\x80\x93Mariano p %s%s, best at %zu of %zu "
            "origins)",
            p[0] == '<' ? "" : "= ", p, r->wins[0], b->n_origins);
    }
    return ssmi_arena_printf(
        memory,
        "The difference is not significant (Diebold\xe2\x80\x93Mariano p = %s, best at %zu of %zu "
        "origins): it could be luck",
        p, r->wins[0], b->n_origins);
}

char *ssmi_report_verdict(ssm_arena *memory, const ssm_backtest *b, size_t horizon)
{
    const ssm_ranking *r = &b->ranking[horizon];
    char *name = ssmi_report_horizon(memory, b, b->horizon[horizon]);
    const char *metric = b->measure[b->ranked_by].title;
    if (name == NULL) return NULL;
    if (r->n == 0) return ssmi_arena_printf(memory, "Horizon %s: no model has a score.", name);
    double best = ssmi_report_value(b, r->order[0], horizon, b->ranked_by);
    int decimals = ssmi_report_decimals(best);
    if (r->n == 1) {
        return ssmi_arena_printf(memory, "Horizon %s: %s has %s %.*f.", name, label_at(b, horizon, 0), metric,
                                 decimals, best);
    }
    double second = ssmi_report_value(b, r->order[1], horizon, b->ranked_by);
    char *sure = significance(memory, b, horizon), *gap = ssmi_arena_printf(memory, "%s", "");
    if (best > 0 && second >= 2 * best) {
        gap = ssmi_arena_printf(memory, ", %.1f times as much", second / best);
    } else if (best > 0 && second > best) {
        gap = ssmi_arena_printf(memory, ", %.1f %% more", 100 * (second / best - 1));
    }
    if (sure == NULL || gap == NULL) return NULL;
    return ssmi_arena_printf(memory, "Horizon %s: %s is best with %s %.*f; the runner-up %s has %.*f%s. %s.",
                             name, label_at(b, horizon, 0), metric, decimals, best, label_at(b, horizon, 1),
                             decimals, second, gap, sure);
}
