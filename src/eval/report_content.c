/* The report from its first line to its last. Each function adds one section. */
#include "eval/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct content {
    ssm_arena *memory;
    const ssm_backtest *b;
    const ssm_report_facts *facts;
    ssmi_document *doc;
} content;

/* Adds a block or leaves the function: memory is the only thing that can fail. */
#define ADD(...)                                                                                             \
    do {                                                                                                     \
        if (ssmi_document_add(__VA_ARGS__) == NULL) return SSM_E_MEMORY;                                     \
    } while (0)

static ssm_status add_section(content *c, const char *id, const char *heading)
{
    ssmi_block *block = ssmi_document_add(c->doc, SSMI_BLOCK_SECTION, "%s", heading);
    if (block == NULL) return SSM_E_MEMORY;
    block->id = id;
    return SSM_OK;
}

static ssmi_block *add_brief(content *c, ssmi_block_kind kind, const char *text)
{
    ssmi_block *block = text != NULL ? ssmi_document_add(c->doc, kind, "%s", text) : NULL;
    if (block != NULL) block->brief = 1;
    return block;
}

/* A figure with its caption; `alternative` says in words what is drawn. */
static ssm_status add_figure(content *c, const char *id, const ssmi_figure *figure, const char *alternative,
                             const char *caption)
{
    if (!ssmi_plots_available() || figure->n_panels == 0) return SSM_OK;
    ssmi_block *block = ssmi_document_add(c->doc, SSMI_BLOCK_FIGURE, "%s", caption);
    if (block == NULL) return SSM_E_MEMORY;
    block->id = id;
    block->note = alternative;
    block->figure = *figure;
    return SSM_OK;
}

/* ", one every 30 min"; nothing where rows are only numbered. */
static char *pace_text(ssm_arena *memory, const ssm_series *series)
{
    char step[32];
    ssm_step_text(series->time.step, step, sizeof step);
    int timed = series->time.step.unit != SSM_STEP_NONE;
    const char *words = series->stamp != NULL ? ", irregular, typically one every " : ", one every ";
    return ssmi_arena_printf(memory, "%s%s", timed ? words : "", timed ? step : "");
}

static ssm_status add_title(content *c)
{
    const char *data = c->facts->data_name != NULL ? c->facts->data_name : "data";
    const char *slash = strrchr(data, '/');
    char *headline = ssmi_report_headline(c->memory, c->b), *pace = pace_text(c->memory, &c->b->panel[0]);
    ssmi_block *title = add_brief(c, SSMI_BLOCK_TITLE, headline);
    if (title == NULL || pace == NULL) return SSM_E_MEMORY;
    title->note = ssmi_arena_printf(c->memory, "%s \xc2\xb7 %s \xc2\xb7 %zu rows%s",
                                    c->facts->title != NULL ? c->facts->title : "Forecast comparison",
                                    slash != NULL ? slash + 1 : data, c->b->panel[0].length, pace);
    c->doc->title = headline;
    return title->note != NULL ? SSM_OK : SSM_E_MEMORY;
}

static ssm_status add_verdicts(content *c)
{
    size_t failed = ssmi_report_failures(c->b);
    for (size_t i = 0; i < c->b->n_horizons; i++) {
        if (add_brief(c, SSMI_BLOCK_ITEM, ssmi_report_verdict(c->memory, c->b, i)) == NULL)
            return SSM_E_MEMORY;
    }
    if (strcmp(c->b->measure[c->b->ranked_by].name, "mase") == 0) {
        ADD(c->doc, SSMI_BLOCK_NOTE,
            "MASE is the mean absolute error divided by that of repeating the value of %zu %s ago within the "
            "training "
            "rows: below 1 is better than that, 0.5 is half of it.",
            c->b->season, c->b->season == 1 ? "row" : "rows");
    }
    if (failed > 0) {
        ADD(c->doc, SSMI_BLOCK_NOTE, "%zu of %zu models failed and could not be ranked: see \"Failures\".",
            failed, c->b->n_outcomes);
    }
    if (!ssmi_plots_available()) {
        ADD(c->doc, SSMI_BLOCK_NOTE, "This build of ssmcast has no plots: the figures are left out.");
    }
    return SSM_OK;
}

