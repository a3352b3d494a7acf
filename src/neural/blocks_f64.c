#include "neural/attention.h"
#include "neural/gated_mlp.h"
#include "neural/mamba2_block.h"
#include "neural/s4d_block.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* The order matters. */
/* clang-format off */
#include "neural/real_f64.h"
#include "neural/carve_body.h"
#include "neural/attention_body.h"
#include "neural/gated_mlp_body.h"
#include "neural/mamba2_block_body.h"
#include "neural/s4d_block_body.h"
/* clang-format on */
