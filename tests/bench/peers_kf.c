/* The filter for control code with sizes fixed at compile time against TinyEKF and kalman-clib, in one
 * process, in turns: made and run by peers_kf.sh. One line of JSON: nanoseconds of a prediction and an update
 * of a whole row, the shortest of all turns, and how many times that each peer takes. The means must agree.
 */
#include "peers_kf.h"

#include "ssmcast_kf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static problem s;
static ssm_kf_real T[NX * NX], G[NX * NW], memory[SSM_KF_REALS(NX, NY, NW)];
/* Z by rows is Zt by columns. */
static const ssm_kf_model model = {.n = NX, .p = NY, .r = NW, .T = T, .G = G, .q = s.q, .Zt = s.Z, .h = s.h};
static ssm_kf filter;

static REAL draw(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (REAL)((int)(*seed >> 20) - 2048) / (REAL)2048;
}

static void make(void)
{
    unsigned seed = 1;
    for (int i = 0; i < NX * NX; i++)
        s.T[i] = draw(&seed) * (REAL)0.4 / NX + (i % (NX + 1) == 0 ? (REAL)0.7 : 0);
    for (int i = 0; i < NX; i++) {
        for (int k = 0; k < NW; k++) s.G[i * NW + k] = i == k;
        s.start[i] = 10;
    }
    for (int k = 0; k < NW; k++) s.q[k] = (REAL)0.1;
    for (int k = 0; k < NW; k++) s.Q[k * (NX + 1)] = (REAL)0.1;
    for (int i = 0; i < NX * NY; i++) s.Z[i] = draw(&seed);
    for (int i = 0; i < NY; i++) s.h[i] = (REAL)0.5;
    for (int i = 0; i < STEPS * NY; i++) s.y[i] = draw(&seed);
    for (int i = 0; i < NX; i++) {
        for (int j = 0; j < NX; j++) T[i + j * NX] = s.T[i * NX + j];
        for (int k = 0; k < NW; k++) G[i + k * NX] = s.G[i * NW + k];
    }
}

static void ours_open(const problem *p)
{
    (void)ssm_kf_init(&filter, &model, memory, SSM_KF_REALS(NX, NY, NW));
    (void)ssm_kf_prior_diagonal(&filter, NULL, p->start);
    filter.gate = 1000; /* which nothing reaches, but it is asked */
}

static void ours_run(const problem *p, REAL *x)
{
    for (int t = 0; t < STEPS; t++) {
        ssm_kf_predict(&filter, NULL);
        ssm_kf_update(&filter, p->y + t * NY, NULL);
    }
    memcpy(x, filter.x, NX * sizeof(REAL));
}

static const struct contender {
    const char *name;
    void (*open)(const problem *);
    void (*run)(const problem *, REAL *);
} contenders[] = {
    {"ours", ours_open, ours_run},
    {"tinyekf", tinyekf_open, tinyekf_run},
#ifdef CLIB
    {"kalman_clib", clib_open, clib_run},
#endif
};
enum { CONTENDERS = sizeof contenders / sizeof *contenders, TURNS = 400 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

int main(void)
{
    double best[CONTENDERS], worst = 0;
    REAL x[CONTENDERS][NX];
    make();
    for (int c = 0; c < CONTENDERS; c++) contenders[c].open(&s);
    for (int turn = 0; turn < TURNS; turn++) {
        for (int c = 0; c < CONTENDERS; c++) {
            const double start = now();
            contenders[c].run(&s, x[c]);
            const double took = (now() - start) / STEPS;
            if (turn == 0 || took < best[c]) best[c] = took;
        }
    }
    for (int c = 1; c < CONTENDERS; c++) {
        for (int i = 0; i < NX; i++) worst = fmax(worst, fabs((double)(x[c][i] - x[0][i])));
    }
    printf("{\"n\": %d, \"p\": %d, \"r\": %d, \"bytes\": %zu, \"fused\": " FUSED ", \"ours_ns\": %.1f", NX,
           NY, NW, sizeof(REAL), best[0]);
    for (int c = 1; c < CONTENDERS; c++)
        printf(", \"%s_ns\": %.1f, \"%s_ratio\": %.2f", contenders[c].name, best[c], contenders[c].name,
               best[c] / best[0]);
    printf(", \"means_apart\": %.1e}\n", worst);
    return !(worst < (sizeof(REAL) == 4 ? 1e-4 : 1e-11));
}
