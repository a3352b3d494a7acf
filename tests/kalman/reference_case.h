/* A reference case: a directory with sys.json (the system), y.f64 (little-endian doubles, row by row, NaN
 * missing) and ref_statsmodels.json (what statsmodels found). Matrices in the files are lists of rows. */
#ifndef SSMCAST_TESTS_KALMAN_REFERENCE_CASE_H
#define SSMCAST_TESTS_KALMAN_REFERENCE_CASE_H

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ssmcast/ssmcast.h>

typedef struct reference_case {
    size_t length;
    double *y; /* (p, length) */
    double *T, *Z, *H, *Q, *a1, *P1;
    json_t *expected;
    ssm_statespace model;
} reference_case;

/* A list of m rows of n numbers, or of n numbers when m is 0, as a column-major matrix. */
static double *reference_matrix(const json_t *list, size_t m, size_t n)
{
    double *out = calloc((m == 0 ? 1 : m) * n, sizeof(double));
    for (size_t i = 0; i < (m == 0 ? 1 : m); i++) {
        for (size_t j = 0; j < n; j++) {
            const json_t *row = m == 0 ? list : json_array_get(list, i);
            out[i + j * (m == 0 ? 1 : m)] = json_number_value(json_array_get(row, j));
        }
    }
    return out;
}

static json_t *reference_json(const char *folder, const char *name)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return json_load_file(path, 0, NULL);
}

/* 0 when the case cannot be read. */
static int reference_open(reference_case *c, const char *folder)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/y.f64", folder);
    FILE *file = fopen(path, "rb");
    json_t *system = reference_json(folder, "sys.json");
    memset(c, 0, sizeof *c);
    c->expected = reference_json(folder, "ref_statsmodels.json");
    if (file == NULL || system == NULL || c->expected == NULL) return 0;
    const size_t p = (size_t)json_integer_value(json_object_get(system, "p"));
    const size_t n = (size_t)json_integer_value(json_object_get(system, "m"));
    c->length = (size_t)json_integer_value(json_object_get(system, "n"));
    c->y = calloc(p * c->length, sizeof(double));
    const int complete = fread(c->y, sizeof(double), p * c->length, file) == p * c->length;
    fclose(file);
    c->T = reference_matrix(json_object_get(system, "T"), n, n);
    c->Z = reference_matrix(json_object_get(system, "Z"), p, n);
    c->H = reference_matrix(json_object_get(system, "H"), p, p);
    c->Q = reference_matrix(json_object_get(system, "RQR"), n, n);
    c->a1 = reference_matrix(json_object_get(system, "a1"), 0, n);
    c->P1 = reference_matrix(json_object_get(system, "P1"), n, n);
    c->model = (ssm_statespace){.n = n,
                                .p = p,
                                .r = n,
                                .Z.data = c->Z,
                                .H.data = c->H,
                                .T.data = c->T,
                                .Q.data = c->Q,
                                .a1 = c->a1,
                                .P1 = c->P1};
    json_decref(system);
    return complete;
}

static void reference_close(reference_case *c)
{
    free(c->y);
    free(c->T);
    free(c->Z);
    free(c->H);
    free(c->Q);
    free(c->a1);
    free(c->P1);
    json_decref(c->expected);
}

#endif
