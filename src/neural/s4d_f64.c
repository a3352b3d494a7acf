#include "neural/s4d.h"

#include <gsl/gsl_fft_halfcomplex.h>
#include <gsl/gsl_fft_real.h>
#include <string.h>

/* The order matters. */
/* clang-format off */
#include "neural/real_f64.h"
#include "neural/s4d_body.h"
/* clang-format on */
