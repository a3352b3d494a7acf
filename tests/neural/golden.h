/* Reference vectors: a first line that says what and from where, then blocks of `name dim dim ...` and one
 * line of values, the last dimension fastest. Small files are committed under golden/neural/; all are found
 * through SSMCAST_REFERENCE. */
#ifndef SSMCAST_TESTS_NEURAL_GOLDEN_H
#define SSMCAST_TESTS_NEURAL_GOLDEN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GOLDEN_TENSORS = 64 };

typedef struct golden_tensor {
    char name[48];
    size_t rank, dim[4], size;
    double *value;
} golden_tensor;

typedef struct golden {
    size_t n;
    golden_tensor tensor[GOLDEN_TENSORS];
} golden;

static inline void golden_free(golden *g)
{
    for (size_t i = 0; i < g->n; i++) free(g->tensor[i].value);
    g->n = 0;
}

static inline int golden_read_tensor(FILE *file, golden_tensor *t)
{
    char line[256], *at = line;
    int used = 0;
    *t = (golden_tensor){.size = 1};
    if (fgets(line, sizeof line, file) == NULL || sscanf(line, "%47s%n", t->name, &used) != 1) return 0;
    for (at += used; t->rank < 4 && sscanf(at, "%zu%n", &t->dim[t->rank], &used) == 1; at += used)
        t->size *= t->dim[t->rank++];
    t->value = calloc(t->size + 1, sizeof *t->value);
    for (size_t i = 0; i < t->size; i++) {
        if (t->value == NULL || fscanf(file, "%lf", &t->value[i]) != 1) return -1;
    }
    (void)fgetc(file); /* the end of the line */
    return 1;
}

/* 1 when the file was read whole, 0 when there is none. */
static inline int golden_read(golden *g, const char *path)
{
    FILE *file = fopen(path, "r");
    int got = 1;
    g->n = 0;
    if (file == NULL) return 0;
    if (fscanf(file, "%*[^\n]") == 0) fgetc(file);
    while (g->n < GOLDEN_TENSORS && (got = golden_read_tensor(file, &g->tensor[g->n])) > 0) g->n++;
    fclose(file);
    return got == 0;
}

/* The committed copy, else the one below SSMCAST_REFERENCE. */
static inline int golden_open(golden *g, const char *name)
{
    char path[1024];
    const char *reference = getenv("SSMCAST_REFERENCE");
    snprintf(path, sizeof path, "%s/golden/neural/%s.txt", SSMCAST_TEST_DATA, name);
    if (golden_read(g, path)) return 1;
    if (reference == NULL) return 0;
    snprintf(path, sizeof path, "%s/mamba/%s.txt", reference, name);
    return golden_read(g, path);
}

static inline const golden_tensor *golden_find(const golden *g, const char *name)
{
    for (size_t i = 0; i < g->n; i++) {
        if (strcmp(g->tensor[i].name, name) == 0) return &g->tensor[i];
    }
    return NULL;
}

/* The largest error over the largest magnitude of the reference. */
static inline double golden_error(const double *got, const golden_tensor *t)
{
    double worst = 0, largest = 0;
    for (size_t i = 0; i < t->size; i++) {
        worst = fmax(worst, fabs(got[i] - t->value[i]));
        if (isnan(got[i])) worst = INFINITY;
        largest = fmax(largest, fabs(t->value[i]));
    }
    return worst / largest;
}

#endif
