/* ---- model: constant data, may lie in flash ---- */

/* The filter of
 *
 *     x_{t+1} = T x_t + B u_t + c + G w_t,   w_t ~ N(0, diag(q))     n states, m inputs, r shocks
 *     y_t     = Z x_t + d + e_t,             e_t ~ N(0, diag(h)) or N(0, H)     p sensors
 *
 * All matrices column after column: element (i, j) of T is T[j * n + i]. Of Z the transpose is given, so that
 * sensor s is the n numbers at Zt + s * n. A shock covariance Q that is not diagonal goes into G: with
 * Q = L diag(q) L', G = R L. To change a model between steps, point `model` of the filter to another one of
 * the same sizes. */
typedef struct NAME(kf_model) {
    uint16_t n, p, r, m;
    const REAL *T;  /* (n, n) */
    const REAL *G;  /* (n, r); NULL if r is 0 */
    const REAL *q;  /* (r) */
    const REAL *Zt; /* (n, p) */
    const REAL *h;  /* (p) */
    const REAL *H;  /* (p, p) errors of the sensors depend on one another; NULL: they do not, h holds */
    const REAL *B;  /* (n, m); NULL if m is 0 */
    const REAL *c;  /* (n); NULL: zeros */
    const REAL *d;  /* (p); NULL: zeros */
} NAME(kf_model);

/* ---- the filter: plain data, its arrays in the caller's memory ---- */

typedef struct NAME(kf) {
    const NAME(kf_model) * model;
    REAL *x;    /* (n) mean */
    REAL *U;    /* (n (n - 1) / 2) variance P = U diag(D) U': U above the diagonal, column after column; with
                 * SSM_KF_COMPENSATED (n) rests of D behind it */
    REAL *D;    /* (n) */
    REAL *work; /* scratch between calls */
    REAL gate;  /* an observation with v v / F above it is an outlier; 0: none is. Set it, 16 say */
    uint32_t patience; /* so many outliers in a row are refused, the next is taken in; 0: all are refused */
    uint32_t refused;  /* outliers in a row up to now */
    uint32_t steps;    /* predictions up to now, modulo 2^32 */
} NAME(kf);

/* What an observation told: v = y - prediction and its variance F; v and F are 0 where it is missing, and
 * what they may, not finite too, where it was not taken in with SSM_KF_DIVERGED. The terms of the
 * log-likelihood are -(log(2 pi) + log F + v v / F) / 2. With H, they are of the errors made independent, in
 * the order of the sensors. */
typedef struct NAME(kf_innovation) {
    REAL v, F;
    ssm_kf_status status;
} NAME(kf_innovation);

/* Lays the filter into `memory` of `reals` numbers, at least SSM_KF_REALS(n, p, r). The state is 0, known
 * exactly; no gate. Refuses a model with numbers that are not finite or beyond the limits, or with negative
 * variances. */
ssm_kf_status NAME(kf_init)(NAME(kf) * f, const NAME(kf_model) * model, REAL *memory, uint32_t reals);

/* Start: mean x (n; NULL: zeros) and variance P (n, n), of which the upper triangle is read; or variances of
 * states that are independent (n): 1e6 of the scale of the data is a good "unknown". */
ssm_kf_status NAME(kf_prior)(NAME(kf) * f, const REAL *x, const REAL *P);
ssm_kf_status NAME(kf_prior_diagonal)(NAME(kf) * f, const REAL *x, const REAL *variance);
/* Start: U and D themselves, as generated code has them. */
ssm_kf_status NAME(kf_prior_factors)(NAME(kf) * f, const REAL *x, const REAL *U, const REAL *D);

/* ---- one step ---- */

/* Moves the state to the next time; u (m) are known inputs, NULL: zeros. */
ssm_kf_status NAME(kf_predict)(NAME(kf) * f, const REAL *u);
/* Takes in a row y (p); NaN is missing. out (p), NULL: not wanted. */
ssm_kf_status NAME(kf_update)(NAME(kf) * f, const REAL *y, NAME(kf_innovation) * out);
/* Takes in one sensor of the model, when it comes; sensors that come apart have independent errors. */
ssm_kf_status NAME(kf_update_sensor)(NAME(kf) * f, uint16_t sensor, REAL y, NAME(kf_innovation) * out);
/* Takes in any scalar y = z x + error of variance h, z (n): a sensor that the model does not have. */
ssm_kf_status NAME(kf_update_row)(NAME(kf) * f, const REAL *z, REAL h, REAL y, NAME(kf_innovation) * out);

