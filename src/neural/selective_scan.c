#include "neural/selective_scan.h"

const ssmi_kernels_f32 *ssmi_kernels_of_f32(ssmi_isa isa)
{
#if defined(__x86_64__)
    static const ssmi_kernels_f32 *const table[] = {&ssmi_kernels_portable_f32, &ssmi_kernels_avx2_f32,
                                                    &ssmi_kernels_avx512_f32};
    return table[isa];
#else
    (void)isa;
    return &ssmi_kernels_portable_f32;
#endif
}

const ssmi_kernels_f64 *ssmi_kernels_of_f64(ssmi_isa isa)
{
    (void)isa;
    return &ssmi_kernels_portable_f64;
}

size_t ssmi_scan_tiles(size_t length)
{
    return (length + SSMI_SCAN_TILE - 1) / SSMI_SCAN_TILE;
}

/* The adjoint state, and a tile of dB and dC kept per lane until they are summed. */
size_t ssmi_scan_scratch(size_t channels, size_t states)
{
    const size_t lanes = SSMI_SCAN_LANES, rounded = (states + lanes - 1) / lanes * lanes;
    return states * channels + 2 * (size_t)SSMI_SCAN_TILE * rounded * lanes;
}
