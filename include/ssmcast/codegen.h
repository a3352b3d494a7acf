/* Code generation: a linear system as C99 source of a filter for control code, to be compiled without this
 * library. What is generated: the system's constants, ssmcast_kf.h and ssmcast_kf.c (a Kalman filter without
 * allocation, in U-D form; the manual is in the header), a main program as an example, and what builds it.
 * The same system and options give the same bytes. */
#ifndef SSMCAST_CODEGEN_H
#define SSMCAST_CODEGEN_H

#include <ssmcast/statespace.h>

SSM_BEGIN_DECLS

typedef struct ssm_codegen_options {
    const char *name;   /* of the files and of their symbols, a C identifier; NULL: "model" */
    const char *origin; /* lines for the comment at the top; NULL: none */
    int single;         /* numbers are float; else double */
    int steady;         /* with the gain that the filter settles at, without variances */
} ssm_codegen_options;

/* What the generated filter is worth. Of the full filter, that on the caller's data; sd is the square root of
 * the innovation's variance in double. */
typedef struct ssm_codegen_certificate {
    size_t rows, observed;      /* of the data: rows, and scalars that are not missing */
    double difference;          /* largest |prediction in the generated precision - in double| / sd */
    double variance_difference; /* largest relative difference of the innovation's variance; steady: 0 */
    double rmse, full_rmse;     /* one-step errors in units of sd: of the generated filter, of the full one */
    double settling;   /* steady: rows until the full filter's variances are within 1 % of their limit */
    size_t operations; /* floating-point operations of a step, the most there are; steady: 0 */
    size_t state_bytes, model_bytes; /* memory given to the filter; constants */
} ssm_codegen_certificate;

typedef struct ssm_codegen ssm_codegen;

/* Generates the files. A diffuse start becomes a variance 1e6 times the largest of the system's. Errors:
 * SSM_E_ARGUMENT for a name that is no identifier, SSM_E_UNSUPPORTED for a system that varies with time or is
 * too large (65535), SSM_E_DATA for numbers beyond the range of the filter (1e18 in float, 1e150 in double),
 * SSM_E_NUMERIC for `steady` when the filter does not settle. */
SSM_API ssm_status ssm_codegen_new(ssm_context *ctx, const ssm_statespace *model,
                                   const ssm_codegen_options *options, ssm_codegen **out);
SSM_API void ssm_codegen_free(ssm_codegen *g); /* NULL is allowed */

/* File i: its name and its text, which live as long as the handle; NULL past the last. */
SSM_API const char *ssm_codegen_file(const ssm_codegen *g, size_t i);
SSM_API const char *ssm_codegen_text(const ssm_codegen *g, size_t i);

/* Runs the generated filter, in its precision, and the full one in double over y (p, length), NaN missing.
 * With length 0 only sizes and operations are told. SSM_E_DATA: y has an infinite value. */
SSM_API ssm_status ssm_codegen_certify(const ssm_codegen *g, const double *y, size_t length,
                                       ssm_codegen_certificate *out);

SSM_END_DECLS

#endif
