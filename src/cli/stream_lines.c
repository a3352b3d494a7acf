#include "cli/stream_lines.h"

#include "cli/forecast_text.h"

#include <math.h>

static void put_number(ssmi_text *line, double x)
{
    if (isnan(x)) {
        ssmi_text_puts(line, ",");
    } else {
        ssmi_text_printf(line, ",%.10g", x);
    }
}

/* The name of a column with something behind it, as one field. */
static void put_name(ssmi_text *line, const char *name, const char *what)
{
    ssmi_text field;
    ssmi_text_init(&field, line->ctx);
    ssmi_text_printf(&field, "%s%s", name, what);
    ssmi_text_puts(line, ",");
    if (ssmi_text_status(&field) == SSM_OK) cli_csv_field(line, field.bytes);
    ssmi_text_clear(&field);
}

/* "load.mean", "load.lo-95", "load.hi-95", or "load+1", "load+1.lo-95", "load+1.hi-95". */
static void put_band(ssmi_text *line, const char *name, size_t step, double percent)
{
    char ahead[32] = "", what[64];
    if (step > 0) snprintf(ahead, sizeof ahead, "+%zu", step);
    put_name(line, name, step > 0 ? ahead : ".mean");
    snprintf(what, sizeof what, "%s.lo-%g", ahead, percent);
    put_name(line, name, what);
    snprintf(what, sizeof what, "%s.hi-%g", ahead, percent);
    put_name(line, name, what);
}

void cli_line_header(ssmi_text *line, const cli_line_form *form, const char *const *name, size_t n)
{
    ssmi_text_puts(line, form->timed ? "time" : "row");
    for (size_t i = 0; i < n; i++) {
        put_name(line, name[i], "");
        put_band(line, name[i], 0, form->percent);
        put_name(line, name[i], ".z");
        put_name(line, name[i], ".gate");
        for (size_t h = 1; h <= form->horizon; h++) put_band(line, name[i], h, form->percent);
    }
}

void cli_line_label(ssmi_text *line, const char *time, size_t number)
{
    if (*time != '\0') {
        cli_csv_field(line, time);
    } else {
        ssmi_text_printf(line, "%zu", number);
    }
}

void cli_line_channel(ssmi_text *line, const cli_line_form *form, const cli_feed *feed, size_t i)
{
    const cli_channel *c = &feed->channel[i];
    const ssm_forecast *next = &feed->next[i];
    const double now[] = {c->value, c->mean, c->low, c->high, c->z};
    for (size_t k = 0; k < sizeof now / sizeof *now; k++) put_number(line, now[k]);
    ssmi_text_printf(line, ",%d", (int)c->flag);
    for (size_t h = 0; h < form->horizon; h++) {
        put_number(line, next->mean[h]);
        put_number(line, next->quantile[h * next->n_levels + feed->at_low]);
        put_number(line, next->quantile[h * next->n_levels + feed->at_high]);
    }
}

void cli_line_bare(ssmi_text *line, const cli_line_form *form, double value)
{
    put_number(line, value);
    ssmi_text_printf(line, ",,,,,%d", (int)CLI_TAKEN);
    for (size_t h = 0; h < form->horizon; h++) ssmi_text_puts(line, ",,,");
}
