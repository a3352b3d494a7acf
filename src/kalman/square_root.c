/* Square-root filter in double: see the template for the recurrence.
 *
 * Known value: U = 2, z = 1, e = 1: F = 5, P z' = 4, and then P = 4/5. */
#include "kalman/square_root.h"

#include <math.h>

#define REAL    double
#define NAME(x) x
#define ROOT(x) sqrt(x)
#include "kalman/square_root_template.h"
