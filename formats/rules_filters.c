#include "formats/rules_filters.h"

#include <stdlib.h>

#include "formats/rules_when.h"

int
quoin_rules_filters_add(struct rules_filters *filters, enum rules_filter_kind kind,
    const struct rules_attribute_ids *attribute, const struct quoin_when *when, uint32_t rule)
{
	if (filters->count == RULES_CONJUNCTS_MAX)
		return QUOIN_ELIMIT;
	filters->items[filters->count++] = (struct rules_conjunct){kind, attribute, when, rule};
	return 0;
}

static int
conjunct_compare(const void *a, const void *b)
{
	const struct rules_conjunct *one = a, *two = b;

	if (one->kind != two->kind)
		return one->kind < two->kind ? -1 : 1;
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
put_mask(struct block_maker *block, uint64_t mask, size_t bytes)
{
	quoin_block_maker_put(block, &mask, bytes, 1);
}

/* One filter's tables: dense when that is not large, or not much larger than naming the ids. */
#define DENSE_BYTES 1024
static void
put_filter(const struct rules_filters *filters, struct block_maker *block, uint32_t at, uint32_t attribute,
    const struct rules_set *mentioned, uint64_t asked, const struct rules_objective *head)
{
	struct rules_filter filter = {.attribute = (uint8_t)attribute};
	uint32_t count = 0, limit = RULES_VALUE_FIRST;
	uint16_t key;

	for (uint32_t id = RULES_VALUE_FIRST; id < RULES_VALUES_MAX; id++) {
		if (rules_set_has(mentioned, id)) {
			count++;
			limit = id + 1;
		}
	}
	if (limit * head->mask_bytes > DENSE_BYTES && limit * head->mask_bytes > 2 * count * (2u + head->mask_bytes)) {
		filter.kind = RULES_FILTER_SPARSE;
		quoin_block_maker_put(block, NULL, 0, 2);
		for (uint32_t id = RULES_VALUE_FIRST; id < limit; id++) {
			key = (uint16_t)id;
			if (rules_set_has(mentioned, id))
				quoin_block_maker_put(block, &key, sizeof key, 2);
		}
	}
	filter.count = (uint16_t)(filter.kind == RULES_FILTER_SPARSE ? count : limit);
	filter.table = quoin_block_maker_put(block, NULL, 0, 1);
	for (uint32_t id = 0; id < limit; id++) {
		if (filter.kind == RULES_FILTER_DENSE || id < RULES_VALUE_FIRST || rules_set_has(mentioned, id))
			put_mask(block, mask_of(filters, head->mask, asked, id), head->mask_bytes);
	}
	memcpy(quoin_block_maker_at(block, at), &filter, sizeof filter);
}

static uint64_t
rules_of(const struct rules_filters *filters, size_t first, size_t *ret_count)
{
	uint64_t asked = 0;
	size_t i = first;

	for (; i < filters->count && filters->items[i].attribute == filters->items[first].attribute &&
	     filters->items[i].kind == filters->items[first].kind; i++)
		asked |= (uint64_t)1 << filters->items[i].rule;
	*ret_count = i - first;
	return asked;
}

/* What excludes many rules stands in front, as nobody asks on once none is left. Those of one form together. */
static int
group_compare(const void *a, const void *b)
{
	const struct rules_group *one = a, *two = b;
	int x = __builtin_popcountll(one->asked), y = __builtin_popcountll(two->asked);

	if (one->kind != two->kind)
		return one->kind < two->kind ? -1 : 1;
	return x != y ? (x > y ? -1 : 1) : (one->first > two->first) - (one->first < two->first);
}

static size_t
make_groups(struct rules_filters *filters, struct rules_group groups[RULES_GROUPS_MAX])
{
	size_t count = 0;

	if (filters->count > 0)
		qsort(filters->items, filters->count, sizeof filters->items[0], conjunct_compare);
	for (size_t first = 0; first < filters->count; first += groups[count++].count) {
		groups[count].first = first;
		groups[count].kind = filters->items[first].kind;
		groups[count].is_ordered = groups[count].kind != RULES_FILTER_DENSE;
		groups[count].asked = rules_of(filters, first, &groups[count].count);
	}
	if (count > 0)
		qsort(groups, count, sizeof groups[0], group_compare);
	return count;
}

static void
put_ids_filter(struct rules_filters *filters, struct block_maker *block, uint32_t at, const struct rules_group *group,
    const struct rules_objective *head)
{
	const struct rules_conjunct *items = &filters->items[group->first];
	struct rules_set set, mentioned = {0};
	uint64_t asked = 0;

	for (size_t k = 0; k < group->count; k++) {
		const uint64_t bit = (uint64_t)1 << items[k].rule;
		struct rules_set *kept = &filters->sets[items[k].rule];

		quoin_rules_when_ids(items[k].when, items[k].attribute, &set, &mentioned);
		for (size_t word = 0; word < RULES_SET_WORDS; word++)
			kept->words[word] = (asked & bit) == 0 ? set.words[word] : kept->words[word] & set.words[word];
		asked |= bit;
	}
	put_filter(filters, block, at, items->attribute->id, &mentioned, asked, head);
}

static int
point_compare(const void *a, const void *b)
{
	const rules_point one = *(const rules_point *)a, two = *(const rules_point *)b;

	return (one > two) - (one < two);
}

/* The points where a condition of the group may change, ascending, each once; the first is that of having a value. */
static size_t
find_points(struct rules_filters *filters, const struct rules_group *group)
{
	size_t count = 0, kept = 0;

	filters->points[count++] = 1;
	for (size_t k = 0; k < group->count; k++)
		count += quoin_rules_when_points(filters->items[group->first + k].when, filters->points + count);
	qsort(filters->points, count, sizeof filters->points[0], point_compare);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || filters->points[kept - 1] != filters->points[i])
			filters->points[kept++] = filters->points[i];
	}
	return kept;
}

