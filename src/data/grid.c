#include "data/grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct keyed {
    int64_t time;
    size_t row;
} keyed;

/* By time, then by place in the file: a stable order. */
static int compare_keyed(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void count_backward(ssmi_grid *grid, const ssmi_rows *rows)
{
    for (size_t i = 1; i < rows->n; i++) {
        if (rows->time[i] >= rows->time[i - 1]) continue;
        if (grid->n_backward++ == 0) grid->first_backward_line = rows->line[i];
    }
}

static ssm_status sort_rows(const ssmi_rows *rows, int64_t **time, size_t **order, ssm_arena *tmp)
{
    keyed *key = SSMI_ALLOC(tmp, keyed, rows->n);
    *time = SSMI_ALLOC(tmp, int64_t, rows->n);
    *order = SSMI_ALLOC(tmp, size_t, rows->n);
    if (key == NULL || *time == NULL || *order == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < rows->n; i++) key[i] = (keyed){rows->time[i], i};
    qsort(key, rows->n, sizeof *key, compare_keyed);
    for (size_t i = 0; i < rows->n; i++) {
        (*time)[i] = key[i].time;
        (*order)[i] = key[i].row;
    }
    return SSM_OK;
}

/* ---- rows that share a row of the grid ---- */

/* 1 when two rows of the file have different values in some column. */
static int differ(const ssmi_rows *rows, size_t a, size_t b)
{
    const double *x = rows->value + a * rows->n_columns, *y = rows->value + b * rows->n_columns;
    for (size_t k = 0; k < rows->n_columns; k++) {
        if (!isnan(x[k]) && !isnan(y[k]) && x[k] != y[k]) return 1;
    }
    return 0;
}

typedef struct collisions {
    size_t n, n_different;
    size_t first[2], first_different[2]; /* rows of the file */
} collisions;

static collisions find_collisions(const ssmi_rows *rows, const ssmi_fit *fit, const size_t *order)
{
    collisions c = {0};
    for (size_t i = 1, group = 0; i < rows->n; i++) {
        if (fit->position[i] != fit->position[i - 1]) group = i;
        if (group == i) continue;
        if (c.n++ == 0) c.first[0] = order[group], c.first[1] = order[i];
        if (!differ(rows, order[group], order[i])) continue;
        if (c.n_different++ == 0) c.first_different[0] = order[group], c.first_different[1] = order[i];
    }
    return c;
}

static ssm_status fail_duplicates(const ssmi_rows *rows, const collisions *c, int64_t time, ssm_context *ctx)
{
    char at[SSM_TIME_TEXT_SIZE];
    int several = 2 * c->n >= rows->n;
    ssm_time_text((ssm_time_index){time, {SSM_STEP_NANOSECONDS, SSMI_SECOND}}, 0, at, sizeof at);
    return ssmi_fail(
        ctx, SSM_E_DATA,
        "%s:%zu: the time %s is already on line %zu, with other values (%zu such rows); %s--duplicates "
        "first, last or mean decides what counts",
        rows->path, rows->line[c->first_different[1]], at, rows->line[c->first_different[0]], c->n_different,
        several ? "if several sensors are mixed, split the file; else " : "");
}

static ssm_status judge_duplicates(ssmi_grid *grid, const ssmi_rows *rows, const collisions *c,
                                   ssm_duplicates rule, ssm_context *ctx, ssmi_notes *notes)
{
    static const char *const what[] = {"their mean is used", "", "the first is used", "the last is used",
                                       "their mean is used"};
    if (c->n == 0) return SSM_OK;
    grid->n_duplicates = c->n;
    grid->first_duplicate_line = rows->line[c->first[1]];
    int rare = 100 * c->n_different <= rows->n;
    if (c->n_different > 0 && (rule == SSM_DUPLICATES_ERROR || (rule == SSM_DUPLICATES_AUTO && !rare))) {
        return fail_duplicates(rows, c, rows->time[c->first_different[1]], ctx);
    }
    if (c->n_different == 0) {
        return ssmi_note(notes,
                         "%s:%zu: rows that repeat an earlier time with equal values are dropped (%zu rows)",
                         rows->path, grid->first_duplicate_line, c->n);
    }
    return ssmi_note(
        notes,
        "%s:%zu: rows of the same time differ; %s (%zu rows; --duplicates first, last, mean or error "
        "decides otherwise)",
        rows->path, grid->first_duplicate_line, what[rule], c->n);
}

/* The value of one column for sorted rows [from, to), which share a row of the grid. */
static double combine(const ssmi_rows *rows, const size_t *order, size_t from, size_t to, size_t k,
                      ssm_duplicates rule)
{
    double sum = 0, last = NAN;
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        double v = rows->value[order[i] * rows->n_columns + k];
        if (isnan(v)) continue;
        if (rule == SSM_DUPLICATES_FIRST) return v;
        if (n++ == 0)
            sum = v; /* a single value stays as it is */
        else
            sum += v;
        last = v;
    }
    if (n == 0 || rule == SSM_DUPLICATES_LAST) return last;
    return n == 1 ? sum : sum / (double)n;
}

