/* Opens a section in which REAL is float and NAME(stem) is ssmi_<stem>_f32; closed by real_end.h. In the
 * amalgamation the build writes the names and constants out. */
#define REAL         float
#define NAME(stem)   ssmi_##stem##_f32
#define KERNEL                        /* in the amalgamation: static */
#define STATES(m)    ((size_t)(m)->n) /* there: a constant, if the sizes are fixed at compile time */
#define SENSORS(m)   ((size_t)(m)->p)
#define SHOCKS(m)    ((size_t)(m)->r)
#define ERRORS(m)    ((m)->H)        /* there: NULL, if errors are independent in all models */
#define GATE(f)      ((f)->gate)     /* there: 0, if no filter has a gate */
#define EPSILON      1.1920929e-7f   /* of the machine */
#define TINY         1.17549435e-38f /* smallest number that may be divided by */
#define LIMIT        1e18f           /* of states, observations and coefficients */
#define SQUARE_LIMIT 1e36f           /* of variances and of the elements of U */
#define TAYLOR       11              /* terms of a series with |x| <= 1 over factorials, for the last bit */
#define BITS         uint32_t        /* of its size */
#define TRUTH        int32_t         /* of that too, signed */