/* ---- extended Kalman filter: the caller's functions and Jacobians, taken at the present f->x ---- */

/* x <- fx (n), with the Jacobian J (n, n) in the place of T, and the model's shocks. */
ssm_kf_status NAME(kf_predict_ekf)(NAME(kf) * f, const REAL *fx, const REAL *J);
/* A row y (p), of which hx (p) was expected, with the Jacobian Jt (n, p; transposed) in the place of Zt, and
 * the model's h or H. */
ssm_kf_status NAME(kf_update_ekf)(NAME(kf) * f, const REAL *hx, const REAL *Jt, const REAL *y,
                                  NAME(kf_innovation) * out);

/* ---- what it knows ---- */

/* P (n, n). */
ssm_kf_status NAME(kf_covariance)(const NAME(kf) * f, REAL *P);
/* Mean (p) and variance (p) of each sensor's observation now, before it is taken in; variance NULL: not
 * wanted. */
ssm_kf_status NAME(kf_expect)(const NAME(kf) * f, REAL *mean, REAL *variance);
/* Means and variances of the observations of the next `horizon` times, (p, horizon) each, without inputs;
 * variance NULL: not wanted. memory: SSM_KF_REALS(n, p, r) numbers. */
ssm_kf_status NAME(kf_forecast)(const NAME(kf) * f, uint32_t horizon, REAL *mean, REAL *variance,
                                REAL *memory, uint32_t reals);
/* SSM_KF_DIVERGED: a number stands at its limit. SSM_KF_E_RANGE, SSM_KF_E_VARIANCE: it was damaged. */
ssm_kf_status NAME(kf_check)(const NAME(kf) * f);
/* Additions, subtractions, multiplications and divisions of a prediction and an update of a whole row: the
 * most there are. Comparisons come on top. */
uint32_t NAME(kf_operations)(const NAME(kf_model) * model);

/* ---- irregular steps ---- */

/* T (n, n), G (n, n) and q (n) over a step dt >= 0 of dx = A x dt + noise of intensity Qc (n, n symmetric).
 * work: SSM_KF_DISCRETISE_REALS(n) numbers. */
ssm_kf_status NAME(kf_discretise)(const REAL *A, const REAL *Qc, REAL dt, uint16_t n, REAL *T, REAL *G,
                                  REAL *q, REAL *work);

/* ---- state in a file or in EEPROM: little-endian on every machine, with a CRC-32 ---- */

/* Writes SSM_KF_SAVED_BYTES(n, sizeof(ssm_kf_real)) bytes of state, without model and gate. */
ssm_kf_status NAME(kf_save)(const NAME(kf) * f, uint8_t *buffer, uint32_t size);
/* Into a filter that kf_init has laid out. Whatever the bytes are, only a whole and possible state is taken.
 */
ssm_kf_status NAME(kf_load)(NAME(kf) * f, const uint8_t *buffer, uint32_t size);

/* ---- constant gain, for a system whose filter settles ---- */

/* x <- x + K (y - Z x - d) and x <- T x + B u + c: no variances. K (n, p) is the gain that the filter settles
 * at; the model's r, G, q, h and H are not used. */
typedef struct NAME(kf_steady) {
    const NAME(kf_model) * model;
    const REAL *K;
    REAL *x;    /* (n) mean */
    REAL *work; /* scratch between calls */
} NAME(kf_steady);

/* memory: SSM_KF_STEADY_REALS(n, p) numbers; x (n), NULL: zeros. */
ssm_kf_status NAME(kf_steady_init)(NAME(kf_steady) * f, const NAME(kf_model) * model, const REAL *K,
                                   const REAL *x, REAL *memory, uint32_t reals);
ssm_kf_status NAME(kf_steady_predict)(NAME(kf_steady) * f, const REAL *u);
/* A missing sensor counts as observed as expected. v (p) innovations, NULL: not wanted; 0 where missing. */
ssm_kf_status NAME(kf_steady_update)(NAME(kf_steady) * f, const REAL *y, REAL *v);
