#include "publisher/check_rules.h"

#include <string.h>

#include "publisher/check_rule.h"
#include "publisher/check_value.h"

/* ---- The reply of the evaluation ---- */

static const struct quoin_json *
reply_list(const struct quoin_json_doc *eval, const char *key)
{
	const struct quoin_json *list = eval != NULL ? quoin_json_get(quoin_json_root(eval), key) : NULL;

	return list != NULL && quoin_json_kind(list) == QUOIN_JSON_ARRAY ? list : NULL;
}

static const char *
reply_text(const struct quoin_json *object, const char *key, const char *otherwise)
{
	const struct quoin_json *member = quoin_json_get(object, key);

	return member != NULL && quoin_json_kind(member) == QUOIN_JSON_STRING ? quoin_json_string(member) : otherwise;
}

static uint32_t
reply_number(const struct quoin_json *object, const char *key)
{
	const struct quoin_json *member = quoin_json_get(object, key);
	int64_t value;

	return member != NULL && quoin_json_is_int(member, 0, UINT32_MAX, &value) ? (uint32_t)value : 0;
}

/* Take over what the evaluation found. */
static void
add_eval_problems(struct quoin_check_run *run, const struct quoin_json_doc *eval)
{
	const struct quoin_json *list = reply_list(eval, "problems");

	for (const struct quoin_json *item = list != NULL ? quoin_json_first(list) : NULL; item != NULL;
	     item = quoin_json_next(item)) {
		bool is_warning = strcmp(reply_text(item, "severity", "error"), "warning") == 0;
		struct quoin_place place = {reply_text(item, "file", NULL), reply_number(item, "line"),
		    reply_number(item, "column")};

		run->has_eval_errors = run->has_eval_errors || !is_warning;
		quoin_problem_add(run->problems, is_warning ? QUOIN_SEVERITY_WARNING : QUOIN_SEVERITY_ERROR,
		    reply_text(item, "code", "eval"), place,
		    quoin_span_str(reply_text(item, "message", "evaluation failed")));
	}
}

/* ---- One rule after the other ---- */

static size_t
count_rules(const struct quoin_json *node)
{
	return quoin_json_kind(node) == QUOIN_JSON_ARRAY ? quoin_json_count(node) : 1;
}

static void
add_rule(struct quoin_check_run *run, struct quoin_check_rule *read)
{
	size_t index = run->rule_count;
	size_t before = run->problems->error_count;
	struct quoin_rule *rule = &run->rules[index];

	read->run = run;
	read->rule = rule;
	read->source.root = read->node;
	run->rule_places[index] = quoin_check_place(&read->source, read->node);
	rule->file = read->source.file;
	rule->line = run->rule_places[index].line;
	quoin_check_rule(read);
	run->rule_notes[index].is_sound = run->problems->error_count == before;
	run->rule_notes[index].has_kind = read->has_kind;
	run->rule_count++;
}

/* What one function returned: a rule or an array of rules. */
static void
add_function(struct quoin_check_run *run, const struct quoin_directory_file *file, const struct quoin_json_doc *eval,
    const struct quoin_json *function)
{
	struct quoin_check_rule read = {.function = reply_text(function, "name", "")};
	const struct quoin_json *rules = quoin_json_get(function, "rules");
	size_t element = 0;

	read.source.doc = eval;
	read.source.file = quoin_check_copy(run, reply_text(function, "file", ""));
	read.source.line = reply_number(function, "line");
	read.source.script = quoin_span_of(file->text, file->text_bytes);
	if (rules == NULL || read.source.file == NULL)
		return;
	if (quoin_json_kind(rules) != QUOIN_JSON_ARRAY) {
		read.node = rules;
		add_rule(run, &read);
		return;
	}
	for (const struct quoin_json *item = quoin_json_first(rules); item != NULL; item = quoin_json_next(item)) {
		struct quoin_check_rule one = read;

		one.node = item;
		one.element = ++element;
		add_rule(run, &one);
	}
}

static void
add_file(struct quoin_check_run *run, const struct quoin_directory_file *file)
{
	struct quoin_check_source source = {.doc = file->doc, .file = quoin_check_copy(run, file->path)};
	const struct quoin_json *root = quoin_json_root(file->doc);

	if (source.file == NULL || !quoin_check_is(run, &source, root, QUOIN_JSON_ARRAY, "the file"))
		return;
	for (const struct quoin_json *item = quoin_json_first(root); item != NULL; item = quoin_json_next(item)) {
		struct quoin_check_rule read = {.source = source, .node = item};

		add_rule(run, &read);
	}
}

/* Room for every rule that there is. */
static bool
take_room(struct quoin_check_run *run, const struct quoin_directory *directory, const struct quoin_json *functions)
{
	size_t count = 0;

	for (size_t i = 0; i < directory->count; i++) {
		if (directory->files[i].kind == QUOIN_DIRECTORY_RULES && directory->files[i].doc != NULL)
			count += count_rules(quoin_json_root(directory->files[i].doc));
	}
	for (const struct quoin_json *item = functions != NULL ? quoin_json_first(functions) : NULL; item != NULL;
	     item = quoin_json_next(item)) {
		const struct quoin_json *rules = quoin_json_get(item, "rules");

		count += rules != NULL ? count_rules(rules) : 0;
	}
	run->rules = quoin_check_take(run, count, sizeof *run->rules);
	run->rule_places = quoin_check_take(run, count, sizeof *run->rule_places);
	run->rule_notes = quoin_check_take(run, count, sizeof *run->rule_notes);
	return !run->is_out_of_memory;
}

void
quoin_check_rules(struct quoin_check_run *run, const struct quoin_directory *directory,
    const struct quoin_json_doc *eval)
{
	const struct quoin_json *functions = reply_list(eval, "functions");
	const struct quoin_json *function = functions != NULL ? quoin_json_first(functions) : NULL;

	add_eval_problems(run, eval);
	if (!take_room(run, directory, functions))
		return;
	/* Two lists in the order of their paths become one. */
	for (size_t i = 0; i < directory->count; i++) {
		const struct quoin_directory_file *file = &directory->files[i];

		if (file->kind == QUOIN_DIRECTORY_RULES && file->doc != NULL)
			add_file(run, file);
		if (file->kind != QUOIN_DIRECTORY_SCRIPT)
			continue;
		while (function != NULL && strcmp(reply_text(function, "file", ""), file->path) == 0) {
			add_function(run, file, eval, function);
			function = quoin_json_next(function);
		}
	}
}
