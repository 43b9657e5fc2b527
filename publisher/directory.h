/*
 * Directory: an authoring directory as it was read, strictly (RULES.md section 1): which files there are, what each is
 * by its name, its bytes, and its JSON if it is JSON. What the contents mean is check's business.
 *
 *	objectives.json models.json shards.json [constants.json] [policy.json] [contexts.jsonl]   at the top
 *	**.js   **.rules.json   **.test.json   anywhere
 *
 * Any other *.json is a problem, so that a mistyped name does not pass; files of other kinds are left alone. Names that
 * start with a dot and symbolic links are skipped. Files are in the byte order of their whole paths.
 */
#ifndef QUOIN_PUBLISHER_DIRECTORY_H
#define QUOIN_PUBLISHER_DIRECTORY_H

#include "lib/json.h"
#include "publisher/problem.h"

enum quoin_directory_kind {
	QUOIN_DIRECTORY_OBJECTIVES,
	QUOIN_DIRECTORY_MODELS,
	QUOIN_DIRECTORY_SHARDS,
	QUOIN_DIRECTORY_CONSTANTS,
	QUOIN_DIRECTORY_POLICY,
	QUOIN_DIRECTORY_CONTEXTS,
	QUOIN_DIRECTORY_SCRIPT,
	QUOIN_DIRECTORY_RULES,
	QUOIN_DIRECTORY_TEST,
};

struct quoin_directory_file {
	enum quoin_directory_kind kind;
	char *path; /* relative, with '/' */
	uint8_t *text;
	size_t text_bytes;
	struct quoin_json_doc
	    *doc; /* of the JSON files; NULL if the text was not strict JSON, which is a problem then */
};

struct quoin_directory {
	struct quoin_directory_file *files; /* ascending by path; owned */
	size_t count;
	size_t capacity;
	size_t bytes;	     /* of all texts */
	size_t script_bytes; /* of all scripts */
};

/*
 * Read the directory at "root". Problems of its files go into "problems" (codes missing_file, unknown_file, bad_path,
 * syntax, limit); paths in them are relative. Returns 0, also with problems; QUOIN_ENOENT (no such directory),
 * QUOIN_EIO, QUOIN_ENOMEM, QUOIN_ELIMIT (more than QUOIN_FILES_MAX files): then there is nothing to check.
 */
int quoin_directory_read(const char *root, struct quoin_directory *ret, struct quoin_problems *problems,
    struct quoin_error *err);

/* The same piece by piece, for directories that are not on a disk: add files in ascending order of their paths, then
 * finish. add copies. Returns 0 or QUOIN_ENOMEM. */
int quoin_directory_add(struct quoin_directory *directory, const char *path, struct quoin_span text,
    struct quoin_problems *problems);
void quoin_directory_finish(const struct quoin_directory *directory, struct quoin_problems *problems);

/* Accepts all-zero objects. */
void quoin_directory_clear(struct quoin_directory *directory);

/* The first file of the kind, or NULL. */
const struct quoin_directory_file *quoin_directory_find(const struct quoin_directory *directory,
    enum quoin_directory_kind kind);

#endif
