/*
 * The bytes of a rules part, as structures that are read in place (quoin-image(5), "The rules part"). Inside a block
 * every place is a distance from the block's beginning; inside a rule, from the rule's: so that a rule that comes, goes
 * or grows changes no byte of the others. For formats/rules*.c, resolve.c and context.c only.
 */
#ifndef QUOIN_FORMATS_RULES_LAYOUT_H
#define QUOIN_FORMATS_RULES_LAYOUT_H

#include "formats/image.h"
#include "formats/rules.h"
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

/* A constant is found by its key's hash: the low bits lead to a shift, and what the hash has behind that to a slot. The
 * encoder chooses shifts so that no two constants meet: there is one place to look at, whatever the value. */
struct rules_attribute {
	uint32_t bytes;
	uint32_t id;
	uint32_t name;
	uint32_t name_bytes;
	uint32_t slots; /* array of rules_constant: the place, and how many (a power of two) */
	uint32_t slot_count;
	uint32_t shifts; /* u8: the place, and how many (a power of two) */
	uint32_t shift_count;
	uint32_t constant_count;
	uint32_t id_limit; /* value ids are below it */
	uint32_t mark; /* of the name: most that differ, differ here */
	uint32_t zero;
};
#define RULES_SHIFT_MAX	    48
#define RULES_SLOTS_MIN	    4
#define RULES_SLOTS_EACH    2 /* and more for each constant */
#define RULES_SLOTS_SHIFT   4 /* that share a shift, on average */
#define RULES_SLOTS_MAX	    (16 * RULES_SLOTS_EACH * QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX)
#define RULES_WHOLE_KEY_MAX 16
/* What identifies a value: up to 16 bytes in two words, and what they are. Of a longer string the words are a hash. */
#define RULES_FORM(kind) (((uint32_t)(kind) + 1) << 16)
struct rules_key {
	uint64_t low;
	uint64_t high;
	uint32_t form; /* 1 + enum quoin_scalar_kind in the upper half, the length in the lower */
};
struct rules_constant {
	uint64_t low;
	uint64_t high;
	uint32_t form; /* 0: free */
	uint32_t text; /* of a string longer than the words: its place */
	uint16_t id;
	uint16_t zero[3];
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

/* Followed by its filters, so that they are read without waiting for it. */
struct rules_objective {
	uint32_t bytes;
	uint32_t id;
	uint64_t mask; /* one bit per rule: bit i is rule i */
	uint64_t default_mask; /* the bit behind the last rule's; 0 if there is none */
	uint8_t rule_count;
	uint8_t override_count; /* the first rules */
	uint8_t shadow_count;	/* the last rules */
	uint8_t id_count; /* of the filters that ask for ids */
	uint8_t mask_bytes; /* that a mask has in a table: 1, 2, 4 or 8 */
	uint8_t ordered_count; /* of those that ask for numbers and versions, which stand behind them */
	uint16_t name_bytes;
	uint32_t rules; /* rule_count of rules_rule, then the default's */
	uint32_t bodies; /* the places of as many rules_body */
	uint32_t texts; /* what outcomes say of models is relative to it */
	uint32_t default_outcome; /* the default's only one */
	uint32_t name;
	uint32_t input_type;
	uint32_t model_type;
	uint32_t ordered; /* the filters that ask for numbers and versions */
};

enum rules_filter_kind {
	RULES_FILTER_DENSE,  /* table[id]; ids from count on are like RULES_VALUE_UNKNOWN */
	RULES_FILTER_SPARSE, /* table[0], table[1] for missing and unknown, table[2 + i] for keys[i] */
	RULES_FILTER_NUMBER, /* table[n] where n keys are not above the value's */
	RULES_FILTER_VERSION, /* the same of versions */
};
struct rules_filter {
	uint8_t attribute;
	uint8_t kind;
	uint16_t count; /* dense: masks in the table; else keys */
	/* Seven readable bytes follow it. Keys stand right in front of it, ascending; sparse: u16; number and version: u64 in
	 * eights, the last ones UINT64_MAX. */
	uint32_t table;
};
static inline const uint16_t *
rules_filter_ids(const uint8_t *block, const struct rules_filter *filter)
{
	return (const uint16_t *)(const void *)(block + filter->table) - filter->count;
}
static inline const uint64_t *
rules_filter_keys(const uint8_t *block, const struct rules_filter *filter)
{
	return (const uint64_t *)(const void *)(block + filter->table) - filter->count;
}
#define RULES_KEYS_EACH 8

/*
 * Numbers and versions as integers in the same order; 0 is what is neither, and the first key is 1. Numbers are finite,
 * and not minus zero. Of a version each component has 16 bits, in which larger ones are all alike: conditions whose
 * components are larger than RULES_COMPONENT_MAX are not made to filters.
 */
static inline uint64_t
rules_number_key(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof bits);
	return bits >> 63 != 0 ? ~bits : bits | (uint64_t)1 << 63;
}
#define RULES_COMPONENT_MAX 65532u
static inline uint64_t
rules_version_key(const uint32_t components[4])
{
	uint64_t key = 0;

	for (unsigned i = 0; i < 4; i++)
		key = key << 16 | (components[i] < RULES_COMPONENT_MAX + 2 ? components[i] : RULES_COMPONENT_MAX + 2);
	return key + 1;
}

