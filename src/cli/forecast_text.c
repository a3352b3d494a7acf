#include "cli/forecast_text.h"

#include "base/file.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

const char *const cli_forecast_formats[] = {"csv", "text", "json", NULL};

void cli_csv_field(ssmi_text *out, const char *field)
{
    if (strpbrk(field, ",\"\r\n") == NULL) {
        ssmi_text_puts(out, field);
        return;
    }
    ssmi_text_puts(out, "\"");
    for (; *field != '\0'; field++) {
        if (*field == '"') ssmi_text_puts(out, "\"");
        ssmi_text_add(out, field, 1);
    }
    ssmi_text_puts(out, "\"");
}

static void csv_rows(ssmi_text *out, const cli_prediction *p)
{
    char time[SSM_TIME_TEXT_SIZE];
    for (size_t h = 0; h < p->forecast.horizon; h++) {
        cli_csv_field(out, p->series->name);
        ssm_series_time_text(p->series, p->series->length + h, time, sizeof time);
        ssmi_text_printf(out, ",%s,%.10g", time, p->forecast.mean[h]);
        for (size_t j = 0; j < p->forecast.n_levels; j++) {
            ssmi_text_printf(out, ",%.10g", p->forecast.quantile[h * p->forecast.n_levels + j]);
        }
        ssmi_text_puts(out, "\n");
    }
}

static ssm_status format_csv(ssmi_text *out, const cli_forecast_record *record, ssm_arena *arena)
{
    (void)arena;
    ssmi_text_puts(out, "series,timestamp,mean");
    for (size_t j = 0; j < record->levels->n; j++) ssmi_text_printf(out, ",%s", record->levels->name[j]);
    ssmi_text_puts(out, "\n");
    for (size_t i = 0; i < record->data->n_series; i++) {
        if (record->prediction[i].status == SSM_OK) csv_rows(out, &record->prediction[i]);
    }
    return ssmi_text_status(out);
}

static void text_rows(ssmi_text *out, const cli_levels *levels, const cli_prediction *p)
{
    char time[SSM_TIME_TEXT_SIZE];
    ssmi_text_printf(out, "%-20s%12s", "time", "mean");
    for (size_t j = 0; j < levels->n; j++) ssmi_text_printf(out, "%12s", levels->name[j]);
    ssmi_text_puts(out, "\n");
    for (size_t h = 0; h < p->forecast.horizon; h++) {
        ssm_series_time_text(p->series, p->series->length + h, time, sizeof time);
        ssmi_text_printf(out, "%-20s%12.6g", time, p->forecast.mean[h]);
        for (size_t j = 0; j < levels->n; j++)
            ssmi_text_printf(out, "%12.6g", p->forecast.quantile[h * levels->n + j]);
        ssmi_text_puts(out, "\n");
    }
}

static ssm_status format_text(ssmi_text *out, const cli_forecast_record *record, ssm_arena *arena)
{
    for (size_t i = 0; i < record->data->n_series; i++) {
        const cli_prediction *p = &record->prediction[i];
        if (p->status != SSM_OK) continue;
        const char *name = cli_printable(arena, p->series->name);
        if (name == NULL) return SSM_E_MEMORY;
        ssmi_text_printf(out, "%s%s by %s, %zu rows ahead\n", out->length > 0 ? "\n" : "", name, p->model,
                         p->forecast.horizon);
        text_rows(out, record->levels, p);
    }
    return ssmi_text_status(out);
}

static json_t *numbers_json(const double *value, size_t n, size_t stride)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(list, json_real(value[i * stride]));
    return list;
}

static json_t *times_json(const cli_prediction *p)
{
    char time[SSM_TIME_TEXT_SIZE];
    json_t *list = json_array();
    for (size_t h = 0; h < p->forecast.horizon; h++) {
        ssm_series_time_text(p->series, p->series->length + h, time, sizeof time);
        json_array_append_new(list, json_string(time));
    }
    return list;
}