static void fill(ssmi_grid *grid, const ssmi_rows *rows, const ssmi_fit *fit, const size_t *order,
                 ssm_duplicates rule)
{
    for (size_t from = 0, to; from < rows->n; from = to) {
        for (to = from + 1; to < rows->n && fit->position[to] == fit->position[from];) to++;
        for (size_t k = 0; k < rows->n_columns; k++) {
            grid->value[k][fit->position[from]] = combine(rows, order, from, to, k, rule);
        }
    }
}

/* ---- making ---- */

static ssm_status make_values(ssmi_grid *grid, size_t n_columns, ssm_arena *mem)
{
    grid->value = SSMI_ALLOC(mem, double *, n_columns);
    if (grid->value == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < n_columns; k++) {
        grid->value[k] = SSMI_ALLOC(mem, double, grid->length);
        if (grid->value[k] == NULL) return SSM_E_MEMORY;
        for (size_t i = 0; i < grid->length; i++) grid->value[k][i] = NAN;
    }
    return SSM_OK;
}

/* A step so fine that there would be nothing but gaps is not what was meant. */
static ssm_status check_length(const ssmi_rows *rows, const ssmi_fit *fit, ssm_context *ctx)
{
    int64_t last = fit->position[rows->n - 1];
    char text[32];
    if (last / 20 <= (int64_t)rows->n + 50) return SSM_OK;
    ssm_step_text(fit->time.step, text, sizeof text);
    return ssmi_fail(ctx, SSM_E_DATA,
                     "%s: on a grid of %s there would be %" PRId64
                     " rows, but the file has %zu; bring it to a coarser "
                     "one with --step",
                     rows->path, text, last + 1, rows->n);
}

static ssm_status note_changes(const ssmi_grid *grid, const ssmi_rows *rows, const ssmi_fit *fit,
                               ssmi_notes *notes)
{
    char step[32], move[32];
    ssm_step_text(grid->time.step, step, sizeof step);
    ssm_step_text((ssm_step){SSM_STEP_NANOSECONDS, fit->largest_move}, move, sizeof move);
    if (grid->n_backward > 0) {
        SSMI_TRY(ssmi_note(notes, "%s:%zu: rows are not in order of time and were sorted (%zu steps back)",
                           rows->path, grid->first_backward_line, grid->n_backward));
    }
    if (grid->n_snapped > 0) {
        SSMI_TRY(ssmi_note(notes,
                           "%s: times a little off the %s grid were moved to it (%zu rows, by at most %s)",
                           rows->path, step, grid->n_snapped, move));
    }
    if (grid->n_gap_rows == 0) return SSM_OK;
    return ssmi_note(notes, "%s: %zu of %zu rows on the %s grid are not in the file and count as missing",
                     rows->path, grid->n_gap_rows, grid->length, step);
}

