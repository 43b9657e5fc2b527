/*
 * Control: the control topic, verified document by document and folded: trust (root chain), ledger, certificates, and
 * the documents themselves. The commands read it to its end; the gate tails it.
 *
 * A document that does not verify or forks is left out, counted, and remembered with its reason: it never stops the rest.
 */
#ifndef QUOIN_PUBLISHER_CONTROL_H
#define QUOIN_PUBLISHER_CONTROL_H

#include "formats/conf.h"
#include "formats/incarnation.h"
#include "formats/ledger.h"

struct quoin_control_cert {
	struct quoin_cert cert;
	bool is_expired; /* when it was read: what the host says does not count, what it may still run does */
	struct quoin_sealed sealed;
};

struct quoin_control_refusal {
	char key[QUOIN_NAME_BYTES_MAX + 16]; /* of the record, made printable */
	int64_t offset;
	struct quoin_error err;
};

struct quoin_control {
	bool is_without_certs; /* set after init: certificates are passed over. The brake asks for none, and must not wait while
				* those of a fleet are verified */
	struct quoin_trust trust;
	struct quoin_ledger ledger;
	bool has_incarnation;
	struct quoin_incarnation incarnation;
	struct quoin_control_cert *certs; /* ascending by host; the newest of each; owned */
	size_t cert_count;
	int64_t next_offset; /* where reading goes on */
	struct quoin_control_refusal refusals[16]; /* the latest */
	size_t refusal_count; /* all of them */
	struct quoin_control_body *bodies; /* envelopes by key; owned */
	size_t body_count;
};

/* Begin with the pinned root of the configuration ("root": a text document with its .minisig beside it). Returns 0,
 * QUOIN_ECONFIG, or the trust's refusal. */
int quoin_control_init(struct quoin_control *control, const struct quoin_conf *conf, struct quoin_error *err);
void quoin_control_clear(struct quoin_control *control);

/* Take one record of the topic. Returns 0 if it was admitted (or already known), else the reason, also kept in
 * "refusals". Never fails the whole. QUOIN_EINCARNATION: the topic was made anew: clear and begin again. */
int quoin_control_admit(struct quoin_control *control, const struct quoin_bus_record *record, int64_t now_ms,
    struct quoin_error *err);

/* Whether the root still vouches for what is new: a release or a certificate. QUOIN_EEXPIRED, with what to do. What an
 * operator wants goes through in any case: the brake is always at hand, and hosts serve on (DESIGN.md section 5). */
int quoin_control_check_root(const struct quoin_control *control, int64_t now_ms, struct quoin_error *err);

/* Whether what was read is this root's at all. QUOIN_EOTHERSYSTEM: there are documents, and every single one was refused. */
int quoin_control_check_system(const struct quoin_control *control, struct quoin_error *err);

/*
 * Whether readers of the topic would believe this document, which is about to be written under this key. A record that
 * nobody believes would still take the place of a good one when the topic is compacted. 0, QUOIN_EOTHERSYSTEM (the topic
 * was not begun by this root's system), QUOIN_EEXPIRED (quoin_control_check_root), or the refusal of the trust: the keys are not
 * those of the root.
 */
int quoin_control_vet(const struct quoin_control *control, const char *key, const struct quoin_envelope *envelope,
    int64_t now_ms, struct quoin_error *err);

/* Read from next_offset to the end of the topic as it is now; what was removed is forgotten. 0, QUOIN_ETIMEOUT,
 * QUOIN_EUNREACHABLE, QUOIN_ENOENT. */
int quoin_control_read(struct quoin_control *control, struct quoin_bus_reader *reader, int timeout_ms,
    struct quoin_error *err);

/* A verified document by its key ("release/42", "intent/9", "root/1"), borrowed until the next admit; NULL if none. */
const struct quoin_envelope *quoin_control_document(const struct quoin_control *control, const char *key);
/* A verified release or intent, parsed anew. QUOIN_ENOENT. */
int quoin_control_release(const struct quoin_control *control, uint64_t number, struct quoin_release *ret,
    struct quoin_error *err);
int quoin_control_intent(const struct quoin_control *control, uint64_t number, struct quoin_intent *ret,
    struct quoin_error *err);
/* Not of one that is without certificates (asserted). */
const struct quoin_control_cert *quoin_control_cert(const struct quoin_control *control, const char *host);

#endif
