/*
 * Check kind: what a rule is, and the fields that only rules of its kind have (RULES.md section 3).
 */
#ifndef QUOIN_PUBLISHER_CHECK_KIND_H
#define QUOIN_PUBLISHER_CHECK_KIND_H

#include "publisher/check_rule.h"

/* The kind by its distinguishing field. Adds a problem and returns false if there is none or more than one. */
bool quoin_check_kind_find(struct quoin_check_rule *read, enum quoin_rule_kind *ret);
/* "an A/B test": for messages. */
const char *quoin_check_kind_words(enum quoin_rule_kind kind);
/* All keys that a rule of the kind may have; ends with NULL. */
const char *const *quoin_check_kind_keys(enum quoin_rule_kind kind);
bool quoin_check_kind_has_targets(enum quoin_rule_kind kind);

/* Read the fields of the rule's kind; the common ones are read already. */
void quoin_check_kind_read(struct quoin_check_rule *read);

/* The kinds that have files of their own. */
void quoin_check_ab_test(struct quoin_check_rule *read);
void quoin_check_override(struct quoin_check_rule *read);
void quoin_check_route(struct quoin_check_rule *read);

#endif
