#include "tests/differential/subject.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define DECISION_BYTES_MAX (1u << 20)

const char *const subject_ways[SUBJECT_WAYS] = {"json", "rebound", "set", "prepared", "borrowed",
    "borrowed and prepared", "batch", "strings"};

/* ---- Opening ---- */

static bool
compile(const struct generated_file *files, size_t count, const struct quoin_compile_base *base,
    struct quoin_compiled *ret, const char **ret_why)
{
	static char why[4096];
	struct quoin_directory directory = {0};
	struct quoin_problems problems;
	struct quoin_error err = {0};
	struct quoin_buf text;
	int rc;

	quoin_problems_init(&problems);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(quoin_directory_add(&directory, files[i].path, quoin_buf_span(&files[i].text), &problems), 0);
	quoin_directory_finish(&directory, &problems);
	rc = quoin_compile_directory(&directory, base, NULL, ret, &problems, &err);
	if (rc != 0) {
		quoin_buf_init(&text, 1 << 20);
		quoin_problems_print(&problems, &text);
		snprintf(why, sizeof why, "%s %s", err.message, quoin_buf_str(&text));
		*ret_why = why;
		quoin_buf_clear(&text);
	}
	quoin_problems_clear(&problems);
	return rc == 0;
}

static struct quoin_reader *
open_reader(const struct quoin_compiled *compiled)
{
	struct quoin_part_bytes parts[QUOIN_COMPILED_PARTS];
	struct quoin_message message = {0};
	struct quoin_reader *reader = NULL;

	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++)
		parts[i] = (struct quoin_part_bytes){compiled->parts[i].name, compiled->parts[i].bytes.data,
		    compiled->parts[i].bytes.len};
	if (quoin_reader_open_parts(parts, QUOIN_COMPILED_PARTS, SUBJECT_RELEASE, &reader, &message) != 0)
		check_fail(__FILE__, __LINE__, "%s", message.text);
	return reader;
}

void
subject_reload(struct subject *subject, const struct generated_file *files, size_t count)
{
	struct quoin_span source = quoin_buf_span(&subject->compiled.parts[QUOIN_COMPILED_SOURCE].bytes);
	struct naive_file authored[GENERATED_FILES_MAX];

	for (size_t i = 0; i < count; i++)
		authored[i] = (struct naive_file){files[i].path,
		    (const char *)(files[i].rules.len > 0 ? files[i].rules.data : files[i].text.data)};
	pool_reset(&subject->pool);
	subject->authored = naive_load_authored(&subject->pool, authored, count, source);
	subject->from_source = naive_load_source(&subject->pool, source);
}

bool
subject_open(const struct generated_file *files, size_t count, const struct quoin_compile_base *base,
    struct subject *ret, const char **ret_why)
{
	char name[24];

	*ret = (struct subject){0};
	if (!compile(files, count, base, &ret->compiled, ret_why))
		return false;
	ret->reader = open_reader(&ret->compiled);
	CHECK_INT(quoin_view_acquire(ret->reader, &ret->view), 0);
	CHECK_INT(quoin_context_new(&ret->context), 0);
	for (uint32_t i = 0; i < SUBJECT_SLOTS; i++)
		ret->slots[i] = quoin_slot_register(ret->reader, generated_attribute(i, name));
	for (size_t i = 0; i < GENERATED_OBJECTIVES; i++)
		ret->objectives[i] = quoin_objective_register(ret->reader, generated_objectives[i]);
	quoin_buf_init(&ret->have, DECISION_BYTES_MAX);
	quoin_buf_init(&ret->want, DECISION_BYTES_MAX);
	CHECK(quoin_buf_reserve(&ret->have, DECISION_BYTES_MAX) != NULL);
	subject_reload(ret, files, count);
	return true;
}

void
subject_close(struct subject *subject)
{
	quoin_context_free(subject->context);
	quoin_view_release(&subject->view);
	quoin_reader_close(subject->reader);
	quoin_compiled_clear(&subject->compiled);
	quoin_buf_clear(&subject->have);
	quoin_buf_clear(&subject->want);
	pool_clear(&subject->pool);
	pool_clear(&subject->scratch);
	pool_clear(&subject->parsed);
}

