/*
 * A file with its detached signatures beside it: "root.txt", "root.txt.minisig" and, for further signers,
 * "root.txt.<key id>.minisig". Knows nothing of what is signed or how.
 */
#ifndef QUOIN_LIB_DETACHED_H
#define QUOIN_LIB_DETACHED_H

#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/limits.h"

/* Owned; clear it. All zero to begin with. */
struct quoin_detached {
	struct quoin_buf file;
	struct quoin_buf signatures[QUOIN_SIGNATURES_MAX]; /* texts, in the order of their file names */
	size_t signature_count;
};
void quoin_detached_clear(struct quoin_detached *detached);

/* Read the file (at most file_bytes_max) and every signature beside it. Returns 0, QUOIN_ENOENT (no such file),
 * QUOIN_EMISSING (no signature beside it), QUOIN_ELIMIT, QUOIN_EIO, QUOIN_ENOMEM. */
int quoin_detached_read(const char *path, size_t file_bytes_max, struct quoin_detached *ret, struct quoin_error *err);

/* Write the signatures durably first, then the file, mode 0644: the first as ".minisig", the others with their key ids
 * ("names", NULL for the first). Existing files are replaced. */
int quoin_detached_write(const char *path, struct quoin_span file, const struct quoin_span *signatures,
    const char *const *names, size_t signature_count, struct quoin_error *err);

#endif
