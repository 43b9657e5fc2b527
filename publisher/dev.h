/*
 * Dev: broker, namespace, gate and agents in one process tree, for newcomers, demonstrations and tests (quoin(1)).
 *
 * The parent is one thread around poll(2): signals, changes of the authoring directory, records of the topics. Its
 * broker has threads of its own.
 */
#ifndef QUOIN_PUBLISHER_DEV_H
#define QUOIN_PUBLISHER_DEV_H

#include "publisher/cli.h"

#define QUOIN_DEV_DIR	    ".quoin"
#define QUOIN_DEV_NAMESPACE "dev"

struct quoin_dev_options {
	uint16_t port;	   /* of the broker; 0: any */
	const char *state; /* a directory to be kept; NULL: QUOIN_DEV_DIR, removed at the end */
	const char *rules; /* an authoring directory to be published and followed, or NULL */
};

/* Run until SIGINT or SIGTERM. Returns 0 after a clean end. */
int quoin_dev_run(const struct quoin_cli *cli, const struct quoin_dev_options *options, struct quoin_error *err);

#endif
