/* Where an axis carries marks, and what they say. */
#ifndef SSMCAST_EVAL_TICKS_H
#define SSMCAST_EVAL_TICKS_H

#include <ssmcast/series.h>

enum { SSMI_MAX_TICKS = 32, SSMI_TICK_LABEL = 32 };

typedef struct ssmi_tick {
    double at;
    char label[SSMI_TICK_LABEL];  /* UTF-8; may be empty on a log axis */
    char second[SSMI_TICK_LABEL]; /* a second line (the day under its hours), where it changes */
} ssmi_tick;

/* All of these write at most SSMI_MAX_TICKS marks inside [low, high], about `wanted` of them, ascending,
 * and return their number. low < high, both finite; logarithmic: 0 < low. */
size_t ssmi_ticks_linear(ssmi_tick *tick, double low, double high, size_t wanted);
size_t ssmi_ticks_log(ssmi_tick *tick, double low, double high, size_t wanted);
/* low and high count rows of `index`, and so do the marks; they stand at round calendar times. A series
 * without time is numbered. */
size_t ssmi_ticks_time(ssmi_tick *tick, double low, double high, size_t wanted, ssm_time_index index);

/* A number for reading: three to four significant digits, no-break spaces between thousands, a true minus. */
void ssmi_number_label(char *text, size_t size, double value, double resolution);

#endif
