#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#if defined(__x86_64__)
/* Conversion of half precision, which not every compiler can be asked for by name: CPUID leaf 1, ECX bit 29.
 */
static int has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}
#endif

static ssmi_isa detected(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!has_f16c()) return SSMI_ISA_PORTABLE;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return SSMI_ISA_PORTABLE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
        return SSMI_ISA_AVX512;
    }
    return SSMI_ISA_AVX2;
#else
    return SSMI_ISA_PORTABLE;
#endif
}

ssmi_isa ssmi_cpu_isa(void)
{
    static const char *const names[] = {"portable", "avx2", "avx512"};
    const char *wanted = getenv("SSMCAST_ISA");
    ssmi_isa best = detected();
    for (int isa = 0; wanted != NULL && isa < (int)best; isa++) {
        if (strcmp(wanted, names[isa]) == 0) return (ssmi_isa)isa;
    }
    return best;
}
