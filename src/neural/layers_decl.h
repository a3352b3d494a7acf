/* Declarations of layers.h for one element type; included with REAL and NAME set. */

/* y (rows, out), x (rows, in), w (out, in), bias (out) or NULL; ldx and ldy: elements between rows. y is
 * overwritten. */
void NAME(ssmi_linear_forward)(REAL *y, size_t ldy, const REAL *x, size_t ldx, const REAL *w,
                               const REAL *bias, size_t rows, size_t in, size_t out);
/* dx = beta dx + dy w, or nothing where dx is NULL; dw and dbias (NULL: none) are added to. */
void NAME(ssmi_linear_backward)(REAL *dx, REAL beta, REAL *dw, REAL *dbias, const REAL *dy, size_t ldy,
                                const REAL *x, size_t ldx, const REAL *w, size_t rows, size_t in, size_t out);

/* y = x / sqrt(mean(x^2) + epsilon) * w over each row of `width`. */
void NAME(ssmi_rmsnorm_forward)(REAL *y, const REAL *x, const REAL *w, REAL epsilon, size_t rows,
                                size_t width);
/* dx (rows, width) is added to (the residual stream passes by), dw too. */
void NAME(ssmi_rmsnorm_backward)(REAL *dx, REAL *dw, const REAL *dy, const REAL *x, const REAL *w,
                                 REAL epsilon, size_t rows, size_t width);

/* mask: 0 with probability p, else 1/(1-p), a function of the key alone. p 0 gives ones. */
void NAME(ssmi_dropout_mask)(REAL *mask, size_t n, double p, uint64_t key);

/* Turns the pairs (v_i, v_{i+half}) of each row of x (rows, 2 half) by angle (rows, half), as complex numbers
 * times exp(i angle); y may be x. Rows of x, y and angle lie x_stride, y_stride and angle_stride apart. */
void NAME(ssmi_turn_forward)(REAL *y, size_t y_stride, const REAL *x, size_t x_stride, const REAL *angle,
                             size_t angle_stride, size_t rows, size_t half);
/* From dy and the turned rows y: dx (stride of x) and dangle (stride of angle) are added to. */
void NAME(ssmi_turn_backward)(REAL *dx, size_t x_stride, REAL *dangle, size_t angle_stride, const REAL *dy,
                              const REAL *y, size_t y_stride, const REAL *angle, size_t rows, size_t half);

/* y (rows, width): row token[i] of w (symbols, width). */
void NAME(ssmi_embedding_forward)(REAL *y, const int *token, const REAL *w, size_t rows, size_t width);
void NAME(ssmi_embedding_backward)(REAL *dw, const REAL *dy, const int *token, size_t rows,
                                   size_t width); /* dw is added to */

/* The sum over rows of -log softmax(logits)[answer], logits (rows, symbols). dlogits is overwritten with
 * `share` times its gradient; it may be logits, or NULL. */
double NAME(ssmi_cross_entropy)(REAL *dlogits, const REAL *logits, const int *answer, REAL share, size_t rows,
                                size_t symbols);
