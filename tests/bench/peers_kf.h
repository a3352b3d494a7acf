/* What peers_kf.c and the files of the peers share: one system of fixed size, and a run of steps over the
 * same observations, prediction and update of the whole row each. REAL, and the numbers of states NX, sensors
 * NY and shocks NW are given by peers_kf.sh. */
#ifndef SSMCAST_TESTS_PEERS_KF_H
#define SSMCAST_TESTS_PEERS_KF_H

enum { STEPS = 512 };

typedef struct problem {
    REAL T[NX * NX], G[NX * NW], q[NW], Q[NX * NX]; /* row by row; Q = G diag(q) G' */
    REAL Z[NY * NX], h[NY];
    REAL y[STEPS * NY];
    REAL start[NX]; /* variances */
} problem;

/* Opens a filter, and takes it over all steps from where it is; x (NX) is the mean afterwards. */
void tinyekf_open(const problem *s);
void tinyekf_run(const problem *s, REAL *x);
void clib_open(const problem *s);
void clib_run(const problem *s, REAL *x);

#endif
