/* Names of the status codes. */
const char *ssmi_kf_text(ssm_kf_status status)
{
    switch (status) {
    case SSM_KF_OK:
        return "done";
    case SSM_KF_MISSING:
        return "nothing observed";
    case SSM_KF_CERTAIN:
        return "nothing to learn";
    case SSM_KF_GATED:
        return "outlier, not taken in";
    case SSM_KF_REACQUIRED:
        return "outlier after outlier, taken in with a wider variance";
    case SSM_KF_DIVERGED:
        return "a number reached its limit";
    case SSM_KF_E_ARGUMENT:
        return "invalid argument";
    case SSM_KF_E_MEMORY:
        return "buffer too small";
    case SSM_KF_E_RANGE:
        return "number not finite or beyond the limits";
    case SSM_KF_E_VARIANCE:
        return "not a variance";
    case SSM_KF_E_FORMAT:
        return "not a saved state of this filter";
    }
    return "unknown status";
}
