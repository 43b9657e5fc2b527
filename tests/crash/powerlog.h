/*
 * Powerlog: what a program asks of the disk below one directory, written down, refused or cut off.
 *
 * Linking powerlog.o into a program puts its own open, write, fsync, rename… in front of libc's, for the program and for
 * every shared library in it, LMDB included. Outside the directory given to powerlog_start nothing changes. Inside
 *	- each call that succeeded is appended to a journal (powerlog_record), which tests/crash/replay.h reads,
 *	- the k-th call that changes something can be made to fail, be short, or kill the process (powerlog_fault),
 *	- syncs can be left out of the journal (powerlog_mutes): the store then is one that was opened without them.
 * The calls themselves reach the file system, but no sync does: it is the journal that says what is durable.
 *
 * Not seen: lock files (a crash voids them) and stores through a mapping; tell of those with powerlog_mapped.
 * One thread.
 */
#ifndef QUOIN_TESTS_CRASH_POWERLOG_H
#define QUOIN_TESTS_CRASH_POWERLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum powerlog_op {
	POWERLOG_OPEN,	   /* descriptor; payload: path; flags: see below */
	POWERLOG_CLOSE,	   /* descriptor */
	POWERLOG_WRITE,	   /* descriptor, offset; payload: bytes; POWERLOG_DURABLE if the descriptor was O_DSYNC */
	POWERLOG_TRUNCATE, /* descriptor, offset: the new size */
	POWERLOG_SYNC,	   /* descriptor of a file or a directory */
	POWERLOG_LOST,	   /* descriptor; its sync failed, and the kernel may have given up what it covered */
	POWERLOG_RENAME,   /* payload: from, NUL, to */
	POWERLOG_LINK,	   /* the same */
	POWERLOG_UNLINK,   /* payload: path; of a file or an empty directory */
	POWERLOG_EXCHANGE, /* payload: two names, as in rename: each gets the other's file */
	POWERLOG_MKDIR,	   /* payload: path */
	POWERLOG_MAPPED,   /* payload: path, NUL, bytes: what a mapping of the whole file now shows */
	POWERLOG_BEGIN,	   /* offset: the number of a step that is under way */
	POWERLOG_ACK,	   /* offset: the number of a step whose durability was promised */
	POWERLOG_LOOK,	   /* a point at which a crash is of interest (replay_options.looks_only) */
};
#define POWERLOG_CREATED 1u
#define POWERLOG_EMPTIED 2u
#define POWERLOG_DURABLE 4u

/* Paths are relative to the root; "" is the root itself. The payload follows without padding. */
struct powerlog_record {
	uint32_t op;
	int32_t fd;
	uint32_t flags;
	uint32_t unused;
	uint64_t offset;
	uint64_t bytes; /* of the payload */
};

/* Syncs that are not written down. */
enum powerlog_mutes {
	POWERLOG_MUTE_FDATASYNC = 1,
	POWERLOG_MUTE_DSYNC = 2, /* O_DSYNC writes become plain ones */
	POWERLOG_MUTE_FSYNC = 4, /* of files */
	POWERLOG_MUTE_DIRECTORY = 8,
};

/* Begin for everything below "root" (an existing directory, absolute). "journal" is a descriptor, or -1 for none. */
void powerlog_start(const char *root, int journal, unsigned mutes);
/* From now on. */
void powerlog_mute(unsigned mutes);

void powerlog_begin(uint64_t step);
void powerlog_ack(uint64_t step);
void powerlog_look(void);
/* Write down the contents of a small file that is written through a mapping, if they changed since the last time. */
void powerlog_mapped(const char *path);

/* The last steps acknowledged and begun in the journal of a process that was not killed from outside. */
void powerlog_read(int journal, uint64_t *ret_acked, uint64_t *ret_begun);
/* Keep the same in shared memory, too. */
struct powerlog_marks {
	_Atomic uint64_t acked, begun;
};
void powerlog_tell(struct powerlog_marks *marks);

enum powerlog_failure {
	POWERLOG_FAIL_NONE,
	POWERLOG_FAIL_EIO,
	POWERLOG_FAIL_ENOSPC,
	POWERLOG_FAIL_SHORT, /* half of the bytes; calls that write none: ENOSPC */
	POWERLOG_FAIL_KILL,
};
struct powerlog_fault {
	enum powerlog_failure failure;
	uint64_t at; /* the first call is 1 */
	bool lasts;  /* every call from "at" on; with ENOSPC and SHORT statvfs, too, then says that the disk is full */
};
/* From now on, counting from 1 again. NULL: no faults. */
void powerlog_fail(const struct powerlog_fault *fault);
/* How many of the calls since then failed. */
uint64_t powerlog_failures(void);
/* Whether the first of them was an O_DSYNC write: LMDB's last one, after which it gives up. */
bool powerlog_failed_durable(void);

#endif
