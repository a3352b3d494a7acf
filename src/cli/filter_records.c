#include "cli/filter_records.h"

#include "eval/document.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const cli_filter_names[] = {"smoothed", "imputed", "components", "findings"};

typedef struct builder {
    cli_records *out;
    const cli_data *data;
    const cli_smoothed *s; /* (data->n_series) */
    double percent, z;
    ssm_arena *arena;
} builder;

static const char *time_of(const builder *b, const ssm_series *series, size_t t)
{
    char text[SSM_TIME_TEXT_SIZE];
    ssm_series_time_text(series, t, text, sizeof text);
    return ssmi_arena_strdup(b->arena, text);
}

static double value_at(const ssm_series *series, size_t t)
{
    return t < series->length ? series->value[t] : NAN;
}

/* A row that begins with series, timestamp. */
static ssm_status start_row(builder *b, const cli_smoothed *s, size_t t, union cli_record_cell **row)
{
    const char *time = time_of(b, s->series, t);
    *row = cli_records_row(b->out);
    if (*row == NULL || time == NULL) return SSM_E_MEMORY;
    (*row)[0].text = s->series->name;
    (*row)[1].text = time;
    return SSM_OK;
}

static void start_columns(builder *b)
{
    cli_records_column(b->out, "series", CLI_COLUMN_TEXT);
    cli_records_column(b->out, "timestamp", CLI_COLUMN_TEXT);
}

/* ---- smoothed ---- */

static ssm_status smoothed_rows(builder *b, const cli_smoothed *s)
{
    const ssm_decomposition *d = &s->result;
    union cli_record_cell *row;
    for (size_t t = 0; t < s->series->length + d->horizon; t++) {
        const double sd = t < s->series->length ? d->signal_sd[t] : d->observation_sd[t];
        SSMI_TRY(start_row(b, s, t, &row));
        row[2].number = value_at(s->series, t);
        row[3].number = d->signal[t];
        row[4].number = d->signal[t] - b->z * sd;
        row[5].number = d->signal[t] + b->z * sd;
        row[6].number = sd;
    }
    return SSM_OK;
}

static ssm_status build_smoothed(builder *b)
{
    const char *low = ssmi_arena_printf(b->arena, "lo-%g", b->percent);
    const char *high = ssmi_arena_printf(b->arena, "hi-%g", b->percent);
    if (low == NULL || high == NULL) return SSM_E_MEMORY;
    SSMI_TRY(cli_records_init(b->out, 7, b->arena));
    start_columns(b);
    cli_records_column(b->out, "value", CLI_COLUMN_NUMBER);
    cli_records_column(b->out, "smoothed", CLI_COLUMN_NUMBER);
    cli_records_column(b->out, low, CLI_COLUMN_NUMBER);
    cli_records_column(b->out, high, CLI_COLUMN_NUMBER);
    cli_records_column(b->out, "sd", CLI_COLUMN_NUMBER);
    for (size_t i = 0; i < b->data->n_series; i++) {
        if (b->s[i].status == SSM_OK) SSMI_TRY(smoothed_rows(b, b->s + i));
    }
    return SSM_OK;
}

/* ---- imputed ---- */

static ssm_status imputed_columns(builder *b)
{
    SSMI_TRY(cli_records_init(b->out, 1 + 3 * b->data->n_series, b->arena));
    cli_records_column(b->out, "timestamp", CLI_COLUMN_TEXT);
    for (size_t i = 0; i < b->data->n_series; i++) {
        const char *name = b->s[i].series->name;
        const char *se = ssmi_arena_printf(b->arena, "%s.se", name);
        const char *imputed = ssmi_arena_printf(b->arena, "%s.imputed", name);
        if (se == NULL || imputed == NULL) return SSM_E_MEMORY;
        cli_records_column(b->out, name, CLI_COLUMN_EXACT);
        cli_records_column(b->out, se, CLI_COLUMN_NUMBER);
        cli_records_column(b->out, imputed, CLI_COLUMN_FLAG);
    }
    return SSM_OK;
}

/* Ten digits: the rest of an estimate is noise, and the column shows every digit of what was observed. */
static double rounded(double x)
{
    char text[40];
    snprintf(text, sizeof text, "%.10g", x);
    return strtod(text, NULL);
}

static void impute(union cli_record_cell *cell, const cli_smoothed *s, size_t t)
{
    const double y = value_at(s->series, t);
    const int fill = isnan(y) && s->status == SSM_OK && t < s->series->length;
    cell[0].number = fill ? rounded(s->result.signal[t]) : y;
    cell[1].number = fill ? s->result.observation_sd[t] : isnan(y) ? NAN : 0.0;
    cell[2].number = fill;
}

static ssm_status build_imputed(builder *b)
{
    size_t length = 0;
    SSMI_TRY(imputed_columns(b));
    for (size_t i = 0; i < b->data->n_series; i++) {
        if (b->s[i].series->length > length) length = b->s[i].series->length;
    }
    for (size_t t = 0; t < length; t++) {
        union cli_record_cell *row = cli_records_row(b->out);
        if (row == NULL) return SSM_E_MEMORY;
        row[0].text = time_of(b, b->s[0].series, t);
        if (row[0].text == NULL) return SSM_E_MEMORY;
        for (size_t i = 0; i < b->data->n_series; i++) impute(row + 1 + 3 * i, b->s + i, t);
    }
    return SSM_OK;
}

