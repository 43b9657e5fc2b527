/*
 * Garbage: what of the control topic nothing needs any more (PROTOCOL.md sections 7 and 9, I11). Pure: from what was read to
 * a list of reasons. What is not understood is kept.
 *
 * A release is kept as a whole ("parts": its bodies too) or for its document alone, which says what a revocation is about.
 * An intent is kept while its effect stands. What the gate has not consumed yet is always kept, so that all that is
 * removed was folded into an activation already.
 */
#ifndef QUOIN_PUBLISHER_GC_H
#define QUOIN_PUBLISHER_GC_H

#include "formats/ledger.h"
#include "publisher/activations.h"
#include "publisher/fleet.h"

#define QUOIN_GC_AGE_MS 3600000 /* chunks younger than this may be of a publication on its way */

struct quoin_gc_input {
	const struct quoin_ledger *ledger;
	const struct quoin_activations *activations;
	const struct quoin_fleet *fleet;
	uint64_t retain_releases; /* the newest so many stay in any case */
	int64_t now_ms;
};

/* One release or intent; "because" is NULL where it may go; static text. */
struct quoin_gc_verdict {
	uint64_t number;
	const char *because;
	bool parts; /* of a kept release */
};
struct quoin_gc {
	struct quoin_gc_verdict *releases; /* ascending, as in the ledger; owned */
	size_t release_count;
	struct quoin_gc_verdict *intents;
	size_t intent_count;
};
void quoin_gc_clear(struct quoin_gc *gc);

/* Returns 0, QUOIN_ENOMEM, or QUOIN_ECONFLICT, when what is live cannot be told: no activation where there are releases, or
 * one that names releases which the ledger does not have. */
int quoin_gc_decide(const struct quoin_gc_input *input, struct quoin_gc *ret, struct quoin_error *err);

/* Whether a ledger of only what is kept says the same: head, last intent, asked, frozen, pins, exclusions, and what of the
 * kept is revoked. The last look before anything goes. */
bool quoin_gc_is_same(const struct quoin_ledger *before, const struct quoin_ledger *after, int64_t now_ms);

#endif
