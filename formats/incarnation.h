/*
 * Incarnation: the first record of each topic (key "incarnation"). A topic that was deleted and made anew carries
 * another one; then offsets and hints are void, ratchets are not. Signed by root.
 */
#ifndef QUOIN_FORMATS_INCARNATION_H
#define QUOIN_FORMATS_INCARNATION_H

#include "formats/document.h"

#define QUOIN_INCARNATION_BYTES 16

/*
 * quoin-incarnation-v1
 * system <32 hex>
 * namespace <name>
 * topic <control|gate|blobs|status>
 * incarnation <32 hex, random>
 * created_ms <u64>
 * end
 */
enum quoin_topic {
	QUOIN_TOPIC_CONTROL,
	QUOIN_TOPIC_GATE,
	QUOIN_TOPIC_BLOBS,
	QUOIN_TOPIC_STATUS,
};
#define QUOIN_TOPICS 4

struct quoin_incarnation {
	struct quoin_origin origin;
	enum quoin_topic topic;
	uint8_t id[QUOIN_INCARNATION_BYTES];
	int64_t created_ms;
};

int quoin_incarnation_print(const struct quoin_incarnation *incarnation, struct quoin_buf *out);
int quoin_incarnation_parse(struct quoin_span text, struct quoin_incarnation *ret, struct quoin_error *err);

/* "control", …; and the topic's full name "<namespace>.control" (QUOIN_TOPIC_NAME_BYTES). */
#define QUOIN_TOPIC_NAME_BYTES (QUOIN_NAME_BYTES_MAX + 10)
const char *quoin_topic_word(enum quoin_topic topic);
void quoin_topic_name(const char *namespace_name, enum quoin_topic topic, char out[QUOIN_TOPIC_NAME_BYTES]);

#endif
