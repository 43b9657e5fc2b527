/*
 * The constants of an attribute in the making: a table in which each is at the one place that its key leads to
 * (quoin-image(5)).
 */
#ifndef QUOIN_FORMATS_RULES_CONSTANTS_H
#define QUOIN_FORMATS_RULES_CONSTANTS_H

#include "formats/block.h"
#include "formats/rules_ids.h"

/*
 * Put the table into the block; fills what "head" says of it. "base" (may be NULL) is the attribute in the base release:
 * what can stay where it was there, does. 0, QUOIN_ENOMEM, QUOIN_ELIMIT (constants that no table of a bearable size keeps
 * apart).
 */
int quoin_rules_constants_put(const struct rules_attribute_ids *attribute, const struct rules_attribute *base,
    struct block_maker *block, struct rules_attribute *head);

#endif
