/* Matrix exponential by scaling and squaring with Padé approximants of order 3, 5, 7, 9 or 13.
 *
 *     exp(A) = exp(A / 2^s)^(2^s),   exp(X) ~ (V - U)^-1 (V + U),   U the odd and V the even powers of X
 *
 * Al-Mohy & Higham (2009), "A new scaling and squaring algorithm for the matrix exponential", algorithm 5.1:
 * order and s are chosen from ||A^k||^(1/k), which for matrices far from normal (such as those of Van Loan)
 * is much smaller than ||A||, so that they are not scaled too far. theta is from table 3.1 there, the
 * coefficients from Higham (2005), eq. 2.2.
 *
 * Known value: exp([0 1; 0 0]) = [1 1; 0 1]. */
#include "core/expm.h"

#include "core/dense.h"

#include <math.h>
#include <string.h>

/* A^8 of a matrix of norm 2^100 is still finite; larger ones are halved before their powers are taken. */
enum { N_ORDERS = 5, LARGEST_EXPONENT = 100 };

typedef struct pade {
    size_t order;
    double theta;            /* the largest d for which this order is accurate to double precision */
    double error_reciprocal; /* 1 / |c_(2m+1)|, of the leading coefficient of the backward error */
    double b[14];            /* numerator, b[0] first */
} pade;

static const pade orders[N_ORDERS] = {
    {3, 1.495585217958292e-2, 100800., {120, 60, 12, 1}},
    {5, 2.539398330063230e-1, 10059033600., {30240, 15120, 3360, 420, 30, 1}},
    {7, 9.504178996162932e-1, 4487938430976000., {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1}},
    {9,
     2.097847961257068,
     5914384781877411840000.,
     {17643225600., 8821612800., 2075673600., 302702400., 30270240., 2162160., 110880., 3960., 90., 1.}},
    {13,
     4.25,
     113250775606021113483283660800000000.,
     {64764752532480000., 32382376266240000., 7771770303897600., 1187353796428800., 129060195264000.,
      10559470521600., 670442572800., 33522128640., 1323241920., 40840800., 960960., 16380., 182., 1.}},
};

/* A and its even powers: even[k] = A^(2k), k = 1 .. 4. */
typedef struct powers {
    double *A, *even[5];
    double *U, *V, *work; /* (n, n) each */
    double norm;
    size_t n;
} powers;

/* Largest column sum of |A|. */
static double norm1(const double *A, size_t n)
{
    double largest = 0;
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += fabs(A[i + j * n]);
        if (!(sum <= largest)) largest = sum;
    }
    return largest;
}

/* The further halvings of A / 2^s that rounding in the approximant asks for (ell in the paper):
 * log2( || |X|^(2m+1) || / (||X|| c u) ) / 2m with X = A / 2^s, u = 2^-53. */
static double extra_halvings(const powers *p, const pade *order, double s)
{
    const size_t n = p->n, m = order->order;
    double *x = p->work, *y = p->V;
    ssmi_fill(x, 1, n);
    for (size_t k = 0; k < 2 * m + 1; k++) { /* x' = 1' (|A| / ||A||)^k, which cannot overflow */
        for (size_t j = 0; j < n; j++) {
            y[j] = 0;
            for (size_t i = 0; i < n; i++) y[j] += x[i] * (fabs(p->A[i + j * n]) / p->norm);
        }
        memcpy(x, y, n * sizeof *x);
    }
    const double power = ssmi_max_abs(x, n);
    if (power == 0) return 0;
    const double bits =
        log2(power) + 2 * (double)m * (log2(p->norm) - s) - log2(order->error_reciprocal) + 53;
    return fmax(ceil(bits / (2 * (double)m)), 0);
}

static double root(const double *A, size_t n, double k)
{
    return pow(norm1(A, n), 1 / k);
}

/* Order and number of halvings (algorithm 5.1, lines 1 to 20). */
static const pade *choose(const powers *p, double *halvings)
{
    const double d4 = root(p->even[2], p->n, 4), d6 = root(p->even[3], p->n, 6);
    const double d8 = root(p->even[4], p->n, 8);
    ssmi_mul(p->work, p->even[2], p->even[3], p->n, p->n, p->n);
    const double d10 = root(p->work, p->n, 10);
    const double last = fmin(fmax(d6, d8), fmax(d8, d10));
    const double eta[N_ORDERS] = {fmax(d4, d6), fmax(d4, d6), fmax(d6, d8), fmax(d6, d8), last};
    const pade *highest = &orders[N_ORDERS - 1];
    *halvings = 0;
    if (p->norm == 0) return &orders[0];
    for (size_t i = 0; i + 1 < N_ORDERS; i++) {
        if (eta[i] <= orders[i].theta && extra_halvings(p, &orders[i], 0) == 0) return &orders[i];
    }
    if (last > 0) *halvings = fmax(ceil(log2(last / highest->theta)), 0);
    *halvings += extra_halvings(p, highest, *halvings);
    return highest;
}

