/* What Frama-C looks at: the filter in an endless loop. Model, start, gate and every measurement are any
 * numbers whatsoever, NaN and infinity included; a model that ssm_kf_init refuses ends the program. To be
 * shown: no access outside an object, no division by zero, no overflow of an integer, and that the state is
 * finite with variances that are not negative, for ever. */
#include "ssmcast_kf.h"

enum { N = SSM_KF_STATES, P = SSM_KF_SENSORS, R = SSM_KF_SHOCKS };

extern ssm_kf_real any;
/*@ assigns \result \from any; */
ssm_kf_real anything(void);

static ssm_kf_real T[N * N], G[N * R], q[R], Zt[N * P], h[P], variance[N], y[P];
static ssm_kf_real memory[SSM_KF_REALS(N, P, R)];

static void fill(ssm_kf_real *x, int count)
{
    for (int i = 0; i < count; i++) x[i] = anything();
}

int main(void)
{
    const ssm_kf_model model = {.n = N, .p = P, .r = R, .T = T, .G = G, .q = q, .Zt = Zt, .h = h};
    ssm_kf f;
    ssm_kf_innovation told[P];
    fill(T, N * N);
    fill(G, N * R);
    fill(q, R);
    fill(Zt, N * P);
    fill(h, P);
    fill(variance, N);
    if (ssm_kf_init(&f, &model, memory, SSM_KF_REALS(N, P, R)) != SSM_KF_OK) return 1;
    if (ssm_kf_prior_diagonal(&f, NULL, variance) != SSM_KF_OK) return 1;
    f.gate = anything();
    f.patience = 3;
    for (;;) {
        fill(y, P);
        ssm_kf_update(&f, y, told);
        ssm_kf_predict(&f, NULL);
        for (int i = 0; i < N; i++) {
            /*@ assert mean: \is_finite(f.x[i]); */
            /*@ assert variance: \is_finite(f.D[i]) && f.D[i] >= 0; */
        }
        for (int i = 0; i < N * (N - 1) / 2; i++) {
            /*@ assert factor: \is_finite(f.U[i]); */
        }
    }
}
