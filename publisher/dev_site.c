#include "publisher/dev_site.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"

#define KEPT	   "kept\n"
#define THROW_AWAY "throw-away\n"
/* Delay against work: with a handful of clients 5 ms cost next to nothing. */
#define FETCH_WAIT_MS 5

int
quoin_dev_site_path(const struct quoin_dev_site *site, char *out, size_t out_bytes, struct quoin_error *err,
    const char *fmt, ...)
{
	va_list ap;
	int prefix, rest;

	prefix = snprintf(out, out_bytes, "%s/", site->dir);
	if (prefix < 0 || (size_t)prefix >= out_bytes)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", site->dir);
	va_start(ap, fmt);
	rest = vsnprintf(out + prefix, out_bytes - (size_t)prefix, fmt, ap);
	va_end(ap);
	if (rest < 0 || (size_t)rest >= out_bytes - (size_t)prefix)
		return quoin_error_set(err, QUOIN_ELIMIT, "a path in %s is too long", site->dir);
	return 0;
}

static int
write_text(const struct quoin_dev_site *site, const char *name, const char *text, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES_MAX];
	int r = quoin_dev_site_path(site, path, sizeof path, err, "%s", name);

	return r != 0 ? r : quoin_file_replace(path, quoin_span_str(text), 0644, err);
}

/* What a dev that was killed left behind. */
static int
remove_leftovers(const struct quoin_dev_site *site, struct quoin_error *err)
{
	static const char *const names[] = {"quoin.conf", "gate.conf", "keys", "root", "hosts", "log", "topics"};
	char path[QUOIN_PATH_BYTES_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof names / sizeof names[0]; i++) {
		r = quoin_dev_site_path(site, path, sizeof path, err, "%s", names[i]);
		if (r == 0)
			r = quoin_tree_remove(path, err);
	}
	return r;
}

/* Whose the directory is, by its lock file, which is ours now. */
static int
take_over(const struct quoin_dev_site *site, struct quoin_error *err)
{
	bool was_kept;
	char lock[QUOIN_PATH_BYTES_MAX];
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, 64);
	r = quoin_dev_site_path(site, lock, sizeof lock, err, "dev.lock");
	if (r == 0)
		r = quoin_file_read(lock, &text, err);
	was_kept = r == 0 && quoin_span_equal_str(quoin_buf_span(&text), KEPT);
	quoin_buf_clear(&text);
	if (r != 0)
		return r;
	if (was_kept && !site->is_kept)
		return quoin_error_set(err, QUOIN_ECONFLICT, "%s is kept from \"quoin dev --state\"; name it with --state, or remove it",
		    site->dir);
	return was_kept ? 0 : remove_leftovers(site, err);
}

static bool
is_empty_or_missing(const char *dir)
{
	size_t count = 0;
	char **paths;
	int r = quoin_tree_list(dir, 1, &paths, &count, NULL);

	if (r == 0)
		free(paths);
	return r == QUOIN_ENOENT || (r == 0 && count == 0);
}

/* Make the directory absolute by resolving its parent, which must exist, or itself. */
static int
make_absolute(struct quoin_dev_site *site, const char *dir, struct quoin_error *err)
{
	char *real;

	real = realpath(dir, NULL);
	if (real == NULL)
		return quoin_error_sys(err, QUOIN_EIO, "cannot resolve %s", dir);
	snprintf(site->dir, sizeof site->dir, "%s", real);
	if (strlen(real) >= sizeof site->dir) {
		free(real);
		return quoin_error_set(err, QUOIN_ELIMIT, "the path %s is too long", dir);
	}
	free(real);
	return 0;
}

int
quoin_dev_site_open(struct quoin_dev_site *site, const char *dir, bool is_kept, const char *namespace_name,
    struct quoin_error *err)
{
	char lock[QUOIN_PATH_BYTES_MAX];
	bool is_ours;
	int r;

