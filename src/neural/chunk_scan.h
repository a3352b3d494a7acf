/* The Mamba-2 recurrence with one decay per head (Dao & Gu 2024), forward and backward, in chunks of matrix
 * products: for training, where inference.h only runs a trained network forward.
 *
 * Arrays are row-major, row t of sequence b is row b * length + t. Kernels do not allocate, cannot fail and
 * use one thread. What enters the state, and with which factor, is the caller's: Mamba-2's step and Mamba-3's
 * trapezoid (ssmi_head_steps) are two ways to fill `gain` and `direct`. The mathematics stands in
 * chunk_scan_body.h and head_steps_body.h. */
#ifndef SSMCAST_NEURAL_CHUNK_SCAN_H
#define SSMCAST_NEURAL_CHUNK_SCAN_H

#include <stddef.h>

/* Rows of a chunk: states are kept, and recomputed from, once a chunk. */
enum { SSMI_CHUNK = 64 };

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/chunk_scan_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/chunk_scan_decl.h"
#include "neural/real_end.h"
/* clang-format on */

size_t ssmi_chunks(size_t length); /* ceil(length / SSMI_CHUNK) */

#endif
