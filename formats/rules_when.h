/*
 * Conditions on their way into a rules part: what tables from value ids to masks can say, and nodes for the rest. Used by
 * the encoder of the rules part alone.
 */
#ifndef QUOIN_FORMATS_RULES_WHEN_H
#define QUOIN_FORMATS_RULES_WHEN_H

#include "formats/block.h"
#include "formats/rules_ids.h"
#include "formats/rules_layout.h"

/* A set of value ids of one attribute. */
#define RULES_SET_WORDS ((RULES_VALUES_MAX + 63) / 64)
struct rules_set {
	uint64_t words[RULES_SET_WORDS];
};
static inline bool
rules_set_has(const struct rules_set *set, uint32_t id)
{
	return (set->words[id / 64] >> id % 64 & 1) != 0;
}

/* If the condition depends on the value of one attribute alone, and only on which constant it is, or how it begins: that
 * attribute's name, else NULL. */
const char *quoin_rules_when_attribute(const struct quoin_when *when);
/* The value ids for which such a condition holds; "mentioned" gains the ids that it names, and those of constants that
 * begin as it says. With a prefix in it, it may hold for values that are no constants, which only its nodes can tell: the
 * set has RULES_VALUE_UNKNOWN then. */
void quoin_rules_when_ids(const struct quoin_when *when, const struct rules_attribute_ids *attribute, struct rules_set *ret,
    struct rules_set *mentioned);
bool quoin_rules_when_has_prefix(const struct quoin_when *when);

/* Numbers and versions, each as an integer in the same order (formats/rules_layout.h). */
typedef uint64_t rules_point;

/* If the condition compares one attribute with numbers alone, or with versions alone (few at a time, and of components
 * that filters have): that attribute's name and the kind of filter, else NULL. */
const char *quoin_rules_when_order(const struct quoin_when *when, enum rules_filter_kind *ret_kind);
/* Where such a condition may change, at most RULES_POINTS_PER_LEAF for each leaf; returns how many. */
#define RULES_POINTS_PER_LEAF 8
size_t quoin_rules_when_points(const struct quoin_when *when, rules_point *points);
/* Whether such a condition holds at a value; at 0, without one. */
bool quoin_rules_when_holds_at(const struct quoin_when *when, rules_point value);

struct rules_nodes {
	struct rules_node items[RULES_NODES_MAX];
	size_t count;
};
/* Whether the condition is the same for every context: 1 holds, 0 does not, -1 depends. */
int quoin_rules_when_constant(const struct quoin_when *when);
/* Append the nodes of a condition that depends; their data goes to the block. QUOIN_ELIMIT, QUOIN_ENOMEM. */
int quoin_rules_when_put(const struct quoin_when *when, const struct rules_ids *ids, struct block_maker *maker,
    struct rules_nodes *nodes);

#endif
