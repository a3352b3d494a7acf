/* Time for measuring: never enters a result, only a report's cost columns. */
#ifndef SSMCAST_BASE_CLOCK_H
#define SSMCAST_BASE_CLOCK_H

double ssmi_clock_seconds(void);        /* monotonic wall time */
double ssmi_clock_cpu_seconds(void);    /* processor time of this process, all threads */
double ssmi_clock_peak_megabytes(void); /* largest resident set of this process so far */

#endif
