/* Opens a section in which REAL is float and NAME(x) is x_f32. Closed by real_end.h. */
#define REAL       float
#define NAME(stem) stem##_f32
#define GEMM       cblas_sgemm
#define R_SQRT     sqrtf
#define R_EXP      expf
#define R_LOG1P    log1pf
#define R_FABS     fabsf
