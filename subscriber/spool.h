/*
 * Spool: memory for bodies while they are put together. Small ones are ordinary memory; big ones are an unlinked file,
 * mapped, whose pages the system may write out: they do not count against the agent.
 */
#ifndef QUOIN_SUBSCRIBER_SPOOL_H
#define QUOIN_SUBSCRIBER_SPOOL_H

#include "lib/bytes.h"
#include "lib/error.h"

struct quoin_spool {
	uint8_t *data; /* 16-byte aligned */
	size_t bytes;
};

/* "bytes" bytes; "dir" is where the file is made. 0, QUOIN_ENOSPC (no room on the disk), QUOIN_ENOMEM, QUOIN_EIO. */
int quoin_spool_open(const char *dir, size_t bytes, struct quoin_spool *ret, struct quoin_error *err);
/* Accepts all zero. */
void quoin_spool_close(struct quoin_spool *spool);

#endif
