#include "neural/inference.h"

#include <math.h>
#include <string.h>

const ssmi_inference *ssmi_inference_for(ssmi_isa isa)
{
#if defined(__x86_64__)
    static const ssmi_inference *const table[] = {&ssmi_inference_portable, &ssmi_inference_avx2,
                                                  &ssmi_inference_avx512};
    return table[isa];
#else
    (void)isa;
    return &ssmi_inference_portable;
#endif
}

/* Products C B', packed B, one head's x, its weights, a tile of their products; see ssd_dual_body.h. */
size_t ssmi_ssd_scratch(const ssmi_ssd *ssd)
{
    const size_t columns = (ssd->length + SSMI_PANEL - 1) / SSMI_PANEL * SSMI_PANEL;
    return columns * (ssd->length + ssd->states + ssd->width + 1 + SSMI_TILE_ROWS) + SSMI_PANEL;
}

/* Sixteen columns at a time, so that what is written stays in the first-level cache. */
static void pack_panel(float *panel, const float *w, size_t rows, size_t in)
{
    for (size_t k = 0; k < in; k += SSMI_PANEL) {
        const size_t end = in - k < SSMI_PANEL ? in : k + SSMI_PANEL;
        for (size_t j = 0; j < rows; j++) {
            for (size_t i = k; i < end; i++) panel[i * SSMI_PANEL + j] = w[j * in + i];
        }
    }
}

static float largest_magnitude(const float *w, size_t n)
{
    float largest = 0;
    for (size_t k = 0; k < n; k++) {
        const float size = fabsf(w[k]);
        largest = size > largest ? size : largest;
    }
    return largest;
}

/* Adding 1.5 * 2^23 rounds to the nearest integer, halves to even. */
static void pack_panel8(int8_t *panel, float *scale, const float *w, size_t rows, size_t in)
{
    const float magic = 12582912.0f;
    for (size_t j = 0; j < rows; j++, w += in) {
        const float largest = largest_magnitude(w, in), inverse = largest > 0 ? 127 / largest : 0;
        scale[j] = largest / 127;
        for (size_t k = 0; k < in; k++)
            panel[k / 2 * 2 * SSMI_PANEL + 2 * j + k % 2] = (int8_t)(w[k] * inverse + magic - magic);
    }
}

static void pack_panel_half(uint16_t *panel, const unsigned char *w, size_t rows, size_t in)
{
    for (size_t k = 0; k < in; k += SSMI_PANEL) {
        const size_t end = in - k < SSMI_PANEL ? in : k + SSMI_PANEL;
        for (size_t j = 0; j < rows; j++) {
            for (size_t i = k; i < end; i++)
                memcpy(panel + i * SSMI_PANEL + j, w + (j * in + i) * sizeof *panel, sizeof *panel);
        }
    }
}

ssm_status ssmi_pack_half(ssmi_packed *packed, const unsigned char *w, const float *bias, size_t out,
                          size_t in, ssm_arena *arena)
{
    const size_t panels = (out + SSMI_PANEL - 1) / SSMI_PANEL;
    float *b = SSMI_ALLOC(arena, float, panels *SSMI_PANEL);
    uint16_t *half = SSMI_ALLOC(arena, uint16_t, panels * SSMI_PANEL * in);
    if (b == NULL || half == NULL) return SSM_E_MEMORY;
    if (bias != NULL) memcpy(b, bias, out * sizeof *b);
    for (size_t j = 0; j < out; j += SSMI_PANEL)
        pack_panel_half(half + j * in, w + j * in * sizeof *half, out - j < SSMI_PANEL ? out - j : SSMI_PANEL,
                        in);
    *packed = (ssmi_packed){.out = out, .in = in, .half = half, .bias = b};
    return SSM_OK;
}

ssm_status ssmi_pack(ssmi_packed *packed, const float *w, const float *bias, size_t out, size_t in,
                     int integer, ssm_arena *arena)
{
    const size_t panels = (out + SSMI_PANEL - 1) / SSMI_PANEL, size = (in + integer) / (1 + (size_t)integer);
    const size_t panel_size = size * (1 + (size_t)integer) * SSMI_PANEL;
    float *b = SSMI_ALLOC(arena, float, panels *SSMI_PANEL), *scale = NULL, *panel = NULL;
    int8_t *panel8 = NULL;
    if (integer) {
        scale = SSMI_ALLOC(arena, float, panels *SSMI_PANEL);
        panel8 = SSMI_ALLOC(arena, int8_t, panels * panel_size);
    } else {
        panel = SSMI_ALLOC(arena, float, panels *panel_size);
    }
    if (b == NULL || (integer ? scale == NULL || panel8 == NULL : panel == NULL)) return SSM_E_MEMORY;
    for (size_t j = 0; bias != NULL && j < out; j++) b[j] = bias[j];
    for (size_t p = 0; p < panels; p++, w += SSMI_PANEL * in) {
        const size_t left = out - p * SSMI_PANEL, rows = left < SSMI_PANEL ? left : SSMI_PANEL;
        if (integer) {
            pack_panel8(panel8 + p * panel_size, scale + p * SSMI_PANEL, w, rows, in);
        } else {
            pack_panel(panel + p * panel_size, w, rows, in);
        }
    }
    *packed =
        (ssmi_packed){.out = out, .in = in, .panel = panel, .panel8 = panel8, .scale = scale, .bias = b};
    return SSM_OK;
}
