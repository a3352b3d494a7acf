/* Streaming: the pretrained network row by row.
 *
 *     rows      | told: their tokens are in the state ...... | untold: 8 patches and what is over | future
 * ... tokens    |  0  |  1  |  2  |  ...               |  m-1  |                         newest row ^
 *     forecast                                               |part|  |  |  |  |  |  |  |  |  masked ...
 *
 * Location, scale and periods stay as they were found at the last freeze. A row costs a push; every sixteenth
 * one runs one more token through the network, whose state (last inputs of the convolutions, h of the
 * recurrences) is carried on. A forecast costs the tokens of the rows not told yet and of the future, not
 * those of the context. Its patches end with the newest row; where that is not a multiple of sixteen rows
 * behind the told ones, the first of them is that of sixteen rows of which those told before count as not
 * seen, at its place in time between two whole positions. It lies 8 patches back, where it does little: right
 * behind it, first steps had twice the squared error of a fresh forecast; here they have a tenth more or so
 * (notebooks-out/zero_shot.md). All this equals one pass over the same tokens with the same frozen numbers.
 *
 * Location, scale and periods are found anew, from as many of the last rows as the context takes and with
 * all tokens run again, `every` rows after the last freeze; at once when a row lies more than twice as far
 * from the mean as any row did then; and as soon as a row is observed after a context without any. The
 * forecast then is that of a fresh condition on the same rows. A freeze takes the time of a pass over the
 * context, so a row costs on average a pass / `every` and a token / 16: it does not grow with the history. */
#ifndef SSMCAST_MODELS_ZERO_STREAM_H
#define SSMCAST_MODELS_ZERO_STREAM_H

#include "forecast/archive.h"
#include "models/zero_forecast.h"

enum { SSMI_ZERO_LAG = 8 };

typedef struct ssmi_zero_stream {
    const ssmi_zero_model *model;
    size_t every;
    size_t horizon;       /* that a freeze looks for */
    size_t length, since; /* of value; rows since the freeze */
    double *value;        /* (context + every) rows as they came, the newest last */
    ssmi_zero_frame frame;
    ssmi_zero_rows rows; /* since the start of the window, in a-space */
    size_t told;         /* rows that tokens have told: all patches but the newest SSMI_ZERO_LAG whole ones */
    ssmi_zero_state state;
    float *next; /* (batch, patch, levels) what the last whole token says of the next patch */
    int running; /* frame, rows, state and next are those of the rows; else the first update makes them */
    int blind;   /* no row of the context is observed */
    ssm_arena *scratch; /* one chunk that is never outgrown */
} ssmi_zero_stream;

/* All memory that updates need, kept in `mem`. */
ssm_status ssmi_zero_stream_open(ssmi_zero_stream *stream, const ssmi_zero_model *model, size_t every,
                                 ssm_arena *mem);

/* Starts behind a history (length) for which `frame` was found, looking for `horizon` rows. */
void ssmi_zero_stream_start(ssmi_zero_stream *stream, const double *history, size_t length, size_t horizon,
                            const ssmi_zero_frame *frame);

/* Appends a row; NaN: missing. Allocates nothing. */
ssm_status ssmi_zero_stream_update(ssmi_zero_stream *stream, double y);

/* Appends a row without any look at it, for one who forecasts from s->value himself: the last rows of it, as
 * many as the context takes, are all there. Such a stream never runs. */
void ssmi_zero_stream_keep(ssmi_zero_stream *stream, double y);

/* fan (horizon, SSMI_FAN_LEVELS) as ssmi_zero_forecast gives it; the stream must be running. SSM_E_DATA: no
 * row of the context is observed. */
ssm_status ssmi_zero_stream_forecast(const ssmi_zero_stream *stream, double *fan, size_t horizon,
                                     ssm_arena *tmp);

/* All of it, for saving and loading into a stream that was opened alike. */
ssm_status ssmi_zero_stream_archive(ssmi_zero_stream *stream, ssm_archive *archive);

#endif
