/*
 * Files: bounded reads and durable writes. Durable means: written, synced, renamed into place, directory synced.
 *
 * What the system refuses is, beside what each function lists: QUOIN_ENOENT (a directory on the way is missing),
 * QUOIN_EPERM (access, read-only), QUOIN_ENOSPC, QUOIN_ELIMIT (a path too long), QUOIN_ENOMEM, else QUOIN_EIO.
 */
#ifndef QUOIN_LIB_FILE_H
#define QUOIN_LIB_FILE_H

#include <sys/types.h>

#include "lib/bytes.h"
#include "lib/error.h"

/* Append the whole regular file to "out"; on failure out->len is as before. Returns 0, QUOIN_ENOENT (does not exist),
 * QUOIN_ELIMIT (over out->max), QUOIN_ESYNTAX (not a regular file), QUOIN_EIO, QUOIN_ENOMEM. */
int quoin_file_read(const char *path, struct quoin_buf *out, struct quoin_error *err);

/* The same for a secret: refuses (QUOIN_EPERM) a file that is a link, is not ours, or that group or others can read. */
int quoin_file_read_secret(const char *path, struct quoin_buf *out, struct quoin_error *err);

/* Replace "path" durably by these bytes with this mode: "path.tmp.<pid>", fsync, rename, fsync of the directory.
 * Returns 0, QUOIN_ENOSPC, QUOIN_EIO, QUOIN_ENOENT (no such directory), QUOIN_EPERM. On failure nothing is left. */
int quoin_file_replace(const char *path, struct quoin_span bytes, mode_t mode, struct quoin_error *err);

/* As above, but never over an existing file: QUOIN_EEXISTS. */
int quoin_file_create(const char *path, struct quoin_span bytes, mode_t mode, struct quoin_error *err);

/* Whether there is anything of this name, be it a directory or a link to nothing. */
bool quoin_file_exists(const char *path);
/* Make a directory and its parents, each synced into its parent; existing ones are fine, and are synced, too, where we may
 * write. QUOIN_EEXISTS if something else is in the way. */
int quoin_dir_make(const char *path, mode_t mode, struct quoin_error *err);
/* Whether the directory has no entries, or is none that can be opened. */
bool quoin_dir_is_empty(const char *path);
/* fsync of a directory. */
int quoin_dir_sync(const char *path, struct quoin_error *err);
/* Let the two names change places, in one step for everybody who looks. QUOIN_ESYSTEM where the file system cannot. */
int quoin_file_exchange(const char *one, const char *other, struct quoin_error *err);
/* Remove a file or a directory with everything in it; a missing one is fine. Does not follow links. */
int quoin_tree_remove(const char *path, struct quoin_error *err);

/* "dir/name" into "out"; QUOIN_ELIMIT if it does not fit. An absolute "name" is taken as it is. */
int quoin_path_join(const char *dir, const char *name, char *out, size_t out_bytes);

/* Every regular file below "root", relative paths with '/', in byte order of the whole path. Names that start with a
 * dot and symbolic links are skipped. *ret_paths: a NULL-terminated array in one allocation, the caller's to free().
 * Returns 0, QUOIN_ENOENT, QUOIN_ELIMIT (more than "max"), QUOIN_EIO, QUOIN_ENOMEM. */
int quoin_tree_list(const char *root, size_t max, char ***ret_paths, size_t *ret_count, struct quoin_error *err);

/* Exclusive advisory lock on "path" (made if missing), held until the descriptor is closed. QUOIN_ECONFLICT if another
 * process holds it. */
int quoin_file_lock(const char *path, int *ret_fd, struct quoin_error *err);
/* The process that took the lock on "path"; 0: none, or the system does not tell. */
pid_t quoin_file_lock_holder(const char *path);

#endif
