/* Fisher & Yates' shuffle as in Durstenfeld (1964), with counted random numbers instead of a generator. Known
 * value: one card is dealt again and again. */
#include "neural/deck.h"

#include "neural/layers.h"

/* In [0, n) by the upper half of a product; n < 2^32 leaves a bias below n / 2^32. */
static size_t below(uint64_t random, size_t n)
{
    return (size_t)(((random >> 32) * (uint64_t)n) >> 32);
}

static void shuffle(ssmi_deck *deck)
{
    const uint64_t key = ssmi_mix_key(deck->key, deck->order);
    for (size_t i = 0; i < deck->n; i++) deck->card[i] = i;
    for (size_t k = deck->n; k > 1; k--) {
        const size_t j = below(ssmi_mix_key(key, k), k), kept = deck->card[j];
        deck->card[j] = deck->card[k - 1];
        deck->card[k - 1] = kept;
    }
}

ssm_status ssmi_deck_open(ssmi_deck *deck, size_t n, uint64_t key, ssm_arena *arena)
{
    *deck = (ssmi_deck){.card = SSMI_ALLOC(arena, size_t, n), .n = n, .at = n, .key = key};
    return deck->card != NULL ? SSM_OK : SSM_E_MEMORY;
}

void ssmi_deck_place(ssmi_deck *deck, uint64_t order, size_t at)
{
    deck->order = order;
    deck->at = order > 0 ? at : deck->n;
    if (order > 0) shuffle(deck);
}

void ssmi_deck_deal(size_t *item, size_t n_items, ssmi_deck *deck)
{
    for (size_t i = 0; i < n_items; i++) {
        if (deck->at == deck->n) {
            deck->order++;
            deck->at = 0;
            shuffle(deck);
        }
        item[i] = deck->card[deck->at++];
    }
}
