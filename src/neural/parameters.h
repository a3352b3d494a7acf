/* The table of a network's parameters: one flat array of values, one row per tensor.
 *
 * Layers add their tensors when a network is laid out and remember the offsets; optimiser, initialisation,
 * files and gradient checks walk the table. Names and shapes are those of the PyTorch modules, so weights can
 * be exchanged. */
#ifndef SSMCAST_NEURAL_PARAMETERS_H
#define SSMCAST_NEURAL_PARAMETERS_H

#include <stddef.h>

enum { SSMI_MAX_PARAMETERS = 320, SSMI_PARAMETER_NAME = 40 };

typedef struct ssmi_parameter {
    char name[SSMI_PARAMETER_NAME];
    size_t rank, shape[3];
    size_t offset, size; /* elements */
    int decay;           /* 1: weight decay applies */
} ssmi_parameter;

typedef struct ssmi_parameters {
    size_t n, size; /* tensors; elements of all of them */
    ssmi_parameter entry[SSMI_MAX_PARAMETERS];
} ssmi_parameters;

enum { SSMI_NO_DECAY = 0, SSMI_DECAY = 1 };

/* Adds `prefix``name` with the shape given (zeros end it early) and returns its offset. The caller lays out a
 * fixed network, so running out of rows is a programming error. */
size_t ssmi_parameters_add(ssmi_parameters *table, const char *prefix, const char *name, int decay,
                           size_t rows, size_t columns, size_t depth);
const ssmi_parameter *ssmi_parameters_find(const ssmi_parameters *table, const char *name); /* NULL: none */

#endif
