#include "formats/context.h"

#include <math.h>
#include <stdlib.h>

#include "formats/rules_layout.h"
#include "lib/text.h"

void
quoin_context_init(struct quoin_context *context)
{
	memset(context, 0, sizeof *context);
	context->tests = context->own_tests = context->inline_tests;
	context->cells = context->own_cells = context->inline_cells;
	context->cell_cap = QUOIN_CONTEXT_CELLS_INLINE;
}

void
quoin_context_clear(struct quoin_context *context)
{
	if (context->own_tests != context->inline_tests)
		free(context->own_tests);
	quoin_json_free(context->json);
	quoin_context_init(context);
}

void
quoin_context_begin(struct quoin_context *context, const struct quoin_rules *rules)
{
	context->rules = rules;
	memset(context->ids, 0, ((size_t)rules->attributes.id_count + 15) / 16 * 16 * sizeof context->ids[0]);
	context->tests = context->own_tests;
	context->cells = context->own_cells;
	context->cell_count = 0;
	context->named = NULL;
	context->is_interned = false;
	context->has_override = false;
	context->objective = (struct quoin_span){0};
	if (__builtin_expect(context->json != NULL, 0)) {
		quoin_json_free(context->json);
		context->json = NULL;
	}
}

/* ---- Values ---- */

/* A borrowed string, which most values are, in one go: NULL if it is none. */
static inline const struct quoin_borrowed *
borrowed_string(const struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_borrowed *value;
	size_t index;

	if (context->ids[attribute] != QUOIN_CONTEXT_ID_UNREAD || context->borrowed == NULL)
		return NULL;
	index = (size_t)atomic_load_explicit(&context->order[attribute], memory_order_relaxed) - 1;
	if (index >= context->borrowed_count)
		return NULL;
	value = &context->borrowed[index];
	return value->kind == QUOIN_BORROWED_STRING && value->string != NULL ? value : NULL;
}

uint16_t
quoin_context_intern_one(struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_borrowed *borrowed = borrowed_string(context, attribute);
	const struct quoin_rules *rules = context->rules;
	const struct quoin_value *value = &context->values[attribute];
	const struct rules_attribute *block;
	uint16_t id;

	if (borrowed != NULL) {
		block = rules->attribute_blocks[attribute];
		quoin_context_put_string(context, attribute, borrowed->string, borrowed->len);
		return context->ids[attribute] =
			   quoin_rules_constant_find(block, QUOIN_SCALAR_STRING, borrowed->string, borrowed->len);
	}
	if (!quoin_context_has(context, attribute))
		return RULES_VALUE_MISSING;
	block = rules->attribute_blocks[attribute];
	switch (value->kind) {
	case QUOIN_VALUE_STRING:
		id = quoin_rules_constant_find(block, QUOIN_SCALAR_STRING, value->string, value->len);
		break;
	case QUOIN_VALUE_NUMBER:
		id = quoin_rules_constant_find(block, QUOIN_SCALAR_NUMBER, &value->number, sizeof value->number);
		break;
	default:
		id = quoin_rules_constant_find(block, QUOIN_SCALAR_BOOL, &value->boolean, 1);
		break;
	}
	return context->ids[attribute] = id;
}

void
quoin_context_intern(struct quoin_context *context)
{
	for (uint32_t i = 0; i < context->rules->attributes.id_count; i++)
		quoin_context_id(context, i);
	context->is_interned = true;
}

/* ---- Cells and overrides ---- */

static int
grow_cells(struct quoin_context *context)
{
	size_t cap = context->cell_cap * 4;
	uint64_t *tests;
	uint32_t *cells;

	if (context->cell_count >= QUOIN_CONTEXT_CELLS_MAX)
		return QUOIN_ELIMIT;
	tests = malloc(cap * (sizeof *tests + sizeof *cells));
	if (tests == NULL)
		return QUOIN_ENOMEM;
	cells = (uint32_t *)(void *)(tests + cap);
	memcpy(tests, context->own_tests, context->cell_count * sizeof *tests);
	memcpy(cells, context->own_cells, context->cell_count * sizeof *cells);
	if (context->own_tests != context->inline_tests)
		free(context->own_tests);
	context->tests = context->own_tests = tests;
	context->cells = context->own_cells = cells;
	context->cell_cap = cap;
	return 0;
}

int
quoin_context_put_cell(struct quoin_context *context, uint64_t test, uint32_t cell)
{
	int rc;

	if (context->tests != context->own_tests)
		return QUOIN_EUSAGE;
	if (__builtin_expect(context->cell_count == context->cell_cap, 0) && (rc = grow_cells(context)) != 0)
		return rc;
	context->own_tests[context->cell_count] = test;
	context->own_cells[context->cell_count++] = cell;
	return 0;
}

int
quoin_context_put_cells(struct quoin_context *context, const uint64_t *tests, const uint32_t *cells, size_t count)
{
	if (context->cell_count > 0)
		return QUOIN_EUSAGE;
	if (count > 0) {
		context->tests = tests;
		context->cells = cells;
		context->cell_count = count;
	}
	return 0;
}

