/*
 * Check extra: keys that begin with "x-" are the owner's, and are kept in the source part (RULES.md section 1).
 */
#ifndef QUOIN_PUBLISHER_CHECK_EXTRA_H
#define QUOIN_PUBLISHER_CHECK_EXTRA_H

#include "publisher/check_run.h"

/*
 * All "x-…" members of a thing, and of the objects with fixed keys inside it, as one canonical JSON object; NULL if
 * there are none. A member of the thing itself has its own key; one further in has a JSON pointer (RFC 6901) from the
 * thing: {"x-ticket": 7, "/split/0/x-note": "…"}. Maps of names (cells, labels, attributes) have no such keys, and
 * what is in a config belongs to the model.
 */
const char *quoin_check_extra(struct quoin_check_run *run, const struct quoin_json *object);

#endif
