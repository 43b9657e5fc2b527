/*
 * Reverted: what going back from one release to another takes back, for the hand on the brake: the objectives whose
 * decisions can change, with their owners.
 */
#ifndef QUOIN_PUBLISHER_REVERTED_H
#define QUOIN_PUBLISHER_REVERTED_H

#include "lib/json_writer.h"
#include "publisher/difference.h"
#include "publisher/parts.h"

struct quoin_reverted {
	uint64_t from, to;
	struct quoin_ruleset before, after;
	struct quoin_difference difference;
	bool is_known; /* false: a release has no rules, or its source part cannot be had */
};

/* Find it out, in a few seconds at most: a list must never hold the brake for long. Not to know it is no failure. To be
 * cleared. */
void quoin_reverted_find(const struct quoin_conf *conf, const struct quoin_control *control, uint64_t from, uint64_t to,
    struct quoin_reverted *ret);
void quoin_reverted_clear(struct quoin_reverted *reverted);

/* For people, a line for each objective; for programs, the member "reverted". Append. */
void quoin_reverted_print(const struct quoin_reverted *reverted, struct quoin_buf *out);
void quoin_reverted_print_json(const struct quoin_reverted *reverted, struct quoin_json_writer *writer);

#endif
