#include "publisher/compile_scripts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "publisher/eval.h"

/* The root object of a JSON file; false if the file is there and has none. */
static bool
root_object(const struct quoin_directory *directory, enum quoin_directory_kind kind, const struct quoin_json **ret)
{
	const struct quoin_directory_file *file = quoin_directory_find(directory, kind);

	*ret = NULL;
	if (file == NULL)
		return true;
	if (file->doc == NULL || quoin_json_kind(quoin_json_root(file->doc)) != QUOIN_JSON_OBJECT)
		return false;
	*ret = quoin_json_root(file->doc);
	return true;
}

static size_t
add_objectives(const struct quoin_json *root, struct quoin_span *names)
{
	size_t count = 0;

	for (const struct quoin_json *member = quoin_json_first(root); member != NULL && count < QUOIN_OBJECTIVES_MAX;
	     member = quoin_json_next(member)) {
		struct quoin_span name = quoin_span_str(quoin_json_key(member));

		if (quoin_name_is_valid(name))
			names[count++] = name;
	}
	return count;
}

static size_t
add_scripts(const struct quoin_directory *directory, struct quoin_eval_file *files)
{
	size_t count = 0;

	for (size_t i = 0; i < directory->count; i++) {
		const struct quoin_directory_file *file = &directory->files[i];

		if (file->kind != QUOIN_DIRECTORY_SCRIPT)
			continue;
		files[count].path = quoin_span_str(file->path);
		files[count++].text = quoin_span_of(file->text, file->text_bytes);
	}
	return count;
}

static const char *
text_member(const struct quoin_json *object, const char *key)
{
	const struct quoin_json *member = quoin_json_get(object, key);

	return member != NULL && quoin_json_kind(member) == QUOIN_JSON_STRING ? quoin_json_string(member) : "";
}

/* What scripts write goes to a terminal: control characters must not get there. */
static void
put_visible(struct quoin_buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		uint8_t byte = (uint8_t)*text;

		if (byte == '\n')
			quoin_buf_put_str(out, "\n    ");
		else
			quoin_buf_put_byte(out, byte < 0x20 || byte == 0x7f ? '?' : byte);
	}
}

static void
put_console(struct quoin_buf *out, const struct quoin_json *reply)
{
	const struct quoin_json *list = quoin_json_get(reply, "console");
	int64_t line;

	for (const struct quoin_json *item = list != NULL ? quoin_json_first(list) : NULL; item != NULL;
	     item = quoin_json_next(item)) {
		const struct quoin_json *node = quoin_json_get(item, "line");

		put_visible(out, text_member(item, "file"));
		if (node != NULL && quoin_json_is_int(node, 1, UINT32_MAX, &line))
			quoin_buf_printf(out, ":%lld", (long long)line);
		quoin_buf_put_str(out, ": ");
		put_visible(out, text_member(item, "text"));
		quoin_buf_put_byte(out, '\n');
	}
}

/* Run the evaluation and parse its reply. Bounds of the request are the author's to mend. */
static int
evaluate(const struct quoin_eval_request *request, struct quoin_json_doc **ret, struct quoin_problems *problems,
    struct quoin_error *err)
{
	struct quoin_buf reply = {0};
	struct quoin_error why = {0};
	int rc = quoin_eval_run(request, &reply, &why);

	if (rc == QUOIN_ELIMIT) {
		quoin_problem_of_error(problems, "limit", NULL, &why);
		return 0;
	}
	if (rc == 0)
		rc = quoin_json_parse(quoin_buf_span(&reply), ret, &why);
	if (rc == QUOIN_ESYNTAX || rc == QUOIN_ELIMIT)
		rc = quoin_error_set(&why, QUOIN_ESYSTEM, "quoin-eval gave no valid reply; is it of the same version?");
	if (rc != 0 && err != NULL)
		*err = why;
	quoin_buf_clear(&reply);
	return rc;
}

int
quoin_compile_scripts(const struct quoin_directory *directory, struct quoin_buf *console, struct quoin_json_doc **ret,
    struct quoin_problems *problems, struct quoin_error *err)
{
	const struct quoin_json *objectives, *constants;
	struct quoin_eval_request request = {0};
	struct quoin_eval_file *files = calloc(directory->count + 1, sizeof *files);
	struct quoin_span *names = calloc(QUOIN_OBJECTIVES_MAX, sizeof *names);
	int rc = 0;

	*ret = NULL;
	if (files == NULL || names == NULL) {
		rc = quoin_error_set(err, QUOIN_ENOMEM, "out of memory while reading scripts");
		goto out;
	}
	request.files = files;
	request.file_count = add_scripts(directory, files);
	if (!root_object(directory, QUOIN_DIRECTORY_OBJECTIVES, &objectives) || objectives == NULL ||
	    !root_object(directory, QUOIN_DIRECTORY_CONSTANTS, &constants) || request.file_count == 0)
		goto out;
	request.objectives = names;
	request.objective_count = add_objectives(objectives, names);
	if (constants != NULL) {
		const struct quoin_directory_file *file = quoin_directory_find(directory, QUOIN_DIRECTORY_CONSTANTS);

		request.constants = quoin_span_of(file->text, file->text_bytes);
	}
	rc = evaluate(&request, ret, problems, err);
	if (rc == 0 && *ret != NULL && console != NULL)
		put_console(console, quoin_json_root(*ret));
out:
	free(files);
	free(names);
	return rc;
}
