/*
 * Base: the release that a directory is compiled against (RULES.md section 8), and the models of the releases that are
 * kept, for the guards. Everything comes from the bus, verified.
 */
#ifndef QUOIN_PUBLISHER_BASE_H
#define QUOIN_PUBLISHER_BASE_H

#include "publisher/compile.h"
#include "publisher/control.h"
#include "publisher/guard.h"

#define QUOIN_BASE_RETAINED_MAX 8 /* newest releases whose models the guards look at */

struct quoin_base {
	uint64_t number; /* 0: none */
	struct quoin_buf rules, models;
	uint32_t objective_count;
	uint64_t part_bytes[QUOIN_COMPILED_PARTS];
	struct quoin_buf retained_models[QUOIN_BASE_RETAINED_MAX];
	struct quoin_guard_retained retained[QUOIN_BASE_RETAINED_MAX];
	size_t retained_count;
};

/* Fetch release "number" (0: nothing) as the base, and the models of the newest releases. A base without rules (a release
 * of raw parts) counts as none. Returns 0, QUOIN_ENOENT (no such release), QUOIN_EMISSING, QUOIN_ECORRUPT, QUOIN_ETIMEOUT,
 * QUOIN_EUNREACHABLE. */
int quoin_base_fetch(const struct quoin_conf *conf, const struct quoin_control *control, uint64_t number,
    struct quoin_base *ret, struct quoin_error *err);
void quoin_base_clear(struct quoin_base *base);

/* For compile; borrows from the base. */
struct quoin_compile_base quoin_base_for_compile(const struct quoin_base *base);

#endif
