/* Reports as files. */
#include "eval/report.h"

#include "base/file.h"
#include <string.h>

/* The path without its suffix, from which the names of figures are made. */
static char *stem_of(ssm_arena *memory, const char *path)
{
    char *stem = ssmi_arena_strdup(memory, path);
    char *dot = stem != NULL ? strrchr(stem, '.') : NULL;
    if (dot != NULL && strchr(dot, '/') == NULL && dot != stem) *dot = '\0';
    return stem;
}

static ssm_status as_html(ssm_arena *memory, const ssm_backtest *b, const ssm_report_facts *facts,
                          const char *path, ssmi_text *out)
{
    ssmi_document *doc;
    (void)path;
    SSMI_TRY(ssmi_report_compose(memory, b, facts, &doc));
    return ssmi_document_html(memory->ctx, doc, out);
}

static ssm_status save_figures(ssm_arena *memory, const ssmi_document *doc, const char *stem)
{
    for (size_t i = 0; i < doc->n; i++) {
        if (doc->block[i].kind != SSMI_BLOCK_FIGURE) continue;
        char *name = ssmi_arena_printf(memory, "%s-%s.svg", stem, doc->block[i].id);
        if (name == NULL) return SSM_E_MEMORY;
        SSMI_TRY(ssmi_figure_save(memory->ctx, &doc->block[i].figure, name));
    }
    return SSM_OK;
}

static ssm_status as_markdown(ssm_arena *memory, const ssm_backtest *b, const ssm_report_facts *facts,
                              const char *path, ssmi_text *out)
{
    ssmi_document *doc;
    char *stem = stem_of(memory, path);
    if (stem == NULL) return SSM_E_MEMORY;
    const char *slash = strrchr(stem, '/');
    SSMI_TRY(ssmi_report_compose(memory, b, facts, &doc));
    SSMI_TRY(save_figures(memory, doc, stem));
    return ssmi_document_markdown(doc, slash != NULL ? slash + 1 : stem, out);
}

static ssm_status as_json(ssm_arena *memory, const ssm_backtest *b, const ssm_report_facts *facts,
                          const char *path, ssmi_text *out)
{
    (void)path;
    return ssmi_report_json(memory->ctx, b, facts, out);
}

ssm_status ssm_report_write(ssm_context *ctx, const ssm_backtest *b, const ssm_report_facts *facts,
                            ssm_report_format format, const char *path)
{
    static ssm_status (*const make[])(ssm_arena *, const ssm_backtest *, const ssm_report_facts *,
                                      const char *, ssmi_text *) = {as_html, as_markdown, as_json};
    if ((size_t)format >= sizeof make / sizeof make[0]) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "there is no report format %d", (int)format);
    }
    ssm_arena memory;
    ssmi_text out;
    ssmi_arena_init(&memory, ctx);
    ssmi_text_init(&out, ctx);
    ssm_status status = make[format](&memory, b, facts, path, &out);
    if (status == SSM_OK) status = ssmi_file_replace(ctx, path, out.bytes, out.length);
    ssmi_text_clear(&out);
    ssmi_arena_clear(&memory);
    return status;
}
