/* bench_kf_stream with SSM_KF_COMPENSATED: the filter is compiled here in place of the library's. */
#define SSM_KF_COMPENSATED
#include "kalman/kf.c"

#include "bench_kf_stream.c"
