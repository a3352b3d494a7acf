#include "neural/network.h"

#include <assert.h>
#include <math.h>

ssmi_network ssmi_network_layout(ssmi_parameters *table, ssmi_network_size size)
{
    assert(size.lookback >= size.patch && size.patch >= size.stride && size.stride >= 1);
    const size_t d = size.backbone.width, T = (size.lookback - size.patch) / size.stride + 1;
    ssmi_network net = {.size = size,
                        .tokens = T,
                        .features = 2 * size.patch + 1,
                        .outputs = SSMI_HEAD_OUTPUTS * size.horizon};
    net.embed_weight = ssmi_parameters_add(table, "embed.", "weight", SSMI_DECAY, d, net.features, 0);
    net.embed_bias = ssmi_parameters_add(table, "embed.", "bias", SSMI_NO_DECAY, d, 0, 0);
    net.position = ssmi_parameters_add(table, "position.", "weight", SSMI_DECAY, T, d, 0);
    net.backbone = ssmi_backbone_layout(table, size.backbone);
    net.mix_weight = ssmi_parameters_add(table, "mix.", "weight", SSMI_DECAY, size.hidden, T * d, 0);
    net.mix_bias = ssmi_parameters_add(table, "mix.", "bias", SSMI_NO_DECAY, size.hidden, 0, 0);
    net.head_weight = ssmi_parameters_add(table, "head.", "weight", SSMI_DECAY, net.outputs, size.hidden, 0);
    net.head_bias = ssmi_parameters_add(table, "head.", "bias", SSMI_NO_DECAY, net.outputs, 0, 0);
    return net;
}

static void fill_uniform(float *w, size_t n, size_t fan_in, gsl_rng *rng)
{
    const double bound = 1 / sqrt((double)fan_in);
    for (size_t i = 0; i < n; i++) w[i] = (float)(bound * (2 * gsl_rng_uniform(rng) - 1));
}

void ssmi_network_init(float *params, const ssmi_network *net, gsl_rng *rng)
{
    const size_t d = net->backbone.width, flat = net->tokens * d, K = net->size.hidden;
    fill_uniform(params + net->embed_weight, d * net->features, net->features, rng);
    fill_uniform(params + net->embed_bias, d, net->features, rng);
    for (size_t i = 0; i < flat; i++)
        params[net->position + i] = (float)(0.04 * (gsl_rng_uniform(rng) - 0.5));
    ssmi_backbone_init(params, &net->backbone, rng);
    fill_uniform(params + net->mix_weight, K * flat, flat, rng);
    fill_uniform(params + net->mix_bias, K, flat, rng);
    for (size_t i = 0; i < net->outputs * K; i++) params[net->head_weight + i] = 0;
    for (size_t i = 0; i < net->outputs; i++) params[net->head_bias + i] = 0;
}
