/*
 * The bytes of a rules part, as structures that are read in place (quoin-image(5), "The rules part"). Inside a block
 * every place is a distance from the block's beginning; inside a rule, from the rule's: so that a rule that comes, goes
 * or grows changes no byte of the others. For formats/rules*.c, resolve.c and context.c only.
 */
#ifndef QUOIN_FORMATS_RULES_LAYOUT_H
#define QUOIN_FORMATS_RULES_LAYOUT_H

#include "formats/image.h"
#include "formats/ruleset.h"

#define RULES_MAGIC "QnRules\n"

/* The header's own fields. */
enum rules_field {
	RULES_ATTRIBUTES, /* places */
	RULES_ATTRIBUTE_IDS,
	RULES_OBJECTIVES,
	RULES_OBJECTIVE_IDS,
	RULES_MODELS,
	RULES_MODEL_IDS,
	RULES_OBJECTIVE_NAMES, /* names */
	RULES_ATTRIBUTE_NAMES,
	RULES_MODEL_NAMES,
	RULES_NUMBERS, /* rule numbers are below it */
};

#define RULES_VALUE_MISSING 0
#define RULES_VALUE_UNKNOWN 1
#define RULES_VALUE_FIRST   2 /* the first id of a constant */
#define RULES_VALUES_MAX    (RULES_VALUE_FIRST + QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX)

struct rules_attribute {
	uint32_t bytes;
	uint32_t id;
	uint32_t name;
	uint32_t name_bytes;
	uint32_t slots; /* array of rules_constant: the place, and how many (a power of two, or 0) */
	uint32_t slot_count;
	uint32_t constant_count;
	uint32_t id_limit; /* value ids are below it */
};
#define RULES_INLINE_BYTES 16
struct rules_constant {
	uint32_t hash;
	uint16_t id; /* 0: free */
	uint16_t len;
	uint8_t kind; /* enum quoin_scalar_kind */
	uint8_t zero[3];
	uint32_t text; /* of a string longer than fits here: its place */
	uint8_t bytes[RULES_INLINE_BYTES]; /* of a number: the double; of a bool: 0 or 1 */
};

struct rules_model {
	uint32_t bytes;
	uint32_t id;
	uint32_t name;
	uint32_t version;
	uint32_t routing_key;
	uint32_t input_type;
	uint32_t model_type;
	uint32_t is_current;
};

struct rules_objective {
	uint32_t bytes;
	uint32_t id;
	uint64_t mask; /* one bit per rule: bit i is rule i */
	uint8_t rule_count;
	uint8_t override_count; /* the first rules */
	uint8_t shadow_count;	/* the last rules */
	uint8_t filter_count;
	uint8_t mask_shift; /* a mask in a table has 1 << mask_shift bytes */
	uint8_t ordered_count; /* of the last filters: numbers and versions */
	uint16_t name_bytes;
	uint32_t filters;
	uint32_t rules; /* the places of rule_count of them, then of the default */
	uint32_t texts; /* what outcomes say of models is relative to it */
	uint32_t default_outcome; /* the default's only one */
	uint32_t name;
	uint32_t input_type;
	uint32_t model_type;
	uint32_t default_model;
	uint32_t zeros[1];
};

enum rules_filter_kind {
	RULES_FILTER_DENSE,  /* table[id]; ids from count on are like RULES_VALUE_UNKNOWN */
	RULES_FILTER_SPARSE, /* table[0], table[1] for missing and unknown, table[2 + i] for keys[i] */
	RULES_FILTER_NUMBER, /* table[0] for what is no number; table[1 + n] where n keys are not above it */
	RULES_FILTER_VERSION, /* the same of versions */
};
struct rules_filter {
	uint8_t attribute;
	uint8_t kind;
	uint16_t count; /* dense: masks in the table; else keys */
	uint32_t table; /* seven readable bytes follow it */
	uint32_t keys;	/* ascending; sparse: u16; number: u64; version: rules_version */
	uint32_t asked; /* which of the first 32 rules it may exclude; with more rules, all */
};

/* Numbers and versions as integers in the same order. Numbers are finite, and not minus zero. */
static inline uint64_t
rules_number_key(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof bits);
	return bits >> 63 != 0 ? ~bits : bits | (uint64_t)1 << 63;
}
struct rules_version {
	uint64_t high; /* the first two components, the first in the upper half */
	uint64_t low;
};
static inline struct rules_version
rules_version_key(const uint32_t components[4])
{
	return (struct rules_version){(uint64_t)components[0] << 32 | components[1],
	    (uint64_t)components[2] << 32 | components[3]};
}

