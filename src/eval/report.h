/* Inside of a report: what it says (words, tables), what it shows (figures), and the whole as a document. */
#ifndef SSMCAST_EVAL_REPORT_H
#define SSMCAST_EVAL_REPORT_H

#include "eval/document.h"
#include <ssmcast/eval.h>

/* The report as a document in `memory`. */
ssm_status ssmi_report_compose(ssm_arena *memory, const ssm_backtest *b, const ssm_report_facts *facts,
                               ssmi_document **out);
ssm_status ssmi_report_json(ssm_context *ctx, const ssm_backtest *b, const ssm_report_facts *facts,
                            ssmi_text *out);

/* Words. All NULL when out of memory. */
char *ssmi_report_headline(ssm_arena *memory, const ssm_backtest *b);
char *ssmi_report_verdict(ssm_arena *memory, const ssm_backtest *b, size_t horizon); /* one sentence or two */
char *ssmi_report_horizon(ssm_arena *memory, const ssm_backtest *b, size_t rows);    /* "48 (1 day)" */
char *ssmi_report_subject(ssm_arena *memory, const ssm_backtest *b);                 /* "load", "5 series" */
double ssmi_report_value(const ssm_backtest *b, size_t outcome, size_t horizon, size_t measure);
/* Decimals that show three significant digits of `value`. */
int ssmi_report_decimals(double value);
void ssmi_report_p(char *text, size_t size, double p); /* "< 0.001", "0.034", "–" */
size_t ssmi_report_failures(const ssm_backtest *b);

/* Tables of one horizon, and of cost. */
ssm_status ssmi_table_ranking(ssm_arena *memory, const ssm_backtest *b, size_t horizon, ssmi_sheet *sheet);
ssm_status ssmi_table_measures(ssm_arena *memory, const ssm_backtest *b, size_t horizon, ssmi_sheet *sheet);
ssm_status ssmi_table_cost(ssm_arena *memory, const ssm_backtest *b, ssmi_sheet *sheet);

/* Figures. */
ssm_status ssmi_figure_windows(ssm_arena *memory, const ssm_backtest *b, size_t horizon, ssmi_figure *figure);
ssm_status ssmi_figure_steps(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure);
ssm_status ssmi_figure_origins(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure);
ssm_status ssmi_figure_coverage(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure);
ssm_status ssmi_figure_cost(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure);
/* Of the models that were trained; no panel where there are none. */
ssm_status ssmi_figure_training(ssm_arena *memory, const ssm_backtest *b, ssmi_figure *figure);

#endif
