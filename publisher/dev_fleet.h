/*
 * The processes of one "quoin dev": the gate, a router, and per shard of the authoring directory one agent process that
 * plays every declared host. They follow shards.json when it changes. One that dies is told with the end of its log, and
 * started again after a moment; one that keeps dying is given up.
 */
#ifndef QUOIN_PUBLISHER_DEV_FLEET_H
#define QUOIN_PUBLISHER_DEV_FLEET_H

#include "publisher/cli.h"
#include "publisher/dev_child.h"
#include "publisher/dev_keep.h"
#include "publisher/dev_site.h"
#include "publisher/keyring.h"

struct quoin_dev_shard {
	char name[QUOIN_NAME_BYTES_MAX + 1];
	char (*hosts)[QUOIN_NAME_BYTES_MAX + 1]; /* ascending; owned */
	size_t host_count;
	struct quoin_dev_child child;
};

struct quoin_dev_fleet {
	const struct quoin_cli *cli;
	const struct quoin_dev_site *site;
	char bin[QUOIN_PATH_BYTES_MAX]; /* where the programs are: beside this one */
	struct quoin_conf conf;		/* of the site, for enrolling */
	struct quoin_control control;
	struct quoin_bus_reader *reader;
	struct quoin_keyring enrol_keys;
	struct quoin_dev_child gate;
	struct quoin_dev_child router;
	struct quoin_dev_shard *shards; /* ascending by name; owned */
	size_t shard_count;
	size_t host_count;
	bool has_given_up; /* on one of them */
};

/* Make the namespace (keys, root, incarnations) if it is not there. The confs are written. */
int quoin_dev_fleet_open(struct quoin_dev_fleet *fleet, const struct quoin_cli *cli, const struct quoin_dev_site *site,
    struct quoin_error *err);
/* Ends all processes: agents first, so that they can say that they leave. */
void quoin_dev_fleet_close(struct quoin_dev_fleet *fleet);

/* Start the gate and the router. */
int quoin_dev_fleet_start(struct quoin_dev_fleet *fleet, struct quoin_error *err);
/* Let the shards be those of rules/shards.json. QUOIN_ESYNTAX and the like: they stay as they are. */
int quoin_dev_fleet_follow(struct quoin_dev_fleet *fleet, const char *rules, struct quoin_error *err);

/* After SIGCHLD, and when a start is due: look at every process. */
void quoin_dev_fleet_tend(struct quoin_dev_fleet *fleet, int64_t now_ms);
/* When the next start is due, or INT64_MAX. */
int64_t quoin_dev_fleet_due_ms(const struct quoin_dev_fleet *fleet);
/* Whether every host has reported; if not, one that has not. */
bool quoin_dev_fleet_is_up(const struct quoin_dev_fleet *fleet, const struct quoin_dev_keep *keep,
    const char **ret_missing);

#endif
