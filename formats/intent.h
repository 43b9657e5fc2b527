/*
 * Intent: what an operator wants. Numbered and chained; key "intent/<n>" on the control topic, signed by operate.
 */
#ifndef QUOIN_FORMATS_INTENT_H
#define QUOIN_FORMATS_INTENT_H

#include "formats/document.h"

enum quoin_action {
	QUOIN_ACTION_ROLLBACK, /* release */
	QUOIN_ACTION_PIN,      /* release, labels (none: every host) */
	QUOIN_ACTION_UNPIN,    /* labels, the same as the pin's; none: the pin without labels */
	QUOIN_ACTION_REVOKE,   /* release */
	QUOIN_ACTION_FREEZE,
	QUOIN_ACTION_UNFREEZE,
	QUOIN_ACTION_EXCLUDE, /* host, until_ms (0: until included) */
	QUOIN_ACTION_INCLUDE, /* host */
	QUOIN_ACTION_FORGET,  /* host */
	QUOIN_ACTION_RETRY,   /* release, host ("": all) */
};
#define QUOIN_ACTIONS (QUOIN_ACTION_RETRY + 1)

/*
 * quoin-intent-v1
 * system <32 hex>
 * namespace <name>
 * intent <n, from 1>
 * prev <docref of intent n-1; "0 -">
 * head <docref of the newest release that this follows; "0 -">
 * created_ms <u64>
 * action <word>
 * release <docref; "0 -" where the action has none>
 * host <name|->
 * labels <key=value>…			the word "labels" alone if none
 * until_ms <u64>
 * message <text>
 * end
 */
struct quoin_intent {
	struct quoin_origin origin;
	uint64_t number;
	struct quoin_docref prev;
	struct quoin_docref head;
	int64_t created_ms;
	enum quoin_action action;
	struct quoin_docref release;
	char host[QUOIN_NAME_BYTES_MAX + 1];
	struct quoin_labels labels;
	int64_t until_ms;
	char message[QUOIN_TEXT_BYTES_MAX + 1];
};

int quoin_intent_print(const struct quoin_intent *intent, struct quoin_buf *out);
/* Also refuses fields that the action does not have, and missing ones. */
int quoin_intent_parse(struct quoin_span text, struct quoin_intent *ret, struct quoin_error *err);
const char *quoin_action_name(enum quoin_action action);

#endif
