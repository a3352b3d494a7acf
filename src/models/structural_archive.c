#include "models/structural_archive.h"

#include "models/structural_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A table of numbers, which must stand until the file is written. NULL: out of memory. */
static double *table(ssm_archive *archive, size_t rows, size_t columns)
{
    return SSMI_ALLOC(ssmi_archive_scratch(archive), double, rows *columns);
}

static ssm_status numbers(ssm_archive *archive, const char *name, double *x, size_t rows, size_t columns)
{
    return rows > 0 ? ssmi_archive_values(archive, name, x, rows * columns) : SSM_OK;
}

static ssm_status count(ssm_archive *archive, const char *name, size_t *value, size_t most)
{
    SSMI_TRY(ssmi_archive_size(archive, name, value));
    return *value <= most ? SSM_OK : ssmi_archive_reject(archive, "\"%s\" is more than %zu", name, most);
}

static ssm_status flag(ssm_archive *archive, const char *name, int *value)
{
    size_t number = (size_t)*value;
    SSMI_TRY(count(archive, name, &number, 1));
    *value = (int)number;
    return SSM_OK;
}

/* A whole number from 0 to `most`; anything else becomes most + 1. */
static size_t whole(double x, size_t most)
{
    return x >= 0.0 && x <= (double)most && x == floor(x) ? (size_t)x : most + 1;
}

/* ---- parts and lines ---- */

enum { most_count = 4096, longest_period = 1000000 };

static void put_part(double *x, const ssmi_part *part)
{
    const double row[7] = {(double)part->kind,   (double)part->form, (double)part->count, (double)part->from,
                           (double)part->period, part->shortest,     part->longest};
    memcpy(x, row, sizeof row);
}

static void get_part(ssmi_part *part, const double *x)
{
    *part = (ssmi_part){.kind = (ssmi_part_kind)whole(x[0], SSMI_PART_KINDS),
                        .form = whole(x[1], SSMI_SLOPE_DAMPED),
                        .count = whole(x[2], most_count),
                        .from = whole(x[3], SSMI_STRUCTURAL_LINES),
                        .period = whole(x[4], longest_period),
                        .shortest = x[5],
                        .longest = x[6]};
}

/* What a search makes of each kind. */
static int is_part(const ssmi_part *part, const ssmi_structural *s)
{
    const size_t n = part->count;
    switch (part->kind) {
    case SSMI_TREND:
        return part->form <= SSMI_SLOPE_DAMPED;
    case SSMI_CYCLE:
        return part->form <= 1 && part->shortest >= 2.0 && part->longest > part->shortest &&
               part->longest <= 1e9;
    case SSMI_AUTOREGRESSION:
        return n >= 1 && n <= SSMI_LONGEST_AUTOREGRESSION;
    case SSMI_HARMONICS:
        return n >= 1 && part->from <= s->n_lines && n <= s->n_lines - part->from && part->form <= 1 &&
               part->period >= 2 && part->period <= longest_period;
    case SSMI_DUMMIES:
        return n == part->period && n >= 2 && n <= SSMI_MOST_DUMMIES;
    case SSMI_REGRESSION:
        return n >= 1 && n == s->n_columns && part->form <= 1;
    case SSMI_INTERVENTIONS:
        return n >= 1 && n == s->n_interventions;
    default:
        return 0;
    }
}

/* Parts come in the order of their kinds, the trend first; only seasons may repeat. */
static ssm_status check_parts(const ssmi_structural *s, ssm_archive *archive)
{
    size_t dummies = 0;
    for (size_t k = 0; k < s->n_parts; k++) {
        const ssmi_part *part = s->part + k, *before = part - 1;
        const int repeats = part->kind == SSMI_HARMONICS || part->kind == SSMI_DUMMIES;
        const int in_order = k == 0 ? part->kind == SSMI_TREND
                                    : part->kind > before->kind || (repeats && part->kind == before->kind);
        dummies += part->kind == SSMI_DUMMIES ? part->period : 0;
        if (!in_order || !is_part(part, s) || dummies > SSMI_MOST_DUMMIES)
            return ssmi_archive_reject(archive, "part %zu of the structure is not one", k);
    }
    return s->n_parts > 0 ? SSM_OK : ssmi_archive_reject(archive, "the structure is empty");
}

