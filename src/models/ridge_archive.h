/* A ridge map in a model file. */
#ifndef SSMCAST_MODELS_RIDGE_ARCHIVE_H
#define SSMCAST_MODELS_RIDGE_ARCHIVE_H

#include "forecast/archive.h"
#include "models/ridge_recent.h"

enum { SSMI_RIDGE_LONGEST = 20000 }; /* rows of look-back that options and files may ask for */

/* Saves or loads what forecasts are made from; a refit of a loaded map is not possible. */
ssm_status ssmi_ridge_archive(ssmi_ridge *ridge, ssm_archive *archive);

/* The same of what looks back, for a map that is loaded already. */
ssm_status ssmi_ridge_recent_archive(ssmi_ridge_recent *recent, const ssmi_ridge *ridge,
                                     ssm_archive *archive);

/* Look-backs, alpha and centre, for notes. */
void ssmi_ridge_describe(const ssmi_ridge *ridge, char *text, size_t size);

#endif
