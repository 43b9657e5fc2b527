#include "tests/crash/disk.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/assert.h"

/* ---- Names ---- */

static struct disk_name *
find(const struct disk_names *names, uint32_t dir, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->items[i].dir == dir && strcmp(names->items[i].name, name) == 0)
			return (struct disk_name *)(uintptr_t)&names->items[i];
	return NULL;
}

bool
disk_find(const struct disk_names *names, uint32_t dir, const char *name, uint32_t *ret_file)
{
	const struct disk_name *found = find(names, dir, name);

	if (found != NULL)
		*ret_file = found->file;
	return found != NULL;
}

bool
disk_walk(const struct disk_names *names, const char *path, uint32_t *ret_dir, const char **ret_name)
{
	char step[DISK_NAME_BYTES];
	const char *slash;
	uint32_t dir = 0;

	while ((slash = strchr(path, '/')) != NULL) {
		const size_t len = (size_t)(slash - path);

		if (len >= sizeof step)
			return false;
		memcpy(step, path, len);
		step[len] = '\0';
		if (!disk_find(names, dir, step, &dir))
			return false;
		path = slash + 1;
	}
	*ret_dir = dir;
	*ret_name = path;
	return strlen(path) < DISK_NAME_BYTES;
}

void
disk_edit_names(struct disk_names *names, const struct disk_op *op)
{
	for (size_t i = 0; i < op->edit_count; i++) {
		const struct disk_edit *edit = &op->edits[i];
		struct disk_name *at = find(names, edit->name.dir, edit->name.name);

		if (!edit->removes && at == NULL) {
			QUOIN_ASSERT(names->count < DISK_NAMES_MAX);
			at = &names->items[names->count++];
		}
		if (!edit->removes)
			*at = edit->name;
		else if (at != NULL)
			*at = names->items[--names->count];
	}
}

/* ---- Contents ---- */

static void
reserve(struct disk_file *file, size_t len)
{
	if (len <= file->room)
		return;
	file->room = len + len / 2;
	file->bytes = realloc(file->bytes, file->room);
	QUOIN_ASSERT(file->bytes != NULL);
}

void
disk_file_resize(struct disk_file *file, uint64_t len)
{
	reserve(file, len);
	if (len > file->len)
		memset(file->bytes + file->len, 0, len - file->len);
	file->len = len;
}

void
disk_file_write(struct disk_file *file, uint64_t offset, const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return;
	if (offset + len > file->len)
		disk_file_resize(file, offset + len);
	memcpy(file->bytes + offset, bytes, len);
}

void
disk_file_copy(struct disk_file *into, const struct disk_file *from)
{
	reserve(into, from->len);
	if (from->len > 0)
		memcpy(into->bytes, from->bytes, from->len);
	into->len = from->len;
	into->is_dir = from->is_dir;
}

/* ---- The real thing ---- */

static void
write_file(const char *path, const struct disk_file *file)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	size_t done = 0;

	QUOIN_ASSERT(fd != -1);
	while (done < file->len) {
		const ssize_t n = write(fd, file->bytes + done, file->len - done);

		QUOIN_ASSERT(n > 0);
		done += (size_t)n;
	}
	(void)close(fd);
}

static void
make_dir(const struct disk_names *names, const struct disk_file *files, uint32_t dir, const char *path, unsigned depth)
{
	char below[PATH_MAX];

	/* Names that came loose could lead in a circle. */
	if (depth > 8)
		return;
	for (size_t i = 0; i < names->count; i++) {
		const struct disk_name *name = &names->items[i];

		if (name->dir != dir)
			continue;
		(void)snprintf(below, sizeof below, "%s/%s", path, name->name);
		if (files[name->file].is_dir) {
			QUOIN_ASSERT(mkdir(below, 0750) == 0);
			make_dir(names, files, name->file, below, depth + 1);
		} else {
			write_file(below, &files[name->file]);
		}
	}
}

void
disk_make(const struct disk_names *names, const struct disk_file *files, const char *dir)
{
	make_dir(names, files, 0, dir, 0);
}

static int
remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	return ftw->level == 0 ? 0 : remove(path);
}

void
disk_empty(const char *dir)
{
	(void)nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
