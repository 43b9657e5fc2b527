/*
 * Check pieces: what rules of several kinds are made of: references to models, shares, by and salt. Each adds a problem for
 * what is wrong with it.
 */
#ifndef QUOIN_PUBLISHER_CHECK_PIECES_H
#define QUOIN_PUBLISHER_CHECK_PIECES_H

#include "publisher/check_rule.h"

/* A reference to a model that this rule may select: known, and of the types of the targets and of the rule. */
bool quoin_check_model_ref(struct quoin_check_rule *read, const struct quoin_json *node, const char *what,
    struct quoin_ref *ret, bool *ret_has_version);

/* Room for the rule's references (to no model yet) and shares; NULL when out of memory. */
struct quoin_ref *quoin_check_take_refs(struct quoin_check_rule *read, size_t count);
struct quoin_share *quoin_check_take_shares(struct quoin_check_rule *read, size_t count);
/* The one reference of a kind that has just one, from the member "key" of "object". */
void quoin_check_only_ref(struct quoin_check_rule *read, const struct quoin_json *object, const char *key);
/* The members "by" (or "userId") and "salt" (or "otherwise"); NULL with a problem if they are wrong. */
const char *quoin_check_by(struct quoin_check_rule *read, const struct quoin_json *object);
const char *quoin_check_salt(struct quoin_check_rule *read, const struct quoin_json *object, const char *otherwise);

#endif