static void scale_powers(const powers *p, double halvings)
{
    const size_t count = p->n * p->n;
    ssmi_scale(p->A, ldexp(1, -(int)halvings), count);
    for (int k = 1; k <= 4; k++) ssmi_scale(p->even[k], ldexp(1, -2 * k * (int)halvings), count);
}

/* out = sum of b[2k + odd] A^(2k) for the k in [from, to]; A^0 = I. */
static void sum_even(double *out, const powers *p, const double *b, size_t from, size_t to, size_t shift)
{
    ssmi_fill(out, 0, p->n * p->n);
    for (size_t k = from; k <= to; k++) {
        if (k > shift)
            ssmi_axpy(out, b[2 * k], p->even[k - shift], p->n * p->n);
        else
            for (size_t i = 0; i < p->n; i++) out[i + i * p->n] += b[2 * k];
    }
}

/* The even (b + 0) or odd (b + 1) half without the last factor A. Order 13 is written as
 * A^6 (b8 A^2 + b10 A^4 + b12 A^6) + (b0 I + .. + b6 A^6), six products in all (Higham 2005, eq. 2.6). */
static void half(double *out, const powers *p, const pade *order, const double *b)
{
    const size_t top = order->order / 2, n = p->n;
    if (top <= 4) {
        sum_even(out, p, b, 0, top, 0);
        return;
    }
    sum_even(out, p, b, 4, top, 3);
    ssmi_mul(p->work, p->even[3], out, n, n, n);
    sum_even(out, p, b, 0, 3, 0);
    ssmi_axpy(out, 1, p->work, n * n);
}

/* E in p->U: solves (V - U) E = V + U. */
static int approximate(const powers *p, const pade *order)
{
    const size_t n = p->n, count = n * n;
    half(p->V, p, order, order->b + 1);
    ssmi_mul(p->U, p->A, p->V, n, n, n);
    half(p->V, p, order, order->b);
    memcpy(p->work, p->V, count * sizeof(double));
    ssmi_axpy(p->work, -1, p->U, count);
    ssmi_axpy(p->U, 1, p->V, count);
    return ssmi_solve(p->U, p->work, n, n);
}

static ssm_status allocate(powers *p, const double *A, size_t n, ssm_arena *tmp)
{
    double **const matrix[] = {&p->A,       &p->even[1], &p->even[2], &p->even[3],
                               &p->even[4], &p->U,       &p->V,       &p->work};
    for (size_t i = 0; i < sizeof matrix / sizeof matrix[0]; i++) {
        *matrix[i] = SSMI_ALLOC(tmp, double, n *n);
        if (*matrix[i] == NULL) return SSM_E_MEMORY;
    }
    p->n = n;
    memcpy(p->A, A, n * n * sizeof *A);
    return SSM_OK;
}

/* Makes norm and powers; returns how often A had to be halved first. */
static double take_powers(powers *p)
{
    const size_t n = p->n;
    const double halvings = fmax(ceil(log2(norm1(p->A, n))) - LARGEST_EXPONENT, 0);
    ssmi_scale(p->A, ldexp(1, -(int)halvings), n * n);
    p->norm = norm1(p->A, n);
    ssmi_mul(p->even[1], p->A, p->A, n, n, n);
    for (int k = 2; k <= 4; k++) ssmi_mul(p->even[k], p->even[k - 1], p->even[1], n, n, n);
    return halvings;
}

static ssm_status exponential(double *E, const double *A, size_t n, ssm_arena *tmp)
{
    powers p;
    double halvings;
    const double norm = norm1(A, n);
    if (!isfinite(norm)) return ssmi_fail(tmp->ctx, SSM_E_DATA, "matrix to exponentiate is not finite");
    SSMI_TRY(allocate(&p, A, n, tmp));
    const double before = take_powers(&p);
    const pade *order = choose(&p, &halvings);
    scale_powers(&p, halvings);
    int solved = approximate(&p, order);
    for (double k = 0; solved && k < before + halvings; k++) {
        ssmi_mul(p.V, p.U, p.U, n, n, n);
        memcpy(p.U, p.V, n * n * sizeof *E);
    }
    if (!solved || !isfinite(norm1(p.U, n)))
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "exponential of a matrix of norm %g overflows", norm);
    memcpy(E, p.U, n * n * sizeof *E);
    return SSM_OK;
}

ssm_status ssmi_expm(double *E, const double *A, size_t n, ssm_arena *tmp)
{
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = exponential(E, A, n, tmp);
    ssmi_arena_rewind(tmp, mark);
    return status;
}
