/*
 * Status: what a host obeys, runs, holds, and how far it is with each live release. Key "status/<host>" on the status
 * topic, signed by the host's key, the record carrying the host's certificate in the header "cert".
 */
#ifndef QUOIN_FORMATS_STATUS_H
#define QUOIN_FORMATS_STATUS_H

#include "formats/activation.h"
#include "formats/cert.h"
#include "lib/clock.h"

/* How far a host is with one release. A router knows fetching, verifying, staged, unable, rejected. */
enum quoin_progress {
	QUOIN_PROGRESS_FETCHING,
	QUOIN_PROGRESS_VERIFYING,
	QUOIN_PROGRESS_STAGED,
	QUOIN_PROGRESS_LOADING,
	QUOIN_PROGRESS_READY,
	QUOIN_PROGRESS_UNABLE,	 /* disk or map full: not ready, not failed */
	QUOIN_PROGRESS_FAILED,	 /* a model does not load, or the crash fuse */
	QUOIN_PROGRESS_REJECTED, /* not trusted, damaged, over a limit */
};

struct quoin_status_release {
	struct quoin_docref release;
	enum quoin_progress progress;
	char model[QUOIN_ROUTING_KEY_BYTES_MAX + 1]; /* loading, failed: which; "" */
	char reason[QUOIN_REASON_BYTES_MAX + 1];     /* unable, failed, rejected: why; "" */
};

struct quoin_status_digest {
	char part[QUOIN_NAME_BYTES_MAX + 1];
	struct quoin_hash hash; /* recomputed from the store's bytes */
};

/* What the host fetched since its agent began. */
struct quoin_status_fetched {
	uint64_t full;	    /* parts, by their full body */
	uint64_t deltas;    /* parts, by a delta */
	uint64_t fell_back; /* of the full ones: a delta was fetched, and did not lead to what was signed */
	uint64_t bytes;	    /* packed, of all of them */
};

/* How often a rule decided, and by which cell. */
struct quoin_status_hit {
	uint64_t count;
	char objective[QUOIN_NAME_BYTES_MAX + 1];
	char rule[QUOIN_NAME_BYTES_MAX + 1];
	bool has_cell; /* of an A/B test */
	uint32_t cell;
};
#define QUOIN_STATUS_HITS_MAX 128

/*
 * quoin-status-v1
 * system <32 hex>
 * namespace <name>
 * host <name>
 * status <number>				persisted; the highest wins
 * boot <boot id, 36 characters>
 * generation <load generation>
 * sent_ms <u64>
 * interval_ms <u64>				how often this host reports at least
 * lease_ms <u64>				0 for serving hosts
 * obeyed <epoch> <seq> <hash>			"0 0 -": none yet
 * intent <number of the last intent read>
 * runs <docref>				"0 -": nothing
 * holds <n>…					ascending; routers: all that readers or data plane hold
 * stale <0|1>
 * leaving <0|1>
 * limits <bytes> <objectives> <models> <attributes>	what this host can take
 * formats <schema>…				ascending: the part schemas it reads
 * have <n> <hash> <progress> <routing key|-> <text>	repeated, ascending by n
 * digest <part> <hash>				repeated, ascending by part: of the release it runs
 * fetched <full> <deltas> <fell back> <bytes>	left out while nothing was
 * hits <decisions that were counted>		left out while none was
 * hit <count> <objective> <rule> <cell|->	repeated: the most frequent, by falling count, then by the rest
 * end
 *
 * At most QUOIN_LIVE_MAX releases, QUOIN_PARTS_MAX formats and digests each.
 */
struct quoin_status {
	struct quoin_origin origin;
	char host[QUOIN_NAME_BYTES_MAX + 1];
	uint64_t number;
	char boot[QUOIN_BOOT_ID_BYTES + 1];
	uint64_t generation;
	int64_t sent_ms;
	uint64_t interval_ms;
	uint64_t lease_ms;
	struct quoin_position obeyed;
	uint64_t intent;
	struct quoin_docref runs;
	uint64_t holds[QUOIN_HELD_MAX];
	size_t hold_count;
	bool stale;
	bool leaving;
	uint64_t limit_bytes, limit_objectives, limit_models, limit_attributes;
	char (*formats)[QUOIN_NAME_BYTES_MAX + 1]; /* owned */
	size_t format_count;
	struct quoin_status_release *releases; /* owned */
	size_t release_count;
	struct quoin_status_digest *digests; /* owned */
	size_t digest_count;
	struct quoin_status_fetched fetched;
	uint64_t hit_total;
	struct quoin_status_hit *hits; /* owned */
	size_t hit_count;
};

int quoin_status_print(const struct quoin_status *status, struct quoin_buf *out);
int quoin_status_parse(struct quoin_span text, struct quoin_status *ret, struct quoin_error *err);
void quoin_status_clear(struct quoin_status *status);
/* Forget what applications counted. */
void quoin_status_drop_hits(struct quoin_status *status);
/* The order of hits in the document, for qsort. */
int quoin_status_hit_compare(const void *a, const void *b);
const char *quoin_progress_name(enum quoin_progress progress);
/* How far the host is with this release, or NULL if it says nothing of it. */
const struct quoin_status_release *quoin_status_of(const struct quoin_status *status, uint64_t release);

#endif
