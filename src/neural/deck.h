/* The order in which training sees its windows: shuffled, dealt out, shuffled anew.
 *
 * Every order is a function of the key and its number alone, so a place in the course of training is two
 * numbers, and a run that goes on from them deals the same windows as one that never stopped. */
#ifndef SSMCAST_NEURAL_DECK_H
#define SSMCAST_NEURAL_DECK_H

#include "base/arena.h"

typedef struct ssmi_deck {
    size_t *card, n, at; /* (n) the present order; cards [0, at) have been dealt */
    uint64_t key, order; /* number of the present order, from 1; 0: none yet */
} ssmi_deck;

/* n >= 1. SSM_E_MEMORY. */
ssm_status ssmi_deck_open(ssmi_deck *deck, size_t n, uint64_t key, ssm_arena *arena);
/* Goes to a place; at <= n. Order 0 means before the first. */
void ssmi_deck_place(ssmi_deck *deck, uint64_t order, size_t at);
/* The next n_items cards. A last part of an order is not dropped but filled from the next one. */
void ssmi_deck_deal(size_t *item, size_t n_items, ssmi_deck *deck);

#endif