static ssm_status archive_lines(ssm_archive *archive, ssmi_structural *s)
{
    double *x = table(archive, SSMI_STRUCTURAL_LINES, 3);
    if (x == NULL) return SSM_E_MEMORY;
    SSMI_TRY(count(archive, "n_lines", &s->n_lines, SSMI_STRUCTURAL_LINES));
    for (size_t k = 0; k < s->n_lines; k++) {
        x[3 * k] = (double)s->line[k].multiple;
        x[3 * k + 1] = (double)s->line[k].period;
        x[3 * k + 2] = (double)s->line[k].season;
    }
    SSMI_TRY(numbers(archive, "lines", x, s->n_lines, 3));
    for (size_t k = 0; k < s->n_lines; k++, x += 3) {
        if (!(x[1] >= 2 && x[1] <= 1e9 && x[0] >= 1 && 2 * x[0] <= x[1] && x[2] >= 0 &&
              x[2] < SSM_MAX_PERIODS))
            return ssmi_archive_reject(archive, "harmonic %zu is not one", k);
        s->line[k] = (ssmi_line){(size_t)x[0], (size_t)x[1], (size_t)x[2]};
    }
    return SSM_OK;
}

static ssm_status archive_parts(ssm_archive *archive, ssmi_structural *s)
{
    double *x = table(archive, SSMI_STRUCTURAL_PARTS, 7);
    if (x == NULL) return SSM_E_MEMORY;
    SSMI_TRY(count(archive, "n_parts", &s->n_parts, SSMI_STRUCTURAL_PARTS));
    for (size_t k = 0; k < s->n_parts; k++) put_part(x + 7 * k, s->part + k);
    SSMI_TRY(numbers(archive, "parts", x, s->n_parts, 7));
    if (!ssmi_archive_loading(archive)) return SSM_OK;
    for (size_t k = 0; k < s->n_parts; k++) get_part(s->part + k, x + 7 * k);
    SSMI_TRY(check_parts(s, archive));
    ssmi_structural_lay_out(s);
    return SSM_OK;
}

/* ---- parameters, columns, interventions ---- */

static ssm_status archive_parameters(ssm_archive *archive, ssmi_structural *s)
{
    double *x = table(archive, SSMI_STRUCTURAL_PARAMETERS, 2);
    if (x == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < s->n_parameters; i++) {
        x[2 * i] = s->parameter[i];
        x[2 * i + 1] = s->held[i];
    }
    SSMI_TRY(numbers(archive, "parameters", x, s->n_parameters, 2));
    for (size_t i = 0; i < s->n_parameters; i++, x += 2) {
        const ssmi_parameter about = ssmi_structural_describe(s, i);
        const int fits = about.is_variance ? x[0] >= 0.0 : x[0] >= about.low && x[0] <= about.high;
        if (!fits) return ssmi_archive_reject(archive, "parameter \"%s\" is out of range", about.name);
        s->parameter[i] = x[0];
        s->held[i] = x[1] != 0.0;
    }
    return SSM_OK;
}

static ssm_status archive_columns(ssm_archive *archive, ssmi_structural *s)
{
    double *x = table(archive, SSMI_STRUCTURAL_COLUMNS, 2);
    char name[48];
    if (x == NULL) return SSM_E_MEMORY;
    SSMI_TRY(count(archive, "n_columns", &s->n_columns, SSMI_STRUCTURAL_COLUMNS));
    for (size_t j = 0; j < s->n_columns; j++) {
        x[2 * j] = s->center[j];
        x[2 * j + 1] = s->spread[j];
    }
    SSMI_TRY(numbers(archive, "columns", x, s->n_columns, 2));
    for (size_t j = 0; j < s->n_columns; j++) {
        s->center[j] = x[2 * j];
        s->spread[j] = x[2 * j + 1];
        if (s->spread[j] < 0.0) return ssmi_archive_reject(archive, "column %zu has a negative spread", j);
        snprintf(name, sizeof name, "column_%zu", j);
        SSMI_TRY(ssmi_archive_text(archive, name, s->column_label[j], sizeof s->column_label[j]));
    }
    return SSM_OK;
}

/* Rows may exceed what one double holds exactly: they go as quotient and remainder by 2^32. */
static ssm_status archive_interventions(ssm_archive *archive, ssmi_structural *s)
{
    double *x = table(archive, SSMI_STRUCTURAL_INTERVENTIONS, 3);
    if (x == NULL) return SSM_E_MEMORY;
    const int64_t unit = (int64_t)1 << 32;
    SSMI_TRY(count(archive, "n_interventions", &s->n_interventions, SSMI_STRUCTURAL_INTERVENTIONS));
    for (size_t j = 0; j < s->n_interventions; j++) {
        const ssmi_intervention *event = s->intervention + j;
        x[3 * j] = (double)event->kind;
        x[3 * j + 1] = (double)(event->row / unit);
        x[3 * j + 2] = (double)(event->row % unit);
    }
    SSMI_TRY(numbers(archive, "interventions", x, s->n_interventions, 3));
    for (size_t j = 0; j < s->n_interventions; j++, x += 3) {
        ssmi_intervention *event = s->intervention + j;
        char name[48];
        if (!(whole(x[0], SSMI_INTERVENTION_KINDS - 1) < SSMI_INTERVENTION_KINDS && fabs(x[1]) < 1e9 &&
              fabs(x[2]) < (double)unit))
            return ssmi_archive_reject(archive, "intervention %zu is not one", j);
        event->kind = (ssmi_intervention_kind)x[0];
        event->row = (int64_t)x[1] * unit + (int64_t)x[2];
        snprintf(name, sizeof name, "intervention_%zu", j);
        SSMI_TRY(ssmi_archive_text(archive, name, event->label, sizeof event->label));
    }
    return SSM_OK;
}

