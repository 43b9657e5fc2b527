/*
 * Replay: what a directory can look like after the power failed at any point of a journal (tests/crash/powerlog.h).
 *
 * The model of the disk:
 *	- what a sync covered is there. A sync of a file covers its contents and size, not its name; a sync of a directory
 *	  covers the names in it; an O_DSYNC write covers itself (and what it lies on).
 *	- everything else is pending and may be there or not, each operation for itself and in any combination; of a write
 *	  each sector for itself, and a sector that was being written may hold garbage. Sectors are written whole or not.
 *	- a file that is named but whose contents are pending may be of any size that the kept writes imply.
 *	- what a failed sync covered got there by itself or never will: each operation one or the other, out of the seed.
 *	- an operation on names (create, rename, link, remove, mkdir) is there whole or not at all.
 *
 * replay_run plays the journal and hands over one image after the other, for the state after each record: none of the
 * pending operations, all, every prefix, all but one, one alone, and random mixes out of a seed. An image that was seen
 * with the same acknowledgements is not repeated.
 */
#ifndef QUOIN_TESTS_CRASH_REPLAY_H
#define QUOIN_TESTS_CRASH_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_options {
	uint64_t seed;
	unsigned mixes;	      /* random images per record */
	unsigned choices_max; /* prefixes, "but one"s and "alone"s per record, each; more are drawn from */
	size_t sector_bytes;  /* 512 for an honest disk */
	bool looks_only;      /* crash at POWERLOG_LOOK and at the end, not after every record */
};

/* What was promised at the point of the crash. */
struct replay_point {
	uint64_t acked;	    /* the last step acknowledged */
	uint64_t in_flight; /* the last step begun */
	const char *image;  /* for people: which point, which of the pending operations */
};

/* Judge the image that stands in "dir": true to go on. It may do there what it likes. */
typedef bool replay_judge(void *ctx, const char *dir, const struct replay_point *point);

/*
 * "journal" is a whole journal. Each image is made in "dir", a directory that is emptied before. Returns the images
 * judged, or -1 with a line on stderr if the journal makes no sense. *ret_good: no judge said false (it ends the run).
 */
int64_t replay_run(const uint8_t *journal, size_t journal_bytes, const char *dir, const struct replay_options *options,
    replay_judge *judge, void *ctx, bool *ret_good);

/* A generator of random numbers: the next one. */
uint64_t replay_random(uint64_t *state);

#endif
