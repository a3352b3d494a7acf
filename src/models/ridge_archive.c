#include "models/ridge_archive.h"

#include "models/gaussian.h"

#include <stdio.h>

static ssm_status archive_centre(ssm_archive *a, const char *name, ssmi_ridge_centre *centre)
{
    size_t number = *centre;
    SSMI_TRY(ssmi_archive_size(a, name, &number));
    if (number != SSMI_RIDGE_MEAN && number != SSMI_RIDGE_LAST)
        return ssmi_archive_reject(a, "\"%s\" is %zu", name, number);
    *centre = (ssmi_ridge_centre)number;
    return SSM_OK;
}

static ssm_status archive_part(ssmi_ridge *ridge, size_t k, ssm_archive *a)
{
    static const char *const name[SSMI_RIDGE_PARTS][3] = {
        {"part_0.lookback", "part_0.centre", "part_0.alpha"},
        {"part_1.lookback", "part_1.centre", "part_1.alpha"},
        {"part_2.lookback", "part_2.centre", "part_2.alpha"},
        {"part_3.lookback", "part_3.centre", "part_3.alpha"}};
    ssmi_ridge_part *part = &ridge->part[k];
    SSMI_TRY(ssmi_archive_size(a, name[k][0], &part->lookback));
    SSMI_TRY(archive_centre(a, name[k][1], &part->centre));
    SSMI_TRY(ssmi_archive_spread(a, name[k][2], &part->alpha));
    if (part->lookback < 1 || part->lookback > ridge->lookback)
        return ssmi_archive_reject(a, "\"%s\" is %zu", name[k][0], part->lookback);
    return SSM_OK;
}

ssm_status ssmi_ridge_archive(ssmi_ridge *ridge, ssm_archive *a)
{
    SSMI_TRY(ssmi_archive_size(a, "lookback", &ridge->lookback));
    SSMI_TRY(ssmi_archive_size(a, "horizon", &ridge->horizon));
    SSMI_TRY(archive_centre(a, "centre", &ridge->centre));
    SSMI_TRY(ssmi_archive_size(a, "parts", &ridge->n_parts));
    if (ridge->lookback < 1 || ridge->lookback > SSMI_RIDGE_LONGEST || ridge->horizon < 1)
        return ssmi_archive_reject(a, "a look-back of %zu and a horizon of %zu rows", ridge->lookback,
                                   ridge->horizon);
    if (ridge->n_parts < 1 || ridge->n_parts > SSMI_RIDGE_PARTS)
        return ssmi_archive_reject(a, "a map of %zu parts", ridge->n_parts);
    for (size_t k = 0; k < ridge->n_parts; k++) SSMI_TRY(archive_part(ridge, k, a));
    return ssmi_archive_f64(a, "weight", &ridge->weight, 2,
                            (size_t[]){ssmi_ridge_width(ridge), ridge->horizon});
}

static const char *centre_text(ssmi_ridge_centre centre)
{
    return centre == SSMI_RIDGE_MEAN ? "mean" : "last value";
}

void ssmi_ridge_describe(const ssmi_ridge *ridge, char *text, size_t size)
{
    const ssmi_ridge_part *p = ridge->part;
    int used = snprintf(text, size, "look-back %zu, alpha %.3g, centred at the %s", p->lookback, p->alpha,
                        centre_text(p->centre));
    for (size_t k = 1; k < ridge->n_parts && used >= 0 && (size_t)used < size; k++) {
        text += used;
        size -= (size_t)used;
        used =
            snprintf(text, size, "%s look-back %zu, alpha %.3g, the %s", k == 1 ? ", averaged with" : "; and",
                     p[k].lookback, p[k].alpha, centre_text(p[k].centre));
    }
}
