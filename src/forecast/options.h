/* Option tables: the one description of a model's options, read by everything that shows or sets them. */
#ifndef SSMCAST_FORECAST_OPTIONS_H
#define SSMCAST_FORECAST_OPTIONS_H

#include "base/context.h"
#include <ssmcast/forecaster.h>

/* Writes every default into the options struct. */
ssm_status ssmi_options_initial(ssm_context *ctx, const ssm_option *table, void *options);
/* Sets one option from text. `owner` names whose options these are, for the message. */
ssm_status ssmi_options_set(ssm_context *ctx, const char *owner, const ssm_option *table, void *options,
                            const char *name, const char *value);
/* The present value as text that ssmi_options_set reads back to the same value. */
void ssmi_option_text(const ssm_option *option, const void *options, char *text, size_t size);
const ssm_option *ssmi_option_find(const ssm_option *table, const char *name); /* NULL: none */
/* The value of one option into its field; the message names the option, the text, and what would do. */
ssm_status ssmi_option_parse(ssm_context *ctx, const ssm_option *option, void *options, const char *value);

#endif
