/* The tables of a report. Rows are models, the best first. */
#include "eval/plot.h"
#include "eval/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct quantity {
    double size;
    const char *name;
} quantity;

static const char dash[] = "\xe2\x80\x93";

static ssmi_cell *cell_at(ssmi_sheet *sheet, size_t row, size_t column)
{
    return &sheet->cell[row * sheet->columns + column];
}

static void set_number(ssmi_cell *cell, double value, int decimals, const char *unit)
{
    if (isnan(value)) {
        snprintf(cell->text, sizeof cell->text, "%s", dash);
    } else {
        snprintf(cell->text, sizeof cell->text, "%.*f%s", decimals, value, unit);
    }
}

static void set_names(ssmi_sheet *sheet, const ssm_backtest *b, const size_t *order)
{
    sheet->column[0] = (ssmi_column){"Model", NULL, 1};
    for (size_t r = 0; r < sheet->rows; r++) {
        size_t outcome = order != NULL ? order[r] : r;
        ssmi_cell *cell = cell_at(sheet, r, 0);
        snprintf(cell->text, sizeof cell->text, "%s", b->outcome[outcome].label);
        cell->ink = SSMI_INK_SERIES + outcome;
    }
}

/* How far from the ideal of its direction. */
static double distance(const ssm_measure *measure, double value)
{
    if (measure->metric->direction == SSM_LOWER_IS_BETTER) return value;
    return measure->metric->direction == SSM_NOMINAL_IS_BEST ? fabs(value - 100 * measure->nominal) : NAN;
}

/* One metric down a column; the best is marked, all that equal it too. */
static void set_measure(ssmi_sheet *sheet, size_t column, const ssm_backtest *b, size_t horizon, size_t m)
{
    const ssm_ranking *ranking = &b->ranking[horizon];
    const ssm_measure *measure = &b->measure[m];
    int percent = strcmp(measure->metric->unit, "%") == 0;
    double best = INFINITY, smallest = INFINITY;
    for (size_t r = 0; r < ranking->n; r++) {
        double value = ssmi_report_value(b, ranking->order[r], horizon, m);
        best = fmin(best, distance(measure, value)); /* fmin passes over NaN */
        if (fabs(value) > 0) smallest = fmin(smallest, fabs(value));
    }
    int decimals = measure->metric->direction == SSM_NOMINAL_IS_BEST ? 1 : ssmi_report_decimals(smallest);
    sheet->column[column] = (ssmi_column){measure->title, measure->metric->summary, 0};
    for (size_t r = 0; r < ranking->n; r++) {
        double value = ssmi_report_value(b, ranking->order[r], horizon, m);
        ssmi_cell *cell = cell_at(sheet, r, column);
        set_number(cell, value, decimals, percent ? " %" : "");
        cell->best = distance(measure, value) <= best && ranking->n > 1;
    }
}

/* A bar behind each number of a column, relative to the largest that is not out of proportion. */
static void set_bars(ssmi_sheet *sheet, size_t column, const ssm_backtest *b, size_t horizon)
{
    const ssm_ranking *ranking = &b->ranking[horizon];
    double best = ssmi_report_value(b, ranking->order[0], horizon, b->ranked_by);
    double worst = ssmi_report_value(b, ranking->order[ranking->n - 1], horizon, b->ranked_by);
    double full = best > 0 ? fmin(worst, 10 * best) : worst;
    for (size_t r = 0; r < ranking->n; r++) {
        double value = ssmi_report_value(b, ranking->order[r], horizon, b->ranked_by);
        cell_at(sheet, r, column)->share = full > 0 ? fmin(value / full, 1) : 0;
    }
}

static void set_comparison(ssmi_sheet *sheet, size_t row, const ssm_backtest *b, size_t horizon)
{
    const ssm_ranking *r = &b->ranking[horizon];
    double best = ssmi_report_value(b, r->order[0], horizon, b->ranked_by);
    double value = ssmi_report_value(b, r->order[row], horizon, b->ranked_by);
    ssmi_cell *more = cell_at(sheet, row, 2), *p = cell_at(sheet, row, 3), *holm = cell_at(sheet, row, 4);
    ssmi_cell *wins = cell_at(sheet, row, 5);
    snprintf(more->text, sizeof more->text, "%s", dash);
    if (row > 0 && best > 0 && value >= 2 * best) {
        snprintf(more->text, sizeof more->text, "\xc3\x97 %.1f", value / best);
    } else if (row > 0 && best > 0) {
        snprintf(more->text, sizeof more->text, "+%.1f %%", 100 * (value / best - 1));
    }
    ssmi_report_p(p->text, sizeof p->text, r->test[row].p_value);
    ssmi_report_p(holm->text, sizeof holm->text, r->holm[row]);
    snprintf(wins->text, sizeof wins->text, "%zu of %zu", r->wins[row], b->n_origins);
}

