/*
 * Watching an authoring directory: when something in it changed and then stayed quiet for a moment.
 */
#ifndef QUOIN_PUBLISHER_DEV_WATCH_H
#define QUOIN_PUBLISHER_DEV_WATCH_H

#include "lib/error.h"

/* Editors write a file in several steps, and people save several files. */
#define QUOIN_DEV_WATCH_QUIET_MS 300

struct quoin_dev_watch {
	int fd; /* polls readable; -1: nothing is watched */
	char *root;
	int64_t due_ms; /* monotonic: when a change is to be acted on; 0: nothing changed */
};

/* Watch "root" and the directories below it whose names do not start with a dot. QUOIN_ENOENT, QUOIN_ESYSTEM. */
int quoin_dev_watch_open(struct quoin_dev_watch *watch, const char *root, struct quoin_error *err);
void quoin_dev_watch_close(struct quoin_dev_watch *watch);
/* Take what fd has; new directories are watched as well. */
void quoin_dev_watch_read(struct quoin_dev_watch *watch, int64_t now_ms);
/* Whether a change is due; asking forgets it. */
bool quoin_dev_watch_due(struct quoin_dev_watch *watch, int64_t now_ms);

#endif
