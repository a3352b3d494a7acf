/* Inside of a forecaster handle. */
#ifndef SSMCAST_FORECAST_HANDLE_H
#define SSMCAST_FORECAST_HANDLE_H

#include "base/arena.h"
#include "series/clock.h"
#include <ssmcast/forecast.h>

typedef enum handle_stage { SSMI_STAGE_NEW, SSMI_STAGE_FITTED, SSMI_STAGE_CONDITIONED } ssmi_stage;

enum { SSMI_ANNOTATIONS = 16 };

typedef struct ssmi_annotation {
    const char *key;
    char *value;
    size_t room; /* bytes at value */
} ssmi_annotation;

struct ssm_forecaster {
    ssm_context *ctx;
    const ssm_forecaster_type *type;
    ssmi_stage stage;
    size_t horizon;     /* the longest horizon of the fit */
    size_t width;       /* series of one vector, 1 unless multivariate */
    size_t n_exogenous; /* columns of the fit; 0 when the model does not use them */
    size_t length;      /* rows conditioned on */
    size_t updates;     /* rows appended since */
    ssmi_clock clock;   /* at the last row */
    size_t future;      /* exogenous rows not yet used up by updates */
    ssm_arena parts;    /* self and options: live as long as the handle */
    ssm_arena fitted;   /* what init and fit made */
    ssm_arena history;  /* what condition made */
    ssm_arena scratch;  /* of one call */
    void *self, *options;
    size_t n_annotations;
    ssmi_annotation annotation[SSMI_ANNOTATIONS];
};

/* Forgets an earlier fit and calls init with the present options. */
ssm_status ssmi_forecaster_restart(ssm_forecaster *f);

/* Gives a forecaster to an arena: freed with it, or at once when memory runs out. */
ssm_status ssmi_forecaster_own(ssm_arena *owner, ssm_forecaster *f);

/* A member of a composite model: freed with `owner`. */
ssm_status ssmi_forecaster_new_member(ssm_arena *owner, const char *name, ssm_forecaster **out);

#endif
