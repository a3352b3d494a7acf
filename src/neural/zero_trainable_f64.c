#include "neural/zero_trainable.h"

#include <math.h>
#include <string.h>

/* The order matters. */
/* clang-format off */
#include "neural/real_f64.h"
#include "neural/carve_body.h"
#include "neural/zero_trainable_body.h"
/* clang-format on */
