/* Instructions of a prediction and an update, and with -DCOUNT_CALLS, where arithmetic is calls, the number
 * of floating-point operations: "n p r instructions operations claimed stack": the last is what a
 * prediction and an update have used of it. */
#include "board.h"
#include "ssmcast_kf.h"

enum { MOST = 13, SENSORS = 4, STEPS = 100 };

static ssm_kf_real T[MOST * MOST], G[MOST * MOST], q[MOST], Zt[MOST * SENSORS], h[SENSORS], P[MOST],
    y[SENSORS];
static ssm_kf_real memory[SSM_KF_REALS(MOST, SENSORS, MOST)];
static uint32_t operations;

#ifdef COUNT_CALLS
#define COUNTED(name)                                                                                        \
    float __real_##name(float a, float b);                                                                   \
    float __wrap_##name(float a, float b);                                                                   \
    float __wrap_##name(float a, float b)                                                                    \
    {                                                                                                        \
        operations++;                                                                                        \
        return __real_##name(a, b);                                                                          \
    }
COUNTED(__aeabi_fadd)
COUNTED(__aeabi_fsub)
COUNTED(__aeabi_frsub)
COUNTED(__aeabi_fmul)
COUNTED(__aeabi_fdiv)
#endif

/* The deepest stack of the two calls: memory below this frame is painted, and looked at afterwards. */
enum { PAINTED = 256 };
static uint32_t used(ssm_kf *kf)
{
    uint32_t *here, clean = 0;
    __asm__ volatile("mov %0, sp" : "=r"(here));
    volatile uint32_t *const bottom = here - PAINTED;
    for (int i = 0; i < PAINTED; i++) bottom[i] = 0xa5a5a5a5u;
    ssm_kf_predict(kf, NULL);
    ssm_kf_update(kf, y, NULL);
    while (clean < PAINTED && bottom[clean] == 0xa5a5a5a5u) clean++;
    return 4u * (PAINTED - clean);
}

static void print(uint32_t value)
{
    board_number(value, 10, 1);
    board_text(" ");
}

static int measure(uint16_t n, uint16_t p, uint16_t r)
{
    const ssm_kf_model model = {.n = n, .p = p, .r = r, .T = T, .G = G, .q = q, .Zt = Zt, .h = h};
    ssm_kf kf;
    int bad = 0;
    for (uint16_t i = 0; i < n * n; i++) T[i] = i % (n + 1) == 0 ? 0.75F : 0.0625F;
    for (uint16_t i = 0; i < n * r; i++) G[i] = i % (n + 1) == 0;
    for (uint16_t i = 0; i < n * p; i++) Zt[i] = i % (n + 1) == 0 ? 1.0F : 0.25F;
    for (uint16_t i = 0; i < n; i++) q[i] = P[i] = 1;
    for (uint16_t i = 0; i < p; i++) h[i] = y[i] = 1;
    bad |= ssm_kf_init(&kf, &model, memory, sizeof memory / sizeof *memory) != SSM_KF_OK;
    bad |= ssm_kf_prior_diagonal(&kf, NULL, P) != SSM_KF_OK;
    kf.gate = 1e6F;
    operations = 0;
    board_start_clock();
    for (int t = 0; t < STEPS; t++) {
        bad |= ssm_kf_predict(&kf, NULL) != SSM_KF_OK;
        bad |= ssm_kf_update(&kf, y, NULL) != SSM_KF_OK;
    }
    const uint32_t ticks = board_ticks();
    print(n), print(p), print(r), print(ticks * 40 / STEPS), print(operations / STEPS);
    print(ssm_kf_operations(&model)), print(used(&kf));
    board_text("\n");
    return bad;
}

int main(void)
{
    int bad = measure(2, 1, 2);
    bad |= measure(4, 2, 4);
    bad |= measure(8, 4, 8);
    bad |= measure(13, 1, 3);
    return bad;
}
