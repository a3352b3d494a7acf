/* A structural model in a model file. */
#ifndef SSMCAST_MODELS_STRUCTURAL_ARCHIVE_H
#define SSMCAST_MODELS_STRUCTURAL_ARCHIVE_H

#include "forecast/archive.h"
#include "models/structural_search.h"

/* What is saved as numbers: filled when saving, and must live until the file is written. */
typedef struct ssmi_structural_numbers {
    double part[SSMI_STRUCTURAL_PARTS * 7];
    double line[SSMI_STRUCTURAL_LINES * 3];
    double parameter[SSMI_STRUCTURAL_PARAMETERS * 2];
    double column[SSMI_STRUCTURAL_COLUMNS * 2];
    double intervention[SSMI_STRUCTURAL_INTERVENTIONS * 3];
    double coefficient[SSMI_STRUCTURAL_COEFFICIENTS * 2];
} ssmi_structural_numbers;

/* Saves or loads. What a file holds is checked: a structure that no search would make is SSM_E_FORMAT. */
ssm_status ssmi_structural_archive(ssm_archive *archive, ssmi_structural_choice *choice,
                                   ssmi_structural_numbers *numbers);

/* A row number, which may exceed what one double holds exactly: as quotient and remainder by 2^32. */
ssm_status ssmi_archive_row(ssm_archive *archive, const char *name, int64_t *row);

#endif
