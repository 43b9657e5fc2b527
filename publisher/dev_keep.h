/*
 * What the embedded broker forgets: it keeps 5 MiB per partition and drops the oldest records, whatever they are. A keeper
 * follows the four topics, remembers the newest record of every key, and puts those that are live again before they are
 * dropped: all documents of the control topic, the newest activation and heartbeat, every host's status, the chunks that
 * live releases name; the newest first, as far as there is room. It leaves what compaction would have left.
 *
 * With a directory, what it remembers of control documents, activations and chunks is also kept there, for the broker of
 * the next start, which begins empty.
 */
#ifndef QUOIN_PUBLISHER_DEV_KEEP_H
#define QUOIN_PUBLISHER_DEV_KEEP_H

#include "formats/activation.h"
#include "formats/conf.h"
#include "formats/incarnation.h"
#include "lib/bus.h"

/* The broker drops from 5 MiB on; a live record is put again when this much was put after it. */
#define QUOIN_DEV_KEEP_AGE_BYTES  (4352u << 10)
/* Of one topic at most this much is live: less than the age, or putting again would never end. */
#define QUOIN_DEV_KEEP_LIVE_BYTES (3840u << 10)
_Static_assert(QUOIN_DEV_KEEP_LIVE_BYTES < QUOIN_DEV_KEEP_AGE_BYTES && QUOIN_DEV_KEEP_AGE_BYTES < (5u << 20),
    "what is put again is young when all of it has been");
/* The broker's other bound, 100,000 batches. */
#define QUOIN_DEV_KEEP_AGE_RECORDS 60000u

struct quoin_dev_record {
	struct quoin_buf bytes; /* key, value and headers in the form of publisher/dev_keep.c */
	uint64_t at_bytes;	/* what the topic had taken when it came */
	uint64_t at_count;
	uint64_t for_release;	/* one more than the head when the key was first seen: a chunk comes before its release */
	bool is_live;		/* as marked last */
};

struct quoin_dev_topic {
	char name[QUOIN_TOPIC_NAME_BYTES];
	struct quoin_dev_record *records; /* one per key */
	size_t count;
	size_t capacity;
	uint64_t taken_bytes; /* so far, about */
	uint64_t taken_count;
	int64_t next_offset;
};

struct quoin_dev_keep {
	struct quoin_dev_topic topics[QUOIN_TOPICS];
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	char dir[QUOIN_PATH_BYTES_MAX]; /* "": nothing is kept on disk */
	bool has_activation;
	struct quoin_activation activation; /* the newest seen */
	bool has_heartbeat;
	uint64_t head; /* the newest release seen */
	uint64_t again; /* how many records were put again */
};

/* "dir" NULL: nothing on disk. The topics exist. */
int quoin_dev_keep_open(struct quoin_dev_keep *keep, const struct quoin_conf *conf, const char *dir,
    struct quoin_error *err);
void quoin_dev_keep_close(struct quoin_dev_keep *keep);

/* Put what the directory holds on the topics, whose incarnations are written. */
int quoin_dev_keep_restore(struct quoin_dev_keep *keep, struct quoin_error *err);
/* Write down what is to be found at the next start. */
int quoin_dev_keep_save(struct quoin_dev_keep *keep, struct quoin_error *err);

/* Polls readable while there is something to take. */
int quoin_dev_keep_fd(const struct quoin_dev_keep *keep);
/* Take what has come, and put again what is due. *ret_changed: there is a newer activation. */
int quoin_dev_keep_step(struct quoin_dev_keep *keep, bool *ret_changed, struct quoin_error *err);
/* Take everything that the topics have now, waiting at most timeout_ms for it. */
int quoin_dev_keep_settle(struct quoin_dev_keep *keep, int64_t timeout_ms, struct quoin_error *err);
/* Whether the host has reported. */
bool quoin_dev_keep_has_host(const struct quoin_dev_keep *keep, const char *host);

#endif
