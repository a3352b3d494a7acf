/* Rows of option tables that several trained forecasters have. Each takes the default as a string. */
#ifndef SSMCAST_MODELS_LEARNER_OPTIONS_H
#define SSMCAST_MODELS_LEARNER_OPTIONS_H

#include "models/learner.h"
#include <stddef.h>

extern const char *const ssmi_learner_normalise[],
    *const ssmi_learner_skips[], *const ssmi_learner_pole_names[], *const ssmi_learner_loss_names[],
                                                                       *const ssmi_learner_schedules[],
                                                                           *const ssmi_learner_states[];

#define SSMI_LEARNER_SIZE(field, help, initial, least, most)                                                 \
    {                                                                                                        \
#field, help, SSM_OPTION_SIZE, offsetof(ssmi_learner_options, field), initial, least, most, NULL     \
    }
#define SSMI_LEARNER_REAL(field, help, initial, least, most)                                                 \
    {                                                                                                        \
#field, help, SSM_OPTION_REAL, offsetof(ssmi_learner_options, field), initial, least, most, NULL     \
    }
#define SSMI_LEARNER_CHOICE(field, help, initial, choices)                                                   \
    {                                                                                                        \
#field, help, SSM_OPTION_CHOICE, offsetof(ssmi_learner_options, field), initial, 0, 0, choices       \
    }
#define SSMI_LEARNER_FLAG(field, help, initial)                                                              \
    {                                                                                                        \
#field, help, SSM_OPTION_FLAG, offsetof(ssmi_learner_options, field), initial, 0, 1, NULL            \
    }

/* What is looked at, and the forecast that the network starts from. */
#define SSMI_LEARNER_SKIP_ROWS(skip_)                                                                        \
    SSMI_LEARNER_SIZE(lookback, "rows of history that a forecast is made from; 0 chooses over folds", "0",   \
                      0, SSMI_LEARNER_LOOKBACK),                                                             \
        SSMI_LEARNER_REAL(alpha, "ridge penalty of the linear skip; 0 chooses over folds", "0", 0, 1e300),   \
        SSMI_LEARNER_CHOICE(normalise, "what is subtracted from each window", "auto",                        \
                            ssmi_learner_normalise),                                                         \
        SSMI_LEARNER_FLAG(refit_all, "after choosing, solve the skip again on training and validation rows", \
                          "true"),                                                                           \
        SSMI_LEARNER_CHOICE(skip, "the forecast that the network adds to", skip_, ssmi_learner_skips)

#define SSMI_LEARNER_POLES_ROW(help)                                                                         \
    {                                                                                                        \
        "poles", help, SSM_OPTION_CHOICE, offsetof(ssmi_learner_options, poles), "lin", 0, 0,                \
            ssmi_learner_pole_names                                                                          \
    }

/* Networks that can be carried. */
#define SSMI_LEARNER_STATE_ROW                                                                               \
    SSMI_LEARNER_CHOICE(state,                                                                               \
                        "what the network has seen at a forecast: the window anew, or what a state carried " \
                        "along the rows kept of them, in fixed work and memory per row",                     \
                        "window", ssmi_learner_states)

/* Networks of tokens. */
#define SSMI_LEARNER_TOKEN_ROWS                                                                              \
    SSMI_LEARNER_SIZE(patch, "rows per token", "16", 1, 256),                                                \
        SSMI_LEARNER_SIZE(stride, "rows between the starts of two tokens", "16", 1, 256),                    \
        SSMI_LEARNER_SIZE(width, "width of the network", "32", 1, SSMI_LEARNER_WIDTH),                       \
        SSMI_LEARNER_SIZE(hidden, "width between tokens and outputs", "64", 1, SSMI_LEARNER_WIDTH),          \
        SSMI_LEARNER_FLAG(phases, "tell the network where in season, day, week and year its tokens end",     \
                          "true")

#define SSMI_LEARNER_PRETRAINED_ROW                                                                          \
    SSMI_LEARNER_REAL(                                                                                       \
        pretrained,                                                                                          \
        "share of the pretrained network (model zero) in the forecast; 0.5 is hard to beat where "           \
        "neither is known to be better; 0: none",                                                            \
        "0", 0, 1)

#define SSMI_LEARNER_TRAINING_ROWS(windows_, rate_, dropout_, decay_)                                        \
    SSMI_LEARNER_SIZE(batch, "windows per batch", "64", 1, 4096),                                            \
        SSMI_LEARNER_SIZE(accumulate, "batches per training step", "1", 1, 1024),                            \
        SSMI_LEARNER_SIZE(windows, "windows that training sees at most; 0 trains no network", windows_, 0,   \
                          1e9),                                                                              \
        SSMI_LEARNER_SIZE(epochs, "times that training sees each window at most", "10", 1, 10000),           \
        SSMI_LEARNER_SIZE(patience, "checks without progress before training ends", "8", 1, 1000),           \
        SSMI_LEARNER_SIZE(seeds, "networks that are trained, each judged on other rows, and averaged", "1",  \
                          1, SSMI_LEARNER_SEEDS),                                                            \
        SSMI_LEARNER_REAL(rate, "highest learning rate", rate_, 1e-8, 1),                                    \
        SSMI_LEARNER_REAL(dropout, "share of activations dropped in training", dropout_, 0, 0.9),            \
        SSMI_LEARNER_REAL(decay, "weight decay", decay_, 0, 1),                                              \
        SSMI_LEARNER_CHOICE(loss, "what training minimises", "both", ssmi_learner_loss_names),               \
        SSMI_LEARNER_CHOICE(schedule, "how the learning rate falls", "cosine", ssmi_learner_schedules),      \
    {                                                                                                        \
        "checkpoint", "file from which training goes on after it was stopped; empty: none", SSM_OPTION_TEXT, \
            offsetof(ssmi_learner_options, checkpoint), "", 0, 0, NULL                                       \
    }

/* The members of a type that all of the family have; a macro's arguments may not hold braces. `panels`: what
 * it makes of several series, with all else that it can. */
#define SSMI_LEARNER_TYPE(table, init_, panels)                                                              \
    .caps = SSM_CAP_MISSING | SSM_CAP_DIRECT | SSM_CAP_ONLINE | SSM_CAP_EXOGENOUS | (panels),                \
    .self_size = sizeof(ssmi_learner), .options_size = sizeof(ssmi_learner_options), .options = table,       \
    .init = init_, .fit = ssmi_learner_fit, .condition = ssmi_learner_condition,                             \
    .update = ssmi_learner_update, .predict = ssmi_learner_predict, .params = ssmi_learner_params,           \
    .state = ssmi_learner_state, .training = ssmi_learner_curve, .note = ssmi_learner_note

#endif
