#include "models/structural_interventions.h"

#include "models/structural_search.h"
#include "series/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[SSMI_INTERVENTION_KINDS] = {"level", "slope", "outlier"};

/* "1899", "1899-05", "1899-05-17", "1899-05-17T06:30", "1899-05-17T06:30:15". */
static int read_time(const char *text, int64_t *time)
{
    ssmi_civil civil = {.month = 1, .day = 1};
    int hour = 0, minute = 0, second = 0, used = 0;
    long long year = 0;
    const size_t digits = strspn(text, "0123456789-T:");
    if (text[digits] != '\0' || strspn(text, "0123456789") != 4) return 0;
    const int n = sscanf(text, "%lld-%2d-%2dT%2d:%2d:%2d%n", &year, &civil.month, &civil.day, &hour, &minute,
                         &second, &used);
    static const size_t length[] = {0, 4, 7, 10, 0, 16, 19};
    if (n < 1 || strlen(text) != length[n] || hour > 23 || minute > 59 || second > 59) return 0;
    civil.year = year;
    civil.clock = hour * SSMI_HOUR + minute * SSMI_MINUTE + second * SSMI_SECOND;
    return ssmi_time_from_civil(civil, time);
}

/* First row at or after a time; `length` when all are before it. */
static size_t row_at(const ssm_series *series, int64_t time)
{
    size_t low = 0, high = series->length;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        int64_t at;
        if (ssm_time_at(series->time, (int64_t)middle, &at) != SSM_OK || at >= time)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Does the series begin before or at the time, give or take the row that a date stands for? */
static int covers(const ssm_series *series, int64_t time, size_t *row)
{
    int64_t last;
    if (series->time.step.unit == SSM_STEP_NONE) return 0;
    *row = row_at(series, time);
    if (*row == series->length || ssm_time_at(series->time, -1, &last) != SSM_OK) return 0;
    return *row > 0 || time > last;
}

static ssm_status find_row(const ssm_series *series, const char *when, size_t *row, ssm_context *ctx)
{
    int64_t time;
    char *end;
    if (read_time(when, &time) && covers(series, time, row)) return SSM_OK;
    const long long number = strtoll(when, &end, 10);
    const int64_t first = series->time.step.unit == SSM_STEP_NONE ? series->time.start : 1;
    if (end == when || *end != '\0')
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "interventions: \"%s\" is neither a time nor a row of \"%s\"",
                         when, series->name != NULL ? series->name : "");
    if (number < first || number - first >= (int64_t)series->length)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "interventions: \"%s\" is outside of series \"%s\"", when,
                         series->name != NULL ? series->name : "");
    *row = (size_t)(number - first);
    return SSM_OK;
}

static int read_kind(const char *text, size_t length, ssmi_intervention_kind *kind)
{
    for (int k = 0; k < SSMI_INTERVENTION_KINDS; k++) {
        if (strlen(kinds[k]) != length || memcmp(kinds[k], text, length) != 0) continue;
        *kind = (ssmi_intervention_kind)k;
        return 1;
    }
    return 0;
}

/* One item of the list, `length` bytes. */
static ssm_status read_item(const char *text, size_t length, const ssm_series *series, ssmi_intervention *out,
                            ssm_context *ctx)
{
    char when[32];
    const char *colon = memchr(text, ':', length);
    const size_t rest = colon != NULL ? length - (size_t)(colon + 1 - text) : 0;
    size_t row = 0;
    if (colon == NULL || rest == 0 || rest >= sizeof when ||
        !read_kind(text, (size_t)(colon - text), &out->kind))
        return ssmi_fail(ctx, SSM_E_ARGUMENT,
                         "interventions: \"%.*s\" is not level:WHEN, slope:WHEN or outlier:WHEN", (int)length,
                         text);
    memcpy(when, colon + 1, rest);
    when[rest] = '\0';
    SSMI_TRY(find_row(series, when, &row, ctx));
    out->row = ssmi_grid_row(series) + (int64_t)row;
    snprintf(out->label, sizeof out->label, "%s_%s", kinds[out->kind], when);
    return SSM_OK;
}

ssm_status ssmi_interventions_parse(const char *text, const ssm_series *series, ssmi_intervention *out,
                                    size_t *n, ssm_context *ctx)
{
    ssmi_intervention list[SSMI_STRUCTURAL_INTERVENTIONS];
    size_t count = 0;
    for (; *text != '\0'; count++) {
        const size_t length = strcspn(text, ",");
        if (count == SSMI_STRUCTURAL_INTERVENTIONS)
            return ssmi_fail(ctx, SSM_E_ARGUMENT, "interventions: more than %d",
                             SSMI_STRUCTURAL_INTERVENTIONS);
        SSMI_TRY(read_item(text, length, series, list + count, ctx));
        for (size_t k = 0; k < count; k++) {
            if (list[k].kind == list[count].kind && list[k].row == list[count].row)
                return ssmi_fail(ctx, SSM_E_ARGUMENT, "interventions: \"%s\" is there twice", list[k].label);
        }
        text += length + (text[length] == ',');
        if (text[-1] == ',' && *text == '\0')
            return ssmi_fail(ctx, SSM_E_ARGUMENT, "interventions: the list ends in a comma");
    }
    if (count > 0) memcpy(out, list, count * sizeof *list);
    *n = count;
    return SSM_OK;
}
