/* The choice between instances. */
#include "kalman/columns.h"

const ssmi_columns *ssmi_columns_for(ssmi_isa isa)
{
#if defined(__x86_64__)
    if (isa == SSMI_ISA_AVX512) return &ssmi_columns_avx512;
    if (isa == SSMI_ISA_AVX2) return &ssmi_columns_avx2;
#else
    (void)isa;
#endif
    return NULL;
}
