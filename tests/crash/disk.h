/*
 * Disk: files and names as they are durable, and operations that are pending (tests/crash/replay.h has the model).
 */
#ifndef QUOIN_TESTS_CRASH_DISK_H
#define QUOIN_TESTS_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_NAMES_MAX	64
#define DISK_FILES_MAX	512
#define DISK_NAME_BYTES 48

/* One name in a directory; file 0 is the root. */
struct disk_name {
	uint32_t dir;
	uint32_t file;
	char name[DISK_NAME_BYTES];
};
struct disk_names {
	struct disk_name items[DISK_NAMES_MAX];
	size_t count;
};
struct disk_file {
	bool is_dir;
	uint8_t *bytes;
	size_t len;
	size_t room;
};
/* A change of one name: to "file", or its removal. */
struct disk_edit {
	struct disk_name name;
	bool removes;
};
struct disk_op {
	enum {
		DISK_WRITE,
		DISK_RESIZE,
		DISK_EDIT,
	} kind;
	uint64_t id; /* which record it was, counted from 1 */
	uint32_t file;
	uint64_t offset;
	const uint8_t *bytes; /* borrowed from the journal */
	size_t len;
	struct disk_edit edits[2];
	size_t edit_count;
};

/* The file of this name in "dir"; false if there is none. */
bool disk_find(const struct disk_names *names, uint32_t dir, const char *name, uint32_t *ret_file);
/* The directory and the last step of a path below the root; false if a directory on the way is missing. */
bool disk_walk(const struct disk_names *names, const char *path, uint32_t *ret_dir, const char **ret_name);
void disk_edit_names(struct disk_names *names, const struct disk_op *op);

void disk_file_write(struct disk_file *file, uint64_t offset, const uint8_t *bytes, size_t len);
void disk_file_resize(struct disk_file *file, uint64_t len);
void disk_file_copy(struct disk_file *into, const struct disk_file *from);

/* Write the tree of "names" into "dir". */
void disk_make(const struct disk_names *names, const struct disk_file *files, const char *dir);
/* Remove everything in "dir". */
void disk_empty(const char *dir);

#endif
