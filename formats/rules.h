/*
 * Rules: the part that turns a context into a decision, as a flat image (quoin-image(5), "The rules part").
 *
 * Ids are small numbers that a thing keeps from base to new release: attributes, the constants of an attribute ("value
 * ids": 0 is a missing attribute, 1 a value that no rule names), objectives, models and rule numbers. The ids of models
 * are those of the parts routes and models, too.
 *
 * An objective is one block: for each attribute that whole rules can be excluded by, a table from value id to the mask
 * of the rules that remain; what masks cannot say is a small tree of nodes per rule; outcomes with the merged config.
 */
#ifndef QUOIN_FORMATS_RULES_H
#define QUOIN_FORMATS_RULES_H

#include "formats/image.h"
#include "formats/ruleset.h"

#define QUOIN_RULES_VERSION	   1
#define QUOIN_RULES_ATTRIBUTES_MAX 128 /* 64 in conditions, and those that only units are taken from */

struct rules_attribute; /* formats/rules_layout.h */
struct rules_constant;

/* A verified (or trusted) rules part. Plain memory, borrows the image's segments, nothing to free. */
struct quoin_rules {
	struct quoin_image image;
	struct quoin_places attributes;
	struct quoin_places objectives;
	struct quoin_places models;
	const uint8_t *objective_names; /* hash tables */
	const uint8_t *attribute_names;
	const uint8_t *model_names;
	struct quoin_rules_attribute {
		const struct rules_attribute *block; /* NULL: a hole */
		const char *name;
		const struct rules_constant *slots; /* of the constants (formats/rules_layout.h) */
		const uint8_t *shifts;
		uint32_t slot_mask;
		uint32_t shift_mask;
		uint8_t mark; /* of the name: most that differ, differ here */
	} by_attribute[QUOIN_RULES_ATTRIBUTES_MAX]; /* by id: what is asked for again and again */
	uint32_t objective_count; /* without holes, unlike the id_count of the places */
	uint32_t model_count;
	uint32_t rule_count; /* rule numbers are below it; 0 is a default from objectives.json */
};

/*
 * Append the part to "out" (empty, with max at least QUOIN_PART_BYTES_MAX). "base" is the rules part of the base release
 * (16-byte aligned), or empty; only ids depend on it. The same ruleset and base give the same bytes everywhere.
 * Returns 0, QUOIN_ELIMIT (an objective or the part is too large, too many attributes; err says which), QUOIN_ECORRUPT
 * (base), QUOIN_ENOMEM.
 */
int quoin_rules_encode(const struct quoin_ruleset *ruleset, struct quoin_span base, struct quoin_buf *out,
    struct quoin_error *err);

/* Check everything that a reader relies on, and attach. 0, QUOIN_EVERSION, QUOIN_ECORRUPT (err says what and where). */
int quoin_rules_verify(const struct quoin_image *image, struct quoin_rules *ret, struct quoin_error *err);
/* Attach to a part that was verified before, in this process or by the agent: constant time. */
int quoin_rules_attach(const struct quoin_image *image, struct quoin_rules *ret, struct quoin_error *err);

/* Look-ups by name; QUOIN_PLACE_NONE if there is none. */
uint32_t quoin_rules_objective(const struct quoin_rules *rules, struct quoin_span name);
uint32_t quoin_rules_attribute(const struct quoin_rules *rules, struct quoin_span name);
/* "name@version", or "name" for the version that is current in this release. */
uint32_t quoin_rules_model(const struct quoin_rules *rules, struct quoin_span name);

/* By id; NULL for a hole. The strings are the image's. */
const char *quoin_rules_objective_name(const struct quoin_rules *rules, uint32_t id);
const char *quoin_rules_attribute_name(const struct quoin_rules *rules, uint32_t id);
const char *quoin_rules_routing_key(const struct quoin_rules *rules, uint32_t model);

/* One objective's rules in the order in which they are asked; index 0.. ; then the default. For counters and tools. */
struct quoin_rule_info {
	uint32_t number;
	enum quoin_rule_kind kind;
	const char *name;
	uint64_t ab_test_id;
};
uint32_t quoin_rules_objective_rules(const struct quoin_rules *rules, uint32_t objective);
void quoin_rules_rule(const struct quoin_rules *rules, uint32_t objective, uint32_t index, struct quoin_rule_info *ret);

#endif
