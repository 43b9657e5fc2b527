#include "publisher/directory.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/file.h"
#include "lib/text.h"

#define PATH_BYTES_MAX 1024 /* relative paths; also what publisher/eval takes */

struct top_file {
	const char *name;
	enum quoin_directory_kind kind;
	bool is_required;
};

static const struct top_file top_files[] = {
    {"objectives.json", QUOIN_DIRECTORY_OBJECTIVES, true},
    {"models.json", QUOIN_DIRECTORY_MODELS, true},
    {"shards.json", QUOIN_DIRECTORY_SHARDS, true},
    {"constants.json", QUOIN_DIRECTORY_CONSTANTS, false},
    {"policy.json", QUOIN_DIRECTORY_POLICY, false},
    {"contexts.jsonl", QUOIN_DIRECTORY_CONTEXTS, false},
};
#define TOP_FILES (sizeof top_files / sizeof top_files[0])

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* What a file is by its name. Returns false for files that are none of ours. */
static bool
find_kind(const char *path, enum quoin_directory_kind *ret)
{
	for (size_t i = 0; i < TOP_FILES; i++) {
		if (strcmp(path, top_files[i].name) == 0) {
			*ret = top_files[i].kind;
			return true;
		}
	}
	if (ends_with(path, ".js"))
		*ret = QUOIN_DIRECTORY_SCRIPT;
	else if (ends_with(path, ".rules.json"))
		*ret = QUOIN_DIRECTORY_RULES;
	else if (ends_with(path, ".test.json"))
		*ret = QUOIN_DIRECTORY_TEST;
	else
		return false;
	return true;
}

static bool
is_json(enum quoin_directory_kind kind)
{
	return kind != QUOIN_DIRECTORY_CONTEXTS && kind != QUOIN_DIRECTORY_SCRIPT;
}

/* A *.json file that has no meaning: most likely a mistyped name, or one in the wrong place. */
static void
refuse_unknown(const char *path, struct quoin_problems *problems)
{
	const char *names[TOP_FILES];
	const char *base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	const char *near;

	for (size_t i = 0; i < TOP_FILES; i++)
		names[i] = top_files[i].name;
	near = quoin_text_nearest(base, names, TOP_FILES);
	if (near != NULL && strcmp(near, base) == 0) {
		quoin_problem_error(problems, "unknown_file", (struct quoin_place){.file = path},
		    "%s is read only at the top of the directory; move it there, or end its name in .rules.json or "
		    ".test.json",
		    base);
	} else if (near != NULL) {
		quoin_problem_error(problems, "unknown_file", (struct quoin_place){.file = path},
		    "no file of this name is read; did you mean %s?", near);
	} else {
		quoin_problem_error(problems, "unknown_file", (struct quoin_place){.file = path},
		    "no file of this name is read; rules are in *.rules.json and expectations in *.test.json");
	}
}

static void
refuse_size(const char *path, unsigned long long max, struct quoin_problems *problems)
{
	quoin_problem_error(problems, "limit", (struct quoin_place){.file = path},
	    "the file is larger than %llu bytes; split it", max);
}

/* The most bytes that a file of the kind may have. */
static size_t
bytes_max(enum quoin_directory_kind kind)
{
	return kind == QUOIN_DIRECTORY_SCRIPT ? QUOIN_SCRIPT_BYTES_MAX : QUOIN_JSON_BYTES_MAX;
}

/* Whether the whole directory stays within its bounds with this file. Says so once. */
static bool
check_sizes(struct quoin_directory *directory, enum quoin_directory_kind kind, const char *path, size_t bytes,
    struct quoin_problems *problems)
{
	if (bytes > bytes_max(kind)) {
		refuse_size(path, bytes_max(kind), problems);
		return false;
	}
	if (kind == QUOIN_DIRECTORY_SCRIPT && directory->script_bytes + bytes > QUOIN_SCRIPTS_BYTES_MAX) {
		quoin_problem_error(problems, "limit", (struct quoin_place){.file = path},
		    "with this file the scripts are larger than %u bytes together; write data as *.rules.json",
		    QUOIN_SCRIPTS_BYTES_MAX);
		return false;
	}
	if (directory->bytes + bytes > QUOIN_RELEASE_BYTES_MAX) {
		quoin_problem_error(problems, "limit", (struct quoin_place){.file = path},
		    "with this file the directory is larger than %u bytes", QUOIN_RELEASE_BYTES_MAX);
		return false;
	}
	return true;
}

static struct quoin_directory_file *
new_file(struct quoin_directory *directory)
{
	struct quoin_directory_file *files;
	size_t capacity = directory->capacity > 0 ? directory->capacity * 2 : 16;

	if (directory->count == directory->capacity) {
		files = reallocarray(directory->files, capacity, sizeof *files);
		if (files == NULL)
			return NULL;
		directory->files = files;
		directory->capacity = capacity;
	}
	directory->files[directory->count] = (struct quoin_directory_file){0};
	return &directory->files[directory->count];
}

static void
clear_file(struct quoin_directory_file *file)
{
	free(file->path);
	free(file->text);
	quoin_json_free(file->doc);
	*file = (struct quoin_directory_file){0};
}

static int
parse(struct quoin_directory_file *file, struct quoin_problems *problems)
{
	struct quoin_error err = {0};
	int rc = quoin_json_parse(quoin_span_of(file->text, file->text_bytes), &file->doc, &err);

	if (rc == QUOIN_ENOMEM)
		return rc;
	if (rc != 0)
		quoin_problem_of_error(problems, rc == QUOIN_ELIMIT ? "limit" : "syntax", file->path, &err);
	return 0;
}

