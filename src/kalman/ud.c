#include "kalman/ud.h"

/* The order matters. */
/* clang-format off */
#include "kalman/real_f32.h"
#include "kalman/ud_body.h"
#include "kalman/real_end.h"
#include "kalman/real_f64.h"
#include "kalman/ud_body.h"
#include "kalman/real_end.h"
/* clang-format on */