/* ---- components ---- */

/* The names of all series' components, each once; room for all of them. */
static size_t gather_names(const builder *b, const char **name)
{
    size_t n = 0;
    for (size_t i = 0; i < b->data->n_series; i++) {
        for (size_t k = 0; k < b->s[i].n_components; k++) {
            size_t at = 0;
            while (at < n && strcmp(name[at], b->s[i].component[k]) != 0) at++;
            if (at == n) name[n++] = b->s[i].component[k];
        }
    }
    return n;
}

/* What is left is that of the sum or the product; states do not add up to the signal. */
static double irregular(const cli_smoothed *s, size_t t)
{
    const double y = value_at(s->series, t), signal = s->result.signal[t];
    return s->result.multiplicative ? y / signal : y - signal;
}

static ssm_status component_rows(builder *b, const cli_smoothed *s, const char *const *name, size_t n)
{
    const ssm_decomposition *d = &s->result;
    size_t *place = SSMI_ALLOC(b->arena, size_t, s->n_components);
    union cli_record_cell *row;
    if (place == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < s->n_components; k++) {
        while (strcmp(name[place[k]], s->component[k]) != 0) place[k]++;
    }
    for (size_t t = 0; t < s->series->length + d->horizon; t++) {
        SSMI_TRY(start_row(b, s, t, &row));
        row[2].number = value_at(s->series, t);
        row[3].number = d->signal[t];
        row[4].number = d->signal_sd[t];
        for (size_t k = 0; k < s->n_components; k++) {
            row[5 + 2 * place[k]].number = d->component[t * s->n_components + k];
            row[6 + 2 * place[k]].number = d->component_sd[t * s->n_components + k];
        }
        row[5 + 2 * n].number = irregular(s, t);
    }
    return SSM_OK;
}

static ssm_status build_components(builder *b)
{
    size_t most = 0;
    for (size_t i = 0; i < b->data->n_series; i++) most += b->s[i].n_components;
    const char **name = SSMI_ALLOC(b->arena, const char *, most);
    if (name == NULL) return SSM_E_MEMORY;
    const size_t n = gather_names(b, name);
    SSMI_TRY(cli_records_init(b->out, 6 + 2 * n, b->arena));
    start_columns(b);
    cli_records_column(b->out, "value", CLI_COLUMN_NUMBER);
    cli_records_column(b->out, "signal", CLI_COLUMN_NUMBER);
    cli_records_column(b->out, "signal.sd", CLI_COLUMN_NUMBER);
    for (size_t k = 0; k < n; k++) {
        const char *sd = ssmi_arena_printf(b->arena, "%s.sd", name[k]);
        if (sd == NULL) return SSM_E_MEMORY;
        cli_records_column(b->out, name[k], CLI_COLUMN_NUMBER);
        cli_records_column(b->out, sd, CLI_COLUMN_NUMBER);
    }
    cli_records_column(b->out, "irregular", CLI_COLUMN_NUMBER);
    for (size_t i = 0; i < b->data->n_series; i++) {
        if (b->s[i].status == SSM_OK) SSMI_TRY(component_rows(b, b->s + i, name, n));
    }
    return SSM_OK;
}

/* ---- findings ---- */

static ssm_status finding_rows(builder *b, const cli_smoothed *s)
{
    union cli_record_cell *row;
    for (size_t i = 0; i < s->n_findings; i++) {
        const cli_finding *f = &s->finding[i];
        SSMI_TRY(start_row(b, s, f->row, &row));
        row[2].text = cli_finding_names[f->kind];
        row[3].number = value_at(s->series, f->row);
        row[4].number = s->result.signal[f->row];
        row[5].number = f->residual;
        row[6].number = f->p_value;
    }
    return SSM_OK;
}

static ssm_status build_findings(builder *b)
{
    SSMI_TRY(cli_records_init(b->out, 7, b->arena));
    start_columns(b);
    cli_records_column(b->out, "kind", CLI_COLUMN_TEXT);
    cli_records_column(b->out, "value", CLI_COLUMN_NUMBER);
    cli_records_column(b->out, "expected", CLI_COLUMN_NUMBER);
    cli_records_column(b->out, "residual", CLI_COLUMN_NUMBER);
    cli_records_column(b->out, "p_value", CLI_COLUMN_NUMBER);
    for (size_t i = 0; i < b->data->n_series; i++) {
        if (b->s[i].status == SSM_OK) SSMI_TRY(finding_rows(b, b->s + i));
    }
    return SSM_OK;
}

ssm_status cli_filter_records(cli_records *out, cli_filter_result result, const cli_data *data,
                              const cli_smoothed *s, double percent, ssm_arena *arena)
{
    static ssm_status (*const build[])(builder *) = {build_smoothed, build_imputed, build_components,
                                                     build_findings};
    builder b = {out, data, s, percent, gsl_cdf_ugaussian_Pinv(0.5 + percent / 200.0), arena};
    return build[result](&b);
}
