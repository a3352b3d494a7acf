/* CPU features that kernels choose from at run time. */
#ifndef SSMCAST_BASE_CPU_H
#define SSMCAST_BASE_CPU_H

typedef enum ssmi_isa { SSMI_ISA_PORTABLE = 0, SSMI_ISA_AVX2 = 1, SSMI_ISA_AVX512 = 2 } ssmi_isa;

/* The widest instruction set that this processor offers, lowered by the environment variable
 * SSMCAST_ISA=portable|avx2|avx512 (which can only take features away). */
ssmi_isa ssmi_cpu_isa(void);

#endif
