/*
 * Exclusion: who leaves a host out of what the gate counts, until when, and whether that has ended. Pure.
 */
#ifndef QUOIN_PUBLISHER_EXCLUSION_H
#define QUOIN_PUBLISHER_EXCLUSION_H

#include "formats/ledger.h"
#include "lib/json_writer.h"

enum quoin_exclusion_stage {
	QUOIN_EXCLUSION_NONE,	  /* nobody left it out */
	QUOIN_EXCLUSION_ASKED,	  /* an operator wants it; the gate has not acted on it */
	QUOIN_EXCLUSION_OPERATOR, /* it is left out, as an operator wants */
	QUOIN_EXCLUSION_GATE,	  /* it is left out by the gate, for a policy that allows fewer than all hosts */
	QUOIN_EXCLUSION_ENDING, /* its time ended, or it was included; it is left out until it is ready for what runs */
	QUOIN_EXCLUSION_ENDED,	/* its time ended, and it counts again */
};

struct quoin_exclusion_view {
	enum quoin_exclusion_stage stage;
	int64_t until_ms; /* as the operator said; 0: until included, or the gate's */
	int64_t left_ms;  /* until then; negative: since then; 0 with until_ms 0 */
};

/* What the newest activation and the ledger say of this host at this wall time. */
void quoin_exclusion_of(const struct quoin_activation *newest, const struct quoin_ledger *ledger, const char *host,
    int64_t now_ms, struct quoin_exclusion_view *ret);

/* In words, without the host: "by an operator until 2026-11-26T15:00:00Z (1h 12m left)"; "" for NONE. */
#define QUOIN_EXCLUSION_BYTES 160
void quoin_exclusion_print(const struct quoin_exclusion_view *view, char out[QUOIN_EXCLUSION_BYTES]);

/* The members "exclusion" ("asked", "operator", "gate", "ending", "ended"; null for NONE), "until" and "left_ms" (both null
 * without a time) of the object that is open. */
void quoin_exclusion_put(const struct quoin_exclusion_view *view, struct quoin_json_writer *writer);

#endif
