/* Declarations of network.h for one element type; included with REAL and NAME set. */

/* Normalised windows, batch a multiple of the variates: value and mask (batch, lookback), mask 1 observed and
 * 0 filled; scale (batch) a feature; phase (batch, tokens, phases) and columns (batch, lookback + horizon,
 * columns), not read where there are none. */
typedef struct NAME(ssmi_network_input) {
    size_t batch;
    const REAL *value, *mask, *scale, *phase, *columns;
    /* of a carried network instead of all but the columns: token (batch, tokens, features), step (batch,
     * tokens) factors of their steps, newest (batch) the last token that is read */
    const REAL *token, *step;
    const size_t *newest;
} NAME(ssmi_network_input);

size_t NAME(ssmi_network_record)(const ssmi_network *net, size_t batch);
size_t NAME(ssmi_network_scratch)(const ssmi_network *net, size_t batch);

/* out (batch, SSMI_HEAD_OUTPUTS, horizon). Dropout with probability p (0 outside training), masks drawn from
 * `key`. */
void NAME(ssmi_network_forward)(REAL *out, REAL *record, REAL *scratch, const NAME(ssmi_network_input) * in,
                                const REAL *params, const ssmi_network *net, double p, uint64_t key,
                                const NAME(ssmi_kernels) * kernels);
/* dparams is added to; record and p as in the forward pass. */
void NAME(ssmi_network_backward)(REAL *dparams, REAL *scratch, const REAL *dout, REAL *record, size_t batch,
                                 const REAL *params, const ssmi_network *net, double p,
                                 const NAME(ssmi_kernels) * kernels);

/* The head alone: out (batch, SSMI_HEAD_OUTPUTS, horizon) from what it reads (batch, net->read), without
 * dropout; columns (batch, lookback + horizon, columns). The same numbers as in the forward pass. */
size_t NAME(ssmi_network_head_size)(const ssmi_network *net, size_t batch); /* elements of scratch */
void NAME(ssmi_network_head)(REAL *out, REAL *scratch, const REAL *read, const REAL *columns,
                             const REAL *params, const ssmi_network *net, size_t batch,
                             const NAME(ssmi_kernels) * kernels);
