/* Opens a section in which REAL is double and NAME(x) is x_f64. Closed by real_end.h. */
#define REAL       double
#define NAME(stem) stem##_f64
