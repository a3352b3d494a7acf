/* A structural model in a model file. */
#ifndef SSMCAST_MODELS_STRUCTURAL_ARCHIVE_H
#define SSMCAST_MODELS_STRUCTURAL_ARCHIVE_H

#include "forecast/archive.h"
#include "models/structural_search.h"

/* Saves or loads. What a file holds is checked: a structure that no search would make is SSM_E_FORMAT. */
ssm_status ssmi_structural_archive(ssm_archive *archive, ssmi_structural_choice *choice);

/* A row number, which may exceed what one double holds exactly: as quotient and remainder by 2^32. */
ssm_status ssmi_archive_row(ssm_archive *archive, const char *name, int64_t *row);

#endif
