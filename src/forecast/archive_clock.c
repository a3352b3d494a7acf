/* A time has more digits than a double: it is kept as two halves of 32 bits. */
#include "forecast/archive_clock.h"

#include <math.h>
#include <stdio.h>

enum { NAME_SIZE = 32, MOST_AHEAD = 10000000 };

static void split(double *half, int64_t time)
{
    half[0] = (double)((uint64_t)time >> 32);
    half[1] = (double)((uint64_t)time & 0xffffffff);
}

/* 0 when these are no halves. */
static int join(int64_t *time, const double *half)
{
    for (int k = 0; k < 2; k++) {
        if (!(half[k] >= 0.0 && half[k] < 4294967296.0 && half[k] == floor(half[k]))) return 0;
    }
    const uint64_t bits = (uint64_t)half[0] << 32 | (uint64_t)half[1];
    *time = bits <= INT64_MAX ? (int64_t)bits : -(int64_t)(UINT64_MAX - bits) - 1;
    return 1;
}

/* "<name>.<part>" */
static const char *name_of(char *out, const char *name, const char *part)
{
    snprintf(out, NAME_SIZE, "%s.%s", name, part);
    return out;
}

static ssm_status archive_times(ssm_archive *archive, const char *name, int64_t *time, size_t n)
{
    double *half = ssmi_arena_alloc(ssmi_archive_scratch(archive), n, 2 * sizeof *half);
    if (half == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < n; k++) split(half + 2 * k, time[k]);
    SSMI_TRY(ssmi_archive_values(archive, name, half, 2 * n));
    for (size_t k = 0; ssmi_archive_loading(archive) && k < n; k++) {
        if (!join(time + k, half + 2 * k)) return ssmi_archive_reject(archive, "\"%s\" is no time", name);
    }
    return SSM_OK;
}

static ssm_status archive_ahead(ssm_archive *archive, const char *name, ssmi_clock *clock)
{
    char part[NAME_SIZE];
    SSMI_TRY(ssmi_archive_size(archive, name_of(part, name, "n_ahead"), &clock->n_ahead));
    if (clock->n_ahead == 0) return SSM_OK;
    if (clock->n_ahead > MOST_AHEAD) return ssmi_archive_reject(archive, "too many times ahead");
    name_of(part, name, "ahead");
    if (!ssmi_archive_loading(archive))
        return archive_times(archive, part, (int64_t *)clock->ahead, clock->n_ahead);
    int64_t *ahead = SSMI_ALLOC(ssmi_archive_memory(archive), int64_t, clock->n_ahead);
    if (ahead == NULL) return SSM_E_MEMORY;
    SSMI_TRY(archive_times(archive, part, ahead, clock->n_ahead));
    clock->ahead = ahead;
    for (size_t k = 0; k < clock->n_ahead; k++) {
        if (ahead[k] <= (k > 0 ? ahead[k - 1] : clock->origin.start))
            return ssmi_archive_reject(archive, "times ahead do not ascend");
    }
    return SSM_OK;
}

ssm_status ssmi_archive_clock(ssm_archive *archive, const char *name, ssmi_clock *clock)
{
    char part[NAME_SIZE];
    int64_t number[2] = {clock->origin.start, clock->origin.step.count};
    size_t unit = (size_t)clock->origin.step.unit;
    SSMI_TRY(archive_times(archive, name_of(part, name, "origin"), number, 2));
    SSMI_TRY(ssmi_archive_size(archive, name_of(part, name, "unit"), &unit));
    SSMI_TRY(ssmi_archive_size(archive, name_of(part, name, "beyond"), &clock->beyond));
    if (unit > SSM_STEP_MONTHS || (unit != SSM_STEP_NONE && number[1] <= 0))
        return ssmi_archive_reject(archive, "the step of the clock is none");
    clock->origin = (ssm_time_index){number[0], {(ssm_step_unit)unit, number[1]}};
    return archive_ahead(archive, name, clock);
}
