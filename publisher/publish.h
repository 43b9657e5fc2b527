/*
 * Publish: parts to Kafka, then one signed release document as a compare-and-swap on the head (DESIGN.md section 4).
 */
#ifndef QUOIN_PUBLISHER_PUBLISH_H
#define QUOIN_PUBLISHER_PUBLISH_H

#include "publisher/blobs.h"
#include "publisher/control.h"
#include "publisher/keyring.h"

/* What is to be published. Borrowed. */
struct quoin_publish_part {
	const char *name;
	const char *schema; /* rules-v1, routes-v1, models-v1, source-v1, raw */
	struct quoin_span content;
};

struct quoin_publication {
	const struct quoin_publish_part *parts; /* ascending by name */
	size_t part_count;
	struct quoin_policy policy;
	uint64_t base; /* compiled against; 0 */
	const char *message; /* UTF-8, at most QUOIN_TEXT_BYTES_MAX bytes; NULL: none */
	const struct quoin_meta *meta; /* ascending by key */
	size_t meta_count;
	const char *const *waived; /* ascending */
	size_t waived_count;
};

/*
 * Make the release without number, head and intent: names, hashes and sizes of the parts, no encodings yet. "ret" is to be
 * cleared. quoin_release_content of it tells whether something was published before.
 */
int quoin_publish_describe(const struct quoin_publication *publication, struct quoin_release *ret,
    struct quoin_error *err);

/* The newest release with this content that can be asked for again without publishing: the one that is asked for now.
 * NULL if it has another content. QUOIN_ECONFLICT is the caller's if a revoked one has it: see ret_is_revoked. */
const struct quoin_ledger_release *quoin_publish_same(const struct quoin_ledger *ledger,
    const struct quoin_release *release, bool *ret_is_revoked);

/* Whether readers would believe the next release, if it is signed by these keys: asked before anything is sent. The codes of
 * quoin_control_vet. */
int quoin_publish_vet(const struct quoin_control *control, const struct quoin_keyring *release_keys,
    struct quoin_error *err);

/* Send the parts' chunks and fill in the encodings. "retained": how many of the newest releases are looked through for
 * content that is there already. */
int quoin_publish_send(const struct quoin_conf *conf, const struct quoin_control *control,
    const struct quoin_publication *publication, quoin_blobs_progress *progress, void *ctx, struct quoin_release *release,
    struct quoin_blobs_sent *ret_sent, struct quoin_error *err);

/*
 * Number, sign and announce the release on top of "expected" (the head that the publisher saw; number 0: none).
 * Returns 0 and the release as it was written; QUOIN_ECONFLICT: the head is another one, or a rollback came that "control"
 * does not have yet; nothing was written, nothing is retried; the codes of quoin_announce.
 */
int quoin_publish_announce(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *release_keys, const struct quoin_docref *expected, int timeout_ms,
    struct quoin_release *release, struct quoin_error *err);

/* The same for a document that was made by quoin_publish_number and signed elsewhere. */
int quoin_publish_announce_signed(const struct quoin_conf *conf, struct quoin_control *control,
    struct quoin_bus_reader *reader, const struct quoin_envelope *envelope, int timeout_ms, uint64_t *ret_number,
    struct quoin_error *err);

/* Number the release on top of the control topic as it was read, for signing elsewhere. */
void quoin_publish_number(const struct quoin_control *control, struct quoin_release *release);

#endif