/* ---- Asking ---- */

/* What a context's JSON says, for the calls that take values. */
struct values {
	struct quoin_slot_value slots[SUBJECT_SLOTS];
	struct quoin_attribute attributes[SUBJECT_SLOTS + GENERATED_TESTS + 1];
	size_t attribute_count;
	uint64_t tests[GENERATED_TESTS];
	uint32_t cells[GENERATED_TESTS];
	size_t cell_count;
	const struct tree *override; /* or NULL */
};

static void
add_value(struct subject *subject, struct values *values, uint32_t attribute, const struct tree *value, char name[24])
{
	struct quoin_slot_value *slot = &values->slots[subject->slots[attribute]];
	struct quoin_attribute *named = &values->attributes[values->attribute_count];

	*named = (struct quoin_attribute){.name = generated_attribute(attribute, name)};
	switch (value->kind) {
	case TREE_STRING:
		slot->kind = named->kind = QUOIN_ATTRIBUTE_STRING;
		slot->value.string = named->string = value->text;
		slot->bytes = (uint32_t)value->text_bytes;
		break;
	case TREE_NUMBER:
		slot->kind = named->kind = QUOIN_ATTRIBUTE_NUMBER;
		slot->value.number = named->number = value->number;
		break;
	case TREE_BOOL:
		slot->kind = named->kind = QUOIN_ATTRIBUTE_BOOL;
		slot->value.boolean = named->boolean = value->boolean;
		break;
	default:
		return;
	}
	values->attribute_count++;
}

static void
read_values(struct subject *subject, const struct tree *context, char names[][24], struct values *ret)
{
	const struct tree *ab = tree_get(context, "ab");

	*ret = (struct values){.override = tree_get(context, "override")};
	for (uint32_t i = 0; i < SUBJECT_SLOTS; i++) {
		const struct tree *value = tree_get(context, generated_attribute(i, names[i]));

		if (value != NULL)
			add_value(subject, ret, i, value, names[i]);
	}
	for (uint32_t i = 0; i < GENERATED_TESTS; i++) {
		const struct tree *cell = tree_get(ab, generated_tests[i]);

		if (cell == NULL || cell->kind != TREE_NUMBER || cell->number < 0 ||
		    cell->number != floor(cell->number))
			continue;
		ret->tests[ret->cell_count] = strtoull(generated_tests[i], NULL, 10);
		ret->cells[ret->cell_count++] = cell->number < 4294967295.0 ? (uint32_t)cell->number : UINT32_MAX;
		ret->attributes[ret->attribute_count++] =
		    (struct quoin_attribute){.name = generated_tests[i], .number = cell->number, .kind = QUOIN_ATTRIBUTE_CELL};
	}
}

static void
set_one_by_one(struct subject *subject, const struct values *values)
{
	for (int slot = 0; slot < SUBJECT_SLOTS; slot++) {
		const struct quoin_slot_value *value = &values->slots[slot];

		if (value->kind == QUOIN_ATTRIBUTE_NUMBER)
			CHECK_INT(quoin_context_set_number(subject->context, slot, value->value.number), 0);
		else if (value->kind == QUOIN_ATTRIBUTE_BOOL)
			CHECK_INT(quoin_context_set_bool(subject->context, slot, value->value.boolean), 0);
		else if (value->value.string != NULL)
			CHECK_INT(quoin_context_set_string(subject->context, slot, value->value.string, value->bytes),
			    0);
	}
	for (size_t i = 0; i < values->cell_count; i++)
		CHECK_INT(quoin_context_set_cell(subject->context, values->tests[i], values->cells[i]), 0);
}

/* False when the calls cannot say what the context says. */
static bool
can_set(const struct values *values, enum subject_way way)
{
	const struct tree *version = tree_get(values->override, "version");

	if (way == SUBJECT_STRINGS && values->override != NULL)
		return false;
	/* A version that is there and no string has no call; a model that is missing neither. */
	return values->override == NULL ||
	    (tree_text(values->override, "model") != NULL && (version == NULL || version->kind == TREE_STRING));
}