#define RULES_NO_ATTRIBUTE 0xff
#define RULES_NO_OUTCOME   UINT32_MAX
#define RULES_MURMUR3	   1
enum rules_flag {
	RULES_ANY_MODEL = 1,
	RULES_ANY_CALLER = 2,
};
/* Followed by all that it alone uses. */
struct rules_rule {
	uint32_t bytes; /* with what follows */
	uint32_t number;
	uint64_t ab_test_id;
	uint8_t kind; /* enum quoin_rule_kind */
	uint8_t bucketing; /* RULES_MURMUR3, or 0: takes no unit */
	uint8_t unit; /* the attribute of the unit */
	uint8_t flags;
	uint32_t outcomes; /* rules_outcome */
	uint32_t outcome_count;
	uint32_t seed;
	uint32_t cells; /* rules_cell, ascending */
	uint16_t cell_count;
	uint16_t share_count;
	uint32_t shares; /* rules_share, ascending */
	uint32_t outcome; /* an index, as all that are called outcome */
	uint32_t nodes;
	uint16_t node_count;
	uint16_t name_bytes;
	uint32_t name;
	uint32_t callers; /* rules_text */
	uint32_t overrides; /* rules_override, ascending by model */
	uint32_t override_count;
	uint16_t caller_count;
	uint16_t zero;
	uint32_t zeros[1];
};
struct rules_cell {
	uint32_t cell;
	uint32_t outcome;
};
struct rules_share {
	uint32_t limit; /* buckets below it */
	uint32_t target; /* A/B test: index into cells; else an outcome */
};
struct rules_text {
	uint32_t at;
	uint32_t bytes;
};
struct rules_override {
	uint32_t model;
	uint32_t config;
	uint32_t config_bytes;
};
struct rules_outcome {
	uint32_t model; /* QUOIN_PLACE_NONE: only the config counts (an override of any model) */
	uint32_t name; /* these three: from the objective's texts */
	uint32_t version;
	uint32_t routing_key;
	uint32_t config;
	uint32_t config_bytes;
};

enum rules_node_kind {
	RULES_NODE_ALL,
	RULES_NODE_ANY,
	RULES_NODE_NOT,
	RULES_NODE_LEAF, /* + enum quoin_operator */
};
#define RULES_NODE_KINDS (RULES_NODE_LEAF + QUOIN_OP_EXISTS + 1)
#define RULES_NODE_DEPTH (3 * QUOIN_NESTING_MAX)
#define RULES_NODES_MAX	 1024
struct rules_node {
	uint8_t kind;
	uint8_t attribute;
	uint16_t count; /* in, notIn: ids; prefix: texts; version: bounds; exists: 0 or 1 */
	uint32_t data;	/* u16 ids ascending; rules_text; one double; rules_bound */
	uint32_t end;	/* index of the node after this one's children */
};
struct rules_bound {
	uint32_t comparator;
	uint32_t components[4];
};

_Static_assert(sizeof(struct rules_attribute) == 32, "layout");
_Static_assert(sizeof(struct rules_constant) == 32, "layout");
_Static_assert(sizeof(struct rules_model) == 32, "layout");
_Static_assert(sizeof(struct rules_objective) == 64, "layout");
_Static_assert(sizeof(struct rules_filter) == 16, "layout");
_Static_assert(sizeof(struct rules_rule) == 80, "layout");
_Static_assert(sizeof(struct rules_outcome) == 24, "layout");
_Static_assert(sizeof(struct rules_node) == 12, "layout");
_Static_assert(QUOIN_RULES_PER_OBJECTIVE_MAX <= 64, "one mask bit per rule");

static inline uint32_t
rules_constant_hash(uint32_t kind, const void *bytes, size_t len)
{
	return quoin_image_hash(bytes, len) + kind * 0x9e3779b9u;
}

#define RULES_AT(block, type, at) ((const type *)(const void *)((const uint8_t *)(block) + (at)))

/* The value id of a constant of this attribute, or RULES_VALUE_UNKNOWN. Numbers and bools in the form they are kept. */
static inline uint16_t
quoin_rules_constant_find(const struct rules_attribute *attribute, uint32_t kind, const void *bytes,
    uint32_t len)
{
	const struct rules_constant *slots = RULES_AT(attribute, struct rules_constant, attribute->slots), *slot;
	uint32_t hash, at;
	const uint8_t *text;

	if (attribute->slot_count == 0)
		return RULES_VALUE_UNKNOWN;
	hash = rules_constant_hash(kind, bytes, len);
	for (at = hash & (attribute->slot_count - 1);; at = (at + 1) & (attribute->slot_count - 1)) {
		slot = &slots[at];
		if (slot->id == 0)
			return RULES_VALUE_UNKNOWN;
		if (slot->hash != hash || slot->len != len || slot->kind != kind)
			continue;
		text = len <= RULES_INLINE_BYTES ? slot->bytes : (const uint8_t *)attribute + slot->text;
		if (quoin_image_equal(text, bytes, len))
			return slot->id;
	}
}

/* Rule "index" of an objective, the default behind the last. */
static inline const struct rules_rule *
rules_rule_at(const struct rules_objective *objective, uint32_t index)
{
	const uint8_t *block = (const uint8_t *)objective;

	return (const void *)(block + quoin_load_u32(block + objective->rules + 4 * (size_t)index));
}

#endif