static ssm_status add_scores(content *c)
{
    SSMI_TRY(add_section(c, "scores", "Who is best"));
    for (size_t i = 0; i < c->b->n_horizons; i++) {
        char *rows = ssmi_report_horizon(c->memory, c->b, c->b->horizon[i]);
        char *heading = rows != NULL ? ssmi_arena_printf(c->memory, "Horizon %s", rows) : NULL;
        ssmi_block *sheet;
        if (add_brief(c, SSMI_BLOCK_HEADING, heading) == NULL) return SSM_E_MEMORY;
        if ((sheet = add_brief(c, SSMI_BLOCK_SHEET, "")) == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssmi_table_ranking(c->memory, c->b, i, &sheet->sheet));
        if ((sheet = ssmi_document_add(c->doc, SSMI_BLOCK_SHEET, "%s", "")) == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssmi_table_measures(c->memory, c->b, i, &sheet->sheet));
    }
    ADD(c->doc, SSMI_BLOCK_NOTE,
        "The best of each column is marked; for coverage that is the one closest to its nominal value. "
        "DM p: probability of a difference this large if the model were as good as the best one.");
    double stretches =
        ((double)((c->b->n_origins - 1) * c->b->step) + (double)c->b->longest) / (double)c->b->longest;
    if (c->b->n_origins > 1 && stretches < 6) {
        ADD(c->doc, SSMI_BLOCK_NOTE,
            "Forecasts over %zu rows from %zu origins overlap: the test rows hold only %.1f such stretches "
            "side by "
            "side, so a difference at that horizon must be large to be called significant.",
            c->b->longest, c->b->n_origins, stretches);
    }
    return SSM_OK;
}

static ssm_status add_windows(content *c)
{
    if (!ssmi_plots_available() || c->b->ranking[0].n == 0) return SSM_OK;
    SSMI_TRY(add_section(c, "windows", "Forecasts against what came"));
    ADD(c->doc, SSMI_BLOCK_PARAGRAPH,
        "The line without colour is what happened, colour is what was forecast from the rows before, with 80 "
        "%% and 95 %% "
        "intervals. "
        "The windows were chosen by how far the series departs from its own last season, not by any model's "
        "error.");
    for (size_t i = 0; i < c->b->n_horizons; i++) {
        ssmi_figure figure;
        char *rows = ssmi_report_horizon(c->memory, c->b, c->b->horizon[i]);
        char *id = ssmi_arena_printf(c->memory, "windows-%zu", c->b->horizon[i]);
        if (rows == NULL || id == NULL) return SSM_E_MEMORY;
        char *caption = ssmi_arena_printf(c->memory, "Horizon %s: the best models, in order.", rows);
        char *words = ssmi_arena_printf(
            c->memory, "Forecasts of the best models with bands over the truth, horizon %s", rows);
        if (caption == NULL || words == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssmi_figure_windows(c->memory, c->b, i, &figure));
        SSMI_TRY(add_figure(c, id, &figure, words, caption));
    }
    return SSM_OK;
}

static ssm_status add_steps(content *c)
{
    ssmi_figure figure;
    if (!ssmi_plots_available() || c->b->ranking[0].n == 0) return SSM_OK;
    SSMI_TRY(add_section(c, "steps", "How the error grows"));
    SSMI_TRY(ssmi_figure_steps(c->memory, c->b, &figure));
    SSMI_TRY(
        add_figure(c, "steps-figure", &figure, "Error of each model against the number of steps ahead",
                   "Error against the forecast step, mean over all origins. Long horizons are averaged over "
                   "groups of neighbouring steps."));
    if (c->b->n_origins < 3) return SSM_OK;
    SSMI_TRY(ssmi_figure_origins(c->memory, c->b, &figure));
    return add_figure(
        c, "origins-figure", &figure, "Error of each model against the time of the forecast",
        "Error of each single forecast over the longest horizon, by the time at which it was made. "
        "A model that is better by skill stays below the others most of the time.");
}

static ssm_status add_intervals(content *c)
{
    ssmi_figure figure;
    if (!ssmi_plots_available() || c->b->ranking[0].n == 0) return SSM_OK;
    SSMI_TRY(add_section(c, "intervals", "Can the intervals be trusted?"));
    ADD(c->doc, SSMI_BLOCK_PARAGRAPH,
        "An honest 80 %% interval holds the truth 80 times out of 100. Below the dashed line a model is too "
        "sure of "
        "itself, above it too cautious.");
    SSMI_TRY(ssmi_figure_coverage(c->memory, c->b, &figure));
    return add_figure(c, "coverage-figure", &figure,
                      "Actual against nominal coverage of the intervals of each model",
                      "Share of rows inside the central interval, against its nominal coverage.");
}

static ssm_status add_cost(content *c)
{
    ssmi_figure figure;
    SSMI_TRY(add_section(c, "cost", "What it costs"));
    if (c->b->ranking[0].n > 0) {
        SSMI_TRY(ssmi_figure_cost(c->memory, c->b, &figure));
        SSMI_TRY(add_figure(
            c, "cost-figure", &figure, "Error of each model against the time it took",
            "Error against time, which is on a logarithmic scale: down is better, left is faster."));
    }
    ssmi_block *sheet = ssmi_document_add(c->doc, SSMI_BLOCK_SHEET, "%s", "");
    if (sheet == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_table_cost(c->memory, c->b, &sheet->sheet));
    ADD(c->doc, SSMI_BLOCK_NOTE,
        "Wall time on this machine, models one after the other. Peak memory counts what the model held at "
        "one time "
        "through the library's allocator: fitted parameters, history and scratch, not the data and not the "
        "buffers "
        "of the linear algebra library.");
    if (c->facts->created != NULL) ADD(c->doc, SSMI_BLOCK_NOTE, "Measured on %s.", c->facts->created);
    return SSM_OK;
}

