/*
 * Base: the release that a directory is compiled against and compared with (RULES.md section 8), and the models of the
 * releases that are kept, for the guards. Everything comes from the bus, verified.
 */
#ifndef QUOIN_PUBLISHER_BASE_H
#define QUOIN_PUBLISHER_BASE_H

#include "publisher/compile.h"
#include "publisher/guard.h"
#include "publisher/parts.h"

#define QUOIN_BASE_RETAINED_MAX 8 /* newest releases whose models the guards look at */

struct quoin_base {
	uint64_t number; /* 0: none, or a release of raw parts, which nothing can be compiled against */
	struct quoin_parts parts; /* the release's document also when number is 0; release.number 0: none at all */
	uint32_t objective_count;
	struct quoin_ruleset ruleset; /* what its authors said */
	bool has_ruleset;	      /* it has a source part */
	struct quoin_parts retained_parts[QUOIN_BASE_RETAINED_MAX];
	struct quoin_guard_retained retained[QUOIN_BASE_RETAINED_MAX];
	size_t retained_count;
	struct quoin_parts live_parts[QUOIN_LIVE_MAX];
	struct quoin_guard_retained live[QUOIN_LIVE_MAX];
	size_t live_count;
};

/* Which release to compile against, and which others are live: their models are loaded during a change. */
struct quoin_base_choice {
	uint64_t number; /* 0: none */
	uint64_t live[QUOIN_LIVE_MAX];
	size_t live_count;
};

/* The release that is active, or the head if no gate has spoken: least movement and small deltas count against what hosts
 * hold. Reads the gate topic. */
int quoin_base_active(const struct quoin_control *control, struct quoin_bus_reader *reader, int timeout_ms,
    struct quoin_base_choice *ret, struct quoin_error *err);

/* Fetch the chosen release as the base, and the models of the live and of the newest releases. Returns 0, QUOIN_ENOENT (no
 * such release), QUOIN_EMISSING, QUOIN_ECORRUPT, QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE. */
int quoin_base_fetch(const struct quoin_conf *conf, const struct quoin_control *control,
    const struct quoin_base_choice *choice, struct quoin_base *ret, struct quoin_error *err);
/* The document alone, for releases of files. */
int quoin_base_describe(const struct quoin_control *control, uint64_t number, struct quoin_base *ret,
    struct quoin_error *err);
/* Accepts all-zero objects. */
void quoin_base_clear(struct quoin_base *base);

/* For compile and for the guards; borrow from the base. */
struct quoin_compile_base quoin_base_for_compile(const struct quoin_base *base);
void quoin_base_for_guard(const struct quoin_base *base, struct quoin_guard_input *guard);

#endif
