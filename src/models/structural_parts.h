/* What a kind of part is: its states, its parameters, and how it fills the matrices. A new kind is one row of
 * the table. */
#ifndef SSMCAST_MODELS_STRUCTURAL_PARTS_H
#define SSMCAST_MODELS_STRUCTURAL_PARTS_H

#include "models/structural.h"

/* One parameter. A variance runs on the log scale, any other between two bounds. */
typedef struct ssmi_parameter {
    const char *name;
    int is_variance;
    double low, high;          /* unless it is a variance */
    double start[SSMI_STARTS]; /* reasonable values when the variance of the series is 1 */
    int is_diffuse;            /* moves a state that starts diffuse: the score does not know its derivative */
} ssmi_parameter;

typedef struct ssmi_part_type {
    const char *name;
    size_t (*states)(const ssmi_structural *s, const ssmi_part *part);
    size_t (*parameters)(const ssmi_part *part);
    ssmi_parameter (*describe)(const ssmi_part *part, size_t i);
    /* Writes Z, T, P1, P1inf and `shock` of its states. */
    void (*fill)(ssmi_structural_matrices *m, const ssmi_part *part);
    /* Appends what row t reads of it and its shock after row t; NULL: alike in each row, as filled. */
    void (*list)(const ssmi_structural_matrices *m, const ssmi_part *part, size_t t, ssmi_rows *Z,
                 ssmi_entries *shock);
    /* Elements of T that depend on parameters, relative to its first state; NULL: none, or diffuse. */
    size_t (*places)(const ssmi_part *part, ssmi_place *out);
} ssmi_part_type;

enum { SSMI_MOST_PLACES = SSMI_LONGEST_AUTOREGRESSION };

extern const ssmi_part_type ssmi_part_types[SSMI_PART_KINDS];

/* The parameter at place i of the whole structure. */
ssmi_parameter ssmi_structural_describe(const ssmi_structural *s, size_t i);

#endif
