/* The filter over a whole series, with a workspace that is made once and run many times.
 *
 *     ssmi_kalman_filter f;
 *     SSMI_TRY(ssmi_kalman_filter_init(&f, &model, arena));
 *     SSMI_TRY(ssmi_kalman_filter_run(&f, y, length, options, NULL, &summary));
 *     ... change the numbers behind the model ...
 *     ssmi_kalman_filter_refresh(&f);
 *     SSMI_TRY(ssmi_kalman_filter_run(&f, ...)); */
#ifndef SSMCAST_KALMAN_FILTER_H
#define SSMCAST_KALMAN_FILTER_H

#include "kalman/loglik_sum.h"
#include "kalman/marginal.h"
#include "kalman/system.h"
#include <ssmcast/kalman.h>

typedef struct ssmi_kalman_form ssmi_kalman_form; /* kalman/form.h */

typedef struct ssmi_kalman_filter {
    ssm_context *ctx;
    ssmi_kalman_system system;
    ssmi_kalman_state state; /* after a run: before the row that follows the data */
    double *A1, *P1;         /* (n, n) factor of P1inf, starting variance */
    size_t rank;             /* columns of A1 */
    ssmi_innovation *row;    /* (p) innovations of the last row */
    double *M, *Minf;        /* (n, p) what the last row's updates returned */
    double *before;          /* (n, n) for the test whether P has settled */
    double *F_before;        /* (p) variances of the row before the last */

    const ssmi_kalman_form *form;
    double *form_work; /* belongs to the form */
    size_t *form_index;
    size_t n_fallback;           /* rows of this run that the form left to the univariate one */
    ssmi_kalman_marginal *extra; /* NULL unless the marginal likelihood is wanted */
} ssmi_kalman_filter;

/* What a run stores; a NULL array is not wanted. */
typedef struct ssmi_kalman_record {
    ssmi_innovation *innovation; /* (p, length) */
    double *M, *Minf;            /* (n, p, length) P z', A A' z' before each scalar; Minf set when DIFFUSE */
    double *a, *P;               /* (n, length + 1), (n, n, length + 1) before each row */
    double *A;         /* (n, n, length + 1) diffuse factor before each row; n_diffuse columns set */
    size_t *n_diffuse; /* (length + 1) */
    double *a_filtered, *P_filtered; /* (n, length), (n, n, length) after each row */
    const size_t *column;            /* (n_columns) columns of P_filtered that go to P_columns */
    size_t n_columns;
    double *P_columns;     /* (n, n_columns, length) */
    unsigned char *steady; /* (length) 1 where the covariances had settled */
} ssmi_kalman_record;

/* Checks the model. It stays borrowed, its numbers may change between runs (see refresh), its sizes not. */
ssm_status ssmi_kalman_filter_init(ssmi_kalman_filter *f, const ssm_statespace *model, ssm_arena *arena);
/* Takes the memory for what the options ask for beyond the univariate form: another form, the marginal
 * likelihood. Runs then have that form. To be called again after a refresh. SSM_E_UNSUPPORTED for
 * SSM_KALMAN_PARALLEL, see kalman/parallel.h. */
ssm_status ssmi_kalman_filter_use(ssmi_kalman_filter *f, const ssm_kalman_options *options, ssm_arena *arena);
/* Reads the model's numbers again. Needs no memory. */
void ssmi_kalman_filter_refresh(ssmi_kalman_filter *f);

/* A run in progress: row after row as they come. */
typedef struct ssmi_kalman_run {
    ssmi_kalman_filter *f;
    const ssmi_kalman_record *record;
    ssmi_loglik_sum sum;
    ssmi_loglik_sum squares;    /* of v^2 / F, when the scale is concentrated out */
    ssm_kalman_summary summary; /* complete after ssmi_kalman_run_finish */
    double tolerance;
    ssm_loglik_convention convention;
    int concentrate, impossible;
    int steady;        /* P has settled */
    int watching;      /* f->before holds P of this row */
    size_t test_after; /* no test of P before this row */
} ssmi_kalman_run;

/* Starts at row 0 of the model. `options` may be NULL, `record` may be NULL; options->form is not looked at,
 * the form is that of ssmi_kalman_filter_use. */
void ssmi_kalman_run_start(ssmi_kalman_run *r, ssmi_kalman_filter *f, const ssm_kalman_options *options,
                           const ssmi_kalman_record *record);
/* Takes in row t, the one after the last. No allocation. On failure the run cannot be continued. */
ssm_status ssmi_kalman_run_row(ssmi_kalman_run *r, size_t t, const double *y /* (p) */);
/* The row's updates alone: f->state is the filtered one afterwards, and nothing is moved to the next row. */
ssm_status ssmi_kalman_run_take(ssmi_kalman_run *r, size_t t, const double *y /* (p) */);
/* After a row whose F was `calm`: looks now and then whether P has settled. */
void ssmi_kalman_run_watch(ssmi_kalman_run *r, size_t t, int calm);
/* Fills the summary from what has been taken in; `length` rows. */
ssm_status ssmi_kalman_run_finish(ssmi_kalman_run *r, size_t length);

/* SSM_E_DATA when the rows taken in leave a part of the diffuse start open; the message names the states.
 */
ssm_status ssmi_kalman_require_known(const ssmi_kalman_filter *f);

/* Does X equal `before` up to the tolerance, relative to the roots of its diagonal? */
int ssmi_kalman_settled(const double *X /* (n, n) */, const double *before /* (n, n) */, double tolerance,
                        size_t n);

/* Filters y (p, length) from the model's start. No allocation. `options` may be NULL, `record` may be NULL.
 */
ssm_status ssmi_kalman_filter_run(ssmi_kalman_filter *f, const double *y, size_t length,
                                  const ssm_kalman_options *options, const ssmi_kalman_record *record,
                                  ssm_kalman_summary *summary);

#endif
