#include "publisher/dev_watch.h"

#include <dirent.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/conf.h"
#include "lib/file.h"

#define EVENTS (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define DEPTH_MAX 16

static int
add_tree(int fd, const char *dir, unsigned depth, struct quoin_error *err)
{
	struct dirent *entry;
	DIR *stream;
	int r = 0;

	if (inotify_add_watch(fd, dir, EVENTS) < 0)
		return quoin_error_sys(err, QUOIN_ENOENT, "cannot watch %s", dir);
	stream = opendir(dir);
	if (stream == NULL)
		return quoin_error_sys(err, QUOIN_ENOENT, "cannot read %s", dir);
	while (r == 0 && depth < DEPTH_MAX && (entry = readdir(stream)) != NULL) {
		char path[QUOIN_PATH_BYTES_MAX];
		struct stat st;

		if (entry->d_name[0] == '.' || quoin_path_join(dir, entry->d_name, path, sizeof path) != 0)
			continue;
		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			r = add_tree(fd, path, depth + 1, err);
	}
	(void)closedir(stream);
	return r;
}

int
quoin_dev_watch_open(struct quoin_dev_watch *watch, const char *root, struct quoin_error *err)
{
	int r;

	memset(watch, 0, sizeof *watch);
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot watch directories");
	watch->root = strdup(root);
	r = watch->root != NULL ? add_tree(watch->fd, root, 0, err) : quoin_error_set(err, QUOIN_ENOMEM, "no memory");
	if (r != 0)
		quoin_dev_watch_close(watch);
	return r;
}

void
quoin_dev_watch_close(struct quoin_dev_watch *watch)
{
	if (watch->fd >= 0)
		(void)close(watch->fd);
	free(watch->root);
	memset(watch, 0, sizeof *watch);
	watch->fd = -1;
}

void
quoin_dev_watch_read(struct quoin_dev_watch *watch, int64_t now_ms)
{
	alignas(struct inotify_event) char events[4096];
	bool has_directory = false;
	ssize_t bytes;

	while ((bytes = read(watch->fd, events, sizeof events)) > 0) {
		for (size_t at = 0; at < (size_t)bytes;) {
			struct inotify_event event;
			const char *name = events + at + sizeof event;

			memcpy(&event, events + at, sizeof event);
			at += sizeof event + event.len;
			/* Editors' swap files and backups being written are no change. */
			if (event.len > 0 && name[0] == '.')
				continue;
			has_directory |= (event.mask & IN_ISDIR) != 0;
			watch->due_ms = now_ms + QUOIN_DEV_WATCH_QUIET_MS;
		}
	}
	/* Adding what is watched already changes nothing; what cannot be added is gone again. */
	if (has_directory)
		(void)add_tree(watch->fd, watch->root, 0, NULL);
}

bool
quoin_dev_watch_due(struct quoin_dev_watch *watch, int64_t now_ms)
{
	if (watch->due_ms == 0 || now_ms < watch->due_ms)
		return false;
	watch->due_ms = 0;
	return true;
}
