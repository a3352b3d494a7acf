/* Opens a section in which REAL is float and NAME(x) is x_f32. Closed by real_end.h. */
#define REAL       float
#define NAME(stem) stem##_f32
