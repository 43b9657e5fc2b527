/*
 * Counters of decisions, one per thread that counts (quoin.h).
 *
 * A row is an objective's rule and cell by their names, which mean the same in every release; numbers do not. Which row a
 * decision's numbers lead to is remembered per generation, so that names are looked at once. Rows are only added, and
 * become visible by their number; what is added up in them has one writer.
 */
#include <stdlib.h>
#include <string.h>

#include "subscriber/tally.h"
#include "subscriber/view.h"

#define ROWS_DEFAULT 4096
#define ROWS_MAX     65536
#define PROBES	     4
#define NO_ROW	     UINT32_MAX /* there was no room for one */

struct row {
	_Atomic uint64_t count;
	uint32_t cell; /* QUOIN_CELL_NONE: no A/B test */
	char objective[QUOIN_NAME_BYTES_MAX + 1];
	char rule[QUOIN_NAME_BYTES_MAX + 1];
};

/* What a decision says in numbers, and the row that it leads to. */
struct known {
	uint32_t generation; /* 0: free; views are of 1 and more */
	uint32_t objective;
	uint32_t rule;
	uint32_t cell;
	uint32_t row;
};

struct quoin_counter {
	_Atomic uint64_t total;
	_Atomic size_t row_count;
	struct row *rows;
	size_t row_cap;
	uint32_t *names; /* rows + 1 by their names' hash; 0: free */
	struct known *known;
	size_t slots; /* of both: a power of two, twice the rows at least */
	struct quoin_reader *reader;
	struct quoin_counter *next; /* of the reader's, under its lock */
};

/* ---- The counter's own thread ---- */

/* One writer: no other store comes between. */
static inline void
raise_by(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

static uint64_t
hash_names(const char *objective, const char *rule, uint32_t cell)
{
	uint64_t hash = 14695981039346656037u ^ cell;

	for (; *objective != '\0'; objective++)
		hash = (hash ^ (uint8_t)*objective) * 1099511628211u;
	hash = (hash ^ '/') * 1099511628211u;
	for (; *rule != '\0'; rule++)
		hash = (hash ^ (uint8_t)*rule) * 1099511628211u;
	return hash ^ hash >> 32;
}

/* The row of these names, which is added if there is room. */
static uint32_t
row_of(struct quoin_counter *counter, const char *objective, const char *rule, uint32_t cell)
{
	const size_t count = atomic_load_explicit(&counter->row_count, memory_order_relaxed);
	size_t slot = (size_t)hash_names(objective, rule, cell) & (counter->slots - 1);
	struct row *row;

	for (; counter->names[slot] != 0; slot = (slot + 1) & (counter->slots - 1)) {
		row = &counter->rows[counter->names[slot] - 1];
		if (row->cell == cell && strcmp(row->rule, rule) == 0 && strcmp(row->objective, objective) == 0)
			return counter->names[slot] - 1;
	}
	if (count == counter->row_cap || strlen(objective) >= sizeof row->objective || strlen(rule) >= sizeof row->rule)
		return NO_ROW;
	row = &counter->rows[count];
	memcpy(row->objective, objective, strlen(objective) + 1);
	memcpy(row->rule, rule, strlen(rule) + 1);
	row->cell = cell;
	counter->names[slot] = (uint32_t)count + 1;
	atomic_store_explicit(&counter->row_count, count + 1, memory_order_release);
	return (uint32_t)count;
}

static uint32_t
row_of_decision(struct quoin_counter *counter, const struct quoin_decision *decision, uint32_t cell)
{
	const uint32_t generation = (uint32_t)decision->snapshot->generation;
	const uint64_t hash = ((uint64_t)decision->objective_id << 32 | decision->rule_number) * 0x9e3779b97f4a7c15u +
	    (uint64_t)cell * 0xbf58476d1ce4e5b9u;
	const size_t home = (size_t)(hash >> 40) & (counter->slots - 1);
	struct known *known, *free_one = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		known = &counter->known[(home + i) & (counter->slots - 1)];
		if (known->generation == generation && known->objective == decision->objective_id &&
		    known->rule == decision->rule_number && known->cell == cell)
			return known->row;
		if (free_one == NULL && known->generation != generation)
			free_one = known;
	}
	known = free_one != NULL ? free_one : &counter->known[home];
	*known = (struct known){generation, decision->objective_id, decision->rule_number, cell,
	    row_of(counter, decision->objective, decision->rule, cell)};
	return known->row;
}

void
quoin_counter_add(struct quoin_counter *counter, const struct quoin_decision *decision)
{
	const uint32_t cell = decision->reason == QUOIN_REASON_AB_TEST ? decision->cell : QUOIN_CELL_NONE;
	uint32_t row;

	if (decision->code != 0 || decision->snapshot == NULL || decision->snapshot->reader != counter->reader)
		return;
	raise_by(&counter->total, 1);
	row = row_of_decision(counter, decision, cell);
	if (row != NO_ROW)
		raise_by(&counter->rows[row].count, 1);
}

/* ---- Life ---- */

static void
free_counter(struct quoin_counter *counter)
{
	if (counter == NULL)
		return;
	free(counter->rows);
	free(counter->names);
	free(counter->known);
	free(counter);
}

