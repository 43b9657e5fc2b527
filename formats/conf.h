/*
 * quoin.conf: "key = value", '#' comments, relative paths relative to the file, unknown keys refused (quoin.conf(5)).
 */
#ifndef QUOIN_FORMATS_CONF_H
#define QUOIN_FORMATS_CONF_H

#include <stddef.h>

#include "lib/bus.h"
#include "lib/bytes.h"
#include "lib/error.h"

#define QUOIN_PATH_BYTES_MAX 1024
#define QUOIN_PROPERTIES_MAX 64

/* A hook: the program and nothing else; "" if not set. */
struct quoin_conf {
	char namespace_name[QUOIN_NAME_BYTES_MAX + 1];
	char root[QUOIN_PATH_BYTES_MAX];     /* pinned root file: an encoded document with .minisig files beside it */
	char keys[QUOIN_PATH_BYTES_MAX];     /* directory of key files */
	char identity[QUOIN_PATH_BYTES_MAX]; /* directory with a host's key and certificate */
	char state[QUOIN_PATH_BYTES_MAX];
	char passphrase_file[QUOIN_PATH_BYTES_MAX];
	char parts[QUOIN_PARTS_MAX][QUOIN_NAME_BYTES_MAX + 1];
	size_t part_count; /* 0: what the role needs */
	char hook_load[QUOIN_PATH_BYTES_MAX];
	char hook_unload[QUOIN_PATH_BYTES_MAX];
	char hook_validate[QUOIN_PATH_BYTES_MAX];
	char hook_check[QUOIN_PATH_BYTES_MAX];
	uint64_t hook_check_ms;	  /* 10000 */
	uint64_t hook_retries;	  /* 3 */
	uint64_t hook_timeout_ms; /* 600000 */
	uint64_t hook_parallel;	  /* 2 */
	char ready_listen[QUOIN_PATH_BYTES_MAX];
	uint64_t status_interval_ms; /* 10000 */
	uint64_t start_wait_ms;	     /* 10000 */
	uint64_t lease_ms;	     /* 3600000 */
	bool lease_refuse;	     /* lease.on_expiry = refuse; default serve */
	uint64_t retain_releases;    /* 3 */
	uint64_t retain_days;	     /* 30 */
	uint64_t retain_bytes;	     /* 1 GiB */
	uint64_t limit_bytes;	     /* limit.bytes: QUOIN_RELEASE_BYTES_MAX */
	uint64_t limit_objectives;   /* limit.objectives */
	uint64_t limit_models;	     /* limit.models */
	uint64_t limit_attributes;   /* limit.attributes */
	char metrics_listen[QUOIN_PATH_BYTES_MAX];
	uint64_t gate_heartbeat_ms; /* 5000 */
	char gate_health_hook[QUOIN_PATH_BYTES_MAX];
	uint64_t gate_vip_poll_ms; /* 10000: how long a VIP may take to see what /ready says */
	struct quoin_conf_guard {
		char name[QUOIN_NAME_BYTES_MAX + 1];
		double threshold;
	} guards[32];
	size_t guard_count;

	/* kafka.<property>; strings owned. */
	struct quoin_bus_property properties[QUOIN_PROPERTIES_MAX];
	size_t property_count;
	char file[QUOIN_PATH_BYTES_MAX]; /* where it was read from */
};

/* Read the text of "file" (its directory resolves relative paths). 0, QUOIN_ECONFIG with the line and, for an unknown
 * key, the nearest known one. "ret" must be all zero or cleared. */
int quoin_conf_parse(struct quoin_span text, const char *file, struct quoin_conf *ret, struct quoin_error *err);
void quoin_conf_clear(struct quoin_conf *conf);

/* A setting by its place. */
struct quoin_conf_setting {
	const char *key;
	size_t offset, bytes;
};
#define QUOIN_CONF_SETTING(key, member)                                                                                \
	{                                                                                                              \
		key, offsetof(struct quoin_conf, member), sizeof((struct quoin_conf *)0)->member                       \
	}

/*
 * What a program that runs takes of a configuration that was read anew: what differs of "live" is copied and told with
 * is_taken; what differs of "fixed", or of kafka.*, is told without. Both end with a key of NULL.
 */
typedef void quoin_conf_tell(void *ctx, const char *key, bool is_taken);
void quoin_conf_take(struct quoin_conf *conf, const struct quoin_conf *fresh, const struct quoin_conf_setting *live,
    const struct quoin_conf_setting *fixed, quoin_conf_tell *tell, void *ctx);

/* "1500", "1500ms", "10s", "5m", "1h", "30d" into milliseconds. */
bool quoin_duration_parse(struct quoin_span text, uint64_t *ret_ms);

#endif