static ssm_status archive_coefficients(ssm_archive *archive, ssmi_structural *s)
{
    double *x = table(archive, SSMI_STRUCTURAL_COEFFICIENTS, 2);
    if (x == NULL) return SSM_E_MEMORY;
    if (s->n_columns + s->n_interventions == 0) return SSM_OK;
    for (size_t j = 0; j < SSMI_STRUCTURAL_COEFFICIENTS; j++) {
        x[2 * j] = s->coefficient[j];
        x[2 * j + 1] = s->deviation[j];
    }
    SSMI_TRY(numbers(archive, "coefficients", x, SSMI_STRUCTURAL_COEFFICIENTS, 2));
    for (size_t j = 0; j < SSMI_STRUCTURAL_COEFFICIENTS; j++) {
        s->coefficient[j] = x[2 * j];
        s->deviation[j] = x[2 * j + 1];
        if (s->deviation[j] < 0.0) return ssmi_archive_reject(archive, "a deviation is negative");
    }
    return SSM_OK;
}

static ssm_status archive_pattern(ssm_archive *archive, ssmi_pattern *p)
{
    static const char *const period_name[] = {"pattern_0_period", "pattern_1_period", "pattern_2_period"};
    static const char *const value_name[] = {"pattern_0", "pattern_1", "pattern_2"};
    SSMI_TRY(count(archive, "n_patterns", &p->n, SSM_MAX_PERIODS));
    for (size_t k = 0; k < p->n; k++) {
        SSMI_TRY(count(archive, period_name[k], &p->period[k], longest_period));
        if (p->period[k] < 2) return ssmi_archive_reject(archive, "pattern %zu has no usable period", k);
        SSMI_TRY(ssmi_archive_f64(archive, value_name[k], &p->value[k], 1, &p->period[k]));
    }
    return SSM_OK;
}

ssm_status ssmi_structural_archive(ssm_archive *archive, ssmi_structural_choice *c)
{
    ssmi_structural *s = &c->structure;
    SSMI_TRY(flag(archive, "log", &c->logged));
    SSMI_TRY(flag(archive, "converged", &c->converged));
    SSMI_TRY(ssmi_archive_real(archive, "center", &c->center));
    SSMI_TRY(ssmi_archive_real(archive, "scale", &c->scale));
    if (!(c->scale >= 0.0)) return ssmi_archive_reject(archive, "\"scale\" is negative");
    SSMI_TRY(ssmi_archive_real(archive, "freedom", &c->freedom));
    SSMI_TRY(ssmi_archive_real(archive, "inflation", &c->inflation));
    /* Student's quantiles have no end beyond. */
    const int sound = c->freedom == 0.0 || (c->freedom >= 1.0 && c->freedom <= 1e15);
    if (!(sound && c->inflation >= 0.0 && c->inflation <= 1e6))
        return ssmi_archive_reject(archive, "\"freedom\" or \"inflation\" is out of range");
    SSMI_TRY(count(archive, "n_found", &c->n_found, SSMI_STRUCTURAL_INTERVENTIONS));
    SSMI_TRY(archive_lines(archive, s));
    SSMI_TRY(archive_columns(archive, s));
    SSMI_TRY(archive_interventions(archive, s));
    SSMI_TRY(archive_parts(archive, s));
    SSMI_TRY(archive_parameters(archive, s));
    SSMI_TRY(archive_coefficients(archive, s));
    return archive_pattern(archive, &c->pattern);
}

ssm_status ssmi_archive_row(ssm_archive *archive, const char *name, int64_t *row)
{
    const int64_t unit = (int64_t)1 << 32;
    double *x = table(archive, 1, 2);
    if (x == NULL) return SSM_E_MEMORY;
    x[0] = (double)(*row / unit);
    x[1] = (double)(*row % unit);
    SSMI_TRY(numbers(archive, name, x, 1, 2));
    if (!(fabs(x[0]) < 2147483648.0 && fabs(x[1]) < (double)unit))
        return ssmi_archive_reject(archive, "\"%s\" is not the number of a row", name);
    *row = (int64_t)x[0] * unit + (int64_t)x[1];
    return SSM_OK;
}
