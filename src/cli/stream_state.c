/* The state of a stream: what the forecasters keep (ssm_forecaster_save_state), and as an annotation of the
 * first of them, in JSON, what the stream itself knows. */
#include "base/text.h"
#include "cli/stream_start.h"
#include "forecast/handle.h"

#include <jansson.h>
#include <string.h>

enum { MOST_UNITS = 4096 };
static const char key[] = "stream";

/* ---- saving ---- */

static int append_text(const char *bytes, size_t size, void *text)
{
    ssmi_text_add(text, bytes, size);
    return ssmi_text_status(text) == SSM_OK ? 0 : -1;
}

static json_t *columns_json(const cli_flow *s)
{
    json_t *list = json_array();
    for (size_t k = 0; k < s->layout.width; k++) {
        json_array_append_new(
            list, json_pack("{s:s, s:i}", "name", s->layout.name[k], "kind", (int)s->layout.kind[k]));
    }
    return list;
}

static json_t *channels_json(const cli_feed *feed)
{
    json_t *list = json_array();
    for (size_t i = 0; i < feed->n; i++) {
        const cli_channel *c = &feed->channel[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:b}", "name", c->name, "gated",
                                              (json_int_t)c->gated, "acquiring", c->acquiring));
    }
    return list;
}

static json_t *stream_json(const cli_flow *s)
{
    const cli_clock *c = &s->clock;
    const char delimiter[2] = {s->layout.delimiter, '\0'}, decimal[2] = {s->layout.decimal, '\0'};
    return json_pack("{s:I, s:o, s:o, s:s, s:s, s:s, s:{s:b, s:I, s:I, s:i, s:I, s:b, s:I}}", "rows",
                     (json_int_t)s->feed.rows, "columns", columns_json(s), "channels",
                     channels_json(&s->feed), "delimiter", delimiter, "decimal", decimal, "time_format",
                     s->layout.time_format != NULL ? s->layout.time_format : "", "clock", "known", c->known,
                     "row", (json_int_t)c->row, "start", (json_int_t)c->index.start, "unit",
                     (int)c->index.step.unit, "count", (json_int_t)c->index.step.count, "irregular",
                     c->irregular, "last", (json_int_t)c->last);
}

ssm_status cli_stream_save(cli_flow *s, const char *path)
{
    ssmi_text text;
    json_t *document = stream_json(s);
    ssmi_text_init(&text, s->session->ctx);
    ssm_status status = SSM_OK;
    if (document == NULL || json_dump_callback(document, append_text, &text, JSON_COMPACT) != 0)
        status = ssmi_fail(s->session->ctx, SSM_E_MEMORY, "cannot build the state of the stream");
    json_decref(document);
    if (status == SSM_OK) status = ssm_forecaster_annotate(s->feed.unit[0], key, text.bytes);
    ssmi_text_clear(&text);
    if (status != SSM_OK) return status;
    return ssm_forecaster_save_state(s->feed.unit, s->feed.n_units, path);
}

/* ---- loading ---- */

static ssm_status damaged(const cli_flow *s, const char *path, const char *what)
{
    return ssmi_fail(s->session->ctx, SSM_E_FORMAT, "%s: %s is not the state of a stream", path, what);
}

static ssm_status read_columns(cli_flow *s, const json_t *list)
{
    const size_t width = json_array_size(list);
    const char **name = SSMI_ALLOC(s->arena, const char *, width);
    ssm_column_kind *kind = SSMI_ALLOC(s->arena, ssm_column_kind, width);
    if (name == NULL || kind == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < width; k++) {
        const json_t *entry = json_array_get(list, k);
        const char *text = json_string_value(json_object_get(entry, "name"));
        const json_int_t number = json_integer_value(json_object_get(entry, "kind"));
        if (text == NULL || number < 0 || number > SSM_COLUMN_SKIPPED) return SSM_E_FORMAT;
        name[k] = ssmi_arena_strdup(s->arena, text);
        if (name[k] == NULL) return SSM_E_MEMORY;
        kind[k] = (ssm_column_kind)number;
    }
    s->layout = (ssmi_stream_layout){.width = width, .name = name, .kind = kind};
    s->has_layout = 1;
    return width > 0 ? SSM_OK : SSM_E_FORMAT;
}

