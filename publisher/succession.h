/*
 * Succession: the root after the one that counts: made from it, changed, signed by thresholds of both, and on the control
 * topic only if whoever begins with it believes everything that whoever has the present one believes.
 */
#ifndef QUOIN_PUBLISHER_SUCCESSION_H
#define QUOIN_PUBLISHER_SUCCESSION_H

#include "publisher/activations.h"
#include "publisher/control.h"

/* The successor before its changes: the same keys, thresholds, epoch and revocations, one version on. */
void quoin_succession_begin(const struct quoin_trust *trust, int64_t now_ms, struct quoin_root *ret);

/* The changes. QUOIN_EUSAGE says what cannot be: a key that is listed already, or not at all; QUOIN_ELIMIT. */
int quoin_succession_add(struct quoin_root *root, enum quoin_role role, const struct quoin_public_key *key,
    struct quoin_error *err);
/* "keyid" as minisign prints it. */
int quoin_succession_remove(struct quoin_root *root, const char *keyid, struct quoin_error *err);
int quoin_succession_revoke(struct quoin_root *root, const struct quoin_cert *host, struct quoin_error *err);

/* The document. QUOIN_EUSAGE: the changes make no root (quoin_root_fault). */
int quoin_succession_print(const struct quoin_root *root, struct quoin_buf *out, struct quoin_error *err);

/*
 * Whether everything on control and gate topic that counts under the present root counts under the next one: incarnations,
 * releases, intents, certificates (but of hosts that it revokes) and the newest activation. Thresholds and keys may only go
 * when nothing is left that needs them: who starts anew, or is new, reads by the newest root alone. "control" has been read to
 * its end. 0; QUOIN_ECONFLICT names the first that would not count; the codes of reading.
 */
int quoin_succession_check(const struct quoin_control *control, const struct quoin_trust *next,
    struct quoin_bus_reader *reader, int timeout_ms, struct quoin_error *err);

/* Check it against the present root and the topics, and put it on the control topic. *ret_is_there: this very root counts
 * already. QUOIN_ECONFLICT: it is not the next one any more, or quoin_succession_check; the refusals of quoin_trust_advance; the codes of
 * quoin_announce. */
int quoin_succession_publish(const struct quoin_conf *conf, struct quoin_control *control,
    struct quoin_bus_reader *reader, const struct quoin_envelope *root, int timeout_ms, bool *ret_is_there,
    struct quoin_error *err);

#endif
