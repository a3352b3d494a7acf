/* The effect of known columns in a model file. */
#ifndef SSMCAST_MODELS_REGRESSION_ARCHIVE_H
#define SSMCAST_MODELS_REGRESSION_ARCHIVE_H

#include "forecast/archive.h"
#include "models/regression.h"

ssm_status ssmi_regression_archive(ssmi_regression *regression, ssm_archive *archive);

/* "" without columns, else what became of them, ending in "; ". Returns what snprintf does. */
int ssmi_regression_describe(const ssmi_regression *regression, char *text, size_t size);

#endif
