/*
 * Guard: what must hold before anything is signed (DESIGN.md section 6). Each guard has a name. A guard that does not
 * hold refuses the release, unless it is waived by name; a waived one is a warning, and the waiver is in the signed
 * document.
 *
 *	empty           no objectives, no shards, or fewer than half of the objectives of the base
 *	version_reused  a model@version has another digest or type than in a retained release (RULES.md section 1)
 *	overlap         during the change a host holds the models of the new release and of the base: both must fit
 *	size_jump       a part is more than four times as large as the base's (and larger than 1 MiB)
 *	closed_world    I6: every routing key has routes, every model is on its shards; never waived
 *	capacity        what is placed on a shard fits one of its hosts; never waived: hosts could not load it
 *	sizes           the parts together are within QUOIN_RELEASE_BYTES_MAX; never waived: hosts would refuse it
 */
#ifndef QUOIN_PUBLISHER_GUARD_H
#define QUOIN_PUBLISHER_GUARD_H

#include "publisher/compile.h"

/* The models part of a release whose parts are still there. */
struct quoin_guard_retained {
	uint64_t release;
	struct quoin_span models; /* 16-byte aligned, verified; borrowed */
};

struct quoin_guard_input {
	const struct quoin_compiled *compiled;
	const struct quoin_guard_retained *retained;
	size_t retained_count;
	/* Of the base release; 0: there is none. */
	size_t base_objective_count;
	uint64_t base_part_bytes[QUOIN_COMPILED_PARTS];
	struct quoin_span base_models; /* the base's models part, 16-byte aligned; empty: none; borrowed */
	const char *const *waived; /* names that quoin_guard_is_waivable accepts */
	size_t waived_count;
};

/* Whether there is a guard of this name, and whether it can be waived. */
bool quoin_guard_is_known(const char *name);
bool quoin_guard_is_waivable(const char *name);
/* All names, ascending; NULL at the end. For help texts and "did you mean". */
const char *const *quoin_guard_names(void);

/* Try all guards. Problems have the guard's name as their code. Returns 0 (warnings tell what was waived),
 * QUOIN_EREFUSED, QUOIN_ENOMEM, QUOIN_ECORRUPT (a retained part). */
int quoin_guard(const struct quoin_guard_input *input, struct quoin_problems *problems, struct quoin_error *err);

#endif
