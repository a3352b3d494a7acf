/* Inside of ssmcast/codegen.h. */
#ifndef SSMCAST_KALMAN_CODEGEN_H
#define SSMCAST_KALMAN_CODEGEN_H

#include "base/arena.h"
#include "base/text.h"
#include "kalman/kf.h"
#include <ssmcast/codegen.h>

/* A system as the filter for control code has it, in double. */
typedef struct ssmi_codegen_system {
    ssmi_kf_model_f64 model;
    double *x, *U, *D; /* start */
    double *K;         /* (n, p) gain, NULL unless steady */
    double settling; /* steps until the variance of the full filter is within 1 % of its limit; steady only */
} ssmi_codegen_system;

enum { SSMI_CODEGEN_FILES = 7 };

struct ssm_codegen {
    ssm_context *ctx;
    ssm_arena arena;
    ssm_codegen_options options; /* its texts are of the arena */
    ssmi_codegen_system system;
    const char *file[SSMI_CODEGEN_FILES], *text[SSMI_CODEGEN_FILES];
};

/* Checks and converts; everything is copied into the arena. */
ssm_status ssmi_codegen_system_init(ssmi_codegen_system *s, const ssm_statespace *model, int steady,
                                    ssm_arena *arena);

/* The same numbers in single precision, in the arena. */
ssm_status ssmi_codegen_narrow(ssmi_kf_model_f32 *out, const ssmi_kf_model_f64 *model, ssm_arena *arena);
float *ssmi_codegen_floats(const double *x, size_t count, ssm_arena *arena);

/* Fills file and text. */
ssm_status ssmi_codegen_write(ssm_codegen *g);

#endif
