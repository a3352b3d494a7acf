#include "models/ridge_unit.h"

#include "forecast/conformal.h"

#include <math.h>

enum { DECILES = 9 };

/* Two powers, and room for what is made with them. */
typedef struct trial {
    double gamma, power;
    double *scaled; /* (n, horizon) the errors in the unit */
} trial;

double ssmi_ridge_spread(double spread)
{
    return fmax(spread, 1e-3);
}

double ssmi_ridge_unit(double spread, double gamma)
{
    return pow(ssmi_ridge_spread(spread), gamma);
}

/* Sum of the quantile losses of one window's errors (horizon), at the deciles. */
static double window_loss(const double *error, const ssmi_conformal *interval,
                          const ssmi_conformal_place *place)
{
    double sum = 0;
    for (size_t h = 0; h < interval->horizon; h++) {
        if (isnan(error[h])) continue;
        for (size_t k = 0; k < DECILES; k++) {
            const double over = error[h] - ssmi_conformal_at(interval, h, place[k]);
            const double p = (double)(k + 1) / (DECILES + 1);
            sum += fmax(p * over, (p - 1) * over);
        }
    }
    return sum;
}

static double unit_of(const ssmi_ridge_errors *e, size_t i, const trial *t)
{
    return ssmi_ridge_unit(e->spread[i], t->gamma) * (t->power > 0 ? pow(e->lately[i], t->power) : 1);
}

/* Loss of the intervals that the errors give in the trial's unit, on the same errors; t->scaled is left
 * holding them in it. */
static ssm_status interval_loss(double *loss, const trial *t, const ssmi_ridge_errors *e, ssm_arena *tmp)
{
    const size_t H = e->horizon;
    ssmi_conformal interval;
    ssmi_conformal_place place[DECILES];
    for (size_t k = 0; k < DECILES; k++) place[k] = ssmi_conformal_place_of((double)(k + 1) / (DECILES + 1));
    for (size_t i = 0; i < e->n; i++) {
        const double unit = unit_of(e, i, t);
        for (size_t h = 0; h < H; h++) t->scaled[i * H + h] = e->error[i * H + h] / unit;
    }
    SSMI_TRY(ssmi_conformal_fit(&interval, t->scaled, e->n, H, e->independent, tmp, tmp));
    *loss = 0;
    for (size_t i = 0; i < e->n; i++)
        *loss += unit_of(e, i, t) * window_loss(t->scaled + i * H, &interval, place);
    return SSM_OK;
}

static int all_as_usual(const ssmi_ridge_errors *e)
{
    for (size_t i = 0; e->lately != NULL && i < e->n; i++)
        if (e->lately[i] != 1) return 0;
    return 1;
}

/* The choice under way: the best trial so far, and room for the next. */
typedef struct choice {
    trial best, next;
    double lowest;
} choice;

static ssm_status try_powers(choice *c, double gamma, double power, const ssmi_ridge_errors *e,
                             ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    double loss;
    c->next.gamma = gamma;
    c->next.power = power;
    SSMI_TRY(interval_loss(&loss, &c->next, e, tmp));
    ssmi_arena_rewind(tmp, mark);
    if (!(loss < (1 - 1e-9) * c->lowest)) return SSM_OK; /* no less but for rounding: the earlier stands */
    const trial beaten = c->best;
    c->best = c->next;
    c->next = beaten;
    c->lowest = loss;
    return SSM_OK;
}

ssm_status ssmi_ridge_errors_scale(double *gamma, double *power, ssmi_ridge_errors *e, ssm_arena *tmp)
{
    const int usual = all_as_usual(e);
    choice c = {.lowest = INFINITY};
    c.best.scaled = ssmi_arena_alloc(tmp, e->n, e->horizon * sizeof(double));
    c.next.scaled = ssmi_arena_alloc(tmp, e->n, e->horizon * sizeof(double));
    if (c.best.scaled == NULL || c.next.scaled == NULL) return SSM_E_MEMORY;
    for (int k = 0; k <= 2; k++) SSMI_TRY(try_powers(&c, 0.5 * k, usual ? 0 : 0.5, e, tmp));
    if (!usual) {
        const double chosen = c.best.gamma;
        SSMI_TRY(try_powers(&c, chosen, 0.25, e, tmp));
        SSMI_TRY(try_powers(&c, chosen, 0.75, e, tmp));
    }
    if (isfinite(c.lowest)) e->error = c.best.scaled;
    *gamma = c.best.gamma;
    if (power != NULL) *power = c.best.power;
    return SSM_OK;
}
