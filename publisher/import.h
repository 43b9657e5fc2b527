/*
 * Import: an exported release (quoin-export(5)) on the bus again, after topics were lost. Needs no keys: everything in the
 * directory is signed already. What is there is left as it is, so that an import may be repeated until it is whole.
 */
#ifndef QUOIN_PUBLISHER_IMPORT_H
#define QUOIN_PUBLISHER_IMPORT_H

#include "publisher/blobs.h"
#include "publisher/control.h"

enum quoin_import_activation {
	QUOIN_IMPORT_NO_ACTIVATION, /* the export has none, or it was not reached */
	QUOIN_IMPORT_ACTIVATION_HELD, /* the gate topic has it, or a later one */
	QUOIN_IMPORT_ACTIVATION_WRITTEN,
};

/* What was done, also when it failed half-way. */
struct quoin_import_done {
	uint64_t release; /* 0: nothing was verified */
	struct quoin_blobs_sent sent;
	bool parts_are_there;
	bool root_is_written;
	size_t intents_written;
	bool release_is_written, release_was_there;
	enum quoin_import_activation activation;
};

/*
 * Verify the directory by the trust of "control" (the pinned root and the control topic, read to its end), then put what is
 * missing, in this order: chunks of the parts' full bodies, root, intents, release document, activation. The documents go
 * through quoin_announce. Parts that an export of a host's store does not have must be on the bus. The activation goes to
 * the gate topic as a gate's would: behind the fence of the gates' transactional id, with the topic read to its end, and
 * only if that has none or a lower one (the highest wins).
 *
 * Returns 0; the codes of quoin_export_verify; QUOIN_ECONFLICT: another release has the number or does not fit the chains,
 * a gate is acting, a host obeys a later activation, or a topic has no incarnation; the codes of quoin_announce. After a
 * failure "control" is only to be cleared.
 */
int quoin_import(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const char *dir, int timeout_ms, struct quoin_import_done *ret, struct quoin_error *err);

#endif
