#include "publisher/gate_tally.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/error.h"

/* ---- Tallies ---- */

int
gate_tally_make(struct gate_tally *tally, size_t entry_count)
{
	uint16_t *entries = calloc(entry_count + 1, sizeof *entries);

	if (entries == NULL)
		return QUOIN_ENOMEM;
	memset(tally, 0, sizeof *tally);
	tally->entries = entries;
	tally->entry_count = entry_count;
	return 0;
}

void
gate_tally_clear(struct gate_tally *tally)
{
	free(tally->entries);
	memset(tally, 0, sizeof *tally);
}

void
gate_tally_set(struct gate_tally *tally, size_t at, unsigned bits)
{
	unsigned changed;

	QUOIN_ASSERT(at < tally->entry_count && bits < 1u << GATE_TALLY_BITS);
	changed = tally->entries[at] ^ bits;
	tally->entries[at] = (uint16_t)bits;
	for (unsigned bit = 0; changed >> bit != 0; bit++) {
		if ((changed >> bit & 1) == 0)
			continue;
		if ((bits >> bit & 1) == 0) {
			QUOIN_ASSERT(tally->counts[bit] > 0);
			tally->counts[bit]--;
			continue;
		}
		if (tally->counts[bit]++ == 0 || at < tally->firsts[bit])
			tally->firsts[bit] = at;
	}
}

size_t
gate_tally_first(struct gate_tally *tally, unsigned bit)
{
	size_t *first = &tally->firsts[bit];

	QUOIN_ASSERT(bit < GATE_TALLY_BITS);
	if (tally->counts[bit] == 0)
		return tally->entry_count;
	while ((tally->entries[*first] >> bit & 1) == 0)
		(*first)++;
	return *first;
}

/* ---- Queues ---- */

void
gate_queue_clear(struct gate_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		queue->timers[i]->place = 0;
	free(queue->timers);
	memset(queue, 0, sizeof *queue);
}

static void
place(struct gate_queue *queue, struct gate_timer *timer, size_t at)
{
	queue->timers[at] = timer;
	timer->place = at + 1;
}

/* Towards the front, then towards the end: one of the two does nothing. */
static void
settle(struct gate_queue *queue, struct gate_timer *timer, size_t at)
{
	while (at > 0 && queue->timers[(at - 1) / 2]->at_ms > timer->at_ms) {
		place(queue, queue->timers[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < queue->count && queue->timers[child + 1]->at_ms < queue->timers[child]->at_ms)
			child++;
		if (child >= queue->count || queue->timers[child]->at_ms >= timer->at_ms)
			break;
		place(queue, queue->timers[child], at);
		at = child;
	}
	place(queue, timer, at);
}

static void
take_out(struct gate_queue *queue, struct gate_timer *timer)
{
	size_t at = timer->place - 1;
	struct gate_timer *last = queue->timers[--queue->count];

	timer->place = 0;
	if (last != timer)
		settle(queue, last, at);
}

int
gate_queue_set(struct gate_queue *queue, struct gate_timer *timer, int64_t at_ms)
{
	struct gate_timer **timers;

	if (at_ms == INT64_MAX) {
		if (timer->place != 0)
			take_out(queue, timer);
		return 0;
	}
	timer->at_ms = at_ms;
	if (timer->place != 0) {
		settle(queue, timer, timer->place - 1);
		return 0;
	}
	if (queue->count == queue->cap) {
		size_t cap = queue->cap == 0 ? 64 : 2 * queue->cap;

		timers = realloc(queue->timers, cap * sizeof(struct gate_timer *));
		if (timers == NULL)
			return QUOIN_ENOMEM;
		queue->timers = timers;
		queue->cap = cap;
	}
	settle(queue, timer, queue->count++);
	return 0;
}

struct gate_timer *
gate_queue_first(const struct gate_queue *queue)
{
	return queue->count > 0 ? queue->timers[0] : NULL;
}
