#include "publisher/check_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "publisher/check_pieces.h"
#include "publisher/check_value.h"

#define CELL_MAX INT32_MAX /* below 2^31 */

static int
compare_cells(const void *left, const void *right)
{
	const struct quoin_cell *a = left;
	const struct quoin_cell *b = right;

	return (a->cell > b->cell) - (a->cell < b->cell);
}

static int
compare_shares(const void *left, const void *right)
{
	const struct quoin_share *a = left;
	const struct quoin_share *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

/* What to write in the place of a key that is no cell: the number in it, if it has one. */
static void
advise_cell(const char *key, char *out, size_t out_bytes)
{
	uint64_t cell;

	key += strcspn(key, "-0123456789");
	while (key[0] == '0' && key[1] >= '0' && key[1] <= '9')
		key++;
	if (quoin_u64_parse(quoin_span_of(key, strspn(key, "0123456789")), &cell) && cell <= CELL_MAX)
		snprintf(out, out_bytes, "did you mean \"%u\"?", (uint32_t)cell);
	else
		snprintf(out, out_bytes, "write a number from 0 to 2147483647 without leading zeros");
}

/* A key that is a cell: a canonical decimal below 2^31. */
static bool
read_cell(struct quoin_check_rule *read, const struct quoin_json *member, uint32_t *ret)
{
	uint64_t cell;
	char advice[80];

	if (quoin_u64_parse(quoin_span_str(quoin_json_key(member)), &cell) && cell <= CELL_MAX) {
		*ret = (uint32_t)cell;
		return true;
	}
	advise_cell(quoin_json_key(member), advice, sizeof advice);
	quoin_check_error(read->run, &read->source, member, "bad_cell", "\"%.64s\" is no cell; %s", quoin_json_key(member), advice);
	return false;
}

static void
read_cells(struct quoin_check_rule *read)
{
	struct quoin_rule *rule = read->rule;
	const struct quoin_json *object = quoin_check_member(read->run, &read->source, read->node, "cellToModel",
	    QUOIN_JSON_OBJECT, QUOIN_CHECK_REQUIRED);
	size_t count = object != NULL ? quoin_json_count(object) : 0;
	struct quoin_cell *cells;

	if (object == NULL)
		return;
	if (count == 0 || count > QUOIN_CELLS_MAX) {
		quoin_check_error(read->run, &read->source, object, "limit",
		    "\"cellToModel\" has %zu cells; a test has 1 to %d", count, QUOIN_CELLS_MAX);
		return;
	}
	cells = quoin_check_take(read->run, count, sizeof *cells);
	if (cells == NULL)
		return;
	for (const struct quoin_json *member = quoin_json_first(object); member != NULL;
	     member = quoin_json_next(member)) {
		struct quoin_cell *cell = &cells[rule->cell_count];
		char what[64];

		if (!read_cell(read, member, &cell->cell))
			continue;
		snprintf(what, sizeof what, "cell %u", cell->cell);
		quoin_check_model_ref(read, member, what, &cell->ref, NULL);
		rule->cell_count++;
	}
	qsort(cells, rule->cell_count, sizeof *cells, compare_cells);
	rule->cells = cells;
}

/* The cell of cellToModel that is nearest to this one; the cell itself if there are none, which is a problem already. */
static uint32_t
nearest_cell(const struct quoin_rule *rule, uint32_t cell)
{
	uint32_t best = rule->cell_count > 0 ? rule->cells[0].cell : cell;

	for (size_t i = 0; i < rule->cell_count; i++) {
		uint32_t have = rule->cells[i].cell;

		if ((have > cell ? have - cell : cell - have) < (best > cell ? best - cell : cell - best))
			best = have;
	}
	return best;
}

static void
read_allocation_cells(struct quoin_check_rule *read, const struct quoin_json *object)
{
	const struct quoin_json *cells =
	    quoin_check_member(read->run, &read->source, object, "cells", QUOIN_JSON_OBJECT, QUOIN_CHECK_REQUIRED);
	size_t count = cells != NULL ? quoin_json_count(cells) : 0;
	struct quoin_share *shares;
	uint64_t sum = 0;
	size_t kept = 0;

	if (cells == NULL)
		return;
	if (count == 0 || count > QUOIN_CELLS_MAX) {
		quoin_check_error(read->run, &read->source, cells, "limit",
		    "the allocation has %zu cells; it has 1 to %d", count, QUOIN_CELLS_MAX);
		return;
	}
	shares = quoin_check_take_shares(read, count);
	if (shares == NULL)
		return;
	for (const struct quoin_json *member = quoin_json_first(cells); member != NULL;
	     member = quoin_json_next(member)) {
		char what[64];
		uint32_t near;

		if (!read_cell(read, member, &shares[kept].key))
			continue;
		near = nearest_cell(read->rule, shares[kept].key);
		if (near != shares[kept].key) {
			quoin_check_error(read->run, &read->source, member, "bad_cell",
			    "cell %u of the allocation is not in \"cellToModel\"; did you mean %u? Else add it there",
			    shares[kept].key, near);
		}
		snprintf(what, sizeof what, "the percent of cell %u", shares[kept].key);
		if (quoin_check_percent(read->run, &read->source, member, what, &shares[kept].share))
			sum += shares[kept].share;
		kept++;
	}
	read->rule->share_count = kept;
	qsort(shares, kept, sizeof *shares, compare_shares);
	if (sum > 100000) {
		quoin_check_error(read->run, &read->source, cells, "percent_sum",
		    "the percents of the allocation add up to %.8g; they may not exceed 100", (double)sum / 1000);
	}
}

static void
read_allocation(struct quoin_check_rule *read)
{
	static const char *const keys[] = {"by", "salt", "cells", NULL};
	const struct quoin_json *object = quoin_check_member(read->run, &read->source, read->node, "allocation",
	    QUOIN_JSON_OBJECT, QUOIN_CHECK_OPTIONAL);
	char salt[32];

	if (object == NULL)
		return;
	quoin_check_keys(read->run, &read->source, object, keys, "\"allocation\"");
	snprintf(salt, sizeof salt, "ab:%llu", (unsigned long long)read->rule->ab_test_id);
	read->rule->by = quoin_check_by(read, object);
	read->rule->salt = quoin_check_salt(read, object, quoin_check_copy(read->run, salt));
	read_allocation_cells(read, object);
}

void
quoin_check_ab_test(struct quoin_check_rule *read)
{
	read->rule->ab_test_id = (uint64_t)quoin_check_int_member(read->run, &read->source, read->node, "abTestId", 0,
	    QUOIN_CHECK_INT_MAX, 0);
	read_cells(read);
	read_allocation(read);
}
