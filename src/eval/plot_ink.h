/* Colours by role. */
#ifndef SSMCAST_EVAL_PLOT_INK_H
#define SSMCAST_EVAL_PLOT_INK_H

#include "eval/plot.h"

typedef struct ssmi_colour {
    const char *name;       /* of the CSS variable, without --ink- */
    unsigned char light[3]; /* red, green, blue on light paper */
    unsigned char dark[3];  /* on dark paper */
} ssmi_colour;

/* The colour of a role; data roles beyond the last repeat. */
const ssmi_colour *ssmi_ink_colour(size_t ink);
/* 1 when the role is a repeated one, told apart by dashes. */
int ssmi_ink_repeats(size_t ink);

/* Appends an SVG document made by the renderer as an element for HTML: see ssmi_figure_inline. */
void ssmi_svg_inline(ssmi_text *out, const char *svg, const char *id, const char *alternative);

#endif
