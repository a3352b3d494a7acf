/* A document as one HTML page. It needs nothing from outside and forbids itself to ask for anything; the
 * style sheet serves light and dark screens and paper. */
#include "eval/document.h"
#include "eval/escape.h"
#include "eval/plot_ink.h"

#include <string.h>

static const char style[] =
    "body{margin:0;background:var(--ink-paper);color:var(--ink-text);"
    "font:16px/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif}"
    "main{max-width:62rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}"
    "header{margin-bottom:1.5rem}"
    ".kicker{margin:0;color:var(--ink-muted);font-size:.9rem}"
    "h1{margin:.2rem 0 0;font-size:1.9rem;line-height:1.2;letter-spacing:-.01em}"
    "h2{margin:3rem 0 .5rem;padding-top:1.1rem;border-top:1px solid var(--ink-sheet);font-size:1.3rem}"
    "h3{margin:1.8rem 0 .4rem;font-size:1.03rem}"
    "p{margin:.5rem 0;max-width:46rem}"
    "ul{margin:.5rem 0;padding-left:1.2rem;max-width:46rem}li{margin:.25rem 0}"
    ".lead li{font-size:1.05rem}"
    ".note{color:var(--ink-muted);font-size:.86rem}"
    ".scroll{overflow-x:auto;margin:.6rem 0}"
    "table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.36rem .5rem;text-align:right;white-space:nowrap}"
    "th{white-space:normal;vertical-align:bottom;line-height:1.25;border-bottom:1.5px solid "
    "var(--ink-muted);font-weight:600;color:var(--ink-muted)}"
    "th[title]{cursor:help}"
    "td{border-bottom:1px solid var(--ink-sheet)}"
    ".name{text-align:left;font-weight:600}"
    "td.wrap{text-align:left;white-space:normal}"
    ".best{font-weight:700;color:var(--ink-0)}"
    ".bar{position:relative;min-width:7rem}"
    ".bar "
    "i{position:absolute;left:0;top:18%;bottom:18%;background:var(--ink-0);opacity:.16;border-radius:2px}"
    ".bar span{position:relative}"
    ".chip{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.5em}"
    "figure{margin:.8rem 0 1.2rem}figure svg{width:100%;height:auto;display:block}"
    "figcaption{color:var(--ink-muted);font-size:.86rem;max-width:46rem;margin-top:.2rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.4rem;margin:.6rem 0;font-size:.92rem}"
    "dt{color:var(--ink-muted)}dd{margin:0;overflow-wrap:anywhere}"
    "code{font:.92em ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace}"
    "@media(max-width:40rem){dl{grid-template-columns:1fr;gap:.1rem}dd{margin-bottom:.5rem}}"
    "@media print{body{font-size:10.5pt}main{max-width:none;padding:0}h2{break-after:avoid}"
    "figure,table,li{break-inside:avoid}}";

