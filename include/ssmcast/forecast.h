/* The front door: make a forecaster by name, fit, condition, predict, save, load.
 *
 *     ssm_forecaster *f;
 *     ssm_forecaster_new(ctx, "kalman", &f);
 *     ssm_forecaster_fit(f, &(ssm_fit_task){.panel = &series, .n_series = 1, .horizon = 24});
 *     ssm_forecaster_condition(f, &series);
 *     ssm_forecaster_predict(f, &forecast);
 *     ssm_forecaster_free(f);
 *
 * Order: set* -> fit or load -> condition -> (update* | predict*)*. Another order is SSM_E_STATE. Fit
 * separates parameters from history: a rolling evaluation fits once and conditions many times. A handle
 * belongs to one thread at a time; handles are independent of each other. Output arguments stay untouched
 * on failure.
 *
 * A model with SSM_CAP_MULTIVARIATE that was fitted on n series forecasts them jointly: history, y and out
 * are then arrays of n. With SSM_CAP_EXOGENOUS each history has as many exogenous columns as that of the fit,
 * and rows of them up to the last row forecast. */
#ifndef SSMCAST_FORECAST_H
#define SSMCAST_FORECAST_H

#include <ssmcast/forecaster.h>

SSM_BEGIN_DECLS

typedef struct ssm_forecaster ssm_forecaster;

/* The registered types, in the order of the registry; NULL past the end. */
SSM_API const ssm_forecaster_type *ssm_forecaster_type_at(size_t i);
/* By name; NULL when there is none. */
SSM_API const ssm_forecaster_type *ssm_forecaster_type_find(const char *name);

/* SSM_E_ARGUMENT for an unknown name; the message then suggests the nearest one. */
SSM_API ssm_status ssm_forecaster_new(ssm_context *ctx, const char *name, ssm_forecaster **out);
SSM_API void ssm_forecaster_free(ssm_forecaster *f); /* NULL is allowed */
SSM_API const ssm_forecaster_type *ssm_forecaster_type_of(const ssm_forecaster *f);

/* Sets one option from text, before fit. SSM_E_ARGUMENT names the option, what was found and the range. */
SSM_API ssm_status ssm_forecaster_set(ssm_forecaster *f, const char *option, const char *value);
/* The option's present value as text. */
SSM_API ssm_status ssm_forecaster_get(const ssm_forecaster *f, const char *option, char *text, size_t size);

/* SSM_E_DATA: empty, all missing, infinite, or missing values that the model refuses; exogenous values that
 * are not finite; times that do not ascend. The message names series and row. SSM_E_UNSUPPORTED: times off
 * the grid for a model without SSM_CAP_IRREGULAR. SSM_E_ARGUMENT: horizon 0, several series for a model that
 * fits one, series of one vector that differ in length or times. */
SSM_API ssm_status ssm_forecaster_fit(ssm_forecaster *f, const ssm_fit_task *task);
/* `history` (its values, stamps and name) must stay valid until the next condition or free. */
SSM_API ssm_status ssm_forecaster_condition(ssm_forecaster *f, const ssm_series *history);
SSM_API ssm_status ssm_forecaster_update(ssm_forecaster *f, const double *y /* (1), or one per series */);
SSM_API ssm_status ssm_forecaster_predict(ssm_forecaster *f, ssm_forecast *out);
/* The same for a row with a time of its own, as the stamps of a series have it; without one a new row stands
 * where the first forecast stands. SSM_E_UNSUPPORTED without
 * SSM_CAP_IRREGULAR, SSM_E_DATA when `time` is not after that of the last row. */
SSM_API ssm_status ssm_forecaster_update_at(ssm_forecaster *f, int64_t time, const double *y);
/* Forecasts the row that ssm_forecaster_update_at would take in at `time`; the horizon is 1. Fails as that.
 */
SSM_API ssm_status ssm_forecaster_predict_at(ssm_forecaster *f, int64_t time, ssm_forecast *out);
/* How many series the model forecasts jointly: 1 but for a multivariate one; 0 before fit. */
SSM_API size_t ssm_forecaster_width(const ssm_forecaster *f);
/* Components and residuals of the history; `out` is an array for a multivariate model. SSM_E_UNSUPPORTED
 * without SSM_CAP_DECOMPOSE, SSM_E_STATE after an update: condition on all rows first. */
SSM_API ssm_status ssm_forecaster_decompose(ssm_forecaster *f, ssm_decomposition *out);
/* Name of component i of a fitted model; NULL past the last, or when there are none. */
SSM_API const char *ssm_forecaster_component(const ssm_forecaster *f, size_t i);
/* The linear system behind a fit: filters that are run, or generated (ssmcast/codegen.h), without the model.
 * Its matrices are valid until the next call on f. SSM_E_UNSUPPORTED: a model that is not linear. */
SSM_API ssm_status ssm_forecaster_statespace(ssm_forecaster *f, ssm_fitted_system *out);
SSM_API ssm_status ssm_forecaster_note(const ssm_forecaster *f, char *text, size_t size);
/* The loss curve of the training behind the fit: writes at most `room` checks in their order and returns how
 * many; 0 for a model that trains nothing, and for a fit that was loaded from a file. */
SSM_API size_t ssm_forecaster_training(const ssm_forecaster *f, ssm_training_point *out, size_t room);

/* Facts worth keeping with a model (data file, digest, time step): saved and loaded with it, without meaning
 * to the library. At most 16, key and value copied; setting a key again replaces its value. */
SSM_API ssm_status ssm_forecaster_annotate(ssm_forecaster *f, const char *key, const char *value);
SSM_API const char *ssm_forecaster_annotation(const ssm_forecaster *f, const char *key); /* NULL: none */

/* Model files are safetensors: tensors of the model plus JSON metadata (type, options, version). Saving
 * writes beside the file, syncs and renames, so an old file is never lost. Loading a damaged or hostile
 * file is SSM_E_FORMAT. A loaded forecaster is fitted; condition it on a history, then predict. */
SSM_API ssm_status ssm_forecaster_save(ssm_forecaster *f, const char *path);
SSM_API ssm_status ssm_forecaster_load(ssm_context *ctx, const char *path, ssm_forecaster **out);

/* A stream in progress: models of SSM_CAP_ONLINE together with what they have seen, so that whoever loads the
 * file goes on with the next row and forecasts the same bytes as if there had been no break. Forecasters that
 * run side by side are saved into one file, at one moment. SSM_E_UNSUPPORTED: a model that is not online;
 * SSM_E_STATE: one that has not been conditioned. */
SSM_API ssm_status ssm_forecaster_save_state(ssm_forecaster *const *f /* (n) */, size_t n, const char *path);
/* Makes the *n forecasters of a file, each conditioned; more than `room` are SSM_E_ARGUMENT. */
SSM_API ssm_status ssm_forecaster_load_state(ssm_context *ctx, const char *path, size_t room,
                                             ssm_forecaster **out /* (room) */, size_t *n);

SSM_END_DECLS

#endif
