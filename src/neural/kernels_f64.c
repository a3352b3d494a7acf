#include "neural/selective_scan.h"

/* The order matters. */
/* clang-format off */
#include "neural/real_f64.h"
#define REAL_IS_DOUBLE
#include "neural/lanes_scalar.h"
#include "neural/activation_body.h"
#include "neural/elementwise_body.h"
#include "neural/conv_body.h"
#include "neural/selective_scan_body.h"
#include "neural/selective_adjoint_body.h"
/* clang-format on */

const ssmi_kernels_f64 ssmi_kernels_portable_f64 = SSMI_KERNEL_INSTANCE;
