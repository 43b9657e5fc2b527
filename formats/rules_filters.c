#include "formats/rules_filters.h"

#include <stdlib.h>

#include "formats/rules_when.h"

int
quoin_rules_filters_add(struct rules_filters *filters, const struct rules_attribute_ids *attribute,
    const struct quoin_when *when, uint32_t rule)
{
	if (filters->count == RULES_CONJUNCTS_MAX)
		return QUOIN_ELIMIT;
	filters->items[filters->count++] = (struct rules_conjunct){attribute, when, rule};
	return 0;
}

static int
conjunct_compare(const void *a, const void *b)
{
	const struct rules_conjunct *one = a, *two = b;

	if (one->attribute->id != two->attribute->id)
		return one->attribute->id < two->attribute->id ? -1 : 1;
	return (one->rule > two->rule) - (one->rule < two->rule);
}

static uint64_t
mask_of(const struct rules_filters *filters, uint64_t all, uint64_t asked, uint32_t id)
{
	uint64_t mask = all;

	for (uint32_t rule = 0; rule < QUOIN_RULES_PER_OBJECTIVE_MAX; rule++) {
		if ((asked >> rule & 1) != 0 && !rules_set_has(&filters->sets[rule], id))
			mask &= ~((uint64_t)1 << rule);
	}
	return mask;
}

static void
put_mask(struct block_maker *block, uint64_t mask, uint32_t shift)
{
	quoin_block_maker_put(block, &mask, (size_t)1 << shift, 1);
}

/* One filter's tables: dense when that is not much larger than naming the ids. */
static void
put_filter(const struct rules_filters *filters, struct block_maker *block, uint32_t at, uint32_t attribute,
    const struct rules_set *mentioned, uint64_t asked, const struct rules_objective *head)
{
	struct rules_filter filter = {.attribute = (uint8_t)attribute};
	uint32_t count = 0, limit = RULES_VALUE_FIRST, keys = 0;
	uint16_t key;

	for (uint32_t id = RULES_VALUE_FIRST; id < RULES_VALUES_MAX; id++) {
		if (rules_set_has(mentioned, id)) {
			count++;
			limit = id + 1;
		}
	}
	if (limit > 64 && ((size_t)limit << head->mask_shift) > 64 + 2 * count * (2 + ((size_t)1 << head->mask_shift))) {
		filter.kind = RULES_FILTER_SPARSE;
		keys = quoin_block_maker_put(block, NULL, 0, 2);
		for (uint32_t id = RULES_VALUE_FIRST; id < limit; id++) {
			key = (uint16_t)id;
			if (rules_set_has(mentioned, id))
				quoin_block_maker_put(block, &key, sizeof key, 2);
		}
	}
	filter.count = (uint16_t)(filter.kind == RULES_FILTER_SPARSE ? count : limit);
	filter.keys = keys;
	filter.table = quoin_block_maker_put(block, NULL, 0, 8);
	for (uint32_t id = 0; id < limit; id++) {
		if (filter.kind == RULES_FILTER_DENSE || id < RULES_VALUE_FIRST || rules_set_has(mentioned, id))
			put_mask(block, mask_of(filters, head->mask, asked, id), head->mask_shift);
	}
	quoin_block_maker_put(block, NULL, 7, 1);
	memcpy(quoin_block_maker_at(block, at), &filter, sizeof filter);
}

void
quoin_rules_filters_put(struct rules_filters *filters, struct block_maker *block, struct rules_objective *head)
{
	const struct rules_conjunct *conjunct;
	struct rules_set set, mentioned;
	uint64_t asked;
	size_t i, first;

	if (filters->count > 0)
		qsort(filters->items, filters->count, sizeof filters->items[0], conjunct_compare);
	for (i = 0; i < filters->count; i++)
		head->filter_count = (uint8_t)(head->filter_count + (i == 0 ||
		    filters->items[i].attribute != filters->items[i - 1].attribute));
	head->filters = quoin_block_maker_put(block, NULL, head->filter_count * sizeof(struct rules_filter), 8);
	for (i = 0, first = 0; first < filters->count; i++) {
		asked = 0;
		mentioned = (struct rules_set){0};
		conjunct = &filters->items[first];
		for (; first < filters->count; first++) {
			const struct rules_conjunct *next = &filters->items[first];
			uint64_t bit = (uint64_t)1 << next->rule;

			if (next->attribute != conjunct->attribute)
				break;
			quoin_rules_when_ids(next->when, next->attribute, &set, &mentioned);
			for (size_t word = 0; word < RULES_SET_WORDS; word++)
				filters->sets[next->rule].words[word] = (asked & bit) == 0
				    ? set.words[word]
				    : filters->sets[next->rule].words[word] & set.words[word];
			asked |= bit;
		}
		put_filter(filters, block, head->filters + (uint32_t)(i * sizeof(struct rules_filter)), conjunct->attribute->id,
		    &mentioned, asked, head);
	}
}
