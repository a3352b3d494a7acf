/* The U-D form of the Kalman filter in both precisions, ssmi_ud_*_f32 and ssmi_ud_*_f64: see ud_decl.h. The
 * embedded filter is made of the same files. */
#ifndef SSMCAST_KALMAN_UD_H
#define SSMCAST_KALMAN_UD_H

#include "kalman/kf_sizes.h"

/* Numbers of scratch that ssmi_ud_predict_* wants. */
#define SSMI_UD_WORK(n, r) SSM_KF_PREDICT_REALS(n, r)

/* clang-format off */
#include "kalman/real_f32.h"
#include "kalman/ud_decl.h"
#include "kalman/real_end.h"
#include "kalman/real_f64.h"
#include "kalman/ud_decl.h"
#include "kalman/real_end.h"
/* clang-format on */

#endif