	memset(site, 0, sizeof *site);
	site->lock_fd = -1;
	site->is_kept = is_kept;
	snprintf(site->namespace_name, sizeof site->namespace_name, "%s", namespace_name);
	is_ours = is_empty_or_missing(dir);
	r = quoin_dir_make(dir, 0700, err);
	if (r == 0)
		r = make_absolute(site, dir, err);
	if (r == 0)
		r = quoin_dev_site_path(site, lock, sizeof lock, err, "dev.lock");
	if (r != 0)
		return r;
	if (!is_ours && !quoin_file_exists(lock))
		return quoin_error_set(err, QUOIN_ECONFLICT, "%s was not made by \"quoin dev\"; name another with --state", dir);
	r = quoin_file_lock(lock, &site->lock_fd, err);
	if (r == QUOIN_ECONFLICT)
		return quoin_error_set(err, r, "another \"quoin dev\" runs in %s; end it, or name another directory with --state",
		    dir);
	if (r == 0)
		r = take_over(site, err);
	if (r == 0 && ftruncate(site->lock_fd, 0) != 0)
		r = quoin_error_sys(err, QUOIN_EIO, "cannot write %s", lock);
	if (r == 0) {
		const char *word = is_kept ? KEPT : THROW_AWAY;

		if (pwrite(site->lock_fd, word, strlen(word), 0) != (ssize_t)strlen(word))
			r = quoin_error_sys(err, QUOIN_EIO, "cannot write %s", lock);
	}
	if (r == 0) {
		char log[QUOIN_PATH_BYTES_MAX];

		site->is_made = true;
		r = quoin_dev_site_path(site, log, sizeof log, err, "log");
		if (r == 0)
			r = quoin_dir_make(log, 0700, err);
	}
	return r;
}

void
quoin_dev_site_close(struct quoin_dev_site *site)
{
	if (site->is_made && !site->is_kept)
		(void)quoin_tree_remove(site->dir, NULL);
	if (site->lock_fd >= 0)
		(void)close(site->lock_fd);
	memset(site, 0, sizeof *site);
	site->lock_fd = -1;
}

int
quoin_dev_site_write_confs(const struct quoin_dev_site *site, struct quoin_error *err)
{
	char text[2048];
	int r;

	snprintf(text, sizeof text,
	    "# Written by quoin dev: a broker that forgets, and keys without a passphrase.\n"
	    "namespace = %s\n"
	    "root = root/root.txt\n"
	    "keys = keys\n"
	    "state = hosts/" QUOIN_DEV_ROUTER "/state\n"
	    "kafka.bootstrap.servers = %s\n"
	    "# The embedded broker does not wake an empty fetch when something comes.\n"
	    "kafka.fetch.wait.max.ms = %d\n",
	    site->namespace_name, site->bootstrap, FETCH_WAIT_MS);
	r = write_text(site, "quoin.conf", text, err);
	if (r != 0)
		return r;
	snprintf(text, sizeof text,
	    "namespace = %s\n"
	    "root = root/root.txt\n"
	    "keys = keys\n"
	    "kafka.bootstrap.servers = %s\n"
	    "kafka.fetch.wait.max.ms = %d\n"
	    "gate.heartbeat_ms = 1000\n",
	    site->namespace_name, site->bootstrap, FETCH_WAIT_MS);
	return write_text(site, "gate.conf", text, err);
}

int
quoin_dev_site_write_host(const struct quoin_dev_site *site, const char *host, bool is_serving,
    unsigned fetch_wait_ms, struct quoin_error *err)
{
	char text[2048], name[QUOIN_NAME_BYTES_MAX + 32];

	snprintf(text, sizeof text,
	    "namespace = %s\n"
	    "root = ../../root/root.txt\n"
	    "identity = identity\n"
	    "state = state\n"
	    "kafka.bootstrap.servers = %s\n"
	    "kafka.fetch.wait.max.ms = %u\n"
	    "%s",
	    site->namespace_name, site->bootstrap, fetch_wait_ms < FETCH_WAIT_MS ? FETCH_WAIT_MS : fetch_wait_ms,
	    is_serving ? "# Without hooks every model is loaded as soon as it is asked for.\n" : "");
	snprintf(name, sizeof name, "hosts/%s/quoin.conf", host);
	return write_text(site, name, text, err);
}
