/* Where a figure goes: a cairo surface that writes into memory, then a file that is replaced as a whole. */
#include "base/file.h"
#include "eval/plot_ink.h"
#include "eval/plot_layout.h"

#ifdef SSMCAST_PLOTS
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <string.h>

enum { PNG_SCALE = 2 }; /* pixels per point */

static cairo_status_t collect(void *text, const unsigned char *bytes, unsigned length)
{
    ssmi_text_add(text, (const char *)bytes, length);
    return ssmi_text_status(text) == SSM_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

static cairo_surface_t *open_svg(const ssmi_figure *figure, ssmi_text *out)
{
    return cairo_svg_surface_create_for_stream(collect, out, figure->width, figure->height);
}

static cairo_surface_t *open_pdf(const ssmi_figure *figure, ssmi_text *out)
{
    return cairo_pdf_surface_create_for_stream(collect, out, figure->width, figure->height);
}

static cairo_surface_t *open_png(const ssmi_figure *figure, ssmi_text *out)
{
    (void)out;
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(figure->width * PNG_SCALE),
                                      (int)ceil(figure->height * PNG_SCALE));
}

static cairo_status_t close_vector(cairo_surface_t *surface, ssmi_text *out)
{
    (void)out;
    cairo_surface_finish(surface);
    return cairo_surface_status(surface);
}

static cairo_status_t close_png(cairo_surface_t *surface, ssmi_text *out)
{
    return cairo_surface_write_to_png_stream(surface, collect, out);
}

typedef struct target {
    const char *suffix;
    cairo_surface_t *(*open)(const ssmi_figure *, ssmi_text *);
    cairo_status_t (*close)(cairo_surface_t *, ssmi_text *);
    double scale;
} target;

static const target targets[] = {
    {".svg", open_svg, close_vector, 1},
    {".pdf", open_pdf, close_vector, 1},
    {".png", open_png, close_png, PNG_SCALE},
};

static const target *find_target(const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        size_t n = strlen(targets[i].suffix);
        if (length > n && strcmp(path + length - n, targets[i].suffix) == 0) return &targets[i];
    }
    return NULL;
}

static ssm_status render(ssm_context *ctx, const ssmi_figure *figure, const target *t, int paper,
                         ssmi_text *out)
{
    cairo_surface_t *surface = t->open(figure, out);
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, t->scale, t->scale);
    if (paper) {
        ssmi_use_ink(cr, SSMI_INK_PAPER, 1);
        cairo_paint(cr);
    }
    ssmi_draw_figure(cr, figure);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_status_t closed = t->close(surface, out);
    cairo_surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = closed;
    if (status == CAIRO_STATUS_SUCCESS) return SSM_OK;
    return ssmi_fail(ctx, status == CAIRO_STATUS_NO_MEMORY ? SSM_E_MEMORY : SSM_E_NUMERIC,
                     "cannot draw a figure: %s", cairo_status_to_string(status));
}

ssm_status ssmi_figure_save(ssm_context *ctx, const ssmi_figure *figure, const char *path)
{
    const target *t = find_target(path);
    ssmi_text bytes;
    if (t == NULL) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT,
                         "cannot draw to \"%s\": the name must end in .svg, .png or .pdf", path);
    }
    ssmi_text_init(&bytes, ctx);
    ssm_status status = render(ctx, figure, t, 1, &bytes);
    if (status == SSM_OK) status = ssmi_file_replace(ctx, path, bytes.bytes, bytes.length);
    ssmi_text_clear(&bytes);
    return status;
}

ssm_status ssmi_figure_inline(ssm_context *ctx, const ssmi_figure *figure, const char *id,
                              const char *alternative, ssmi_text *out)
{
    ssmi_text svg;
    ssmi_text_init(&svg, ctx);
    ssm_status status = render(ctx, figure, &targets[0], 0, &svg);
    if (status == SSM_OK) ssmi_svg_inline(out, svg.bytes, id, alternative);
    ssmi_text_clear(&svg);
    return status == SSM_OK ? ssmi_text_status(out) : status;
}

int ssmi_plots_available(void)
{
    return 1;
}

#else /* built without cairo */

static ssm_status no_plots(ssm_context *ctx)
{
    return ssmi_fail(ctx, SSM_E_UNSUPPORTED,
                     "this build has no plots (it was configured with SSMCAST_PLOTS=OFF)");
}

ssm_status ssmi_figure_save(ssm_context *ctx, const ssmi_figure *figure, const char *path)
{
    (void)figure;
    (void)path;
    return no_plots(ctx);
}

ssm_status ssmi_figure_inline(ssm_context *ctx, const ssmi_figure *figure, const char *id,
                              const char *alternative, ssmi_text *out)
{
    (void)figure;
    (void)id;
    (void)alternative;
    (void)out;
    return no_plots(ctx);
}

int ssmi_plots_available(void)
{
    return 0;
}
#endif
