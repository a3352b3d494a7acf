#include "neural/selective_scan.h"

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/lanes_scalar.h"
#include "neural/activation_body.h"
#include "neural/elementwise_body.h"
#include "neural/conv_body.h"
#include "neural/selective_scan_body.h"
#include "neural/selective_adjoint_body.h"
/* clang-format on */

const ssmi_kernels_f32 ssmi_kernels_portable_f32 = SSMI_KERNEL_INSTANCE;
