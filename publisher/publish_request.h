/*
 * Publish request: everything that the options of "quoin publish" said (quoin(1)).
 */
#ifndef QUOIN_PUBLISHER_PUBLISH_REQUEST_H
#define QUOIN_PUBLISHER_PUBLISH_REQUEST_H

#include "formats/release.h"
#include "publisher/cli.h"

/* Texts are the command line's but for "part_texts". All zero before; to be cleared. */
struct quoin_publish_request {
	const char *dir;
	char *part_texts[QUOIN_PARTS_MAX]; /* "NAME=FILE"; owned */
	size_t part_count;
	const char *schema, *policy_file, *message, *expect, *wait_text, *prepare, *from;
	struct quoin_meta meta[QUOIN_META_MAX];
	size_t meta_count;
	const char *waived[32];
	size_t waived_count;
	bool wait, dry_run;
	int64_t wait_ms;
};

/* Values of options that may be repeated, for struct quoin_option: ctx is the request. */
int quoin_publish_request_part(void *ctx, const char *value, struct quoin_error *err);
int quoin_publish_request_meta(void *ctx, const char *value, struct quoin_error *err);
int quoin_publish_request_waiver(void *ctx, const char *value, struct quoin_error *err);

/* What goes with what; meta and waivers are put in order. Returns 0, or the usage status after having told it. */
int quoin_publish_request_check(const struct quoin_cli *cli, struct quoin_publish_request *request);
void quoin_publish_request_clear(struct quoin_publish_request *request);

#endif