static json_t *prediction_json(const cli_levels *levels, const cli_prediction *p)
{
    json_t *quantiles = json_array(), *periods = json_array();
    for (size_t j = 0; j < levels->n; j++) {
        json_array_append_new(
            quantiles,
            json_pack("{s:f, s:s, s:o}", "level", levels->level[j], "name", levels->name[j], "value",
                      numbers_json(p->forecast.quantile + j, p->forecast.horizon, levels->n)));
    }
    for (size_t k = 0; k < p->series->n_periods; k++) {
        json_array_append_new(periods, json_integer((json_int_t)p->series->period[k]));
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "series", p->series->name, "model", p->model,
                     "note", p->note, "rows", (json_int_t)p->series->length, "periods", periods, "timestamp",
                     times_json(p), "mean", numbers_json(p->forecast.mean, p->forecast.horizon, 1),
                     "quantiles", quantiles);
}

json_t *cli_command_json(const cli_session *session)
{
    json_t *list = json_array();
    for (int i = 0; i < session->argc; i++) {
        json_t *word = json_string(session->argv[i]);
        json_array_append_new(list, word != NULL ? word : json_string("(not UTF-8)"));
    }
    return list;
}

static json_t *record_json(const cli_forecast_record *record)
{
    const ssm_table *table = record->data->table;
    json_t *done = json_array(), *failed = json_array(), *warnings = json_array();
    for (size_t i = 0; i < record->data->n_series; i++) {
        const cli_prediction *p = &record->prediction[i];
        if (p->status == SSM_OK) {
            json_array_append_new(done, prediction_json(record->levels, p));
        } else {
            json_array_append_new(failed,
                                  json_pack("{s:s, s:s}", "series", p->series->name, "message", p->message));
        }
    }
    for (size_t i = 0; i < table->n_warnings; i++)
        json_array_append_new(warnings, json_string(table->warning[i]));
    return json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:I, s:o}, s:o, s:o}", "schema", "ssmcast-forecast-1",
                     "version", ssm_version(), "command", cli_command_json(record->session), "data", "path",
                     table->path, "sha256", table->digest, "rows", (json_int_t)table->n_rows, "warnings",
                     warnings, "forecasts", done, "failures", failed);
}

static int append(const char *bytes, size_t size, void *text)
{
    ssmi_text_add(text, bytes, size);
    return ssmi_text_status(text) == SSM_OK ? 0 : -1;
}

static ssm_status format_json(ssmi_text *out, const cli_forecast_record *record, ssm_arena *arena)
{
    json_t *document = record_json(record);
    int failed = document == NULL ||
                 json_dump_callback(document, append, out, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) != 0;
    json_decref(document);
    ssmi_text_puts(out, "\n");
    if (failed) return ssmi_fail(arena->ctx, SSM_E_MEMORY, "cannot build the JSON document");
    return ssmi_text_status(out);
}

ssm_status cli_format_forecast(ssmi_text *out, int format, const cli_forecast_record *record,
                               ssm_arena *arena)
{
    static ssm_status (*const writers[])(ssmi_text *, const cli_forecast_record *,
                                         ssm_arena *) = {format_csv, format_text, format_json};
    return writers[format](out, record, arena);
}

static int same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int cli_deliver(cli_session *session, const ssmi_text *text, const char *path, const char *input)
{
    if (path == NULL || strcmp(path, "-") == 0) {
        /* A failure shows when the output is closed. */
        if (text->length > 0) (void)fwrite(text->bytes, 1, text->length, stdout);
        return CLI_OK;
    }
    if (same_file(path, input)) {
        cli_error("\"%s\" is the input; choose another output", path);
        return CLI_USAGE;
    }
    ssm_status status = ssmi_file_replace(session->ctx, path, text->bytes, text->length);
    return status == SSM_OK ? CLI_OK : cli_fail(session, status);
}

char *cli_plot_path(const char *path, const char *series, size_t n, ssm_arena *arena)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    size_t stem = dot != NULL && (slash == NULL || dot > slash) ? (size_t)(dot - path) : strlen(path);
    size_t size = strlen(path) + strlen(series) + 2;
    char *out = SSMI_ALLOC(arena, char, size);
    if (out == NULL) return NULL;
    if (n == 1) return strcpy(out, path);
    snprintf(out, size, "%.*s-%s%s", (int)stem, path, series, path + stem);
    for (char *c = out + stem + 1; *c != '\0' && c < out + size - 1 - strlen(path + stem); c++) {
        if (!isalnum((unsigned char)*c) && *c != '.' && *c != '_') *c = '_';
    }
    return out;
}
