/*
 * Counting what many things are, as it changes one by one: a tally knows of a number of entries, each a set of bits, how
 * many have each bit and which is the first; a queue has hosts by the time at which they are to be looked at again. Both
 * answer in about the same time whether there are ten entries or ten thousand. For the rooms of the gate's core.
 */
#ifndef QUOIN_PUBLISHER_GATE_TALLY_H
#define QUOIN_PUBLISHER_GATE_TALLY_H

#include <stddef.h>
#include <stdint.h>

#define GATE_TALLY_BITS 16

struct gate_tally {
	size_t entry_count;
	uint16_t *entries; /* owned */
	size_t counts[GATE_TALLY_BITS];
	size_t firsts[GATE_TALLY_BITS]; /* no entry before this one has the bit */
};

/* Zeroed memory is a tally of nothing. "make": of so many entries without bits; QUOIN_ENOMEM. */
int gate_tally_make(struct gate_tally *tally, size_t entry_count);
void gate_tally_clear(struct gate_tally *tally);
void gate_tally_set(struct gate_tally *tally, size_t at, unsigned bits);
/* The first entry that has this bit; entry_count if none has. Costs what became of entries since it was asked last. */
size_t gate_tally_first(struct gate_tally *tally, unsigned bit);

/* An entry of a queue: part of the thing that waits in it. */
struct gate_timer {
	int64_t at_ms;
	size_t place; /* in the queue, from 1; 0: not in it */
};
/* A binary heap. Zeroed memory is an empty one. */
struct gate_queue {
	struct gate_timer **timers; /* owned; what they point at is not */
	size_t count, cap;
};

void gate_queue_clear(struct gate_queue *queue);
/* Put it in, or move it; INT64_MAX takes it out. QUOIN_ENOMEM. */
int gate_queue_set(struct gate_queue *queue, struct gate_timer *timer, int64_t at_ms);
/* The earliest, or NULL. */
struct gate_timer *gate_queue_first(const struct gate_queue *queue);

#endif
