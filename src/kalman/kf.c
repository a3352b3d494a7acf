#include "kalman/kf.h"

#include "kalman/ud.h"

#include <string.h>

/* The order matters. */
/* clang-format off */
#include "kalman/real_f32.h"
#include "kalman/ud_lanes_body.h"
#include "kalman/ud_body.h"
#include "kalman/kf_body.h"
#include "kalman/kf_step_body.h"
#include "kalman/kf_state_body.h"
#include "kalman/kf_time_body.h"
#include "kalman/kf_archive_body.h"
#include "kalman/kf_steady_body.h"
#include "kalman/real_end.h"
#include "kalman/real_f64.h"
#include "kalman/ud_lanes_body.h"
#include "kalman/ud_body.h"
#include "kalman/kf_body.h"
#include "kalman/kf_step_body.h"
#include "kalman/kf_state_body.h"
#include "kalman/kf_time_body.h"
#include "kalman/kf_archive_body.h"
#include "kalman/kf_steady_body.h"
#include "kalman/real_end.h"
/* clang-format on */

#include "kalman/kf_text_body.h"