static const char security[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

static void add_head(const ssmi_document *doc, ssmi_text *out)
{
    ssmi_text_printf(out,
                     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<meta name=\"generator\" content=\"ssmcast %s\">\n<title>",
                     security, ssm_version());
    ssmi_escape_html(out, doc->title);
    ssmi_text_puts(out, "</title>\n<style>\n:root{color-scheme:light dark;");
    ssmi_ink_css(out, 0);
    ssmi_text_puts(out, "}\n@media screen and (prefers-color-scheme:dark){:root{");
    ssmi_ink_css(out, 1);
    ssmi_text_printf(out, "}}\n%s\n</style>\n</head>\n<body>\n<main>\n", style);
}

static void add_element(ssmi_text *out, const char *open, const char *text, const char *close)
{
    ssmi_text_puts(out, open);
    ssmi_escape_html(out, text);
    ssmi_text_puts(out, close);
}

static void add_column(ssmi_text *out, const ssmi_column *column)
{
    ssmi_text_puts(out, column->name ? "<th class=\"name\"" : "<th");
    if (column->help != NULL) add_element(out, " title=\"", column->help, "\"");
    add_element(out, ">", column->title, "</th>");
}

static void add_cell(ssmi_text *out, const ssmi_cell *cell, const ssmi_column *column, int first)
{
    const char *kind = column->name ? (first ? "name" : "wrap") : cell->share >= 0 ? "bar" : "";
    const char *best = cell->best ? (*kind != '\0' ? " best" : "best") : "";
    ssmi_text_printf(out, "<td class=\"%s%s\">", kind, best);
    if (cell->ink > 0) {
        ssmi_text_printf(out, "<span class=\"chip\" style=\"background:var(--ink-%s)\"></span>",
                         ssmi_ink_colour(cell->ink)->name);
    }
    if (cell->share >= 0) ssmi_text_printf(out, "<i style=\"width:%.1f%%\"></i>", 100 * cell->share);
    add_element(out, "<span>", cell->text, "</span></td>");
}

static ssm_status render_sheet(ssm_context *ctx, const ssmi_block *block, ssmi_text *out)
{
    const ssmi_sheet *g = &block->sheet;
    (void)ctx;
    ssmi_text_puts(out, "<div class=\"scroll\"><table>\n<thead><tr>");
    for (size_t c = 0; c < g->columns; c++) add_column(out, &g->column[c]);
    ssmi_text_puts(out, "</tr></thead>\n<tbody>\n");
    for (size_t r = 0; r < g->rows; r++) {
        ssmi_text_puts(out, "<tr>");
        for (size_t c = 0; c < g->columns; c++) {
            add_cell(out, &g->cell[r * g->columns + c], &g->column[c], c == 0);
        }
        ssmi_text_puts(out, "</tr>\n");
    }
    ssmi_text_puts(out, "</tbody>\n</table></div>\n");
    return SSM_OK;
}

static ssm_status render_pairs(ssm_context *ctx, const ssmi_block *block, ssmi_text *out)
{
    (void)ctx;
    ssmi_text_puts(out, "<dl>\n");
    for (size_t i = 0; i < block->n_pairs; i++) {
        const ssmi_term *pair = &block->pair[i];
        add_element(out, "<dt>", pair->term, "</dt>");
        add_element(out, pair->code ? "<dd><code>" : "<dd>", pair->text,
                    pair->code ? "</code></dd>\n" : "</dd>\n");
    }
    ssmi_text_puts(out, "</dl>\n");
    return SSM_OK;
}

static ssm_status render_figure(ssm_context *ctx, const ssmi_block *block, ssmi_text *out)
{
    ssmi_text_puts(out, "<figure>\n");
    SSMI_TRY(ssmi_figure_inline(ctx, &block->figure, block->id, block->note, out));
    add_element(out, "<figcaption>", block->text, "</figcaption>\n</figure>\n");
    return SSM_OK;
}

static ssm_status render_title(ssm_context *ctx, const ssmi_block *block, ssmi_text *out)
{
    (void)ctx;
    add_element(out, "<header>\n<p class=\"kicker\">", block->note, "</p>\n");
    add_element(out, "<h1>", block->text, "</h1>\n</header>\n");
    return SSM_OK;
}

static ssm_status render_words(ssm_context *ctx, const ssmi_block *block, ssmi_text *out)
{
    static const char *const tag[SSMI_BLOCK_KINDS][2] = {
        [SSMI_BLOCK_SECTION] = {"<h2>", "</h2>\n"}, [SSMI_BLOCK_HEADING] = {"<h3>", "</h3>\n"},
        [SSMI_BLOCK_PARAGRAPH] = {"<p>", "</p>\n"}, [SSMI_BLOCK_NOTE] = {"<p class=\"note\">", "</p>\n"},
        [SSMI_BLOCK_ITEM] = {"<li>", "</li>\n"},
    };
    (void)ctx;
    add_element(out, tag[block->kind][0], block->text, tag[block->kind][1]);
    return SSM_OK;
}

static ssm_status (*const render[SSMI_BLOCK_KINDS])(ssm_context *, const ssmi_block *, ssmi_text *) = {
    [SSMI_BLOCK_TITLE] = render_title,   [SSMI_BLOCK_SECTION] = render_words,
    [SSMI_BLOCK_HEADING] = render_words, [SSMI_BLOCK_PARAGRAPH] = render_words,
    [SSMI_BLOCK_NOTE] = render_words,    [SSMI_BLOCK_ITEM] = render_words,
    [SSMI_BLOCK_SHEET] = render_sheet,   [SSMI_BLOCK_PAIRS] = render_pairs,
    [SSMI_BLOCK_FIGURE] = render_figure,
};

ssm_status ssmi_document_html(ssm_context *ctx, const ssmi_document *doc, ssmi_text *out)
{
    int in_section = 0, in_list = 0;
    add_head(doc, out);
    for (size_t i = 0; i < doc->n; i++) {
        const ssmi_block *block = &doc->block[i];
        int item = block->kind == SSMI_BLOCK_ITEM;
        if (in_list && !item) ssmi_text_puts(out, "</ul>\n");
        if (block->kind == SSMI_BLOCK_SECTION) {
            ssmi_text_printf(out, "%s<section id=\"%s\">\n", in_section ? "</section>\n" : "", block->id);
            in_section = 1;
        }
        if (item && !in_list) ssmi_text_puts(out, in_section ? "<ul>\n" : "<ul class=\"lead\">\n");
        in_list = item;
        SSMI_TRY(render[block->kind](ctx, block, out));
    }
    ssmi_text_printf(out, "%s%s</main>\n</body>\n</html>\n", in_list ? "</ul>\n" : "",
                     in_section ? "</section>\n" : "");
    return ssmi_text_status(out);
}
