/* Kernels for running a trained network: products with packed matrices, norms, gates, and the Mamba-2
 * recurrence. Forward only, single precision; weights may be 8-bit integers with one scale per row.
 *
 * All are kernels: no allocation, no failure, one thread, output first. A row of the output depends on its
 * own row of the input only and always in the same order of operations, so that batching changes no bit. */
#ifndef SSMCAST_NEURAL_INFERENCE_H
#define SSMCAST_NEURAL_INFERENCE_H

#include "base/arena.h"
#include "base/cpu.h"
#include <stdint.h>

enum { SSMI_PANEL = 16, SSMI_TILE_ROWS = 12 /* the tallest tile of any instance */ };

/* A matrix W (out, in) of y = W x + bias, cut into panels of 16 rows that lie as a kernel reads them. One of
 * the three panels is not NULL. The last panel is filled up with zeros. */
typedef struct ssmi_packed {
    size_t out, in;
    const float *panel;   /* (ceil(out/16), in, 16) */
    const uint16_t *half; /* the same in half precision: half the memory to pass, widened on the way */
    const int8_t *panel8; /* (ceil(out/16), ceil(in/2), 16, 2) */
    const float *scale;   /* (16 ceil(out/16)) of panel8: weight = scale * integer */
    const float *bias;    /* (16 ceil(out/16)); zeros where there is none */
} ssmi_packed;

/* 8-bit products are exact up to this many columns: 127 * 32767 * 512 < 2^31. */
enum { SSMI_PACKED8_COLUMNS = 512 };

/* w (out, in) row-major; bias (out) or NULL. With `integer` weights are rounded to 8 bits per row; `in` must
 * not be above SSMI_PACKED8_COLUMNS then. SSM_E_MEMORY only. */
ssm_status ssmi_pack(ssmi_packed *packed, const float *w, const float *bias, size_t out, size_t in,
                     int integer, ssm_arena *arena);

/* The same from finite halves, w (out, in) as bytes of a file, which stay halves. */
ssm_status ssmi_pack_half(ssmi_packed *packed, const unsigned char *w, const float *bias, size_t out,
                          size_t in, ssm_arena *arena);

/* The Mamba-2 recurrence over sequences of rows. Row t of sequence b is row b*length + t of every array. */
typedef struct ssmi_ssd {
    size_t batch, length, heads, width, states; /* width: channels of a head, a multiple of 16 */
    size_t from;                                /* first row of each sequence whose output is wanted */
    const float *x;                             /* (rows, heads * width), rows apart by x_stride */
    const float *B, *C;                         /* (rows, states), rows apart by bc_stride */
    size_t x_stride, bc_stride;
    const float *dt, *decay; /* (rows, heads): step, and exp(step * A) */
    const float *D;          /* (heads) */
} ssmi_ssd;

size_t ssmi_ssd_scratch(const ssmi_ssd *ssd);

typedef struct ssmi_inference {
    /* y (rows, out) = x (rows, in) W' + bias, or with `add` y += x W' + bias. Rows of x and y
     * lie x_stride and y_stride apart. W in single or half precision. */
    void (*product)(float *y, size_t y_stride, const float *x, size_t x_stride, const ssmi_packed *w,
                    size_t rows, int add);
    /* y (out) = x (in) W' + bias for one row alone, which passes the panels once and where they lie. Sums in
     * another order than `product`. */
    void (*vector)(float *y, const float *x, const ssmi_packed *w);
    /* The same as `product` for 8-bit weights: x as integers of 16 bits with one scale per row, from
     * `quantise`. */
    void (*product8)(float *y, size_t y_stride, const int16_t *x, const float *x_scale, const ssmi_packed *w,
                     size_t rows, int add);
    /* q (rows, 2 ceil(in/2)), scale (rows): x is near q * scale. */
    void (*quantise)(int16_t *q, float *scale, const float *x, size_t x_stride, size_t rows, size_t in);
    /* y = x / sqrt(mean(x^2) + 1e-6) * w over each row; y may be x. */
    void (*norm)(float *y, const float *x, const float *w, size_t rows, size_t width);
    /* y = y * silu(z), then the norm above with w; rows of z lie `width` apart as those of y. */
    void (*gated_norm)(float *y, const float *z, const float *w, size_t rows, size_t width);
    void (*silu)(float *y, size_t n); /* y = silu(y) */
    /* dt (rows, heads) = softplus(raw + bias), decay = exp(dt A); rows of raw lie `stride` apart. */
    void (*steps)(float *dt, float *decay, const float *raw, size_t stride, const float *bias, const float *A,
                  size_t rows, size_t heads);
    /* Turns pairs (v_i, v_{i+half}) of each of `rows` vectors, `stride` apart, by the angles whose cosines
     * and sines are turn (rows, 2, half). */
    void (*rotate)(float *v, size_t stride, const float *turn, size_t rows, size_t half);
    /* y (rows, heads * width), dense; rows before `from` are not written. state (batch, heads, states,
     * width): before row 0 on entry, after the last row on return. */
    void (*ssd)(float *y, float *state, const ssmi_ssd *ssd);
    /* The same from a state of zeros, which is not returned: less work for sequences up to about 3 * states
     * rows. scratch of ssmi_ssd_scratch elements. */
    void (*ssd_dual)(float *y, float *scratch, const ssmi_ssd *ssd);
} ssmi_inference;

/* The kernels for an instruction set; one that this build lacks gives the portable ones. */
const ssmi_inference *ssmi_inference_for(ssmi_isa isa);

extern const ssmi_inference ssmi_inference_portable, ssmi_inference_avx2, ssmi_inference_avx512;

#endif
