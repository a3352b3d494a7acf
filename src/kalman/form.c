/* The table of forms, and names of what the options choose from. */
#include "kalman/form.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const ssmi_kalman_form *sequential;
} forms[] = {
    [SSM_KALMAN_UNIVARIATE] = {"univariate", &ssmi_kalman_univariate},
    [SSM_KALMAN_MULTIVARIATE] = {"multivariate", &ssmi_kalman_multivariate},
    [SSM_KALMAN_SQUARE_ROOT] = {"square-root", &ssmi_kalman_square_root},
    [SSM_KALMAN_UD] = {"ud", &ssmi_kalman_ud},
    [SSM_KALMAN_PARALLEL] = {"parallel", NULL},
    [SSM_KALMAN_CONSTANT_GAIN] = {"constant-gain", &ssmi_kalman_constant_gain},
};
static const char *const conventions[] = {
    [SSM_LOGLIK_DURBIN_KOOPMAN] = "durbin-koopman",
    [SSM_LOGLIK_KFAS] = "kfas",
    [SSM_LOGLIK_KAPPA] = "kappa",
    [SSM_LOGLIK_MARGINAL] = "marginal",
};
enum { n_forms = sizeof forms / sizeof *forms, n_conventions = sizeof conventions / sizeof *conventions };

const ssmi_kalman_form *ssmi_kalman_sequential_form(ssm_kalman_form form)
{
    return (size_t)form < n_forms ? forms[form].sequential : NULL;
}

const char *ssm_kalman_form_name(ssm_kalman_form form)
{
    return (size_t)form < n_forms ? forms[form].name : NULL;
}

const char *ssm_loglik_convention_name(ssm_loglik_convention convention)
{
    return (size_t)convention < n_conventions ? conventions[convention] : NULL;
}

static const char *form_name(size_t k)
{
    return forms[k].name;
}

static const char *convention_name(size_t k)
{
    return conventions[k];
}

/* The number of the name; `what` says in the message what it should have been. */
static ssm_status find(ssm_context *ctx, const char *what, const char *name, const char *(*at)(size_t),
                       size_t count, size_t *found)
{
    char list[128] = "";
    for (size_t k = 0; k < count; k++) {
        const size_t used = strlen(list);
        if (name != NULL && strcmp(name, at(k)) == 0) {
            *found = k;
            return SSM_OK;
        }
        snprintf(list + used, sizeof list - used, "%s%s", k == 0 ? "" : ", ", at(k));
    }
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "no %s \"%s\"; there are %s", what, name != NULL ? name : "", list);
}

ssm_status ssm_kalman_form_find(ssm_context *ctx, const char *name, ssm_kalman_form *form)
{
    size_t found = 0;
    SSMI_TRY(find(ctx, "form of the filter", name, form_name, n_forms, &found));
    *form = (ssm_kalman_form)found;
    return SSM_OK;
}

ssm_status ssm_loglik_convention_find(ssm_context *ctx, const char *name, ssm_loglik_convention *convention)
{
    size_t found = 0;
    SSMI_TRY(find(ctx, "likelihood convention", name, convention_name, n_conventions, &found));
    *convention = (ssm_loglik_convention)found;
    return SSM_OK;
}