static bool
check_path(const char *path, struct quoin_problems *problems)
{
	struct quoin_span span = quoin_span_str(path);
	bool is_good = span.len <= PATH_BYTES_MAX && quoin_utf8_is_valid(span);
	char shown[256];

	for (size_t i = 0; i < span.len; i++)
		is_good = is_good && span.data[i] >= 0x20 && span.data[i] != 0x7f;
	if (is_good)
		return true;
	quoin_printable_copy(span, shown, sizeof shown);
	quoin_problem_error(problems, "bad_path", (struct quoin_place){.file = shown},
	    "the path is not UTF-8, has control characters or is longer than %d bytes; rename the file",
	    PATH_BYTES_MAX);
	return false;
}

int
quoin_directory_add(struct quoin_directory *directory, const char *path, struct quoin_span text,
    struct quoin_problems *problems)
{
	struct quoin_directory_file *file;
	enum quoin_directory_kind kind;
	int rc = QUOIN_ENOMEM;

	if (!find_kind(path, &kind)) {
		if (ends_with(path, ".json"))
			refuse_unknown(path, problems);
		return 0;
	}
	if (!check_path(path, problems) || !check_sizes(directory, kind, path, text.len, problems))
		return 0;
	QUOIN_ASSERT(directory->count == 0 || strcmp(directory->files[directory->count - 1].path, path) < 0);
	file = new_file(directory);
	if (file == NULL)
		return QUOIN_ENOMEM;
	file->kind = kind;
	file->path = strdup(path);
	file->text = malloc(text.len + 1);
	if (file->path == NULL || file->text == NULL)
		goto out;
	if (text.len > 0)
		memcpy(file->text, text.data, text.len);
	file->text[text.len] = '\0';
	file->text_bytes = text.len;
	rc = is_json(kind) ? parse(file, problems) : 0;
	if (rc != 0)
		goto out;
	directory->count++;
	directory->bytes += text.len;
	if (kind == QUOIN_DIRECTORY_SCRIPT)
		directory->script_bytes += text.len;
out:
	if (rc != 0)
		clear_file(file);
	return rc;
}

/* Whether the file was there but could not be taken. */
static bool
is_told(const struct quoin_problems *problems, const char *path)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (strcmp(problems->items[i].place.file, path) == 0)
			return true;
	}
	return false;
}

void
quoin_directory_finish(const struct quoin_directory *directory, struct quoin_problems *problems)
{
	for (size_t i = 0; i < TOP_FILES; i++) {
		const char *name = top_files[i].name;

		if (!top_files[i].is_required || quoin_directory_find(directory, top_files[i].kind) != NULL ||
		    is_told(problems, name))
			continue;
		quoin_problem_error(problems, "missing_file", (struct quoin_place){.file = name},
		    "the file is missing; an authoring directory has objectives.json, models.json and shards.json, none of "
		    "them a link");
	}
}

/* Read one file and add it. A file that cannot be taken is a problem; only our own failures are errors. */
static int
read_file(const char *root, const char *path, struct quoin_directory *directory, struct quoin_buf *text,
    struct quoin_problems *problems, struct quoin_error *err)
{
	enum quoin_directory_kind kind;
	char full[4096];
	int rc;

	if (!find_kind(path, &kind))
		return quoin_directory_add(directory, path, (struct quoin_span){0}, problems);
	if (!check_path(path, problems))
		return 0;
	rc = quoin_path_join(root, path, full, sizeof full);
	if (rc != 0)
		return quoin_error_set(err, rc, "the path %s/%s is too long", root, path);
	quoin_buf_clear(text);
	quoin_buf_init(text, bytes_max(kind));
	rc = quoin_file_read(full, text, err);
	if (rc == QUOIN_ELIMIT) {
		refuse_size(path, bytes_max(kind), problems);
		return 0;
	}
	if (rc == 0)
		rc = quoin_directory_add(directory, path, quoin_buf_span(text), problems);
	return rc;
}

int
quoin_directory_read(const char *root, struct quoin_directory *ret, struct quoin_problems *problems,
    struct quoin_error *err)
{
	struct quoin_directory directory = {0};
	struct quoin_buf text = {0};
	char **paths = NULL;
	size_t count = 0;
	int rc = quoin_tree_list(root, QUOIN_FILES_MAX, &paths, &count, err);

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = read_file(root, paths[i], &directory, &text, problems, err);
	if (rc == 0 && problems->error != 0)
		rc = problems->error;
	if (rc == 0) {
		quoin_directory_finish(&directory, problems);
		*ret = directory;
	} else {
		if (rc == QUOIN_ENOMEM)
			quoin_error_set(err, rc, "out of memory while reading %s", root);
		quoin_directory_clear(&directory);
	}
	quoin_buf_clear(&text);
	free(paths);
	return rc;
}

void
quoin_directory_clear(struct quoin_directory *directory)
{
	for (size_t i = 0; i < directory->count; i++)
		clear_file(&directory->files[i]);
	free(directory->files);
	*directory = (struct quoin_directory){0};
}

const struct quoin_directory_file *
quoin_directory_find(const struct quoin_directory *directory, enum quoin_directory_kind kind)
{
	for (size_t i = 0; i < directory->count; i++) {
		if (directory->files[i].kind == kind)
			return &directory->files[i];
	}
	return NULL;
}
