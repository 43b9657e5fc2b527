#include "lib/detached.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

#define PATH_BYTES 2048
static const char suffix[] = ".minisig";

void
quoin_detached_clear(struct quoin_detached *detached)
{
	quoin_buf_clear(&detached->file);
	for (size_t i = 0; i < detached->signature_count; i++)
		quoin_buf_clear(&detached->signatures[i]);
	detached->signature_count = 0;
}

/* The directory of "path" into "dir"; returns the name in it, borrowed from "path". */
static const char *
split(const char *path, char dir[PATH_BYTES])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL) {
		snprintf(dir, PATH_BYTES, ".");
		return path;
	}
	snprintf(dir, PATH_BYTES, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return slash + 1;
}

static bool
is_signature_of(const char *entry, const char *name)
{
	size_t entry_bytes = strlen(entry), name_bytes = strlen(name);

	return entry_bytes >= name_bytes + sizeof suffix - 1 && strncmp(entry, name, name_bytes) == 0 &&
	    entry[name_bytes] == '.' && strcmp(entry + entry_bytes - (sizeof suffix - 1), suffix) == 0;
}

static int
read_signatures(const char *dir, const char *name, struct quoin_detached *detached, struct quoin_error *err)
{
	struct dirent **entries = NULL;
	char path[PATH_BYTES];
	int count, r = 0;

	count = scandir(dir, &entries, NULL, alphasort);
	if (count < 0)
		return quoin_error_sys(err, QUOIN_EIO, "cannot list %s", dir);
	for (int i = 0; i < count; i++) {
		struct quoin_buf *into = &detached->signatures[detached->signature_count];

		if (r != 0 || !is_signature_of(entries[i]->d_name, name))
			continue;
		if (detached->signature_count == QUOIN_SIGNATURES_MAX) {
			r = quoin_error_set(err, QUOIN_ELIMIT, "more than %d signatures beside %s", QUOIN_SIGNATURES_MAX,
			    name);
			continue;
		}
		r = quoin_path_join(dir, entries[i]->d_name, path, sizeof path);
		if (r != 0)
			continue;
		quoin_buf_init(into, QUOIN_MINISIG_BYTES_MAX);
		detached->signature_count++;
		r = quoin_file_read(path, into, err);
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	if (r == 0 && detached->signature_count == 0)
		r = quoin_error_set(err, QUOIN_EMISSING, "no signature beside %s/%s; sign it with minisign -S -m %s", dir,
		    name, name);
	return r;
}

int
quoin_detached_read(const char *path, size_t file_bytes_max, struct quoin_detached *ret, struct quoin_error *err)
{
	struct quoin_detached detached = {0};
	char dir[PATH_BYTES];
	const char *name;
	int r;

	if (strlen(path) >= PATH_BYTES)
		return quoin_error_set(err, QUOIN_ELIMIT, "the path is too long");
	name = split(path, dir);
	quoin_buf_init(&detached.file, file_bytes_max);
	r = quoin_file_read(path, &detached.file, err);
	if (r == 0)
		r = read_signatures(dir, name, &detached, err);
	if (r != 0) {
		quoin_detached_clear(&detached);
		return r;
	}
	*ret = detached;
	return 0;
}

int
quoin_detached_write(const char *path, struct quoin_span file, const struct quoin_span *signatures,
    const char *const *names, size_t signature_count, struct quoin_error *err)
{
	char beside[PATH_BYTES];
	int r;

	for (size_t i = 0; i < signature_count; i++) {
		int bytes = i == 0 ? snprintf(beside, sizeof beside, "%s%s", path, suffix)
				   : snprintf(beside, sizeof beside, "%s.%s%s", path, names[i], suffix);

		if (bytes < 0 || (size_t)bytes >= sizeof beside)
			return quoin_error_set(err, QUOIN_ELIMIT, "the path is too long");
		r = quoin_file_replace(beside, signatures[i], 0644, err);
		if (r != 0)
			return r;
	}
	return quoin_file_replace(path, file, 0644, err);
}
