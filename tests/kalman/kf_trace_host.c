/* Prints the digests of kf_trace.h. With TRACE_LIBRARY defined it uses the library's filter, in float or with
 * SSM_KF_DOUBLE in double; else the amalgamation. */
#include <stdio.h>
#include <string.h>

#ifdef TRACE_LIBRARY
#include "kalman/kf.h"
#ifdef SSM_KF_DOUBLE
#include "kalman/real_f64.h"
#else
#include "kalman/real_f32.h"
#endif
#else
#include "ssmcast_kf.h"
#define REAL       ssm_kf_real
#define NAME(stem) ssm_##stem
#endif

static void report(unsigned n, unsigned p, unsigned r, uint32_t digest)
{
    printf("%u %u %u %08lx\n", n, p, r, (unsigned long)digest);
}

#include "kf_trace.h"

int main(void)
{
    return trace_all();
}
