/* A document as Markdown (tables as GitHub reads them). */
#include "eval/document.h"
#include "eval/escape.h"

#include <string.h>

static void render_sheet(const ssmi_block *block, const char *stem, ssmi_text *out)
{
    const ssmi_sheet *g = &block->sheet;
    (void)stem;
    for (size_t c = 0; c < g->columns; c++) {
        ssmi_text_puts(out, c == 0 ? "| " : " | ");
        ssmi_escape_markdown(out, g->column[c].title);
    }
    ssmi_text_puts(out, " |\n|");
    for (size_t c = 0; c < g->columns; c++) ssmi_text_puts(out, g->column[c].name ? " --- |" : " ---: |");
    ssmi_text_puts(out, "\n");
    for (size_t r = 0; r < g->rows; r++) {
        for (size_t c = 0; c < g->columns; c++) {
            const ssmi_cell *cell = &g->cell[r * g->columns + c];
            const char *mark = cell->best ? "**" : "";
            ssmi_text_printf(out, "%s%s", c == 0 ? "| " : " | ", mark);
            ssmi_escape_markdown(out, cell->text);
            ssmi_text_puts(out, mark);
        }
        ssmi_text_puts(out, " |\n");
    }
    ssmi_text_puts(out, "\n");
}

/* Longest run of backticks, so that code with backticks can be fenced by a longer one. */
static size_t longest_ticks(const char *text)
{
    size_t longest = 0;
    for (size_t run = 0; *text != '\0'; text++) {
        run = *text == '`' ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    return longest;
}

static void add_code(ssmi_text *out, const char *text)
{
    size_t fence = longest_ticks(text) + 1;
    for (size_t i = 0; i < fence; i++) ssmi_text_puts(out, "`");
    ssmi_text_puts(out, fence > 1 ? " " : "");
    ssmi_escape_plain(out, text);
    ssmi_text_puts(out, fence > 1 ? " " : "");
    for (size_t i = 0; i < fence; i++) ssmi_text_puts(out, "`");
}

static void render_pairs(const ssmi_block *block, const char *stem, ssmi_text *out)
{
    (void)stem;
    for (size_t i = 0; i < block->n_pairs; i++) {
        ssmi_text_puts(out, "- ");
        ssmi_escape_markdown(out, block->pair[i].term);
        ssmi_text_puts(out, ": ");
        (block->pair[i].code ? add_code : ssmi_escape_markdown)(out, block->pair[i].text);
        ssmi_text_puts(out, "\n");
    }
    ssmi_text_puts(out, "\n");
}

static void render_figure(const ssmi_block *block, const char *stem, ssmi_text *out)
{
    ssmi_text_puts(out, "![");
    ssmi_escape_markdown(out, block->note);
    ssmi_text_puts(out, "](<");
    for (const char *p = stem; *p != '\0'; p++) { /* what would end the address is written as a code */
        if (*p == '<' || *p == '>' || *p == '%' || *p == '\\' || (unsigned char)*p < 0x20) {
            ssmi_text_printf(out, "%%%02X", (unsigned)(unsigned char)*p);
        } else {
            ssmi_text_add(out, p, 1);
        }
    }
    ssmi_text_printf(out, "-%s.svg>)\n\n", block->id);
    ssmi_escape_markdown(out, block->text);
    ssmi_text_puts(out, "\n\n");
}

static void render_title(const ssmi_block *block, const char *stem, ssmi_text *out)
{
    (void)stem;
    ssmi_text_puts(out, "# ");
    ssmi_escape_markdown(out, block->text);
    ssmi_text_puts(out, "\n\n*");
    ssmi_escape_markdown(out, block->note);
    ssmi_text_puts(out, "*\n\n");
}

static void render_words(const ssmi_block *block, const char *stem, ssmi_text *out)
{
    static const char *const front[SSMI_BLOCK_KINDS] = {
        [SSMI_BLOCK_SECTION] = "## ",
        [SSMI_BLOCK_HEADING] = "### ",
        [SSMI_BLOCK_ITEM] = "- ",
    };
    (void)stem;
    if (front[block->kind] != NULL) ssmi_text_puts(out, front[block->kind]);
    ssmi_escape_markdown(out, block->text);
    ssmi_text_puts(out, block->kind == SSMI_BLOCK_ITEM ? "\n" : "\n\n");
}

static void (*const render[SSMI_BLOCK_KINDS])(const ssmi_block *, const char *, ssmi_text *) = {
    [SSMI_BLOCK_TITLE] = render_title,   [SSMI_BLOCK_SECTION] = render_words,
    [SSMI_BLOCK_HEADING] = render_words, [SSMI_BLOCK_PARAGRAPH] = render_words,
    [SSMI_BLOCK_NOTE] = render_words,    [SSMI_BLOCK_ITEM] = render_words,
    [SSMI_BLOCK_SHEET] = render_sheet,   [SSMI_BLOCK_PAIRS] = render_pairs,
    [SSMI_BLOCK_FIGURE] = render_figure,
};

ssm_status ssmi_document_markdown(const ssmi_document *doc, const char *stem, ssmi_text *out)
{
    for (size_t i = 0; i < doc->n; i++) {
        int ends_list =
            i > 0 && doc->block[i - 1].kind == SSMI_BLOCK_ITEM && doc->block[i].kind != SSMI_BLOCK_ITEM;
        if (ends_list) ssmi_text_puts(out, "\n");
        render[doc->block[i].kind](&doc->block[i], stem, out);
    }
    return ssmi_text_status(out);
}
