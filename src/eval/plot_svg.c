/* Makes an SVG document fit to stand inside an HTML page: the prolog goes, ids get a prefix so that two
 * figures cannot share glyphs by accident, and each colour of the palette becomes a CSS variable so that
 * the page decides how light or dark it is. */
#include "eval/escape.h"
#include "eval/plot_ink.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Reads "12.5%" by hand (the C library would ask the locale what a decimal point is). */
static const char *read_percent(const char *p, double *value)
{
    double scale = 1;
    *value = 0;
    for (; isdigit((unsigned char)*p); p++) *value = 10 * *value + (*p - '0');
    if (*p == '.') {
        for (p++; isdigit((unsigned char)*p); p++) *value += (*p - '0') * (scale /= 10);
    }
    return *p == '%' ? p + 1 : NULL;
}

/* The role whose light colour is the given percentages, or SSMI_INK_COUNT. */
static size_t find_ink(const double percent[3])
{
    for (size_t i = 0; i < SSMI_INK_COUNT; i++) {
        const unsigned char *c = ssmi_ink_colour(i)->light;
        int equal = 1;
        for (size_t k = 0; k < 3; k++) {
            double gap = percent[k] - c[k] / 2.55;
            equal = equal && gap < 0.1 && gap > -0.1;
        }
        if (equal) return i;
    }
    return SSMI_INK_COUNT;
}

/* "rgb(0%,44.7%,69.8%)" -> "var(--ink-0)"; returns what follows, or NULL when it is not ours. */
static const char *replace_colour(ssmi_text *out, const char *p)
{
    double percent[3];
    p += 4;
    for (size_t k = 0; k < 3; k++) {
        p = read_percent(p, &percent[k]);
        if (p == NULL || *p != (k < 2 ? ',' : ')')) return NULL;
        p++;
    }
    size_t ink = find_ink(percent);
    if (ink == SSMI_INK_COUNT) return NULL;
    ssmi_text_printf(out, "var(--ink-%s)", ssmi_ink_colour(ink)->name);
    return p;
}

/* cairo numbers its surfaces through the life of the process; one figure has one surface, so the number says
 * nothing and would make equal figures differ. */
static const char *number_dropped(ssmi_text *out, const char *p)
{
    if (!starts(p, "surface")) return p;
    ssmi_text_puts(out, "surface");
    p += strlen("surface");
    return p + strspn(p, "0123456789");
}

/* Copies the document from its <svg> element on, piece by piece. */
static void rewrite(ssmi_text *out, const char *p, const char *id)
{
    static const char *const anchors[] = {"id=\"", "href=\"#", "url(#"};
    while (*p != '\0') {
        const char *after = starts(p, "rgb(") ? replace_colour(out, p) : NULL;
        if (after != NULL) {
            p = after;
            continue;
        }
        size_t k = 0;
        while (k < 3 && !starts(p, anchors[k])) k++;
        if (k < 3) {
            ssmi_text_printf(out, "%s%s-", anchors[k], id);
            p = number_dropped(out, p + strlen(anchors[k]));
        } else {
            ssmi_text_add(out, p++, 1);
        }
    }
}

void ssmi_svg_inline(ssmi_text *out, const char *svg, const char *id, const char *alternative)
{
    const char *element = strstr(svg, "<svg");
    const char *box = element != NULL ? strstr(element, "viewBox=\"") : NULL;
    const char *body = box != NULL ? strchr(box, '>') : NULL;
    if (body == NULL) return;
    size_t length = strcspn(box + 9, "\"");
    ssmi_text_puts(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                        "xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"");
    ssmi_text_add(out, box + 9, length);
    ssmi_text_puts(out, "\" role=\"img\" aria-label=\"");
    ssmi_escape_html(out, alternative);
    ssmi_text_puts(out, "\">");
    rewrite(out, body + 1, id);
}
