/* Components as ranges of states.
 *
 *   coefficient b of column x, centred at c and scaled by s:  level + b (x - c) / s
 *                                                           = (level - b c / s) + b x / s
 * so the level's component reads -c/s at the coefficient and the column's x/s; together they read what Z
 * does. */
#include "models/structural_components.h"

#include <stdio.h>

static ssmi_component of_part(const ssmi_part *part, size_t i, size_t n)
{
    return (ssmi_component){.from = part->state + i, .to = part->state + i + n, .column = SSMI_NO_COLUMN};
}

static size_t list_seasonal(ssmi_component *out, const ssmi_part *part)
{
    *out = of_part(part, 0, part->n_states);
    out->period = part->period;
    snprintf(out->name, sizeof out->name, "seasonal_%zu", part->period);
    return 1;
}

static size_t list_columns(ssmi_component *out, const ssmi_part *part, const ssmi_structural *s)
{
    for (size_t j = 0; j < part->count; j++) {
        out[j] = of_part(part, j, 1);
        out[j].column = j;
        snprintf(out[j].name, sizeof out[j].name, "%s", s->column_label[j]);
    }
    return part->count;
}

static size_t list_interventions(ssmi_component *out, const ssmi_part *part, const ssmi_structural *s)
{
    for (size_t j = 0; j < part->count; j++) {
        out[j] = of_part(part, j, 1);
        snprintf(out[j].name, sizeof out[j].name, "%s", s->intervention[j].label);
    }
    return part->count;
}

static size_t list_part(ssmi_component *out, const ssmi_part *part, const ssmi_structural *s)
{
    static const char *const name[] = {"level", "cycle", "ar"};
    if (part->kind == SSMI_REGRESSION) return list_columns(out, part, s);
    if (part->kind == SSMI_INTERVENTIONS) return list_interventions(out, part, s);
    if (part->period > 0) return list_seasonal(out, part);
    *out = of_part(part, 0, part->n_states);
    out->is_level = part->kind == SSMI_TREND;
    snprintf(out->name, sizeof out->name, "%s", name[part->kind]);
    return 1;
}

size_t ssmi_structural_components(ssmi_component *out, const ssmi_structural *s, const ssmi_pattern *pattern)
{
    size_t n = 0;
    for (size_t k = 0; k < s->n_parts; k++) n += list_part(out + n, s->part + k, s);
    for (size_t k = 0; k < pattern->n; k++) {
        int is_there = 0;
        for (size_t j = 0; j < n; j++) is_there |= out[j].period == pattern->period[k];
        if (is_there) continue;
        out[n] = (ssmi_component){.column = SSMI_NO_COLUMN, .period = pattern->period[k]};
        snprintf(out[n].name, sizeof out[n].name, "seasonal_%zu", pattern->period[k]);
        n++;
    }
    return n;
}

static double mean_over_spread(const ssmi_structural *s, size_t column)
{
    return s->spread[column] > 0.0 ? s->center[column] / s->spread[column] : 0.0;
}

/* What the level takes over from the columns, whose means it holds. */
static size_t read_means(const ssmi_structural *s, size_t *column, double *value)
{
    size_t n = 0;
    for (size_t k = 0; k < s->n_parts; k++) {
        const ssmi_part *part = s->part + k;
        for (size_t j = 0; part->kind == SSMI_REGRESSION && j < part->count; j++) {
            column[n] = part->state + j;
            value[n] = -mean_over_spread(s, j);
            n += value[n] != 0.0;
        }
    }
    return n;
}

size_t ssmi_component_read(const ssmi_component *component, const ssmi_structural *s, const ssmi_rows *Z,
                           size_t *column, double *value)
{
    size_t n = 0;
    for (size_t e = Z->start[0]; e < Z->start[1]; e++) {
        if (Z->column[e] < component->from || Z->column[e] >= component->to) continue;
        column[n] = Z->column[e];
        value[n++] = Z->value[e];
    }
    if (component->is_level) n += read_means(s, column + n, value + n);
    if (component->column == SSMI_NO_COLUMN) return n;
    const double more = mean_over_spread(s, component->column);
    if (n > 0) {
        value[0] += more;
    } else if (more != 0.0) {
        column[0] = component->from;
        value[0] = more;
        n = 1;
    }
    return n;
}
