/* A clock in the state of a forecaster; see series/clock.h. */
#ifndef SSMCAST_FORECAST_ARCHIVE_CLOCK_H
#define SSMCAST_FORECAST_ARCHIVE_CLOCK_H

#include "forecast/archive.h"
#include "series/clock.h"

/* Saves or loads time, step, and the times that are known ahead, under names that begin with `name`, which
 * has at most 20 characters. */
ssm_status ssmi_archive_clock(ssm_archive *archive, const char *name, ssmi_clock *clock);

#endif
