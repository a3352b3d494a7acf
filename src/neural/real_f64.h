/* Opens a section in which REAL is double and NAME(x) is x_f64. Closed by real_end.h. */
#define REAL       double
#define NAME(stem) stem##_f64
#define GEMM       cblas_dgemm
#define R_SQRT     sqrt
#define R_EXP      exp
#define R_LOG1P    log1p
#define R_FABS     fabs
