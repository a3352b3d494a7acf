/* Published log-likelihoods at published parameters: Clark's unobserved components of GDP (1987) and of GDP
 * and unemployment (1989), and the time-varying regression of money growth, all as in Kim & Nelson (1999),
 * ch. 3. The book starts from variances of 100 or 50 before the first prediction and leaves the first rows
 * out of the likelihood. */
#include "kalman/cases.h"

enum { MOST_LINES = 200, MOST_COLUMNS = 5 };

typedef struct textbook {
    double Z[MOST_LINES * MOST_COLUMNS], H[4], T[36], Q[36], P1[36];
    double y[2 * MOST_LINES];
    size_t length;
    ssm_statespace model;
} textbook;

/* Lines of numbers between commas; the count of lines. */
static size_t read_lines(double (*value)[MOST_COLUMNS], const char *path)
{
    FILE *file = fopen(path, "r");
    char line[256];
    size_t count = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL && count < MOST_LINES) {
        char *at = line;
        if (line[0] == '#') continue;
        for (size_t k = 0; k < MOST_COLUMNS; k++, at += *at == ',') value[count][k] = strtod(at, &at);
        count++;
    }
    fclose(file);
    return count;
}

static void open_textbook(textbook *b, size_t n, size_t p)
{
    memset(b, 0, sizeof *b);
    b->model = (ssm_statespace){.n = n, .p = p, .r = n, .Z = {b->Z, 0}, .H = {b->H, 0}, .P1 = b->P1};
    b->model.T.data = b->T;
    b->model.Q.data = b->Q;
}

/* P1 = variance T T' */
static void start_before(textbook *b, double variance)
{
    const size_t n = b->model.n;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            for (size_t k = 0; k < n; k++) b->P1[i + j * n] += variance * b->T[i + k * n] * b->T[j + k * n];
        }
    }
}

/* The likelihood of all rows from `first` on. */
static double loglik_from(const textbook *b, size_t first)
{
    const size_t p = b->model.p;
    double v[2 * MOST_LINES], F[2 * MOST_LINES], sum = 0.0;
    ssm_context *ctx = open_context();
    const ssm_kalman_output out = {.v = v, .F = F};
    assert_int_equal(ssm_kalman_filter(ctx, &b->model, b->y, b->length, NULL, &out, NULL), SSM_OK);
    ssm_context_free(ctx);
    for (size_t k = p * first; k < p * b->length; k++)
        sum -= 0.5 * (log(2 * 3.14159265358979323846 * F[k]) + v[k] * v[k] / F[k]);
    return sum;
}

/* Trend with drift plus AR(2). */
static void clark_1987_gdp(void **state)
{
    static textbook b;
    double line[MOST_LINES][MOST_COLUMNS];
    const double sigma_v = 0.005539, sigma_e = 0.006164, sigma_w = 0.000184, phi[] = {1.531659, -0.585422};
    (void)state;
    open_textbook(&b, 4, 1);
    b.length = read_lines(line, SSMCAST_TEST_DATA "/golden/kalman/gdp_unemployment.txt");
    assert_int_equal(b.length, 195);
    for (size_t t = 0; t < b.length; t++) b.y[t] = log(line[t][0]);
    b.Z[0] = b.Z[1] = 1.0;
    b.T[0] = b.T[0 + 3 * 4] = b.T[2 + 1 * 4] = b.T[3 + 3 * 4] = 1.0;
    b.T[1 + 1 * 4] = phi[0];
    b.T[1 + 2 * 4] = phi[1];
    b.Q[0] = sigma_v * sigma_v;
    b.Q[5] = sigma_e * sigma_e;
    b.Q[15] = sigma_w * sigma_w;
    start_before(&b, 100.0);
    assert_close(loglik_from(&b, 20), 578.520887, 1e-7);
}

/* The same cycle in unemployment, by Okun's law with two lags; both trends walk at random. */
static void clark_1989_gdp_and_unemployment(void **state)
{
    static textbook b;
    double line[MOST_LINES][MOST_COLUMNS];
    const double sigma_v = 0.004863, sigma_e = 0.00668, sigma_w = 0.000295, sigma_vl = 0.001518,
                 sigma_ec = 0.000306, phi[] = {1.43859, -0.517385},
                 okun[] = {-0.336789, -0.163511, -0.072012};
    (void)state;
    open_textbook(&b, 6, 2);
    b.length = read_lines(line, SSMCAST_TEST_DATA "/golden/kalman/gdp_unemployment.txt") - 4;
    for (size_t t = 0; t < b.length; t++) { /* unemployment begins in 1948 */
        b.y[2 * t] = log(line[t + 4][0]);
        b.y[2 * t + 1] = line[t + 4][1] / 100;
    }
    b.Z[0] = b.Z[2] = b.Z[1 + 2 * 5] = 1.0;
    for (size_t k = 0; k < 3; k++) b.Z[1 + 2 * (k + 1)] = okun[k];
    b.H[3] = sigma_ec * sigma_ec;
    b.T[0] = b.T[0 + 4 * 6] = b.T[2 + 1 * 6] = b.T[3 + 2 * 6] = b.T[4 + 4 * 6] = b.T[5 + 5 * 6] = 1.0;
    b.T[1 + 1 * 6] = phi[0];
    b.T[1 + 2 * 6] = phi[1];
    b.Q[0] = sigma_v * sigma_v;
    b.Q[7] = sigma_e * sigma_e;
    b.Q[28] = sigma_w * sigma_w;
    b.Q[35] = sigma_vl * sigma_vl;
    start_before(&b, 100.0);
    assert_close(loglik_from(&b, 0), 1485.41934, 1e-6); /* FKF for R: every row counts */
}

/* Coefficients that walk at random. */
static void kim_nelson_money_growth(void **state)
{
    static textbook b;
    double line[MOST_LINES][MOST_COLUMNS];
    const double sigma[] = {0.1112, 0.0171, 0.2720, 0.0378, 0.0224}, sigma_e = 0.3712;
    (void)state;
    open_textbook(&b, 5, 1);
    b.model.Z.stride = 5;
    b.length = read_lines(line, SSMCAST_TEST_DATA "/golden/kalman/money_growth.txt");
    assert_int_equal(b.length, 106);
    b.H[0] = sigma_e * sigma_e;
    for (size_t t = 0; t < b.length; t++) {
        b.y[t] = line[t][0];
        b.Z[5 * t] = 1.0;
        for (size_t k = 1; k < 5; k++) b.Z[5 * t + k] = line[t][k];
    }
    for (size_t k = 0; k < 5; k++) {
        b.T[6 * k] = 1.0;
        b.Q[6 * k] = sigma[k] * sigma[k];
    }
    start_before(&b, 50.0);
    for (size_t k = 0; k < 25; k++) b.P1[k] += b.Q[k];
    assert_close(loglik_from(&b, 10), -97.092423, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clark_1987_gdp),
        cmocka_unit_test(clark_1989_gdp_and_unemployment),
        cmocka_unit_test(kim_nelson_money_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
