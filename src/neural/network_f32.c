#include "neural/network.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/carve_body.h"
#include "neural/layers_body.h"
#include "neural/mamba_block_body.h"
#include "neural/backbone_body.h"
#include "neural/quantile_head_body.h"
#include "neural/network_body.h"
/* clang-format on */