/* False for an objective that no directory has. */
static bool
ask_for_all(struct subject *subject, const char *objective, struct quoin_decision *ret)
{
	struct quoin_decision decisions[GENERATED_OBJECTIVES];

	quoin_resolve_batch(&subject->view, subject->objectives, GENERATED_OBJECTIVES, subject->context, decisions);
	for (size_t i = 0; i < GENERATED_OBJECTIVES; i++) {
		if (strcmp(generated_objectives[i], objective) != 0)
			continue;
		*ret = decisions[i];
		return true;
	}
	return false;
}

static bool
ask_by_values(struct subject *subject, const struct tree *context, enum subject_way way, struct quoin_decision *ret)
{
	static char names[SUBJECT_SLOTS][24];
	const char *objective = tree_text(context, "objective");
	struct values values;

	read_values(subject, context, names, &values);
	if (!can_set(&values, way))
		return false;
	if (way == SUBJECT_STRINGS) {
		quoin_resolve_strings(&subject->view, objective, values.attributes, values.attribute_count, ret);
		return true;
	}
	CHECK_INT(quoin_context_start(subject->context, &subject->view), 0);
	if (way == SUBJECT_SET || way == SUBJECT_PREPARED) {
		set_one_by_one(subject, &values);
	} else {
		CHECK_INT(quoin_context_set_values(subject->context, values.slots, SUBJECT_SLOTS), 0);
		CHECK_INT(quoin_context_set_cells(subject->context, values.tests, values.cells, values.cell_count), 0);
	}
	if (values.override != NULL)
		CHECK_INT(quoin_context_set_override(subject->context, tree_text(values.override, "model"),
			      tree_text(values.override, "version"), tree_text(values.override, "caller")),
		    0);
	if (way == SUBJECT_PREPARED || way == SUBJECT_BORROWED_PREPARED)
		CHECK_INT(quoin_context_prepare(subject->context), 0);
	if (way == SUBJECT_BATCH)
		return ask_for_all(subject, objective, ret);
	quoin_resolve_name(&subject->view, objective, subject->context, ret);
	return true;
}

/* False when the way cannot express the context. */
static bool
ask(struct subject *subject, const char *text, size_t bytes, const struct tree *context, enum subject_way way,
    struct quoin_decision *ret)
{
	const char *objective;

	if (way == SUBJECT_JSON) {
		quoin_resolve_json(&subject->view, text, bytes, subject->context, ret);
		return true;
	}
	if (context == NULL)
		return false;
	if (way != SUBJECT_REBOUND)
		return ask_by_values(subject, context, way, ret);
	CHECK_INT(quoin_context_set_json(subject->context, &subject->view, text, bytes, &objective), 0);
	CHECK_INT(quoin_context_rebind(subject->context, &subject->view), 0);
	CHECK_INT(quoin_context_prepare(subject->context), 0);
	quoin_resolve_name(&subject->view, objective, subject->context, ret);
	return true;
}

/* Equal as bytes, or as JSON. */
static bool
is_same(struct subject *subject)
{
	const struct tree *have, *want;

	if (subject->have.len == subject->want.len &&
	    memcmp(subject->have.data, subject->want.data, subject->have.len) == 0)
		return true;
	pool_reset(&subject->parsed);
	have = tree_parse(&subject->parsed, (const char *)subject->have.data, subject->have.len);
	want = tree_parse(&subject->parsed, (const char *)subject->want.data, subject->want.len);
	CHECK(want != NULL);
	return have != NULL && tree_equal(have, want);
}

bool
subject_differs(struct subject *subject, const char *context, size_t bytes, enum subject_way way, bool by_source)
{
	const struct tree *tree;
	struct quoin_decision decision;
	int64_t length;

	quoin_buf_reset(&subject->want);
	naive_decide(by_source ? subject->from_source : subject->authored, context, bytes, SUBJECT_RELEASE,
	    &subject->scratch, &tree, &subject->want);
	if (!ask(subject, context, bytes, tree, way, &decision))
		return false;
	length = quoin_decision_json(&decision, (char *)subject->have.data, DECISION_BYTES_MAX);
	CHECK(length > 0 && length < DECISION_BYTES_MAX);
	subject->have.len = (size_t)length;
	return !is_same(subject);
}
