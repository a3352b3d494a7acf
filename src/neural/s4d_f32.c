#include "neural/s4d.h"

#include <gsl/gsl_fft_halfcomplex_float.h>
#include <gsl/gsl_fft_real_float.h>
#include <string.h>

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/s4d_body.h"
/* clang-format on */