void
quoin_context_put_override(struct quoin_context *context, const char *model, const char *version, const char *caller)
{
	context->has_override = true;
	context->override_model = quoin_span_str(model);
	context->has_override_version = version != NULL;
	context->has_override_caller = caller != NULL;
	if (version != NULL)
		context->override_version = quoin_span_str(version);
	if (caller != NULL)
		context->override_caller = quoin_span_str(caller);
}

/* ---- JSON ---- */

/* A test's number is the key's canonical decimal; other keys name no test. */
static int
read_cells(struct quoin_context *context, const struct quoin_json *ab)
{
	const struct quoin_json *child;
	uint64_t test;
	double cell;
	int rc;

	if (quoin_json_kind(ab) != QUOIN_JSON_OBJECT)
		return 0;
	for (child = quoin_json_first(ab); child != NULL; child = quoin_json_next(child)) {
		if (quoin_json_kind(child) != QUOIN_JSON_NUMBER ||
		    !quoin_u64_parse(quoin_span_str(quoin_json_key(child)), &test))
			continue;
		cell = quoin_json_number(child);
		if (cell < 0 || cell != floor(cell))
			continue;
		rc = quoin_context_put_cell(context, test, cell < 2147483648.0 ? (uint32_t)cell : QUOIN_CELL_NONE);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void
read_override(struct quoin_context *context, const struct quoin_json *override)
{
	const struct quoin_json *model, *version, *caller;

	if (quoin_json_kind(override) != QUOIN_JSON_OBJECT)
		return;
	model = quoin_json_get(override, "model");
	version = quoin_json_get(override, "version");
	caller = quoin_json_get(override, "caller");
	/* A model or version that is no string is unknown: no rule admits it. */
	if (model == NULL || quoin_json_kind(model) != QUOIN_JSON_STRING ||
	    (version != NULL && quoin_json_kind(version) != QUOIN_JSON_STRING))
		return;
	quoin_context_put_override(context, quoin_json_string(model), version == NULL ? NULL : quoin_json_string(version),
	    caller == NULL || quoin_json_kind(caller) != QUOIN_JSON_STRING ? NULL : quoin_json_string(caller));
}

static int
read_members(struct quoin_context *context, const struct quoin_json *root)
{
	const struct quoin_json *child;
	const char *key, *string;
	uint32_t attribute;
	int rc;

	for (child = quoin_json_first(root); child != NULL; child = quoin_json_next(child)) {
		key = quoin_json_key(child);
		if (strcmp(key, "objective") == 0) {
			context->objective = quoin_span_str(quoin_json_string(child));
		} else if (strcmp(key, "ab") == 0) {
			rc = read_cells(context, child);
			if (rc != 0)
				return rc;
		} else if (strcmp(key, "override") == 0) {
			read_override(context, child);
		} else {
			attribute = quoin_rules_attribute(context->rules, quoin_span_str(key));
			switch (quoin_json_kind(child)) {
			case QUOIN_JSON_STRING:
				string = quoin_json_string(child);
				quoin_context_put_string(context, attribute, string, strlen(string));
				break;
			case QUOIN_JSON_NUMBER:
				quoin_context_put_number(context, attribute, quoin_json_number(child));
				break;
			case QUOIN_JSON_BOOL:
				quoin_context_put_bool(context, attribute, quoin_json_bool(child));
				break;
			default:
				break;
			}
		}
	}
	return 0;
}

int
quoin_context_rebegin(struct quoin_context *context, const struct quoin_rules *rules)
{
	struct quoin_json_doc *doc = context->json;
	int rc;

	context->json = NULL;
	quoin_context_begin(context, rules);
	if (doc == NULL)
		return QUOIN_EUSAGE;
	context->json = doc;
	rc = read_members(context, quoin_json_root(doc));
	if (rc != 0)
		quoin_context_begin(context, rules);
	return rc;
}

int
quoin_context_read_json(struct quoin_context *context, const struct quoin_rules *rules, struct quoin_span line,
    struct quoin_error *err)
{
	const struct quoin_json *root, *objective;
	struct quoin_json_doc *doc = NULL;
	int rc;

	quoin_context_begin(context, rules);
	if (line.len > QUOIN_CONTEXT_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "the context has %zu bytes; at most %u are allowed", line.len,
		    QUOIN_CONTEXT_BYTES_MAX);
	rc = quoin_json_parse(line, &doc, err);
	if (rc != 0)
		return rc;
	root = quoin_json_root(doc);
	objective = quoin_json_kind(root) == QUOIN_JSON_OBJECT ? quoin_json_get(root, "objective") : NULL;
	if (objective == NULL || quoin_json_kind(objective) != QUOIN_JSON_STRING) {
		quoin_json_free(doc);
		return quoin_error_set(err, QUOIN_ESYNTAX, "the context is not an object with a string \"objective\"");
	}
	context->json = doc;
	rc = read_members(context, root);
	if (rc != 0)
		quoin_context_begin(context, rules);
	return rc;
}
