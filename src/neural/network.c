#include "neural/network.h"

#include "neural/initialise.h"
#include <assert.h>

static ssmi_network lay_out_linear(ssmi_parameters *table, const ssmi_network_size *size)
{
    const size_t L = size->lookback, H = size->horizon;
    ssmi_network net = {.size = *size, .outputs = SSMI_HEAD_OUTPUTS * H};
    net.map_weight = ssmi_parameters_add(table, "linear.", "weight", SSMI_DECAY, H, L, 0);
    net.map_bias = ssmi_parameters_add(table, "linear.", "bias", SSMI_NO_DECAY, H, 0, 0);
    if (size->kind == SSMI_NETWORK_DLINEAR)
        net.mean_weight = ssmi_parameters_add(table, "trend.", "weight", SSMI_DECAY, H, L, 0);
    net.width_bias = ssmi_parameters_add(table, "width.", "bias", SSMI_NO_DECAY, SSMI_HEAD_OUTPUTS - 2, H, 0);
    return net;
}

enum { KNOWN_TAPS = 4 };

static void lay_out_known(ssmi_network *net, ssmi_parameters *table)
{
    const size_t K = net->size.hidden, columns = net->size.columns, L = net->size.lookback;
    if (columns == 0) return;
    net->taps = L + 1 < KNOWN_TAPS ? L + 1 : KNOWN_TAPS;
    net->known_weight = ssmi_parameters_add(table, "known.", "weight", SSMI_DECAY, K, net->taps * columns, 0);
    net->known_context = ssmi_parameters_add(table, "known.", "context", SSMI_DECAY, K, K, 0);
    net->known_bias = ssmi_parameters_add(table, "known.", "bias", SSMI_NO_DECAY, K, 0, 0);
    net->known_head = ssmi_parameters_add(table, "known.", "head", SSMI_DECAY, SSMI_HEAD_OUTPUTS, K, 0);
}

static void lay_out_variates(ssmi_network *net, ssmi_parameters *table)
{
    ssmi_backbone_size across = net->size.across;
    if (net->size.variates < 2) return;
    across.width = net->size.hidden;
    net->variate =
        ssmi_parameters_add(table, "across.", "variate", SSMI_DECAY, net->size.variates, net->size.hidden, 0);
    net->across = ssmi_backbone_layout(table, "across.", &across);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static ssmi_network lay_out_tokens(ssmi_parameters *table, const ssmi_network_size *how)
{
    const ssmi_network_size size = *how;
    assert(size.lookback >= size.patch && size.patch >= size.stride && size.stride >= 1);
    assert(!size.carried || (ssmi_backbone_carries(&size.backbone) && size.variates < 2));
    const size_t d = size.backbone.width, seen = (size.lookback - size.patch) / size.stride + 1;
    const size_t few = smaller(seen, SSMI_HEARD_TOKENS), half = few > (seen + 1) / 2 ? few : (seen + 1) / 2;
    const size_t T = size.carried ? 2 * half : seen, heard = size.carried ? few : T;
    ssmi_network net = {.size = size,
                        .tokens = T,
                        .features = (2 + size.columns) * size.patch + 1 + size.phases,
                        .outputs = SSMI_HEAD_OUTPUTS * size.horizon,
                        .half = half,
                        .heard = heard,
                        .read = heard * d};
    net.embed_weight = ssmi_parameters_add(table, "embed.", "weight", SSMI_DECAY, d, net.features, 0);
    net.embed_bias = ssmi_parameters_add(table, "embed.", "bias", SSMI_NO_DECAY, d, 0, 0);
    if (!size.carried) net.position = ssmi_parameters_add(table, "position.", "weight", SSMI_DECAY, T, d, 0);
    net.backbone = ssmi_backbone_layout(table, "", &size.backbone);
    net.mix_weight = ssmi_parameters_add(table, "mix.", "weight", SSMI_DECAY, size.hidden, net.read, 0);
    net.mix_bias = ssmi_parameters_add(table, "mix.", "bias", SSMI_NO_DECAY, size.hidden, 0, 0);
    net.head_weight = ssmi_parameters_add(table, "head.", "weight", SSMI_DECAY, net.outputs, size.hidden, 0);
    net.head_bias = ssmi_parameters_add(table, "head.", "bias", SSMI_NO_DECAY, net.outputs, 0, 0);
    lay_out_known(&net, table);
    lay_out_variates(&net, table);
    return net;
}

size_t ssmi_network_variates(const ssmi_network *net)
{
    return net->size.variates > 1 ? net->size.variates : 1;
}

ssmi_network ssmi_network_layout(ssmi_parameters *table, const ssmi_network_size *size)
{
    return size->kind == SSMI_NETWORK_TOKENS ? lay_out_tokens(table, size) : lay_out_linear(table, size);
}

static void init_known(float *params, const ssmi_network *net, gsl_rng *rng)
{
    const size_t K = net->size.hidden, in = net->taps * net->size.columns;
    if (in == 0) return;
    ssmi_fill_linear(params + net->known_weight, K * in, in, rng);
    ssmi_fill_linear(params + net->known_context, K * K, K, rng);
    ssmi_fill_linear(params + net->known_bias, K, in, rng);
    ssmi_fill_constant(params + net->known_head, SSMI_HEAD_OUTPUTS * K, 0);
}

/* Numbers of places, so small that they tell apart without drowning what is there. */
static void fill_places(float *params, size_t n, gsl_rng *rng)
{
    for (size_t i = 0; i < n; i++) params[i] = (float)(0.04 * (gsl_rng_uniform(rng) - 0.5));
}

static ssm_status init_variates(float *params, const ssmi_network *net, gsl_rng *rng, ssm_arena *tmp)
{
    if (net->size.variates < 2) return SSM_OK;
    fill_places(params + net->variate, net->size.variates * net->size.hidden, rng);
    return ssmi_backbone_init(params, &net->across, rng, tmp);
}

ssm_status ssmi_network_init(float *params, const ssmi_network *net, gsl_rng *rng, ssm_arena *tmp)
{
    if (net->size.kind != SSMI_NETWORK_TOKENS) {
        /* all start at zero */
        ssmi_fill_constant(params + net->map_weight,
                           net->width_bias + (SSMI_HEAD_OUTPUTS - 2) * net->size.horizon - net->map_weight,
                           0);
        return SSM_OK;
    }
    const size_t d = net->backbone.width, K = net->size.hidden;
    const size_t places = net->size.carried ? 0 : net->tokens * d;
    ssmi_fill_linear(params + net->embed_weight, d * net->features, net->features, rng);
    ssmi_fill_linear(params + net->embed_bias, d, net->features, rng);
    fill_places(params + net->position, places, rng);
    SSMI_TRY(ssmi_backbone_init(params, &net->backbone, rng, tmp));
    ssmi_fill_linear(params + net->mix_weight, K * net->read, net->read, rng);
    ssmi_fill_linear(params + net->mix_bias, K, net->read, rng);
    ssmi_fill_constant(params + net->head_weight, net->outputs * K, 0);
    ssmi_fill_constant(params + net->head_bias, net->outputs, 0);
    init_known(params, net, rng);
    return init_variates(params, net, rng, tmp);
}
