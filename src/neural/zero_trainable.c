#include "neural/zero_trainable.h"

#include <assert.h>
#include <stdio.h>

ssmi_zero_size ssmi_zero_size_of(const ssmi_zero_network *n)
{
    return (ssmi_zero_size){.model = n->model,
                            .inner = n->inner,
                            .heads = n->heads,
                            .states = n->states,
                            .taps = n->taps,
                            .n_blocks = n->n_blocks,
                            .embed = n->embed1.out,
                            .head = n->head1.out};
}

/* A linear layer `stem`; returns the offset of its weight, *bias that of its bias. */
static size_t add_linear(ssmi_parameters *table, const char *stem, size_t *bias, size_t out, size_t in)
{
    const size_t weight = ssmi_parameters_add(table, stem, ".weight", SSMI_DECAY, out, in, 0);
    *bias = ssmi_parameters_add(table, stem, ".bias", SSMI_NO_DECAY, out, 0, 0);
    return weight;
}

/* Layers letter1, letter2, letter3. */
static ssmi_zero_pair lay_out_pair(ssmi_parameters *table, const char *const stem[3], size_t in,
                                   size_t hidden, size_t out)
{
    ssmi_zero_pair p = {.in = in, .hidden = hidden, .out = out};
    p.w1 = add_linear(table, stem[0], &p.b1, hidden, in);
    p.w2 = add_linear(table, stem[1], &p.b2, out, hidden);
    p.w3 = add_linear(table, stem[2], &p.b3, out, in);
    return p;
}

ssmi_zero_head ssmi_zero_head_layout(ssmi_parameters *table, const ssmi_zero_size *size)
{
    static const char *const stem[3] = {"h1", "h2", "h3"};
    ssmi_zero_head head = {.pair = lay_out_pair(table, stem, size->model, size->head, SSMI_ZERO_OUT)};
    head.reference = add_linear(table, "gate", &head.reference_bias, 4, size->model);
    head.norm = ssmi_parameters_add(table, "", "nf.w", SSMI_NO_DECAY, size->model, 0, 0);
    return head;
}

ssmi_zero_trainable ssmi_zero_trainable_layout(ssmi_parameters *table, const ssmi_zero_size *size)
{
    static const char *const stem[3] = {"e1", "e2", "e3"};
    assert(size->n_blocks <= SSMI_ZERO_TRAINABLE_BLOCKS);
    ssmi_zero_trainable net = {.size = *size};
    const ssmi_mamba2_size block = {.width = size->model,
                                    .heads = size->heads,
                                    .head_width = size->inner / size->heads,
                                    .states = size->states,
                                    .taps = size->taps,
                                    .turn = SSMI_TURN_TIME};
    net.embed = lay_out_pair(table, stem, SSMI_ZERO_FEATURES, size->embed, size->model);
    for (size_t i = 0; i < size->n_blocks; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "blocks.%zu.", i);
        net.norm[i] = ssmi_parameters_add(table, prefix, "norm.w", SSMI_NO_DECAY, size->model, 0, 0);
        net.block[i] = ssmi_mamba2_layout(table, prefix, block);
    }
    net.head = ssmi_zero_head_layout(table, size);
    return net;
}
