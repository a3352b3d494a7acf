/* Kinds of columns by majority of the sample: at least half numbers makes a number column, in which anything
 * that cannot be read is an error later; mostly text makes a text column, which is not used. */
#include "data/schema.h"
#include "data/number.h"

#include <string.h>

static void look(ssmi_traits *traits, const ssmi_sample *sample, const ssmi_field *field)
{
    const char *text = field->text;
    size_t length = field->length;
    char group = 0, mark = sample->dialect->decimal;
    double value;
    int sure;
    ssmi_stamp stamp;
    ssmi_trim(&text, &length);
    if (ssmi_is_missing(sample->missing, text, length)) return;
    traits->n_values++;
    if (ssmi_number_read(text, length, mark, &value) != SSMI_NUMBER_BAD) {
        traits->n_numbers++;
    } else if (ssmi_clock_read(text, length, &stamp)) {
        traits->n_clocks++;
    } else if (ssmi_stamp_read(text, length, &stamp)) {
        traits->n_dates += stamp.shape != SSMI_SHAPE_SHORT;
        traits->n_short += stamp.shape == SSMI_SHAPE_SHORT;
        traits->n_clocked += (size_t)stamp.has_clock;
    } else if (ssmi_number_read_grouped(text, length, mark, &group, &sure, &value) == SSMI_NUMBER_OK) {
        traits->n_numbers++;
    }
}

static void look_at_all(ssmi_schema *schema, const ssmi_sample *sample)
{
    for (size_t i = schema->n_header_rows; i < sample->n; i++) {
        const ssmi_row *row = &sample->row[i];
        if (row->n != schema->width) continue;
        for (size_t k = 0; k < row->n; k++) look(&schema->traits[k], sample, &row->field[k]);
    }
}

static ssm_column_kind majority(const ssmi_traits *t)
{
    if (t->n_values == 0) return SSM_COLUMN_EMPTY;
    return 2 * t->n_numbers >= t->n_values ? SSM_COLUMN_NUMBER : SSM_COLUMN_TEXT;
}

/* Only the columns asked for are read, and those as numbers whatever they look like. */
static ssm_status choose_columns(ssmi_schema *schema, const ssmi_sample *sample, ssm_arena *mem)
{
    size_t n;
    if (sample->options->columns == NULL) return SSM_OK;
    size_t *chosen = SSMI_ALLOC(mem, size_t, schema->width);
    if (chosen == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_names_find_list(mem->ctx, schema->name, schema->width, sample->options->columns, chosen,
                                  schema->width, &n));
    for (size_t k = 0; k < schema->width; k++) {
        if (schema->kind[k] != SSM_COLUMN_TIME) schema->kind[k] = SSM_COLUMN_SKIPPED;
    }
    for (size_t i = 0; i < n; i++) {
        if (schema->kind[chosen[i]] == SSM_COLUMN_TIME) {
            return ssmi_fail(mem->ctx, SSM_E_ARGUMENT, "column \"%s\" holds the time and cannot be a value",
                             schema->name[chosen[i]]);
        }
        schema->kind[chosen[i]] = SSM_COLUMN_NUMBER;
    }
    return SSM_OK;
}

/* A text column whose cells begin like numbers may be meant as one ("12 %", "$5"). */
static ssm_status note_almost_numbers(const ssmi_schema *schema, const ssmi_sample *sample, size_t k,
                                      ssmi_notes *notes)
{
    for (size_t i = schema->n_header_rows; i < sample->n; i++) {
        char shown[40], name[80];
        const ssmi_row *row = &sample->row[i];
        if (row->n != schema->width || row->field[k].length == 0) continue;
        const char *text = row->field[k].text;
        int letter = (*text | 32) >= 'a' && (*text | 32) <= 'z';
        if (letter || strpbrk(text, "0123456789") == NULL || strcspn(text, "0123456789") > 3) return SSM_OK;
        ssmi_quote(shown, sizeof shown, text, row->field[k].length);
        ssmi_quote(name, sizeof name, schema->name[k], strlen(schema->name[k]));
        return ssmi_note(notes,
                         "%s:%zu:%zu: column \"%s\" is taken as text and not used; its first value is \"%s\"",
                         sample->path, ssmi_row_line(row, k), k + 1, name, shown);
    }
    return SSM_OK;
}

ssm_status ssmi_schema_decide(ssmi_schema *schema, const ssmi_sample *sample, ssmi_notes *notes)
{
    ssm_arena *mem = notes->mem;
    SSMI_TRY(ssmi_layout_decide(schema, sample, notes));
    schema->kind = SSMI_ALLOC(mem, ssm_column_kind, schema->width);
    schema->traits = SSMI_ALLOC(mem, ssmi_traits, schema->width);
    if (schema->kind == NULL || schema->traits == NULL) return SSM_E_MEMORY;
    look_at_all(schema, sample);
    for (size_t k = 0; k < schema->width; k++) schema->kind[k] = majority(&schema->traits[k]);
    SSMI_TRY(ssmi_time_decide(schema, sample, notes));
    SSMI_TRY(choose_columns(schema, sample, mem));
    for (size_t k = 0; k < schema->width; k++) {
        const ssmi_traits *t = &schema->traits[k];
        if (schema->kind[k] != SSM_COLUMN_TEXT || t->n_dates + t->n_clocks > 0) continue;
        SSMI_TRY(note_almost_numbers(schema, sample, k, notes));
    }
    return SSM_OK;
}
