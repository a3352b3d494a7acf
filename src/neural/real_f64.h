/* Opens a section in which REAL is double and NAME(x) is x_f64. Closed by real_end.h. */
#define REAL       double
#define NAME(stem) stem##_f64
#define GEMM       cblas_dgemm
#define R_SQRT     sqrt
#define R_EXP      exp
#define R_LOG1P    log1p
#define R_FABS     fabs
#define R_COS      cos
#define R_SIN      sin
#define R_TANH     tanh
#define R_SINH     sinh
#define R_LOG      log
#define RECUR      recur_c64
#define RECUR_BACK recur_adjoint_c64
#define FFT        gsl_fft_real_radix2_transform
#define FFT_BACK   gsl_fft_halfcomplex_radix2_inverse
