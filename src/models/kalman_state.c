#include "models/kalman_state.h"

#include <math.h>

/* The last row of innovations: kind, v, F and Finf of each, 0 where it was missing. */
static ssm_status archive_innovations(ssm_archive *archive, ssmi_kalman_filter *f)
{
    const size_t p = f->system.p;
    double *number = SSMI_ALLOC(ssmi_archive_scratch(archive), double, 4 * p);
    if (number == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < p; i++) {
        const ssmi_innovation *in = f->row + i;
        number[i] = (double)in->kind;
        if (in->kind == SSMI_KALMAN_MISSING) continue;
        number[p + i] = in->v;
        number[2 * p + i] = in->F;
        number[3 * p + i] = in->Finf;
    }
    SSMI_TRY(ssmi_archive_values(archive, "state.innovation", number, 4 * p));
    for (size_t i = 0; ssmi_archive_loading(archive) && i < p; i++) {
        if (!(number[i] >= SSMI_KALMAN_MISSING && number[i] <= SSMI_KALMAN_CONTRADICTION))
            return ssmi_archive_reject(archive, "innovation %zu is of no known kind", i);
        f->row[i] = (ssmi_innovation){(ssmi_kalman_kind)number[i], number[p + i], number[2 * p + i],
                                      number[3 * p + i]};
        if (f->row[i].kind == SSMI_KALMAN_MISSING) f->row[i] = (ssmi_innovation){.v = NAN, .F = NAN};
    }
    return SSM_OK;
}

static ssm_status archive_flags(ssm_archive *archive, ssmi_kalman_run *run)
{
    size_t steady = run->steady != 0, watching = run->watching != 0;
    SSMI_TRY(ssmi_archive_size(archive, "state.steady", &steady));
    SSMI_TRY(ssmi_archive_size(archive, "state.watching", &watching));
    run->steady = steady != 0;
    run->watching = watching != 0;
    return ssmi_archive_size(archive, "state.test_after", &run->test_after);
}

ssm_status ssmi_archive_state(ssm_archive *archive, ssmi_kalman_state *s)
{
    const size_t n = s->n;
    SSMI_TRY(ssmi_archive_size(archive, "state.n_diffuse", &s->n_diffuse));
    if (s->n_diffuse > n) return ssmi_archive_reject(archive, "more diffuse directions than states");
    SSMI_TRY(ssmi_archive_values(archive, "state.a", s->a, n));
    SSMI_TRY(ssmi_archive_values(archive, "state.P", s->P, n * n));
    SSMI_TRY(ssmi_archive_values(archive, "state.A", s->A, n * s->n_diffuse));
    SSMI_TRY(ssmi_archive_values(archive, "state.reach", s->reach, n));
    return ssmi_archive_values(archive, "state.scale", s->scale, n);
}

ssm_status ssmi_archive_run(ssm_archive *archive, ssmi_kalman_run *run)
{
    ssmi_kalman_filter *f = run->f;
    const size_t n = f->system.n;
    SSMI_TRY(archive_flags(archive, run));
    SSMI_TRY(ssmi_archive_state(archive, &f->state));
    SSMI_TRY(ssmi_archive_values(archive, "state.M", f->M, n * f->system.p));
    SSMI_TRY(ssmi_archive_values(archive, "state.before", f->before, run->watching ? n * n : 0));
    return archive_innovations(archive, f);
}
