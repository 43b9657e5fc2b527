/*
 * The filters of an objective in the making: which rules each value of an attribute leaves (quoin-image(5)).
 */
#ifndef QUOIN_FORMATS_RULES_FILTERS_H
#define QUOIN_FORMATS_RULES_FILTERS_H

#include "formats/block.h"
#include "formats/rules_ids.h"
#include "formats/rules_layout.h"
#include "formats/rules_when.h"

#define RULES_CONJUNCTS_MAX (QUOIN_RULES_PER_OBJECTIVE_MAX * QUOIN_LEAVES_PER_RULE_MAX)

/* A condition that a whole rule stands or falls with, and that depends on one attribute alone: on its value id, or on
 * its place among numbers or versions. */
struct rules_conjunct {
	enum rules_filter_kind kind; /* RULES_FILTER_DENSE stands for value ids */
	const struct rules_attribute_ids *attribute;
	const struct quoin_when *when;
	uint32_t rule; /* its bit */
};

#define RULES_GROUPS_MAX (3 * QUOIN_ATTRIBUTES_MAX)
_Static_assert(RULES_GROUPS_MAX <= UINT8_MAX, "their count is a byte");

/* The conditions on one attribute that one filter takes. */
struct rules_group {
	enum rules_filter_kind kind;
	bool is_ordered;
	size_t first, count;
	uint64_t asked;
};

struct rules_filters {
	struct rules_conjunct items[RULES_CONJUNCTS_MAX];
	size_t count;
	struct rules_group groups[RULES_GROUPS_MAX];
	size_t group_count;
	/* Scratch. */
	struct rules_set sets[QUOIN_RULES_PER_OBJECTIVE_MAX];
	rules_point points[RULES_CONJUNCTS_MAX * RULES_POINTS_PER_LEAF + 1];
};

/* Both are borrowed until put. 0 or QUOIN_ELIMIT. */
int quoin_rules_filters_add(struct rules_filters *filters, enum rules_filter_kind kind,
    const struct rules_attribute_ids *attribute, const struct quoin_when *when, uint32_t rule);
/* When all are added: room for the filters, right behind the head; fills the counts of them in "head". */
void quoin_rules_filters_begin(struct rules_filters *filters, struct block_maker *block, struct rules_objective *head);
/* The filters into it, and their tables into the block; "head" has its masks. */
void quoin_rules_filters_put(struct rules_filters *filters, struct block_maker *block, struct rules_objective *head);

#endif
