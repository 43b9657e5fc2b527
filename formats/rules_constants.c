#include "formats/rules_constants.h"

#include <stdlib.h>
#include <string.h>

/* A constant, and with how many others it shares a shift. */
struct item {
	const struct rules_constant_id *constant;
	struct rules_key key;
	uint64_t hash;
	uint32_t group;
	uint32_t group_size;
};

struct table {
	struct item *items;
	size_t count;
	uint32_t slot_count;
	uint32_t shift_count;
	uint8_t *shifts;     /* those that are not chosen yet: UINT8_MAX */
	uint32_t *taken; /* by slot: the number of the item + 1 */
};

static int
group_compare(const void *a, const void *b)
{
	const struct item *one = a, *two = b;

	if (one->group != two->group)
		return one->group < two->group ? -1 : 1;
	return (one->constant->id > two->constant->id) - (one->constant->id < two->constant->id);
}

/* Large groups first, as long as there is room. */
static int
size_compare(const void *a, const void *b)
{
	const struct item *one = a, *two = b;

	if (one->group_size != two->group_size)
		return one->group_size > two->group_size ? -1 : 1;
	return group_compare(a, b);
}

static void
find_groups(struct table *table)
{
	size_t first, next;

	for (size_t i = 0; i < table->count; i++)
		table->items[i].group = (uint32_t)(table->items[i].hash & (table->shift_count - 1));
	qsort(table->items, table->count, sizeof table->items[0], group_compare);
	for (first = 0; first < table->count; first = next) {
		for (next = first; next < table->count && table->items[next].group == table->items[first].group; next++)
			continue;
		for (size_t i = first; i < next; i++)
			table->items[i].group_size = (uint32_t)(next - first);
	}
	qsort(table->items, table->count, sizeof table->items[0], size_compare);
}

/* The group that begins with this item gets this shift, if all its slots are free. */
static bool
take(struct table *table, size_t first, uint8_t shift)
{
	const size_t end = first + table->items[first].group_size;
	size_t i;

	for (i = first; i < end; i++) {
		uint32_t *slot = &table->taken[table->items[i].hash >> shift & (table->slot_count - 1)];

		if (*slot != 0)
			break;
		*slot = (uint32_t)i + 1;
	}
	if (i == end) {
		table->shifts[table->items[first].group] = shift;
		return true;
	}
	while (i-- > first)
		table->taken[table->items[i].hash >> shift & (table->slot_count - 1)] = 0;
	return false;
}

/* First what was so in the base, then the rest. */
static bool
choose_shifts(struct table *table, const uint8_t *base_shifts)
{
	memset(table->shifts, UINT8_MAX, table->shift_count);
	memset(table->taken, 0, table->slot_count * sizeof table->taken[0]);
	for (size_t i = 0; base_shifts != NULL && i < table->count; i += table->items[i].group_size)
		(void)take(table, i, base_shifts[table->items[i].group]);
	for (size_t i = 0; i < table->count; i += table->items[i].group_size) {
		uint8_t shift = 0;

		if (table->shifts[table->items[i].group] != UINT8_MAX)
			continue;
		while (shift <= RULES_SHIFT_MAX && !take(table, i, shift))
			shift++;
		if (shift > RULES_SHIFT_MAX)
			return false;
	}
	for (uint32_t i = 0; i < table->shift_count; i++)
		table->shifts[i] = table->shifts[i] == UINT8_MAX ? 0 : table->shifts[i];
	return true;
}

/* The smallest table that keeps them apart. */
static int
make_table(struct table *table, const struct rules_attribute *base)
{
	for (; table->slot_count <= RULES_SLOTS_MAX; table->slot_count *= 2) {
		const bool is_alike = base != NULL && base->slot_count == table->slot_count;

		table->shift_count = table->slot_count / RULES_SLOTS_SHIFT;
		free(table->shifts);
		free(table->taken);
		table->shifts = malloc(table->shift_count);
		table->taken = calloc(table->slot_count, sizeof table->taken[0]);
		if (table->shifts == NULL || table->taken == NULL)
			return QUOIN_ENOMEM;
		find_groups(table);
		if (choose_shifts(table, is_alike ? RULES_AT(base, uint8_t, base->shifts) : NULL))
			return 0;
	}
	return QUOIN_ELIMIT;
}

static void
put_table(const struct table *table, struct block_maker *block, struct rules_attribute *head)
{
	struct rules_constant slot;
	const struct item *item;
	uint32_t at;

	head->slot_count = table->slot_count;
	head->shift_count = table->shift_count;
	head->shifts = quoin_block_maker_put(block, table->shifts, table->shift_count, 1);
	head->slots = quoin_block_maker_put(block, NULL, 0, 16);
	for (uint32_t i = 0; i < table->slot_count; i++) {
		slot = (struct rules_constant){0};
		item = table->taken[i] == 0 ? NULL : &table->items[table->taken[i] - 1];
		if (item != NULL)
			slot = (struct rules_constant){.low = item->key.low, .high = item->key.high, .form = item->key.form,
			    .id = (uint16_t)item->constant->id};
		at = quoin_block_maker_put(block, &slot, sizeof slot, 1);
		if (item != NULL && (item->key.form & UINT16_MAX) > RULES_WHOLE_KEY_MAX)
			quoin_block_maker_refer(block, at + (uint32_t)offsetof(struct rules_constant, text),
			    quoin_block_maker_text(block, quoin_span_str(item->constant->scalar->string)));
	}
}

int
quoin_rules_constants_put(const struct rules_attribute_ids *attribute, const struct rules_attribute *base,
    struct block_maker *block, struct rules_attribute *head)
{
	struct table table = {.count = attribute->constant_count, .slot_count = RULES_SLOTS_MIN};
	int rc;

	while (table.slot_count < RULES_SLOTS_EACH * table.count)
		table.slot_count *= 2;
	table.items = calloc(table.count + 1, sizeof *table.items);
	if (table.items == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < table.count; i++) {
		table.items[i].constant = &attribute->constants[i];
		table.items[i].key = quoin_rules_scalar_key(attribute->constants[i].scalar);
		table.items[i].hash = rules_key_hash(table.items[i].key);
	}
	rc = make_table(&table, base);
	if (rc == 0)
		put_table(&table, block, head);
	free(table.items);
	free(table.shifts);
	free(table.taken);
	return rc;
}
