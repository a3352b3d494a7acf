/* The brief parts of a document for a terminal: aligned columns, the best marked by a star. */
#include "eval/document.h"
#include "eval/escape.h"

#include <string.h>

/* Characters on the screen (names are mostly Latin; wide characters count as one). */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static size_t column_width(const ssmi_sheet *g, size_t c)
{
    size_t width = width_of(g->column[c].title);
    for (size_t r = 0; r < g->rows; r++) {
        size_t w = width_of(g->cell[r * g->columns + c].text);
        if (w > width) width = w;
    }
    return width;
}

static void add_padded(ssmi_text *out, const char *text, size_t width, int left)
{
    size_t pad = width > width_of(text) ? width - width_of(text) : 0;
    if (!left) ssmi_text_printf(out, "%*s", (int)pad, "");
    ssmi_escape_plain(out, text);
    if (left) ssmi_text_printf(out, "%*s", (int)pad, "");
}

static void add_sheet(ssmi_text *out, const ssmi_sheet *g, int colour)
{
    for (size_t r = 0; r <= g->rows; r++) {
        for (size_t c = 0; c < g->columns; c++) {
            const ssmi_cell *cell = r > 0 ? &g->cell[(r - 1) * g->columns + c] : NULL;
            int best = cell != NULL && cell->best;
            ssmi_text_puts(out, c == 0 ? "  " : " ");
            if (best && colour) ssmi_text_puts(out, "\x1b[1m");
            add_padded(out, cell != NULL ? cell->text : g->column[c].title, column_width(g, c),
                       g->column[c].name);
            ssmi_text_puts(out, best ? (colour ? "\x1b[0m"
                                                 "*"
                                               : "*")
                                     : " ");
        }
        while (out->length > 0 && out->bytes[out->length - 1] == ' ') out->length--;
        ssmi_text_puts(out, "\n");
    }
}

ssm_status ssmi_document_text(const ssmi_document *doc, int colour, ssmi_text *out)
{
    for (size_t i = 0; i < doc->n; i++) {
        const ssmi_block *block = &doc->block[i];
        if (!block->brief) continue;
        if (block->kind == SSMI_BLOCK_SHEET) {
            add_sheet(out, &block->sheet, colour);
            continue;
        }
        int item = block->kind == SSMI_BLOCK_ITEM;
        int after_item = i > 0 && doc->block[i - 1].kind == SSMI_BLOCK_ITEM && doc->block[i - 1].brief;
        if (i > 0 && !(item && after_item)) ssmi_text_puts(out, "\n");
        if (item) ssmi_text_puts(out, "- ");
        ssmi_escape_plain(out, block->text);
        ssmi_text_puts(out, "\n");
    }
    return ssmi_text_status(out);
}
