#include "neural/mixer.h"

/* The order matters. */
/* clang-format off */
#include "neural/real_f64.h"
#include "neural/mixer_body.h"
/* clang-format on */
