/* Everything. */
#ifndef SSMCAST_SSMCAST_H
#define SSMCAST_SSMCAST_H

#include <ssmcast/codegen.h>
#include <ssmcast/context.h>
#include <ssmcast/diagnostics.h>
#include <ssmcast/estimate.h>
#include <ssmcast/eval.h>
#include <ssmcast/forecast.h>
#include <ssmcast/forecaster.h>
#include <ssmcast/kalman.h>
#include <ssmcast/nonlinear.h>
#include <ssmcast/scan.h>
#include <ssmcast/series.h>
#include <ssmcast/smoothers.h>
#include <ssmcast/statespace.h>
#include <ssmcast/status.h>
#include <ssmcast/table.h>

#endif