static size_t count_gaps(const ssmi_fit *fit, size_t n)
{
    size_t present = 1;
    for (size_t i = 1; i < n; i++) present += fit->position[i] != fit->position[i - 1];
    return (size_t)fit->position[n - 1] + 1 - present;
}

/* Times that are all one: a single row is a series of one; several are no series. */
static ssm_status make_single(ssmi_grid *grid, const ssmi_rows *rows, ssm_arena *mem, ssmi_notes *notes)
{
    if (rows->n > 1) {
        return ssmi_fail(mem->ctx, SSM_E_DATA, "%s:%zu: all rows have the same time", rows->path,
                         rows->line[1]);
    }
    SSMI_TRY(ssmi_note(notes, "%s: a single row has no sampling interval; it is numbered 1", rows->path));
    return ssmi_grid_number(grid, rows, 1, mem);
}

static int is_no_grid(const char *step)
{
    return strcmp(step, "irregular") == 0 || strcmp(step, "none") == 0;
}

static ssm_status find_rows(ssmi_fit *fit, const ssmi_rows *rows, const int64_t *time, const size_t *order,
                            const char *step, ssm_arena *tmp, ssmi_notes *notes)
{
    if (step == NULL) return ssmi_interval_find(fit, rows, time, order, tmp, notes);
    if (is_no_grid(step)) return ssmi_interval_none(fit, time, rows->n, tmp);
    return ssmi_interval_given(fit, rows, time, step, tmp);
}

/* The stamps outlive the scratch they were found in. */
static ssm_status keep_stamps(ssmi_grid *grid, const ssmi_fit *fit, ssm_arena *mem)
{
    if (fit->stamp == NULL) return SSM_OK;
    grid->stamp = SSMI_ALLOC(mem, int64_t, grid->length);
    if (grid->stamp == NULL) return SSM_E_MEMORY;
    memcpy(grid->stamp, fit->stamp, grid->length * sizeof *grid->stamp);
    return SSM_OK;
}

ssm_status ssmi_grid_make(ssmi_grid *grid, const ssmi_rows *rows, const ssm_table_options *options,
                          ssm_arena *mem, ssm_arena *tmp, ssmi_notes *notes)
{
    ssm_context *ctx = mem->ctx;
    int64_t *time;
    size_t *order;
    ssmi_fit fit;
    ssmi_grid g = {.length = 0};
    ssm_duplicates rule = options->duplicates;
    count_backward(&g, rows);
    SSMI_TRY(sort_rows(rows, &time, &order, tmp));
    if (time[0] == time[rows->n - 1] && (options->step == NULL || is_no_grid(options->step)))
        return make_single(grid, rows, mem, notes);
    SSMI_TRY(find_rows(&fit, rows, time, order, options->step, tmp, notes));
    if (options->step != NULL && fit.stamp == NULL) {
        rule = SSM_DUPLICATES_MEAN;
    } else {
        collisions c = find_collisions(rows, &fit, order);
        SSMI_TRY(judge_duplicates(&g, rows, &c, rule, ctx, notes));
    }
    SSMI_TRY(check_length(rows, &fit, ctx));
    g.time = fit.time;
    g.length = (size_t)fit.position[rows->n - 1] + 1;
    g.n_snapped = fit.n_snapped;
    g.n_gap_rows = count_gaps(&fit, rows->n);
    SSMI_TRY(keep_stamps(&g, &fit, mem));
    SSMI_TRY(make_values(&g, rows->n_columns, mem));
    fill(&g, rows, &fit, order, rule);
    *grid = g;
    return note_changes(grid, rows, &fit, notes);
}

ssm_status ssmi_grid_number(ssmi_grid *grid, const ssmi_rows *rows, int64_t first, ssm_arena *mem)
{
    *grid = (ssmi_grid){.length = rows->n, .time = {.start = first}};
    SSMI_TRY(make_values(grid, rows->n_columns, mem));
    for (size_t k = 0; k < rows->n_columns; k++) {
        for (size_t i = 0; i < rows->n; i++) grid->value[k][i] = rows->value[i * rows->n_columns + k];
    }
    return SSM_OK;
}