static ssm_status add_training(content *c)
{
    ssmi_figure figure;
    SSMI_TRY(ssmi_figure_training(c->memory, c->b, &figure));
    if (!ssmi_plots_available() || figure.n_panels == 0) return SSM_OK;
    SSMI_TRY(add_section(c, "training", "How training went"));
    return add_figure(c, "training-figure", &figure, "Loss of each trained model against training steps",
                      "Loss at each check of the first training, as a part of the loss on the validation "
                      "windows before it: on the validation windows, and dashed on those learned from. The "
                      "weights at the lowest validation loss are used, and none above 1.");
}

static ssm_status add_failures(content *c)
{
    if (ssmi_report_failures(c->b) == 0) return SSM_OK;
    SSMI_TRY(add_section(c, "failures", "Failures"));
    for (size_t i = 0; i < c->b->n_outcomes; i++) {
        const ssm_outcome *o = &c->b->outcome[i];
        if (o->status == SSM_OK) continue;
        char *text = ssmi_arena_printf(c->memory, "%s failed: %s.", o->label, o->message);
        if (add_brief(c, SSMI_BLOCK_ITEM, text) == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

static ssm_status add_notes(content *c)
{
    int any = 0;
    for (size_t i = 0; i < c->b->n_outcomes; i++) {
        const ssm_outcome *o = &c->b->outcome[i];
        if (o->status != SSM_OK || o->note[0] == '\0') continue;
        if (!any) SSMI_TRY(add_section(c, "notes", "What the models say about themselves"));
        ADD(c->doc, SSMI_BLOCK_ITEM, "%s: %s", o->label, o->note);
        any = 1;
    }
    return SSM_OK;
}

enum { MAX_PAIRS = 24 };

static void add_pair(ssmi_term *pair, size_t *n, const char *term, const char *text, int code)
{
    if (text != NULL && *n < MAX_PAIRS) pair[(*n)++] = (ssmi_term){term, text, code};
}

static char *periods_text(ssm_arena *memory, const ssm_series *series)
{
    char *text = ssmi_arena_printf(memory, "%s", series->n_periods == 0 ? "none found" : "");
    for (size_t i = 0; i < series->n_periods && text != NULL; i++) {
        text = ssmi_arena_printf(memory, "%s%s%zu", text, i > 0 ? ", " : "", series->period[i]);
    }
    return text != NULL && series->n_periods > 0 ? ssmi_arena_printf(memory, "%s rows", text) : text;
}

static size_t missing_rows(const ssm_series *series)
{
    size_t n = 0;
    for (size_t t = 0; t < series->length; t++) n += isnan(series->value[t]) != 0;
    return n;
}

static char *span_text(ssm_arena *memory, const ssm_series *series)
{
    char from[SSM_TIME_TEXT_SIZE], to[SSM_TIME_TEXT_SIZE], *pace = pace_text(memory, series);
    if (pace == NULL) return NULL;
    ssm_series_time_text(series, 0, from, sizeof from);
    ssm_series_time_text(series, series->length - 1, to, sizeof to);
    return ssmi_arena_printf(memory, "%s to %s%s; %zu rows, %zu missing", from, to, pace, series->length,
                             missing_rows(series));
}

static char *test_text(ssm_arena *memory, const ssm_backtest *b)
{
    char from[SSM_TIME_TEXT_SIZE];
    size_t first = ssm_backtest_origin(b, 0, 0);
    ssm_series_time_text(&b->panel[0], first, from, sizeof from);
    return ssmi_arena_printf(
        memory,
        "%zu forecasts of %zu rows from origins %zu rows apart, the first on row %zu (%s); models "
        "fitted %s",
        b->n_origins, b->longest, b->step, first + 1, from,
        b->refit ? "anew at each origin" : "once, on the rows before the first origin");
}

static char *models_text(ssm_arena *memory, const ssm_backtest *b)
{
    char *text = ssmi_arena_printf(memory, "%s", "");
    for (size_t i = 0; i < b->n_outcomes && text != NULL; i++) {
        const ssm_outcome *o = &b->outcome[i];
        int set = o->settings[0] != '\0';
        text = ssmi_arena_printf(memory, "%s%s%s%s%s%s", text, i > 0 ? ", " : "", o->label, set ? " (" : "",
                                 o->settings, set ? ")" : "");
    }
    return text;
}

static ssm_status add_question(content *c)
{
    ssm_arena *m = c->memory;
    ssmi_term *pair = SSMI_ALLOC(m, ssmi_term, MAX_PAIRS);
    size_t n = 0;
    if (pair == NULL) return SSM_E_MEMORY;
    SSMI_TRY(add_section(c, "asked", "What was asked"));
    add_pair(pair, &n, "Command", c->facts->command, 1);
    add_pair(pair, &n, "Data", c->facts->data_name, 1);
    add_pair(pair, &n, "SHA-256", c->facts->data_digest, 1);
    add_pair(pair, &n, "Series", ssmi_report_subject(m, c->b), 0);
    add_pair(pair, &n, "Rows", span_text(m, &c->b->panel[0]), 0);
    add_pair(pair, &n, "Seasonal periods", periods_text(m, &c->b->panel[0]), 0);
    add_pair(pair, &n, "Test", test_text(m, c->b), 0);
    add_pair(pair, &n, "Models", models_text(m, c->b), 0);
    add_pair(pair, &n, "Ranked by", c->b->measure[c->b->ranked_by].title, 0);
    add_pair(pair, &n, "Software",
             ssmi_arena_printf(m, "ssmcast %s, seed %llu, %zu thread%s", ssm_version(),
                               (unsigned long long)c->facts->seed, c->facts->threads,
                               c->facts->threads == 1 ? "" : "s"),
             0);
    ssmi_block *block = ssmi_document_add(c->doc, SSMI_BLOCK_PAIRS, "%s", "");
    if (block == NULL) return SSM_E_MEMORY;
    block->pair = pair;
    block->n_pairs = n;
    for (size_t i = 0; i < c->facts->n_warnings; i++)
        ADD(c->doc, SSMI_BLOCK_ITEM, "Data: %s", c->facts->warning[i]);
    return SSM_OK;
}

static ssm_status add_method(content *c)
{
    static const char *const rules[] = {
        "Every model forecasts from the same origins and knows only the rows before each; nothing is chosen "
        "on the "
        "test rows. The origins are spread evenly, and their distance has no factor in common with the "
        "season, so that "
        "forecasts start at all phases of it.",
        "One fit and one forecast at the longest horizon serve all horizons: a shorter horizon is scored on "
        "the first "
        "rows of the same forecasts.",
        "Diebold\xe2\x80\x93Mariano test on the mean loss of each origin, long-run variance with as many "
        "autocovariances as forecasts overlap (Bartlett weights when the plain estimate is not positive), "
        "correction "
        "of Harvey, Leybourne and Newbold, Student t. p-values are two-sided; Holm's adjustment covers the "
        "table.",
        "Quantile losses use the levels 0.1 to 0.9. Rows without an observed value are not scored.",
        "Symbols: y truth, f point forecast, q quantile forecast of level \xcf\x84, [l, u] central interval "
        "with "
        "nominal coverage 1 \xe2\x88\x92 \xce\xb1, m season, s scale; means and sums run over all forecast "
        "rows of all "
        "origins and series.",
    };
    ssmi_term *pair = SSMI_ALLOC(c->memory, ssmi_term, MAX_PAIRS);
    size_t n = 0;
    if (pair == NULL) return SSM_E_MEMORY;
    SSMI_TRY(add_section(c, "method", "How to read this report"));
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) ADD(c->doc, SSMI_BLOCK_ITEM, "%s", rules[i]);
    for (size_t i = 0; ssm_metric_at(i) != NULL; i++) {
        const ssm_metric *metric = ssm_metric_at(i);
        add_pair(pair, &n, metric->title,
                 ssmi_arena_printf(c->memory, "%s: %s", metric->summary, metric->formula), 0);
    }
    ssmi_block *block = ssmi_document_add(c->doc, SSMI_BLOCK_PAIRS, "%s", "");
    if (block == NULL) return SSM_E_MEMORY;
    block->pair = pair;
    block->n_pairs = n;
    return SSM_OK;
}

ssm_status ssmi_report_compose(ssm_arena *memory, const ssm_backtest *b, const ssm_report_facts *facts,
                               ssmi_document **out)
{
    static ssm_status (*const section[])(content *) = {
        add_title, add_verdicts, add_scores,   add_windows, add_steps,    add_intervals,
        add_cost,  add_training, add_failures, add_notes,   add_question, add_method,
    };
    ssmi_document *doc = SSMI_ALLOC(memory, ssmi_document, 1);
    if (doc == NULL) return SSM_E_MEMORY;
    doc->memory = memory;
    content c = {memory, b, facts, doc};
    for (size_t i = 0; i < sizeof section / sizeof section[0]; i++) SSMI_TRY(section[i](&c));
    *out = doc;
    return SSM_OK;
}