int
quoin_counter_new(struct quoin_reader *reader, size_t rows, struct quoin_counter **ret_counter)
{
	struct quoin_counter *counter;

	if (reader == NULL)
		return QUOIN_EUSAGE;
	if (rows > ROWS_MAX)
		return QUOIN_ELIMIT;
	counter = calloc(1, sizeof *counter);
	if (counter == NULL)
		return QUOIN_ENOMEM;
	counter->reader = reader;
	counter->row_cap = rows == 0 ? ROWS_DEFAULT : rows;
	for (counter->slots = PROBES; counter->slots < 2 * counter->row_cap; counter->slots *= 2)
		;
	counter->rows = calloc(counter->row_cap, sizeof counter->rows[0]);
	counter->names = calloc(counter->slots, sizeof counter->names[0]);
	counter->known = calloc(counter->slots, sizeof counter->known[0]);
	if (counter->rows == NULL || counter->names == NULL || counter->known == NULL) {
		free_counter(counter);
		return QUOIN_ENOMEM;
	}
	pthread_mutex_lock(&reader->lock);
	counter->next = reader->counters;
	reader->counters = counter;
	pthread_mutex_unlock(&reader->lock);
	*ret_counter = counter;
	return 0;
}

/* With the reader's lock: add what "from" counted. */
static void
absorb(struct quoin_counter *counter, const struct quoin_counter *from)
{
	const size_t count = atomic_load_explicit(&from->row_count, memory_order_acquire);

	raise_by(&counter->total, atomic_load_explicit(&from->total, memory_order_relaxed));
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &from->rows[i];
		uint32_t to = row_of(counter, row->objective, row->rule, row->cell);

		if (to != NO_ROW)
			raise_by(&counter->rows[to].count, atomic_load_explicit(&row->count, memory_order_relaxed));
	}
}

void
quoin_counter_free(struct quoin_counter *counter)
{
	struct quoin_reader *reader;
	struct quoin_counter **at;

	if (counter == NULL)
		return;
	reader = counter->reader;
	pthread_mutex_lock(&reader->lock);
	for (at = &reader->counters; *at != counter; at = &(*at)->next)
		;
	*at = counter->next;
	if (reader->ended == NULL) {
		/* The first one takes in those that follow: nothing has to be allocated here. */
		reader->ended = counter;
		counter = NULL;
	} else {
		absorb(reader->ended, counter);
	}
	pthread_mutex_unlock(&reader->lock);
	free_counter(counter);
}

void
quoin_reader_free_counts(struct quoin_reader *reader)
{
	free_counter(reader->ended);
	reader->ended = NULL;
}

static void
forget(struct quoin_counter *counter)
{
	atomic_store(&counter->total, 0);
	for (size_t i = 0; i < atomic_load(&counter->row_count); i++)
		atomic_store(&counter->rows[i].count, 0);
}

void
quoin_reader_forget_counts(struct quoin_reader *reader)
{
	for (struct quoin_counter *counter = reader->counters; counter != NULL; counter = counter->next)
		forget(counter);
	if (reader->ended != NULL)
		forget(reader->ended);
}

/* ---- Anybody ---- */

static int
add_to(struct quoin_tally *tally, const struct quoin_counter *counter)
{
	const size_t count = atomic_load_explicit(&counter->row_count, memory_order_acquire);
	struct quoin_status_hit hit;
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		const struct row *row = &counter->rows[i];

		memset(&hit, 0, sizeof hit);
		hit.count = atomic_load_explicit(&row->count, memory_order_relaxed);
		hit.has_cell = row->cell != QUOIN_CELL_NONE;
		hit.cell = hit.has_cell ? row->cell : 0;
		memcpy(hit.objective, row->objective, sizeof hit.objective);
		memcpy(hit.rule, row->rule, sizeof hit.rule);
		if (hit.count > 0)
			rc = quoin_tally_add(tally, &hit);
	}
	return rc;
}

uint64_t
quoin_reader_counted(struct quoin_reader *reader)
{
	uint64_t total = 0;

	pthread_mutex_lock(&reader->lock);
	for (const struct quoin_counter *counter = reader->counters; counter != NULL; counter = counter->next)
		total += atomic_load_explicit(&counter->total, memory_order_relaxed);
	if (reader->ended != NULL)
		total += atomic_load_explicit(&reader->ended->total, memory_order_relaxed);
	pthread_mutex_unlock(&reader->lock);
	return total;
}

int
quoin_reader_tally(struct quoin_reader *reader, struct quoin_tally *ret)
{
	struct quoin_tally tally = {0};
	uint64_t in_rows = 0;
	int rc = 0;

	pthread_mutex_lock(&reader->lock);
	for (const struct quoin_counter *counter = reader->counters; counter != NULL && rc == 0; counter = counter->next) {
		rc = add_to(&tally, counter);
		tally.total += atomic_load_explicit(&counter->total, memory_order_relaxed);
	}
	if (reader->ended != NULL && rc == 0) {
		rc = add_to(&tally, reader->ended);
		tally.total += atomic_load_explicit(&reader->ended->total, memory_order_relaxed);
	}
	pthread_mutex_unlock(&reader->lock);
	if (rc != 0) {
		quoin_tally_clear(&tally);
		return rc;
	}
	quoin_tally_merge(&tally);
	/* A thread may have raised a row, and not been seen to raise its total. */
	for (size_t i = 0; i < tally.count; i++)
		in_rows += tally.rows[i].count;
	if (tally.total < in_rows)
		tally.total = in_rows;
	*ret = tally;
	return 0;
}

int
quoin_reader_hits(struct quoin_reader *reader, quoin_hit_callback *callback, void *ctx, uint64_t *ret_total)
{
	struct quoin_tally tally;
	int rc = reader == NULL ? QUOIN_EUSAGE : quoin_reader_tally(reader, &tally);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < tally.count; i++) {
		const struct quoin_status_hit *row = &tally.rows[i];

		callback(ctx, &(struct quoin_hit){row->objective, row->rule, row->count, row->cell, row->has_cell});
	}
	if (ret_total != NULL)
		*ret_total = tally.total;
	quoin_tally_clear(&tally);
	return 0;
}
