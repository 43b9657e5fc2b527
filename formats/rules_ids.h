/*
 * Ids of a rules part in the making: which small number each attribute, constant, model, objective and rule gets, the
 * same as in the base release wherever it was there. Used by the encoder of the rules part alone.
 */
#ifndef QUOIN_FORMATS_RULES_IDS_H
#define QUOIN_FORMATS_RULES_IDS_H

#include "formats/rules.h"
#include "formats/rules_layout.h"

struct rules_constant_id {
	const char *attribute;
	const struct quoin_scalar *scalar; /* NULL: only names the attribute */
	uint32_t id;
};
struct rules_attribute_ids {
	const char *name;
	uint32_t id;
	const struct rules_constant_id *constants; /* ascending by kind and value */
	size_t constant_count;
	uint32_t id_limit; /* value ids are below it */
};

struct rules_ids {
	struct rules_constant_id *constants; /* all, attribute by attribute */
	size_t constant_count;
	struct rules_attribute_ids *attributes; /* ascending by name */
	size_t attribute_count;
	uint32_t attribute_id_count;
	uint32_t *models; /* by index of the ruleset; QUOIN_PLACE_NONE: not part of the release */
	uint32_t model_id_count;
	uint32_t *objectives;
	uint32_t objective_id_count;
	uint32_t *numbers; /* by index of the rule; 0: not compiled */
	uint32_t number_count; /* one more than the highest */
};

/* "base" may be NULL. 0, QUOIN_ELIMIT, QUOIN_ENOMEM; the caller clears. */
int quoin_rules_ids_make(const struct quoin_ruleset *ruleset, const struct quoin_rules *base, struct rules_ids *ret,
    struct quoin_error *err);
void quoin_rules_ids_clear(struct rules_ids *ids);

/* How a scalar is found among the constants. */
struct rules_key quoin_rules_scalar_key(const struct quoin_scalar *scalar);
/* Both must exist. */
const struct rules_attribute_ids *quoin_rules_ids_attribute(const struct rules_ids *ids, const char *name);
uint32_t quoin_rules_ids_value(const struct rules_attribute_ids *attribute, const struct quoin_scalar *scalar);

#endif
