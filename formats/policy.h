/*
 * Policy: when a release may become active, and how (INTERFACES.md section 4). Written by authors as policy.json,
 * carried in the release document as lines.
 */
#ifndef QUOIN_FORMATS_POLICY_H
#define QUOIN_FORMATS_POLICY_H

#include "formats/line.h"
#include "lib/json.h"

enum quoin_on_timeout {
	QUOIN_ON_TIMEOUT_HOLD,
	QUOIN_ON_TIMEOUT_ABORT,
};
enum quoin_on_lost_readiness {
	QUOIN_ON_LOST_ALARM,
	QUOIN_ON_LOST_ROLLBACK,
};

/* One step of reach: a share of hosts (labels.count 0) or the hosts with these labels. */
struct quoin_reach_step {
	uint32_t threshold; /* thousandths of a percent: 100000 is everyone; 0 for a label step */
	struct quoin_labels labels;
};

struct quoin_policy {
	uint32_t ready_hosts_min;			      /* 1 */
	uint32_t ready_percent;				      /* 100 */
	uint64_t soak_ms;				      /* 0 */
	uint32_t staged_percent;			      /* 90 */
	uint32_t failed_hosts_max;			      /* 0 */
	struct quoin_reach_step reach[QUOIN_REACH_STEPS_MAX]; /* cumulative; the last is 100 % */
	size_t reach_count;
	uint64_t step_soak_ms;	  /* 0 */
	uint64_t step_timeout_ms; /* 600000 */
	enum quoin_on_timeout on_timeout;
	enum quoin_on_lost_readiness on_lost_readiness;
	uint64_t drain_ms;	/* 30000 */
	uint32_t warm_releases; /* 1 */
};

/* The defaults, shown above. */
void quoin_policy_init(struct quoin_policy *policy);

/*
 * Read policy.json over the defaults. Unknown keys and wrong types are refused: QUOIN_EREFUSED, err with line and
 * column in "file". What depends on the shards (percent below 100, minimum above a shard's hosts) is check's business.
 */
int quoin_policy_read(const struct quoin_json_doc *doc, const char *file, struct quoin_policy *ret,
    struct quoin_error *err);

/*
 * As lines in a release document, always all of them, in this order:
 * policy <ready_hosts_min> <ready_percent> <soak_ms> <staged_percent> <failed_hosts_max> <step_soak_ms>
 *        <step_timeout_ms> <hold|abort> <alarm|rollback> <drain_ms> <warm_releases>	(one line)
 * reach percent <thousandths> | reach label <key=value>…					(one line per step)
 */
void quoin_policy_print(const struct quoin_policy *policy, struct quoin_buf *out);
void quoin_policy_parse(struct quoin_line_reader *reader, struct quoin_policy *ret);

#endif
