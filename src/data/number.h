/* Numbers from text, exact and independent of the locale. */
#ifndef SSMCAST_DATA_NUMBER_H
#define SSMCAST_DATA_NUMBER_H

#include <stddef.h>

typedef enum ssmi_number_result {
    SSMI_NUMBER_OK,
    SSMI_NUMBER_BAD,      /* not a number as a whole */
    SSMI_NUMBER_OVERFLOW, /* a number too large for a double */
    SSMI_NUMBER_INFINITE  /* "inf", "Infinity" */
} ssmi_number_result;

/* Reads all of text[0, length) as [+-]digits[mark digits][e[+-]digits], rounding correctly (half to even).
 * `mark` is '.' or ','. text[length] must be readable and not a digit (a NUL, say). */
ssmi_number_result ssmi_number_read(const char *text, size_t length, char mark, double *value);

/* The same for digits in groups of three: 1,234.5  1.234,5  1 234  1'234. `*group` is the separator, or 0 to
 * find it. `*sure` is 0 when the text could as well be a decimal fraction in another notation (1,234). */
ssmi_number_result ssmi_number_read_grouped(const char *text, size_t length, char mark, char *group,
                                            int *sure, double *value);

/* Removes blanks at both ends, also the no-break, thin and control ones that spreadsheets leave; returns 1
 * when there was one of the latter. */
int ssmi_trim(const char **text, size_t *length);

#endif
