/*
 * Check: from what authors wrote to a valid ruleset, or to the list of everything that is wrong with it (RULES.md
 * sections 1 to 4 and 7). One run collects all problems; nothing stops at the first.
 *
 * Rules come from two places: *.rules.json files, where every value has its own line and column, and scripts, whose
 * rules have the place of the function that returned them (publisher/eval.h evaluates them; its reply is an input here,
 * so that this room has no process in it).
 */
#ifndef QUOIN_PUBLISHER_CHECK_H
#define QUOIN_PUBLISHER_CHECK_H

#include "formats/ruleset.h"
#include "publisher/directory.h"
#include "publisher/problem.h"

/* Where the things of a ruleset were written, index by index. All of it is in the ruleset's arena. */
struct quoin_check_places {
	const struct quoin_place *objectives;
	const struct quoin_place *models;
	const struct quoin_place *shards;
	const struct quoin_place *rules;
};

/*
 * Check a directory. "eval" is the reply of the evaluation of its scripts (publisher/eval_reply.h), or NULL if it has
 * none; the reply's problems join the list. *ret_ruleset has no placements yet: publisher/assign.h. "directory" and
 * "eval" may be freed afterwards.
 * Returns 0 (warnings may be listed); QUOIN_EREFUSED (errors are listed); QUOIN_ENOMEM. On failure nothing is returned.
 */
int quoin_check(const struct quoin_directory *directory, const struct quoin_json_doc *eval,
    struct quoin_ruleset *ret_ruleset, struct quoin_check_places *ret_places, struct quoin_problems *problems,
    struct quoin_error *err);

#endif