ssm_status ssmi_table_ranking(ssm_arena *memory, const ssm_backtest *b, size_t horizon, ssmi_sheet *sheet)
{
    const ssm_ranking *ranking = &b->ranking[horizon];
    SSMI_TRY(ssmi_sheet_make(memory, ranking->n, 6, sheet));
    set_names(sheet, b, ranking->order);
    set_measure(sheet, 1, b, horizon, b->ranked_by);
    if (ranking->n > 0) set_bars(sheet, 1, b, horizon);
    sheet->column[2] =
        (ssmi_column){"to the best", "how much larger the error is than that of the best model", 0};
    sheet->column[3] = (ssmi_column){"DM p", "Diebold-Mariano test against the best model, two-sided", 0};
    sheet->column[4] =
        (ssmi_column){"p (Holm)", "the same, adjusted for the number of tests in this table", 0};
    sheet->column[5] =
        (ssmi_column){"best at", "origins at which this model had the smallest error of all", 0};
    for (size_t r = 0; r < ranking->n; r++) set_comparison(sheet, r, b, horizon);
    return SSM_OK;
}

/* Interval metrics only for the intervals that are usually quoted. */
static int is_shown(const ssm_measure *measure)
{
    static const char *const hidden[] = {"mse", "pinball", "msis_80", "width_95"};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (strcmp(measure->name, hidden[i]) == 0) return 0;
    }
    return isnan(measure->nominal) || fabs(measure->nominal - 0.8) < 1e-9 ||
           fabs(measure->nominal - 0.95) < 1e-9;
}

ssm_status ssmi_table_measures(ssm_arena *memory, const ssm_backtest *b, size_t horizon, ssmi_sheet *sheet)
{
    size_t columns = 1;
    for (size_t m = 0; m < b->n_measures; m++) columns += m != b->ranked_by && is_shown(&b->measure[m]);
    SSMI_TRY(ssmi_sheet_make(memory, b->ranking[horizon].n, columns, sheet));
    set_names(sheet, b, b->ranking[horizon].order);
    for (size_t m = 0, c = 1; m < b->n_measures; m++) {
        if (m != b->ranked_by && is_shown(&b->measure[m])) set_measure(sheet, c++, b, horizon, m);
    }
    return SSM_OK;
}

/* With the largest unit that leaves at least one. */
static void set_quantity(ssmi_cell *cell, double value, const quantity *units)
{
    while (units[1].name != NULL && value < 0.9995 * units->size) units++;
    double shown = value / units->size;
    snprintf(cell->text, sizeof cell->text, "%.*f %s", ssmi_report_decimals(shown), shown, units->name);
}

static void set_cost(ssmi_sheet *sheet, size_t row, const ssm_cost *cost)
{
    static const quantity time[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "\xc2\xb5s"}, {0, NULL}};
    static const quantity memory[] = {{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {0, NULL}};
    set_quantity(cell_at(sheet, row, 1), cost->fit_seconds, time);
    snprintf(cell_at(sheet, row, 2)->text, SSMI_CELL_TEXT, "%zu", cost->n_fits);
    set_quantity(cell_at(sheet, row, 3), cost->predict_seconds, time);
    snprintf(cell_at(sheet, row, 4)->text, SSMI_CELL_TEXT, "%zu", cost->n_forecasts);
    set_quantity(cell_at(sheet, row, 5), (double)cost->peak_bytes, memory);
}

ssm_status ssmi_table_cost(ssm_arena *memory, const ssm_backtest *b, ssmi_sheet *sheet)
{
    static const ssmi_column column[] = {
        {"fit", "wall time of all fits", 0},
        {"fits", "number of fits", 0},
        {"predict", "wall time of taking in the history and forecasting, all forecasts together", 0},
        {"forecasts", "number of forecasts, each over the longest horizon", 0},
        {"peak memory", "most memory the model held at one time", 0},
    };
    SSMI_TRY(ssmi_sheet_make(memory, b->n_outcomes, 6, sheet));
    set_names(sheet, b, NULL);
    for (size_t c = 0; c < 5; c++) sheet->column[c + 1] = column[c];
    for (size_t r = 0; r < b->n_outcomes; r++) set_cost(sheet, r, &b->outcome[r].cost);
    return SSM_OK;
}
