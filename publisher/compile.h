/*
 * Compile: from an authoring directory to the four parts of a release (DESIGN.md section 6, RULES.md section 8).
 *
 *	read the directory, evaluate its scripts, check, assign, check the policy, encode the parts
 *
 * A function of the directory and the base: the same of both gives the same bytes on every machine. The base only
 * influences where models are placed and which ids symbols have, never a decision; compiling a directory against its
 * own result gives the same bytes.
 */
#ifndef QUOIN_PUBLISHER_COMPILE_H
#define QUOIN_PUBLISHER_COMPILE_H

#include "lib/crypto.h"
#include "publisher/check.h"

/* Parts of the base release, 16-byte aligned and verified; all empty: compile without a base. Borrowed. */
struct quoin_compile_base {
	struct quoin_span rules;
	struct quoin_span models;
	bool may_overcommit; /* the guard capacity is waived: models that fit on no shard are placed all the same */
};

enum quoin_compiled_name {
	QUOIN_COMPILED_MODELS,
	QUOIN_COMPILED_ROUTES,
	QUOIN_COMPILED_RULES,
	QUOIN_COMPILED_SOURCE,
};
#define QUOIN_COMPILED_PARTS 4

struct quoin_compiled_part {
	const char *name;   /* "models", "routes", "rules", "source" */
	const char *schema; /* "models-v1", … */
	struct quoin_buf bytes;
	struct quoin_hash hash;
};

struct quoin_compiled {
	struct quoin_directory directory; /* as it was read: its tests and contexts are for others */
	struct quoin_ruleset ruleset;	  /* with placements */
	struct quoin_check_places places;
	struct quoin_compiled_part parts[QUOIN_COMPILED_PARTS]; /* ascending by name */
	size_t objective_count;
	size_t model_count; /* model versions in the release */
	size_t shard_count;
	size_t rule_count; /* enabled rules, defaults included; those of objectives.json too */
};

/*
 * Compile the directory at "root". "base" may be NULL. What scripts wrote with console.log is appended to "console"
 * (may be NULL) as lines "file:line: text", made printable, also on failure. "problems" are sorted at the end, and may
 * hold warnings on success. Returns 0 and *ret, to be cleared; QUOIN_EREFUSED (problems has the errors); QUOIN_ENOENT
 * (no such directory, no quoin-eval); QUOIN_EIO, QUOIN_ELIMIT, QUOIN_ESYSTEM, QUOIN_ENOMEM; QUOIN_ECORRUPT (the base).
 * On failure *ret is cleared. Blocks while scripts are evaluated.
 */
int quoin_compile(const char *root, const struct quoin_compile_base *base, struct quoin_buf *console,
    struct quoin_compiled *ret, struct quoin_problems *problems, struct quoin_error *err);

/* The same for a directory that was read already, which moves into *ret (and is cleared on failure, too). */
int quoin_compile_directory(struct quoin_directory *directory, const struct quoin_compile_base *base,
    struct quoin_buf *console, struct quoin_compiled *ret, struct quoin_problems *problems, struct quoin_error *err);

/* All but the evaluation, whose reply "eval" is (NULL: there are no scripts): pure. */
int quoin_compile_evaluated(struct quoin_directory *directory, const struct quoin_json_doc *eval,
    const struct quoin_compile_base *base, struct quoin_compiled *ret, struct quoin_problems *problems,
    struct quoin_error *err);

/* The last step alone: the parts of a ruleset that has its placements. 0, QUOIN_ELIMIT, QUOIN_ECORRUPT (the base),
 * QUOIN_EREFUSED (the closed world is broken, I6: our own failure), QUOIN_ENOMEM. */
int quoin_compile_parts(const struct quoin_ruleset *ruleset, const struct quoin_compile_base *base,
    struct quoin_compiled_part ret[QUOIN_COMPILED_PARTS], struct quoin_error *err);

/* What everybody who gets the parts verifies: their form, and the closed world of I6. 0, QUOIN_ECORRUPT,
 * QUOIN_EREFUSED. */
int quoin_compile_verify(const struct quoin_compiled_part parts[QUOIN_COMPILED_PARTS], struct quoin_error *err);

/* Whether a part of this name is compiled from a directory, and so is never a file. */
bool quoin_compiled_has(const char *name);

/* Accepts all-zero objects. */
void quoin_compiled_clear(struct quoin_compiled *compiled);

#endif
