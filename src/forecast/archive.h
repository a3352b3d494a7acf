/* A model file while it is written or read. A model names its parameters once, and the same calls save and
 * load them:
 *
 *     static ssm_status params(void *self_, ssm_archive *a)
 *     {
 *         linear *self = self_;
 *         SSMI_TRY(ssmi_archive_size(a, "lookback", &self->lookback));
 *         SSMI_TRY(ssmi_archive_size(a, "horizon", &self->horizon));
 *         return ssmi_archive_f64(a, "weight", &self->weight, 2, (size_t[]){self->lookback, self->horizon});
 *     }
 *
 * Saving reads through the pointers. Loading fills scalars, and allocates arrays in the handle's arena with
 * the shape given; a tensor of another shape or type in the file, a missing one, a non-finite value, or a
 * scalar outside [0, 2^53] is SSM_E_FORMAT. Scalars come before the arrays whose shape they decide, and a
 * model checks them (ssmi_archive_reject) before it uses them. */
#ifndef SSMCAST_FORECAST_ARCHIVE_H
#define SSMCAST_FORECAST_ARCHIVE_H

#include "base/arena.h"
#include <ssmcast/forecast.h>

ssm_status ssmi_archive_size(ssm_archive *archive, const char *name, size_t *value);
ssm_status ssmi_archive_real(ssm_archive *archive, const char *name, double *value);
/* (shape[0], ..., shape[rank-1]) row-major; rank 1 to 4. */
ssm_status ssmi_archive_f64(ssm_archive *archive, const char *name, double **data, size_t rank,
                            const size_t *shape);
ssm_status ssmi_archive_f32(ssm_archive *archive, const char *name, float **data, size_t rank,
                            const size_t *shape);
/* The same for an array that stands where it is to stay: loading copies into it. */
ssm_status ssmi_archive_values(ssm_archive *archive, const char *name, double *value, size_t count);
/* A string in the metadata, at most size-1 bytes. */
ssm_status ssmi_archive_text(ssm_archive *archive, const char *name, char *text, size_t size);
/* The same for a text of any length, which loading puts into the handle's arena. */
ssm_status ssmi_archive_string(ssm_archive *archive, const char *name, const char **text);
/* A whole forecaster as a part, for models that own models: its type, options and parameters, with `prefix`
 * before each name. Loading makes the member in the handle's arena, which frees it. */
ssm_status ssmi_archive_member(ssm_archive *archive, const char *prefix, ssm_forecaster **member);
/* Puts "prefix." before all names until it is left again, for parts that are no forecasters; *outer is for
 * leaving. SSM_E_FORMAT where such parts are nested too deeply. */
ssm_status ssmi_archive_enter(ssm_archive *archive, const char *prefix, size_t *outer);
void ssmi_archive_leave(ssm_archive *archive, size_t outer);

/* For a model of vectors: SSM_E_FORMAT unless the forecaster at hand is one of n series. */
ssm_status ssmi_archive_vector(ssm_archive *archive, size_t n);

int ssmi_archive_loading(const ssm_archive *archive); /* 1 when loading, 0 when saving */
ssm_context *ssmi_archive_context(const ssm_archive *archive);
/* When loading: lives as long as the handle; in `state` as long as the history. */
ssm_arena *ssmi_archive_memory(const ssm_archive *archive);
ssm_arena *ssmi_archive_scratch(const ssm_archive *archive); /* lives until the file is written or read */
/* SSM_E_FORMAT with a message that names the model file. */
ssm_status ssmi_archive_reject(ssm_archive *archive, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
