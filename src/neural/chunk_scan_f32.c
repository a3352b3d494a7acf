#include "neural/chunk_scan.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/chunk_scan_body.h"
#include "neural/head_steps_body.h"
/* clang-format on */
