/*
 * Tally: how often which rule decided, summed up; and the files by which processes tell their agent ("hits/<pid>" beside
 * the store, quoin-store(5)).
 *
 * A file is its process' as long as that holds the file's lock; when nobody does, the process is gone, and the agent
 * takes what it counted and removes the file. What files say is what applications say: read with every bound, believed,
 * and nothing depends on it.
 */
#ifndef QUOIN_SUBSCRIBER_TALLY_H
#define QUOIN_SUBSCRIBER_TALLY_H

#include "formats/status.h"

#define QUOIN_TALLY_ROWS_MAX  (256u << 10)
#define QUOIN_TALLY_FILE_ROWS 512 /* the most frequent of a process */
#define QUOIN_TALLY_FILES_MAX 64
#define QUOIN_TALLY_ENDED_MAX 4096 /* the most frequent of all that are gone */
#define QUOIN_TALLY_TOTAL_MAX ((uint64_t)1 << 60)

/* All zero: empty. */
struct quoin_tally {
	uint64_t total; /* not less than all rows together: some may have been left out */
	struct quoin_status_hit *rows; /* owned */
	size_t count;
	size_t cap;
};
void quoin_tally_clear(struct quoin_tally *tally);

/* Append a row; "total" is the caller's to count. Beyond QUOIN_TALLY_ROWS_MAX it is left out. 0 or QUOIN_ENOMEM. */
int quoin_tally_add(struct quoin_tally *tally, const struct quoin_status_hit *row);
/* Append another's rows and its total, unless that would pass QUOIN_TALLY_TOTAL_MAX. 0 or QUOIN_ENOMEM (as before). */
int quoin_tally_add_all(struct quoin_tally *tally, const struct quoin_tally *other);
/* Sum rows of the same objective, rule and cell; ascending by these. */
void quoin_tally_merge(struct quoin_tally *tally);
/* After merge: the "max" most frequent ones alone, in the order of a status. */
void quoin_tally_cut(struct quoin_tally *tally, size_t max);

/* ---- Files, in the directory "dir" of a store ---- */

/* Make the place for them; the agent's start. */
int quoin_tally_make_room(const char *dir, struct quoin_error *err);
/* This process' file, of the place's group and locked; *ret_fd is -1 on failure. QUOIN_ENOENT (no agent has made room),
 * QUOIN_EPERM, QUOIN_ECONFLICT (another reader of this process has it), … */
int quoin_tally_open(const char *dir, int *ret_fd);
/* Put the merged tally there, at most QUOIN_TALLY_FILE_ROWS of its rows: the rows are cut. */
int quoin_tally_write(int fd, struct quoin_tally *tally);
/* What all files say, and "ended", to which those of processes that are gone are added first. Merged. 0, QUOIN_ENOMEM. */
int quoin_tally_collect(const char *dir, struct quoin_tally *ended, struct quoin_tally *ret);

#endif
