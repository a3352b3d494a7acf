/* Opens a section in which REAL is double and NAME(stem) is ssmi_<stem>_f64; closed by real_end.h. In the
 * amalgamation the build writes the names and constants out. */
#define REAL         double
#define NAME(stem)   ssmi_##stem##_f64
#define KERNEL                        /* in the amalgamation: static */
#define STATES(m)    ((size_t)(m)->n) /* there: a constant, if the sizes are fixed at compile time */
#define SENSORS(m)   ((size_t)(m)->p)
#define SHOCKS(m)    ((size_t)(m)->r)
#define ERRORS(m)    ((m)->H)                /* there: NULL, if errors are independent in all models */
#define GATE(f)      ((f)->gate)             /* there: 0, if no filter has a gate */
#define EPSILON      2.220446049250313e-16   /* of the machine */
#define TINY         2.2250738585072014e-308 /* smallest number that may be divided by */
#define LIMIT        1e150                   /* of states, observations and coefficients */
#define SQUARE_LIMIT 1e300                   /* of variances and of the elements of U */
#define TAYLOR       18       /* terms of a series with |x| <= 1 over factorials, for the last bit */
#define BITS         uint64_t /* of its size */
#define TRUTH        int64_t  /* of that too, signed */
