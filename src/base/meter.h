/* Measures the memory that a part of the work holds: an allocator put in front of another one. */
#ifndef SSMCAST_BASE_METER_H
#define SSMCAST_BASE_METER_H

#include <ssmcast/context.h>
#include <stdatomic.h>

typedef struct ssmi_meter {
    ssm_allocator below;
    atomic_size_t now, peak; /* bytes asked for and not given back; the most there ever were */
} ssmi_meter;

/* The allocator to make a context with. `meter` must outlive it and may be read at any time. */
ssm_allocator ssmi_meter_start(ssmi_meter *meter, const ssm_context *ctx);
size_t ssmi_meter_peak(ssmi_meter *meter);

#endif
