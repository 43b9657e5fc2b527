/*
 * One objective on its way into a rules part. Used by the encoder of the rules part alone.
 */
#ifndef QUOIN_FORMATS_RULES_OBJECTIVE_H
#define QUOIN_FORMATS_RULES_OBJECTIVE_H

#include "formats/block.h"
#include "formats/rules_ids.h"

struct rules_objective_maker;

/* 0 or QUOIN_ENOMEM. Both are borrowed for the maker's life. */
int quoin_rules_objective_maker_new(const struct quoin_ruleset *ruleset, const struct rules_ids *ids,
    struct rules_objective_maker **ret);
void quoin_rules_objective_maker_free(struct rules_objective_maker *maker);
/* The block of one objective, until the next call. "order" as quoin_ruleset_order gives it. 0, QUOIN_ELIMIT,
 * QUOIN_ENOMEM. */
int quoin_rules_objective_make(struct rules_objective_maker *maker, uint32_t objective, const uint32_t *order, size_t count,
    struct quoin_span *ret, struct quoin_error *err);

#endif
