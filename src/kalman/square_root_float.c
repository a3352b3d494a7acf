/* Square-root filter in float: see the template for the recurrence. */
#include "kalman/square_root.h"

#include <math.h>

#define REAL    float
#define NAME(x) x##_float
#define ROOT(x) sqrtf(x)
#include "kalman/square_root_template.h"
