/* The sequences that a block works on: row t of sequence b is row b * length + t of every array. */
#ifndef SSMCAST_NEURAL_TOKENS_H
#define SSMCAST_NEURAL_TOKENS_H

#include "neural/selective_scan.h"

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/tokens_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/tokens_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
