/* The palette: Okabe & Ito (2008), "Color universal design", without its yellow, which is lost on white
 * paper; lighter shades of the same hues on dark paper. */
#include "eval/plot_ink.h"

static const ssmi_colour colours[SSMI_INK_COUNT] = {
    [SSMI_INK_PAPER] = {"paper", {255, 255, 255}, {22, 25, 29}},
    [SSMI_INK_TEXT] = {"text", {31, 35, 40}, {230, 233, 237}},
    [SSMI_INK_MUTED] = {"muted", {101, 109, 118}, {152, 160, 170}},
    [SSMI_INK_GRID] = {"grid", {225, 228, 232}, {52, 58, 66}},
    [SSMI_INK_SERIES + 0] = {"0", {0, 114, 178}, {76, 166, 224}},
    [SSMI_INK_SERIES + 1] = {"1", {213, 94, 0}, {242, 132, 52}},
    [SSMI_INK_SERIES + 2] = {"2", {0, 158, 115}, {38, 190, 148}},
    [SSMI_INK_SERIES + 3] = {"3", {190, 95, 150}, {221, 142, 187}},
    [SSMI_INK_SERIES + 4] = {"4", {214, 146, 0}, {235, 178, 50}},
    [SSMI_INK_SERIES + 5] = {"5", {74, 168, 222}, {130, 198, 240}},
    [SSMI_INK_SERIES + 6] = {"6", {128, 134, 142}, {168, 174, 182}},
};

enum { DATA_INKS = SSMI_INK_COUNT - SSMI_INK_SERIES };

const ssmi_colour *ssmi_ink_colour(size_t ink)
{
    if (ink >= SSMI_INK_COUNT) ink = SSMI_INK_SERIES + (ink - SSMI_INK_SERIES) % DATA_INKS;
    return &colours[ink];
}

int ssmi_ink_repeats(size_t ink)
{
    return ink >= SSMI_INK_COUNT && (ink - SSMI_INK_SERIES) / DATA_INKS % 2 == 1;
}

void ssmi_ink_css(ssmi_text *out, int dark)
{
    for (size_t i = 0; i < SSMI_INK_COUNT; i++) {
        const unsigned char *c = dark ? colours[i].dark : colours[i].light;
        ssmi_text_printf(out, "--ink-%s:#%02x%02x%02x;", colours[i].name, c[0], c[1], c[2]);
    }
}