#define RULES_NO_ATTRIBUTE 0xff
#define RULES_NO_OUTCOME   UINT32_MAX
#define RULES_MURMUR3	   1
enum rules_flag {
	RULES_ANY_MODEL = 1,
	RULES_ANY_CALLER = 2,
	RULES_NO_GAPS = 4, /* cell i is first_cell + i, and cells is 0 */
	RULES_HAS_NODES = 8,
};
/* What is looked at to see whether a rule selects, for all rules side by side. */
struct rules_rule {
	uint64_t ab_test_id;
	uint32_t seed;
	uint32_t first_cell; /* A/B test: the lowest */
	uint16_t cell_count;
	uint16_t share_count;
	uint8_t kind; /* enum quoin_rule_kind */
	uint8_t bucketing; /* RULES_MURMUR3, or 0: takes no unit */
	uint8_t unit; /* the attribute of the unit */
	uint8_t flags;
};
/* What else a rule has, followed by its outcomes, and then by all that it alone uses. */
struct rules_body {
	uint32_t bytes; /* with what follows */
	uint32_t number;
	uint32_t name;
	uint32_t nodes;
	uint16_t node_count;
	uint16_t name_bytes;
	uint32_t cells; /* u32, ascending; outcome i is that of cell i */
	uint32_t shares; /* rules_share, ascending */
	uint32_t overrides; /* rules_overrides, or 0 */
	uint32_t outcome_count;
	uint32_t zero;
};
struct rules_overrides {
	uint32_t entries; /* rules_override, ascending by model */
	uint32_t entry_count;
	uint32_t callers; /* rules_text */
	uint32_t caller_count;
};
struct rules_share {
	uint32_t limit; /* buckets below it */
	uint32_t outcome;
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

_Static_assert(sizeof(struct rules_attribute) == 48, "layout");
_Static_assert(sizeof(struct rules_constant) == 32, "layout");
_Static_assert(sizeof(struct rules_model) == 32, "layout");
_Static_assert(sizeof(struct rules_objective) == 64, "layout");
_Static_assert(sizeof(struct rules_filter) == 8, "layout");
_Static_assert(sizeof(struct rules_rule) == 24, "layout");
_Static_assert(sizeof(struct rules_body) == 40, "layout");
_Static_assert(sizeof(struct rules_outcome) == 24, "layout");
_Static_assert(sizeof(struct rules_node) == 12, "layout");
_Static_assert(QUOIN_RULES_PER_OBJECTIVE_MAX <= 64, "one mask bit per rule");

#define RULES_AT(block, type, at) ((const type *)(const void *)((const uint8_t *)(block) + (at)))

/* The words of a string of 4 to 16 bytes: all of them, some twice. Without a branch: how long a value is, is not to be
 * predicted. */
static inline struct rules_key
rules_word_key(const uint8_t *bytes, uint32_t len)
{
	const size_t last = len - 4u, step = len / 8 * 4;

	return (struct rules_key){.low = quoin_load_u32(bytes) | (uint64_t)quoin_load_u32(bytes + step) << 32,
	    .high = quoin_load_u32(bytes + last - step) | (uint64_t)quoin_load_u32(bytes + last) << 32,
	    .form = RULES_FORM(QUOIN_SCALAR_STRING) | len};
}
/* Whether a string's length is one of these; they need not be the same when it is another. */
static inline bool
rules_is_word(uint32_t len)
{
	return len - 4 <= RULES_WHOLE_KEY_MAX - 4;
}

/* Of any string; one longer than a constant may be has the key of none. */
struct rules_key quoin_rules_string_key(const char *string, size_t len);

static inline struct rules_key
rules_number_constant_key(double number)
{
	struct rules_key key = {.form = RULES_FORM(QUOIN_SCALAR_NUMBER) | sizeof number};

	memcpy(&key.low, &number, sizeof number);
	return key;
}

static inline struct rules_key
rules_bool_key(bool boolean)
{
	return (struct rules_key){.low = boolean, .form = RULES_FORM(QUOIN_SCALAR_BOOL) | 1};
}

static inline uint64_t
rules_key_hash(struct rules_key key)
{
	return quoin_image_mix(key.low ^ 0xe7037ed1a0b428dbu, key.high ^ key.form ^ 0x9e3779b97f4a7c15u);
}

/* By the first two characters; not of the empty name, which no attribute has. */
static inline uint8_t
rules_name_mark(const char *name)
{
	const unsigned first = (unsigned char)name[0];

	return (uint8_t)(first == 0 ? 0 : first + 8 * (unsigned char)name[1]);
}

static inline struct quoin_rules_attribute
rules_attribute_of(const struct rules_attribute *block)
{
	return (struct quoin_rules_attribute){.block = block,
	    .name = (const char *)block + block->name,
	    .slots = RULES_AT(block, struct rules_constant, block->slots),
	    .shifts = RULES_AT(block, uint8_t, block->shifts),
	    .slot_mask = block->slot_count - 1,
	    .shift_mask = block->shift_count - 1,
	    .mark = (uint8_t)block->mark};
}

static inline const struct rules_constant *
rules_constant_at(const struct quoin_rules_attribute *attribute, struct rules_key key)
{
	const uint64_t hash = rules_key_hash(key);

	return attribute->slots + (hash >> attribute->shifts[hash & attribute->shift_mask] & attribute->slot_mask);
}

/*
 * The value id of a key that says all of the value, or RULES_VALUE_BEYOND, which filters take for RULES_VALUE_UNKNOWN as
 * they do with all that they have no mask for. Without a branch: whether rules name a value is not to be predicted.
 */
#define RULES_VALUE_BEYOND UINT32_MAX
static inline uint32_t
rules_constant_seek(const struct quoin_rules_attribute *attribute, struct rules_key key)
{
	const struct rules_constant *slot = rules_constant_at(attribute, key);
	const uint64_t differs = (slot->low ^ key.low) | (slot->high ^ key.high) | (slot->form ^ key.form);

	return slot->id | (0 - (uint32_t)(differs != 0));
}
/* The same, or RULES_VALUE_UNKNOWN. */
static inline uint32_t
rules_constant_id(const struct quoin_rules_attribute *attribute, struct rules_key key)
{
	const uint32_t id = rules_constant_seek(attribute, key);

	return id != RULES_VALUE_BEYOND ? id : RULES_VALUE_UNKNOWN;
}
/* The same of any key; "text" is compared, too, where the key does not say all of it. */
uint16_t quoin_rules_constant_find(const struct quoin_rules *rules, uint32_t attribute, struct rules_key key,
    const char *text);

/*
 * Most objectives have no more filters than these. So many are always there, the last ones of them exclude nothing, and can
 * be asked without a look at how many there are.
 */
#define RULES_ID_FILTERS      6
#define RULES_ORDERED_FILTERS 2
static inline const struct rules_filter *
rules_id_filters(const struct rules_objective *objective)
{
	return RULES_AT(objective, struct rules_filter, sizeof *objective);
}
static inline const struct rules_filter *
rules_ordered_filters(const struct rules_objective *objective)
{
	return RULES_AT(objective, struct rules_filter, objective->ordered);
}
/* Their place: right behind so many that ask for ids. */
static inline uint32_t
rules_ordered_place(uint32_t id_count)
{
	return (uint32_t)(sizeof(struct rules_objective) +
	    (id_count < RULES_ID_FILTERS ? RULES_ID_FILTERS : id_count) * sizeof(struct rules_filter));
}

/* Rule "index" of an objective, the default behind the last. */
static inline const struct rules_rule *
rules_rule_at(const struct rules_objective *objective, uint32_t index)
{
	return RULES_AT(objective, struct rules_rule, objective->rules) + index;
}

static inline const struct rules_body *
rules_body_at(const struct rules_objective *objective, uint32_t index)
{
	const uint8_t *block = (const uint8_t *)objective;

	return (const void *)(block + quoin_load_u32(block + objective->bodies + 4 * (size_t)index));
}

static inline const struct rules_outcome *
rules_outcomes_of(const struct rules_body *body)
{
	return RULES_AT(body, struct rules_outcome, sizeof *body);
}

#endif
