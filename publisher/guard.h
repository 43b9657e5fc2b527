/*
 * Guard: what must hold before anything is signed (DESIGN.md section 6). Each guard has a name. A guard that does not
 * hold refuses the release, unless it is waived by name; a waived one is a warning, and the waiver is in the signed
 * document. Some have a threshold, "guard.<name>" in quoin.conf (quoin.conf(5)); the default is in brackets.
 *
 *	capacity         what is placed on a shard fits one of its hosts; waived, the gate takes what it needs for what a
 *	                 host carries
 *	closed_world     I6: every routing key has routes, every model is on its shards; never waived: there would be no
 *	                 place to send a request to
 *	default_changed  percent of the base's objectives whose default is another model [25]
 *	empty            no objectives, no shards, fewer than this percent of the base's objectives [50], or a file
 *	                 of no bytes
 *	limits           a live host that the release is for announced that it cannot take it
 *	models_removed   percent of the base's models, whatever their versions, that are gone [25]
 *	overlap          during the change a host holds the models of the new, the active, pinned and warm releases
 *	parts_removed    parts of the base that are gone [0]
 *	rebucket         rules that survive but whose salt, unit or order of ranges changed (RULES.md section 5) [0]
 *	rules_removed    percent of the base's enabled rules that are gone [25]
 *	size_jump        a part is more than this many times as large as the base's (and larger than 1 MiB) [4]
 *	sizes            the parts together are within QUOIN_RELEASE_BYTES_MAX; never waived: no host reads more
 *	version_reused   a model@version has another digest or type than in a retained release (RULES.md section 1)
 *
 * A guard of percents lets up to two things go in any case: in a small directory one is many percent.
 */
#ifndef QUOIN_PUBLISHER_GUARD_H
#define QUOIN_PUBLISHER_GUARD_H

#include "formats/conf.h"
#include "formats/release.h"
#include "publisher/compile.h"
#include "publisher/fleet.h"

/* The models part of a release whose parts are still there. */
struct quoin_guard_retained {
	uint64_t release;
	struct quoin_span models; /* 16-byte aligned, verified; borrowed */
};

/* All borrowed. */
struct quoin_guard_input {
	const struct quoin_compiled *compiled; /* NULL: a release of files; only empty, limits and parts_removed are tried */
	const struct quoin_release *release;   /* the new one's parts; NULL: those of "compiled" */
	const struct quoin_guard_retained *retained;
	size_t retained_count;
	/* Of the base release; 0 and NULL: there is none. */
	const struct quoin_release *base_release;
	const struct quoin_ruleset *base_ruleset;
	size_t base_objective_count;
	uint64_t base_part_bytes[QUOIN_COMPILED_PARTS];
	struct quoin_span base_models; /* the base's models part, 16-byte aligned */
	/* What is live beside the base: pinned, warm or kept. */
	const struct quoin_guard_retained *live;
	size_t live_count;
	/* Hosts that a release goes to, and the time by the clock that their statuses were received with; NULL: nobody. */
	const struct quoin_fleet *fleet;
	int64_t now_ms;
	const struct quoin_conf_guard *thresholds; /* in place of the defaults */
	size_t threshold_count;
	const char *const *waived; /* names that quoin_guard_is_waivable accepts */
	size_t waived_count;
};

/* Whether there is a guard of this name, and whether it can be waived; why it cannot, NULL if it can. */
bool quoin_guard_is_known(const char *name);
bool quoin_guard_is_waivable(const char *name);
const char *quoin_guard_why_never(const char *name);
/* All names, ascending; NULL at the end. For help texts and "did you mean". */
const char *const *quoin_guard_names(void);

/* Whether every threshold is one of a guard that has one. 0, QUOIN_ECONFIG. */
int quoin_guard_check_thresholds(const struct quoin_conf_guard *thresholds, size_t count, struct quoin_error *err);

/* Try all guards. Problems have the guard's name as their code. Returns 0 (warnings tell what was waived),
 * QUOIN_EREFUSED, QUOIN_ECONFIG (a threshold), QUOIN_ENOMEM, QUOIN_ECORRUPT (a retained part). */
int quoin_guard(const struct quoin_guard_input *input, struct quoin_problems *problems, struct quoin_error *err);

#endif
