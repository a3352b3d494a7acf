/* The filter for control code, in both precisions: ssmi_kf_*_f32 and ssmi_kf_*_f64. What it is made of is
 * also shipped as two files, ssmcast_kf.h and ssmcast_kf.c, in which the same functions are called ssm_kf_*:
 * see ssmcast_kf.h.in. */
#ifndef SSMCAST_KALMAN_KF_H
#define SSMCAST_KALMAN_KF_H

#include "kalman/kf_sizes.h"

/* clang-format off */
#include "kalman/real_f32.h"
#include "kalman/kf_decl.h"
#include "kalman/real_end.h"
#include "kalman/real_f64.h"
#include "kalman/kf_decl.h"
#include "kalman/real_end.h"
/* clang-format on */

/* What a status means, a static text. */
const char *ssmi_kf_text(ssm_kf_status status);

#endif
