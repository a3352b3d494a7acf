/* IEEE half precision as bits. */
#ifndef SSMCAST_NEURAL_HALF_H
#define SSMCAST_NEURAL_HALF_H

#include <stdint.h>
#include <string.h>

/* Exact. The bits of a half, moved into place, are those of the number times 2^-112. Infinities and NaN come
 * out as large numbers: who reads a file tells them apart by ssmi_half_finite before. */
static inline float ssmi_half_widen(uint16_t half)
{
    const uint32_t bits = (uint32_t)(half & 0x7fff) << 13;
    float magnitude;
    memcpy(&magnitude, &bits, sizeof magnitude);
    magnitude *= 0x1p112f;
    return half & 0x8000 ? -magnitude : magnitude;
}

static inline int ssmi_half_finite(uint16_t half)
{
    return (half & 0x7c00) != 0x7c00;
}

#endif
