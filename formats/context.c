#include "formats/context.h"

#include <math.h>
#include <stdlib.h>

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
quoin_context_forget_json(struct quoin_context *context)
{
	quoin_json_free(context->json);
	context->json = NULL;
	context->objective = (struct quoin_span){0};
}

/* ---- Values ---- */

uint16_t
quoin_context_intern_one(struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_value *value = &context->values[attribute];
	struct rules_key key;

	if (!quoin_context_has(context, attribute))
		return RULES_VALUE_MISSING;
	switch (value->kind) {
	case QUOIN_VALUE_STRING:
		key = quoin_rules_string_key(value->string, value->len);
		break;
	case QUOIN_VALUE_NUMBER:
		key = rules_number_constant_key(value->number);
		break;
	default:
		key = rules_bool_key(value->boolean);
		break;
	}
	return context->ids[attribute] = quoin_rules_constant_find(context->rules, attribute, key, value->string);
}

/* 1 to 4 decimal components, then nothing or a suffix from the first '-' or '+' on. */
static bool
read_version(const char *string, size_t len, uint32_t ret[4])
{
	uint64_t component = 0;
	size_t count = 0;
	bool has_digit = false;

	memset(ret, 0, 4 * sizeof *ret);
	for (size_t i = 0; i < len; i++) {
		const unsigned digit = (unsigned char)string[i] - (unsigned)'0';

		if (digit <= 9) {
			component = component * 10 + digit;
			has_digit = true;
			if (component > UINT32_MAX)
				return false;
		} else if (!has_digit) {
			return false;
		} else if (string[i] == '.') {
			ret[count++] = (uint32_t)component;
			component = 0;
			has_digit = false;
			if (count == 4)
				return false;
		} else if (string[i] == '-' || string[i] == '+') {
			break;
		} else {
			return false;
		}
	}
	ret[count] = (uint32_t)component;
	return has_digit;
}

/* The component that ends where the lowest bit of "ends" is, or 0 if there is none. */
static inline uint64_t
component_at(uint64_t pairs, uint64_t ends)
{
	return ends == 0 ? 0 : pairs >> (__builtin_ctzll(ends) - 15) & 0xff;
}

/*
 * The key of a version of 4 to 7 characters, which most are: up to three components of one or two digits, and no suffix; 0
 * if it is another string. How many digits there are is not to be predicted, so that nothing branches on them: all
 * characters are looked at together, and those that are something have the upper bit of their byte in a mask.
 */
static inline uint64_t
short_version_key(const uint8_t *string, size_t len)
{
	const uint64_t ones = 0x0101010101010101, highs = ones << 7, lows = ~highs;
	const uint64_t text = quoin_load_u32(string) | (uint64_t)quoin_load_u32(string + len - 4) << 8 * (len - 4);
	const uint64_t end = (uint64_t)0x80 << 8 * len, used = (end - 1) & highs;
	const uint64_t dot = text ^ '.' * ones, digit = text ^ '0' * ones;
	const uint64_t dots = ~(((dot & lows) + lows) | dot) & used, digits = dots ^ used;
	const uint64_t others = (((digit & lows) + (0x7f - 9) * ones) | digit) & used;
	const uint64_t first = dots | end, second = first & (first - 1), third = second & (second - 1);
	uint64_t values, pairs;

	/* What is no digit is a dot; behind a component there is a digit; none has three; and there is no fourth. */
	if (others != dots || ((first & ~(digits << 8)) | (digits & digits << 8 & digits << 16) | (third & (third - 1))) != 0)
		return 0;
	values = digit & (digits >> 7) * 0x0f;
	pairs = (values << 8) * 10 + values; /* each digit, and ten times that in front of it */
	return (component_at(pairs, first) << 48 | component_at(pairs, second) << 32 | component_at(pairs, third) << 16) + 1;
}

uint64_t
quoin_version_key(const char *string, size_t len)
{
	uint32_t components[4];
	uint64_t key = 0;

	if (len - 4 <= 3)
		key = short_version_key((const uint8_t *)string, len);
	if (__builtin_expect(key != 0, 1))
		return key;
	return read_version(string, len, components) ? rules_version_key(components) : 0;
}

bool
quoin_value_version(struct quoin_value *value)
{
	if (value->kind != QUOIN_VALUE_STRING)
		return false;
	if (value->version_state == QUOIN_VERSION_UNREAD)
		value->version_state = read_version(value->string, value->len, value->version) ? QUOIN_VERSION_READ
												     : QUOIN_VERSION_NONE;
	return value->version_state == QUOIN_VERSION_READ;
}

uint64_t
quoin_context_number_key(struct quoin_context *context, uint32_t attribute)
{
	const struct quoin_value *value = &context->values[attribute];

	return quoin_context_has(context, attribute) && value->kind == QUOIN_VALUE_NUMBER ? rules_number_key(value->number)
											    : 0;
}

uint64_t
quoin_context_version_key(struct quoin_context *context, uint32_t attribute)
{
	struct quoin_value *value = &context->values[attribute];

	return quoin_context_has(context, attribute) && quoin_value_version(value) ? rules_version_key(value->version) : 0;
}

void
quoin_context_intern(struct quoin_context *context)
{
	for (uint32_t i = 0; i < context->rules->attributes.id_count; i++) {
		if (context->rules->by_attribute[i].block == NULL)
			continue; /* asked for by nobody */
		quoin_context_id(context, i);
		context->keys[i][0] = quoin_context_number_key(context, i);
		context->keys[i][1] = quoin_context_version_key(context, i);
	}
	context->state = QUOIN_CONTEXT_INTERNED;
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
	rc = quoin_json_parse_huge(line, &doc, err);
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
