/*
 * The directory of one "quoin dev": configurations, throw-away keys, what every host keeps, logs. One dev at a time owns
 * it; it is removed at the end unless it is to be kept.
 *
 *	quoin.conf	for people in other terminals; its "state" is the router's
 *	root/ keys/	the namespace's
 *	hosts/<host>/	quoin.conf, identity/, state/
 *	log/<name>.log	of every process
 *	topics/		what the topics held, kept for the next start
 *	dev.lock	"kept" or "throw-away"
 */
#ifndef QUOIN_PUBLISHER_DEV_SITE_H
#define QUOIN_PUBLISHER_DEV_SITE_H

#include "formats/conf.h"

#define QUOIN_DEV_ROUTER "dev-router"

struct quoin_dev_site {
	char dir[QUOIN_PATH_BYTES_MAX]; /* absolute */
	char namespace_name[QUOIN_NAME_BYTES_MAX + 1];
	char bootstrap[64];
	bool is_kept;
	bool is_made;
	int lock_fd;
};

/* Make the directory, or take over a kept one (is_kept), or what a killed dev left. QUOIN_ECONFLICT: another dev runs
 * there, or the directory is somebody's: not made by dev, or to be kept. */
int quoin_dev_site_open(struct quoin_dev_site *site, const char *dir, bool is_kept, const char *namespace_name,
    struct quoin_error *err);
/* Remove what was made, unless it is to be kept. */
void quoin_dev_site_close(struct quoin_dev_site *site);

/* DIR/quoin.conf and DIR/gate.conf; the broker's address is known. */
int quoin_dev_site_write_confs(const struct quoin_dev_site *site, struct quoin_error *err);
/* DIR/hosts/<host>/quoin.conf. Serving hosts have no hooks, so that loading
 * succeeds at once. fetch_wait_ms: how long the embedded broker makes
 * an empty fetch wait; it is the price in delay and in work of every host. */
int quoin_dev_site_write_host(const struct quoin_dev_site *site, const char *host, bool is_serving,
    unsigned fetch_wait_ms, struct quoin_error *err);

/* "DIR/<rest>"; QUOIN_ELIMIT. */
int quoin_dev_site_path(const struct quoin_dev_site *site, char *out, size_t out_bytes, struct quoin_error *err,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
