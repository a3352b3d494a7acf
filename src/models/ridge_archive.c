#include "models/ridge_archive.h"

#include "models/gaussian.h"
#include "models/note.h"

static ssm_status archive_centre(ssm_archive *a, const char *name, ssmi_ridge_centre *centre)
{
    size_t number = *centre;
    SSMI_TRY(ssmi_archive_size(a, name, &number));
    if (number != SSMI_RIDGE_MEAN && number != SSMI_RIDGE_LAST)
        return ssmi_archive_reject(a, "\"%s\" is %zu", name, number);
    *centre = (ssmi_ridge_centre)number;
    return SSM_OK;
}

static ssm_status archive_part(ssmi_ridge_part *part, size_t k, const ssmi_ridge *ridge, ssm_archive *a)
{
    static const char *const name[SSMI_RIDGE_PARTS][3] = {
        {"part_0.lookback", "part_0.centre", "part_0.alpha"},
        {"part_1.lookback", "part_1.centre", "part_1.alpha"},
        {"part_2.lookback", "part_2.centre", "part_2.alpha"},
        {"part_3.lookback", "part_3.centre", "part_3.alpha"}};
    SSMI_TRY(ssmi_archive_size(a, name[k][0], &part->lookback));
    SSMI_TRY(archive_centre(a, name[k][1], &part->centre));
    SSMI_TRY(ssmi_archive_spread(a, name[k][2], &part->alpha));
    if (part->lookback < 1 || part->lookback > ridge->lookback)
        return ssmi_archive_reject(a, "\"%s\" is %zu", name[k][0], part->lookback);
    return SSM_OK;
}

static ssm_status band_settings(ssmi_ridge *ridge, size_t b, ssm_archive *a)
{
    ssmi_ridge_band *band = &ridge->band[b];
    SSMI_TRY(ssmi_archive_size(a, "end", &band->end));
    SSMI_TRY(ssmi_archive_size(a, "parts", &band->n_parts));
    if (band->n_parts < 1 || band->n_parts > SSMI_RIDGE_PARTS)
        return ssmi_archive_reject(a, "a map of %zu parts", band->n_parts);
    if (band->end <= (b > 0 ? ridge->band[b - 1].end : 0) ||
        (b + 1 == ridge->n_bands ? band->end != ridge->horizon : band->end >= ridge->horizon))
        return ssmi_archive_reject(a, "a band to step %zu of %zu", band->end, ridge->horizon);
    for (size_t k = 0; k < band->n_parts; k++) SSMI_TRY(archive_part(&band->part[k], k, ridge, a));
    return SSM_OK;
}

static ssm_status archive_band(ssmi_ridge *ridge, size_t b, ssm_archive *a)
{
    static const char *const name[SSMI_RIDGE_BANDS] = {"band_0", "band_1", "band_2"};
    size_t outer;
    SSMI_TRY(ssmi_archive_enter(a, name[b], &outer));
    const ssm_status status = band_settings(ridge, b, a);
    ssmi_archive_leave(a, outer);
    return status;
}

ssm_status ssmi_ridge_archive(ssmi_ridge *ridge, ssm_archive *a)
{
    SSMI_TRY(ssmi_archive_size(a, "lookback", &ridge->lookback));
    SSMI_TRY(ssmi_archive_size(a, "horizon", &ridge->horizon));
    SSMI_TRY(archive_centre(a, "centre", &ridge->centre));
    SSMI_TRY(ssmi_archive_size(a, "bands", &ridge->n_bands));
    if (ridge->lookback < 1 || ridge->lookback > SSMI_RIDGE_LONGEST || ridge->horizon < 1)
        return ssmi_archive_reject(a, "a look-back of %zu and a horizon of %zu rows", ridge->lookback,
                                   ridge->horizon);
    if (ridge->n_bands < 1 || ridge->n_bands > SSMI_RIDGE_BANDS)
        return ssmi_archive_reject(a, "a map of %zu bands", ridge->n_bands);
    for (size_t b = 0; b < ridge->n_bands; b++) SSMI_TRY(archive_band(ridge, b, a));
    return ssmi_archive_f64(a, "weight", &ridge->weight, 2,
                            (size_t[]){ssmi_ridge_width(ridge), ridge->horizon});
}

ssm_status ssmi_ridge_recent_archive(ssmi_ridge_recent *recent, const ssmi_ridge *ridge, ssm_archive *a)
{
    if (ssmi_archive_loading(a)) ssmi_ridge_recent_plan(recent, ridge);
    SSMI_TRY(ssmi_archive_spread(a, "recent.power", &recent->power));
    if (!(recent->power <= 1)) return ssmi_archive_reject(a, "a power of recent errors of %g", recent->power);
    SSMI_TRY(ssmi_archive_values(a, "recent.usual", recent->usual, recent->n_steps));
    for (size_t k = 0; k < recent->n_steps; k++)
        if (recent->usual[k] < 0) return ssmi_archive_reject(a, "a usual error of %g", recent->usual[k]);
    return ssmi_archive_f64(a, "recent.weight", &recent->map.weight, 2,
                            (size_t[]){ssmi_ridge_width(&recent->map), recent->n_steps});
}

static const char *centre_text(ssmi_ridge_centre centre)
{
    return centre == SSMI_RIDGE_MEAN ? "mean" : "last value";
}

static void add_band(ssmi_note *l, const ssmi_ridge *ridge, size_t b)
{
    const ssmi_ridge_band *band = &ridge->band[b];
    if (ridge->n_bands > 1) ssmi_note_add(l, "%sto step %zu: ", b > 0 ? "; " : "", band->end);
    ssmi_note_add(l, "look-back %zu", band->part[0].lookback);
    for (size_t k = 1; k < band->n_parts; k++)
        ssmi_note_add(l, "%s%zu", k == 1 ? " (averaged with " : ", ", band->part[k].lookback);
    ssmi_note_add(l, "%s, alpha %.3g, centred at the %s", band->n_parts > 1 ? ")" : "", band->part[0].alpha,
                  centre_text(band->part[0].centre));
}

void ssmi_ridge_describe(const ssmi_ridge *ridge, char *text, size_t size)
{
    ssmi_note l = ssmi_note_open(text, size);
    for (size_t b = 0; b < ridge->n_bands; b++) add_band(&l, ridge, b);
}