static ssm_status read_dialect(cli_flow *s, const json_t *document)
{
    const char *delimiter = json_string_value(json_object_get(document, "delimiter"));
    const char *decimal = json_string_value(json_object_get(document, "decimal"));
    const char *format = json_string_value(json_object_get(document, "time_format"));
    if (delimiter == NULL || decimal == NULL || format == NULL || strlen(delimiter) != 1 ||
        strlen(decimal) != 1)
        return SSM_E_FORMAT;
    s->layout.delimiter = delimiter[0];
    s->layout.decimal = decimal[0];
    s->layout.time_format = *format != '\0' ? ssmi_arena_strdup(s->arena, format) : NULL;
    return SSM_OK;
}

static ssm_status read_clock(cli_flow *s, const json_t *clock)
{
    const json_int_t unit = json_integer_value(json_object_get(clock, "unit"));
    cli_clock *c = &s->clock;
    if (!json_is_object(clock) || unit < SSM_STEP_NONE || unit > SSM_STEP_MONTHS) return SSM_E_FORMAT;
    c->known = json_is_true(json_object_get(clock, "known"));
    c->row = json_integer_value(json_object_get(clock, "row"));
    c->index.start = json_integer_value(json_object_get(clock, "start"));
    c->irregular = json_is_true(json_object_get(clock, "irregular"));
    c->last = json_integer_value(json_object_get(clock, "last"));
    c->index.step.unit = (ssm_step_unit)unit;
    c->index.step.count = json_integer_value(json_object_get(clock, "count"));
    return !c->known || (unit != SSM_STEP_NONE && c->index.step.count > 0) ? SSM_OK : SSM_E_FORMAT;
}

static ssm_status read_channels(cli_flow *s, const json_t *list, const cli_stream_origin *origin)
{
    const size_t n = json_array_size(list);
    const char **name = SSMI_ALLOC(s->arena, const char *, n);
    if (name == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        name[i] = json_string_value(json_object_get(json_array_get(list, i), "name"));
        if (name[i] == NULL) return SSM_E_FORMAT;
    }
    SSMI_TRY(cli_feed_init(&s->feed, name, n, origin->percent, origin->horizon, s->arena));
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        s->feed.channel[i].gated = (size_t)json_integer_value(json_object_get(entry, "gated"));
        s->feed.channel[i].acquiring = json_is_true(json_object_get(entry, "acquiring"));
    }
    return n > 0 ? SSM_OK : SSM_E_FORMAT;
}

static ssm_status read_document(cli_flow *s, const json_t *document, const cli_stream_origin *origin)
{
    SSMI_TRY(read_columns(s, json_object_get(document, "columns")));
    SSMI_TRY(read_dialect(s, document));
    SSMI_TRY(read_clock(s, json_object_get(document, "clock")));
    SSMI_TRY(read_channels(s, json_object_get(document, "channels"), origin));
    s->feed.rows = (size_t)json_integer_value(json_object_get(document, "rows"));
    size_t numbers = 0;
    for (size_t k = 0; k < s->layout.width; k++) numbers += s->layout.kind[k] == SSM_COLUMN_NUMBER;
    return numbers == s->feed.n ? SSM_OK : SSM_E_FORMAT;
}

/* All handles belong to the arena, whatever happens. */
static ssm_status adopt(cli_flow *s, ssm_forecaster **unit, size_t n)
{
    ssm_status status = SSM_OK;
    for (size_t i = 0; i < n; i++) {
        if (status == SSM_OK)
            status = ssmi_forecaster_own(s->arena, unit[i]);
        else
            ssm_forecaster_free(unit[i]);
    }
    return status;
}

ssm_status cli_stream_resume(cli_flow *s, const char *path, const cli_stream_origin *origin)
{
    size_t n;
    ssm_forecaster **unit = SSMI_ALLOC(s->arena, ssm_forecaster *, MOST_UNITS);
    if (unit == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssm_forecaster_load_state(s->session->ctx, path, MOST_UNITS, unit, &n));
    SSMI_TRY(adopt(s, unit, n));
    const char *text = n > 0 ? ssm_forecaster_annotation(unit[0], key) : NULL;
    if (text == NULL) return damaged(s, path, "this");
    json_t *document = json_loads(text, 0, NULL);
    ssm_status status = read_document(s, document, origin);
    json_decref(document);
    if (status == SSM_E_FORMAT) return damaged(s, path, "what it says of the stream");
    return status == SSM_OK ? cli_feed_connect(&s->feed, unit, n) : status;
}
