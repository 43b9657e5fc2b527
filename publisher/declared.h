/*
 * Declared: the serving hosts that what is asked for names in its shards and that nobody has enrolled. They are expected, too:
 * their silence counts, and the gate waits for them.
 */
#ifndef QUOIN_PUBLISHER_DECLARED_H
#define QUOIN_PUBLISHER_DECLARED_H

#include "formats/cert.h"
#include "publisher/cli.h"

struct quoin_declared {
	struct quoin_hash models; /* of the part that they are from; zero: none was read */
	struct quoin_cert *hosts; /* name and shard, and nothing else; owned */
	size_t host_count;
};
void quoin_declared_clear(struct quoin_declared *declared);

/* Read the release's models part (NULL: none), unless it is the one that was read last: all hosts of shards with models, also
 * those that are enrolled. What cannot be read now is none: the gate says so in its log. 0, or QUOIN_ENOMEM. */
int quoin_declared_read(struct quoin_declared *declared, const struct quoin_session *session,
    const struct quoin_release *release, struct quoin_error *err);
/* Whether nobody has enrolled it. */
bool quoin_declared_is_missing(const struct quoin_session *session, const struct quoin_cert *host);

#endif
