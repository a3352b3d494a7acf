#include <ssmcast/status.h>

const char *ssm_status_text(ssm_status status)
{
#define CASE(name, value, text)                                                                              \
    case name:                                                                                               \
        return text;
    switch (status) {
        SSM_STATUS_LIST(CASE)
    }
#undef CASE
    return "unknown status";
}
