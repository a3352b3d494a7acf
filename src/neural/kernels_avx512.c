#include "neural/selective_scan.h"
#include <string.h>

/* The order matters. */
/* clang-format off */
#include "neural/lanes_avx512.h"
#define NAME(stem) stem##_f32
#include "neural/activation_body.h"
#include "neural/elementwise_body.h"
#include "neural/conv_body.h"
#include "neural/selective_scan_body.h"
#include "neural/selective_adjoint_body.h"
/* clang-format on */

const ssmi_kernels_f32 ssmi_kernels_avx512_f32 = SSMI_KERNEL_INSTANCE;
