/* Status codes. Every fallible function of the library returns one; the detail is text in the context
 * (ssm_context_message). The numeric values are part of the ABI and never change. */
#ifndef SSMCAST_STATUS_H
#define SSMCAST_STATUS_H

#include <ssmcast/export.h>

/* name, value, text */
#define SSM_STATUS_LIST(X)                                                                                   \
    X(SSM_OK, 0, "done")                                                                                     \
    X(SSM_E_MEMORY, 1, "out of memory")                                                                      \
    X(SSM_E_ARGUMENT, 2, "invalid argument")                                                                 \
    X(SSM_E_STATE, 3, "call out of order")                                                                   \
    X(SSM_E_DATA, 4, "unusable data")                                                                        \
    X(SSM_E_FORMAT, 5, "malformed file")                                                                     \
    X(SSM_E_IO, 6, "input or output failed")                                                                 \
    X(SSM_E_NUMERIC, 7, "numerical failure")                                                                 \
    X(SSM_E_CONVERGENCE, 8, "optimiser did not converge")                                                    \
    X(SSM_E_UNSUPPORTED, 9, "not supported")                                                                 \
    X(SSM_E_CANCELLED, 10, "cancelled")

#define SSM_STATUS_ENUM(name, value, text) name = value,
typedef enum ssm_status { SSM_STATUS_LIST(SSM_STATUS_ENUM) } ssm_status;
#undef SSM_STATUS_ENUM

SSM_BEGIN_DECLS
/* Static text for a status, never NULL, also for values outside the list. */
SSM_API const char *ssm_status_text(ssm_status status);
SSM_END_DECLS

#endif
