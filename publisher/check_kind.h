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

/* ---- Pieces that several kinds have ---- */

/* Room for the rule's references (to no model yet) and shares; NULL when out of memory. */
struct quoin_ref *quoin_check_take_refs(struct quoin_check_rule *read, size_t count);
struct quoin_share *quoin_check_take_shares(struct quoin_check_rule *read, size_t count);
/* The one reference of a kind that has just one, from the member "key" of "object". */
void quoin_check_only_ref(struct quoin_check_rule *read, const struct quoin_json *object, const char *key);
/* The members "by" (or "userId") and "salt" (or "otherwise"); NULL with a problem if they are wrong. */
const char *quoin_check_by(struct quoin_check_rule *read, const struct quoin_json *object);
const char *quoin_check_salt(struct quoin_check_rule *read, const struct quoin_json *object, const char *otherwise);

#endif
