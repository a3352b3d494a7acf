/* Online, through the front door: a model is fitted once, then takes in rows as they come and says before
 * each what it expects; stopped and started again it goes on where it was.
 *
 *     for each row:   expect (mean, 80 % band)   compare   update        O(1), no allocation
 *
 * resume FILE [STATE]: fits on the first four fifths of the first column of FILE, takes in the rest row by
 * row, and prints what leaves the band. With STATE it saves itself half-way and is loaded again: no
 * difference. */
#include <ssmcast/ssmcast.h>
#include <stdio.h>

/* Fits on the first rows and stands behind the last of them. */
static ssm_status learn(ssm_context *ctx, const ssm_series *known, ssm_forecaster **f)
{
    ssm_status status = ssm_forecaster_new(ctx, "kalman", f);
    if (status == SSM_OK)
        status = ssm_forecaster_fit(*f, &(ssm_fit_task){.panel = known, .n_series = 1, .horizon = 1});
    return status == SSM_OK ? ssm_forecaster_condition(*f, known) : status;
}

/* One row: what is expected, what comes, and on. */
static ssm_status take(ssm_forecaster *f, size_t row, double y)
{
    const double level[2] = {0.1, 0.9};
    double mean, band[2];
    ssm_forecast next = {.horizon = 1, .n_levels = 2, .level = level, .mean = &mean, .quantile = band};
    ssm_status status = ssm_forecaster_predict(f, &next);
    if (status != SSM_OK) return status;
    if (y < band[0] || y > band[1])
        printf("row %zu: %.0f, expected %.0f (%.0f to %.0f)\n", row + 1, y, mean, band[0], band[1]);
    return ssm_forecaster_update(f, &y); /* NaN: the row is missing */
}

/* Writes the state, forgets everything, and reads it again: what a program does that is started anew. */
static ssm_status restart(ssm_context *ctx, ssm_forecaster **f, const char *path)
{
    size_t n;
    ssm_status status = ssm_forecaster_save_state(f, 1, path);
    if (status != SSM_OK) return status;
    ssm_forecaster_free(*f);
    *f = NULL;
    return ssm_forecaster_load_state(ctx, path, 1, f, &n);
}

static ssm_status run(ssm_context *ctx, const ssm_series *all, const char *state, ssm_forecaster **f)
{
    const ssm_series known = ssm_series_slice(*all, 0, all->length * 4 / 5);
    const size_t half = (known.length + all->length) / 2;
    ssm_status status = learn(ctx, &known, f);
    for (size_t t = known.length; t < all->length && status == SSM_OK; t++) {
        if (t == half && state != NULL) status = restart(ctx, f, state);
        if (status == SSM_OK) status = take(*f, t, all->value[t]);
    }
    return status;
}

int main(int argc, char **argv)
{
    ssm_context *ctx;
    ssm_table *table = NULL;
    ssm_forecaster *f = NULL;
    if (argc < 2 || ssm_context_new(NULL, &ctx) != SSM_OK) return 2;
    ssm_status status = ssm_table_read(ctx, argv[1], NULL, &table);
    if (status == SSM_OK && table->n_series > 0)
        status = run(ctx, &table->series[0], argc > 2 ? argv[2] : NULL, &f);
    if (status != SSM_OK) fprintf(stderr, "%s\n", ssm_context_message(ctx));
    ssm_forecaster_free(f);
    ssm_table_free(table);
    ssm_context_free(ctx);
    return status != SSM_OK;
}
