/* Opens a section in which REAL is float and NAME(x) is x_f32. Closed by real_end.h. */
#define REAL       float
#define NAME(stem) stem##_f32
#define GEMM       cblas_sgemm
#define R_SQRT     sqrtf
#define R_EXP      expf
#define R_LOG1P    log1pf
#define R_FABS     fabsf
#define R_COS      cosf
#define R_SIN      sinf
#define R_TANH     tanhf
#define R_SINH     sinhf
#define R_LOG      logf
#define RECUR      recur_c32
#define RECUR_BACK recur_adjoint_c32
#define FFT        gsl_fft_real_float_radix2_transform
#define FFT_BACK   gsl_fft_halfcomplex_float_radix2_inverse