static uint64_t
mask_at(const struct rules_filters *filters, const struct rules_group *group, uint64_t all, rules_point value)
{
	for (size_t k = 0; k < group->count; k++) {
		const struct rules_conjunct *item = &filters->items[group->first + k];

		if (!quoin_rules_when_holds_at(item->when, value))
			all &= ~((uint64_t)1 << item->rule);
	}
	return all;
}

static void
put_ordered_filter(struct rules_filters *filters, struct block_maker *block, uint32_t at, const struct rules_group *group,
    const struct rules_objective *head)
{
	const struct rules_conjunct *first = &filters->items[group->first];
	const size_t count = find_points(filters, group);
	const size_t padded = (count + RULES_KEYS_EACH - 1) / RULES_KEYS_EACH * RULES_KEYS_EACH;
	const rules_point beyond = UINT64_MAX;
	struct rules_filter filter = {
	    .attribute = (uint8_t)first->attribute->id, .kind = (uint8_t)first->kind, .count = (uint16_t)padded};

	quoin_block_maker_put(block, NULL, 0, 8);
	for (size_t i = 0; i < padded; i++)
		quoin_block_maker_put(block, i < count ? &filters->points[i] : &beyond, sizeof beyond, 8);
	filter.table = quoin_block_maker_put(block, NULL, 0, 1);
	put_mask(block, mask_at(filters, group, head->mask, 0), head->mask_bytes);
	for (size_t i = 0; i < count; i++)
		put_mask(block, mask_at(filters, group, head->mask, filters->points[i]), head->mask_bytes);
	memcpy(quoin_block_maker_at(block, at), &filter, sizeof filter);
}

/* How many filters there are in all: each kind filled up. */
static size_t
filled_count(const struct rules_objective *head)
{
	return (head->ordered - sizeof *head) / sizeof(struct rules_filter) +
	    (head->ordered_count < RULES_ORDERED_FILTERS ? RULES_ORDERED_FILTERS : head->ordered_count);
}

void
quoin_rules_filters_begin(struct rules_filters *filters, struct block_maker *block, struct rules_objective *head)
{
	filters->group_count = make_groups(filters, filters->groups);
	for (size_t i = 0; i < filters->group_count; i++) {
		if (filters->groups[i].is_ordered)
			head->ordered_count++;
		else
			head->id_count++;
	}
	head->ordered = rules_ordered_place(head->id_count);
	quoin_block_maker_put(block, NULL, filled_count(head) * sizeof(struct rules_filter), 8);
}

/* A filter that excludes nothing, whatever is asked. Its keys are what happens to be in front of the table. */
static void
put_neutral(struct block_maker *block, uint32_t at, uint32_t table, bool is_ordered)
{
	const struct rules_filter filter = {.kind = is_ordered ? RULES_FILTER_NUMBER : RULES_FILTER_DENSE,
	    .count = is_ordered ? RULES_KEYS_EACH : RULES_VALUE_FIRST,
	    .table = table};

	memcpy(quoin_block_maker_at(block, at), &filter, sizeof filter);
}

void
quoin_rules_filters_put(struct rules_filters *filters, struct block_maker *block, struct rules_objective *head)
{
	const size_t ordered = (size_t)(rules_ordered_filters(head) - rules_id_filters(head)), count = filled_count(head);
	size_t next = 0;
	uint32_t neutral;

	neutral = quoin_block_maker_put(block, NULL, 0, 8);
	for (size_t i = 0; i <= RULES_KEYS_EACH; i++)
		put_mask(block, UINT64_MAX, head->mask_bytes);
	for (size_t i = 0; i < count; i++) {
		const uint32_t at = (uint32_t)(sizeof *head + i * sizeof(struct rules_filter));
		const bool is_ordered = i >= ordered;

		if (is_ordered ? i - ordered >= head->ordered_count : i >= head->id_count)
			put_neutral(block, at, neutral, is_ordered);
		else if (is_ordered)
			put_ordered_filter(filters, block, at, &filters->groups[next++], head);
		else
			put_ids_filter(filters, block, at, &filters->groups[next++], head);
	}
}
