/*
 * Garbage, the shell: reads the topics to their ends behind a publisher's fence, decides (publisher/gc.h), and writes tombstones.
 *
 *	documents	in one transaction of the publishers' transactional id: a publication that comes between is not disturbed,
 *			nor can it stand on what goes
 *	chunks		that no release document on the topic names; not in the run that removes the documents: publications on
 *			their way may have counted on them. So whoever looks at the releases now finds none of these chunks named.
 *	activations	all but the newest, by a plain writer: no open transaction of ours may hide an activation
 */
#ifndef QUOIN_PUBLISHER_GC_RUN_H
#define QUOIN_PUBLISHER_GC_RUN_H

#include "publisher/cli.h"
#include "publisher/gc.h"

struct quoin_gc_result {
	struct quoin_gc gc;
	bool *release_is_there, *intent_is_there; /* of gc: on the topic still; owned */
	size_t releases, intents, activations, chunks; /* removed, or that would be */
	uint64_t chunk_bytes;
	size_t chunks_kept_young, chunks_kept;
	const char *chunks_because; /* why chunks had to wait; NULL */
};
void quoin_gc_result_clear(struct quoin_gc_result *result);

/* Returns 0; the codes of quoin_gc_decide; QUOIN_ECONFLICT: a topic was lost (publisher/lost.h), or what would be left says
 * something else, and nothing was removed; QUOIN_EFENCED: a publisher came between; what was not removed goes next time;
 * those of reading and of transactions. */
int quoin_gc_run(struct quoin_session *session, bool is_dry, int64_t age_ms, struct quoin_gc_result *ret,
    struct quoin_error *err);

#endif
