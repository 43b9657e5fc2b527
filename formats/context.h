/*
 * Context: what is known about one request (RULES.md section 6), bound to one rules part.
 *
 * Attributes are kept by the part's ids; what no rule asks for is not kept. Strings are borrowed until the next begin or
 * clear, except those of a JSON line, which the context owns. Value ids are found when first asked for and remembered,
 * or all at once by intern. Values may also stay where the caller has them, by number or by name; they are read when
 * first asked for, and what no rule asks for costs nothing. One thread at a time. About 8 KiB; init once and begin for
 * each request: no allocation, except for JSON lines and for more than QUOIN_CONTEXT_CELLS_INLINE cells.
 */
#ifndef QUOIN_FORMATS_CONTEXT_H
#define QUOIN_FORMATS_CONTEXT_H

#include <math.h>
#include <stdatomic.h>

#include "formats/rules_layout.h"
#include "lib/json.h"

#define QUOIN_CONTEXT_CELLS_INLINE 32
#define QUOIN_CONTEXT_CELLS_MAX	   16384
#define QUOIN_CELL_NONE		   UINT32_MAX /* a cell that no rule can name */

#define QUOIN_CONTEXT_ID_UNSET	UINT16_MAX
#define QUOIN_CONTEXT_ID_UNREAD (UINT16_MAX - 1) /* the value is where it was borrowed from, if anywhere */

enum quoin_value_kind {
	QUOIN_VALUE_STRING,
	QUOIN_VALUE_NUMBER,
	QUOIN_VALUE_BOOL,
};
enum quoin_version_state {
	QUOIN_VERSION_UNREAD,
	QUOIN_VERSION_READ,
	QUOIN_VERSION_NONE, /* the string is no version */
};
struct quoin_value {
	uint8_t kind;
	bool boolean;
	uint8_t version_state; /* of a string: kept once it was asked for */
	uint32_t len; /* of a string */
	union {
		const char *string;
		double number;
	};
	uint32_t version[4];
};

/* Values of the caller's: quoin.h's struct quoin_slot_value and quoin_attribute (asserted there). */
enum quoin_borrowed_kind {
	QUOIN_BORROWED_STRING, /* NULL: missing */
	QUOIN_BORROWED_NUMBER,
	QUOIN_BORROWED_BOOL,
	QUOIN_BORROWED_CELL, /* of those with names alone: a test's number in decimal */
};
struct quoin_borrowed {
	int kind;
	uint32_t len; /* of a string */
	union {
		const char *string;
		double number;
		bool boolean;
	};
};
struct quoin_named {
	const char *name;
	const char *string;
	double number;
	int kind;
	bool boolean;
};
#define QUOIN_CONTEXT_NAMED_MAX 64

enum quoin_context_state {
	QUOIN_CONTEXT_PUT,	/* ids say where values are */
	QUOIN_CONTEXT_BORROWED, /* all values are where they were borrowed from, by number */
	QUOIN_CONTEXT_NAMED,	/* the same by name */
	QUOIN_CONTEXT_INTERNED, /* every id and key is there */
};

struct quoin_context {
	const struct quoin_rules *rules;
	uint8_t state; /* an enum quoin_context_state */
	bool has_override;
	bool has_override_version;
	bool has_override_caller;
	const uint64_t *tests; /* cells by test: those below, or the caller's */
	const uint32_t *cells;
	size_t cell_count;
	const struct quoin_borrowed *borrowed; /* with "order", or NULL */
	const _Atomic uint16_t *order;
	size_t borrowed_count;
	const struct quoin_named *named; /* or NULL */
	size_t named_count;
	struct quoin_json_doc *json; /* owned: the strings of a JSON line */
	uint64_t *own_tests; /* either the inline arrays or one allocation */
	uint32_t *own_cells;
	size_t cell_cap;
	uint16_t ids[QUOIN_RULES_ATTRIBUTES_MAX]; /* 0 missing, 1 unknown, _UNSET and _UNREAD: ask intern */
	uint64_t keys[QUOIN_RULES_ATTRIBUTES_MAX][2]; /* if interned: among numbers, and among versions */
	struct quoin_value values[QUOIN_RULES_ATTRIBUTES_MAX];
	uint64_t inline_tests[QUOIN_CONTEXT_CELLS_INLINE];
	uint32_t inline_cells[QUOIN_CONTEXT_CELLS_INLINE];
	uint8_t named_last[256]; /* one more than the last value whose name has a mark; 0: none */
	uint8_t named_before[QUOIN_CONTEXT_NAMED_MAX]; /* the same before a value */
	struct quoin_span override_model;
	struct quoin_span override_version;
	struct quoin_span override_caller;
	struct quoin_span objective;
};

void quoin_context_init(struct quoin_context *context);
void quoin_context_clear(struct quoin_context *context);
void quoin_context_forget_json(struct quoin_context *context); /* of begin alone */

_Static_assert(QUOIN_RULES_ATTRIBUTES_MAX % 8 == 0, "whole vectors of ids");

/* Forget everything; from now on the context is for this part, which must outlive it or the next begin. */
static inline void
quoin_context_begin(struct quoin_context *context, const struct quoin_rules *rules)
{
	uint16_t *id = context->ids, *end = id + rules->attributes.id_count;

	context->rules = rules;
	context->state = QUOIN_CONTEXT_PUT;
	context->has_override = false;
	context->tests = context->own_tests;
	context->cells = context->own_cells;
	context->cell_count = 0;
	context->borrowed = NULL;
	context->named = NULL;
	for (; id < end; id += 8)
		for (unsigned i = 0; i < 8; i++)
			id[i] = QUOIN_CONTEXT_ID_UNREAD;
	if (__builtin_expect(context->json != NULL, 0))
		quoin_context_forget_json(context);
}

/* "attribute" is an id of the part; QUOIN_PLACE_NONE is accepted and changes nothing. A number that is not finite is
 * missing. Putting again replaces. */
static inline bool
quoin_context_accepts(const struct quoin_context *context, uint32_t attribute)
{
	return attribute < context->rules->attributes.id_count;
}

static inline void
quoin_context_put_string(struct quoin_context *context, uint32_t attribute, const char *string, size_t len)
{
	if (!quoin_context_accepts(context, attribute))
		return;
	context->values[attribute].kind = QUOIN_VALUE_STRING;
	context->values[attribute].version_state = QUOIN_VERSION_UNREAD;
	context->values[attribute].string = string;
	context->values[attribute].len = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
	context->ids[attribute] = QUOIN_CONTEXT_ID_UNSET;
	context->state = QUOIN_CONTEXT_PUT;
}

static inline void
quoin_context_put_number(struct quoin_context *context, uint32_t attribute, double number)
{
	if (!quoin_context_accepts(context, attribute))
		return;
	context->values[attribute].kind = QUOIN_VALUE_NUMBER;
	context->values[attribute].number = number == 0 ? 0 : number;
	context->ids[attribute] = isfinite(number) ? QUOIN_CONTEXT_ID_UNSET : 0;
	context->state = QUOIN_CONTEXT_PUT;
}

static inline void
quoin_context_put_bool(struct quoin_context *context, uint32_t attribute, bool boolean)
{
	if (!quoin_context_accepts(context, attribute))
		return;
	context->values[attribute].kind = QUOIN_VALUE_BOOL;
	context->values[attribute].boolean = boolean;
	context->ids[attribute] = QUOIN_CONTEXT_ID_UNSET;
	context->state = QUOIN_CONTEXT_PUT;
}

/* The cell of a test; of several for one test the last counts. 0, QUOIN_ENOMEM, QUOIN_ELIMIT, QUOIN_EUSAGE
 * (after put_cells). */
int quoin_context_put_cell(struct quoin_context *context, uint64_t test, uint32_t cell);
/* All cells at once, borrowed until the next begin, in place of put_cell. 0, QUOIN_EUSAGE (there are cells already). */
static inline int
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
/* All values at once, right after begin: attribute a has values[order[a] - 1], if there is one. Borrowed until the next
 * begin. Putting replaces. */
static inline void
quoin_context_borrow(struct quoin_context *context, const struct quoin_borrowed *values, size_t count,
    const _Atomic uint16_t *order)
{
	context->borrowed = values;
	context->borrowed_count = count;
	context->order = order;
	context->state = QUOIN_CONTEXT_BORROWED;
}
/* The same by names, cells too; of several of one name the last counts. 0, QUOIN_EUSAGE (an unknown kind), QUOIN_ELIMIT
 * (more than QUOIN_CONTEXT_NAMED_MAX). */
int quoin_context_borrow_named(struct quoin_context *context, const struct quoin_named *values, size_t count);
/* The value id of a named value that is no word. */
uint32_t quoin_context_named_other_id(const struct quoin_context *context, uint32_t attribute,
    const struct quoin_named *value);
/* The cell that a borrowed name gives this test; false if none. */
bool quoin_context_named_cell(const struct quoin_context *context, uint64_t test, uint32_t *ret_cell);
/* Put the value of an attribute that is unread, or make it missing. */
void quoin_context_read(struct quoin_context *context, uint32_t attribute);

/* NULL version: the current one; NULL caller: none. */
void quoin_context_put_override(struct quoin_context *context, const char *model, const char *version,
    const char *caller);

/*
 * Begin from one strict JSON object, without its newline: attributes, "objective", "ab", "override". Returns 0,
 * QUOIN_ESYNTAX (bad_context: not strict, not an object, no string "objective"), QUOIN_ELIMIT (over
 * QUOIN_CONTEXT_BYTES_MAX: bad_context too), QUOIN_ENOMEM. On failure the context is as after begin.
 */
int quoin_context_read_json(struct quoin_context *context, const struct quoin_rules *rules, struct quoin_span line,
    struct quoin_error *err);

/* Begin with what read_json read, for another part: the object is not parsed again. Returns 0, QUOIN_EUSAGE (no object was
 * read), QUOIN_ENOMEM. */
int quoin_context_rebegin(struct quoin_context *context, const struct quoin_rules *rules);

/* Find all value ids now: for a context that several objectives are resolved with. */
void quoin_context_intern(struct quoin_context *context);
/* The value id of one attribute, found now. */
uint16_t quoin_context_intern_one(struct quoin_context *context, uint32_t attribute);

static inline uint16_t
quoin_context_id(struct quoin_context *context, uint32_t attribute)
{
	uint16_t id = context->ids[attribute];

	return __builtin_expect(id < QUOIN_CONTEXT_ID_UNREAD, 1) ? id : quoin_context_intern_one(context, attribute);
}

/* Whether the context has the attribute; then its value may be looked at. */
static inline bool
quoin_context_has(struct quoin_context *context, uint32_t attribute)
{
	if (context->ids[attribute] == QUOIN_CONTEXT_ID_UNREAD)
		quoin_context_read(context, attribute);
	return context->ids[attribute] != 0;
}

/* The key of a string among versions; 0 if it is none. */
uint64_t quoin_version_key(const char *string, size_t len);
/* Whether the value is a version; its components then. Read once. */
bool quoin_value_version(struct quoin_value *value);

/* The key of an attribute's value among numbers, or among versions: 0 if it is none. Found anew each time. */
uint64_t quoin_context_number_key(struct quoin_context *context, uint32_t attribute);
uint64_t quoin_context_version_key(struct quoin_context *context, uint32_t attribute);

/* The value that was borrowed by number for this attribute and is not read yet; NULL if there is none. */
static inline const struct quoin_borrowed *
quoin_context_borrowed(const struct quoin_context *context, uint32_t attribute)
{
	const size_t index = (size_t)atomic_load_explicit(&context->order[attribute], memory_order_relaxed) - 1;

	return index < context->borrowed_count ? &context->borrowed[index] : NULL;
}

/* The last value that was borrowed by this attribute's name; NULL if there is none. */
static inline const struct quoin_named *
quoin_context_find_named(const struct quoin_context *context, const struct quoin_rules_attribute *attribute)
{
	const struct quoin_named *value;

	for (size_t i = context->named_last[attribute->mark]; i != 0; i = context->named_before[i - 1]) {
		value = &context->named[i - 1];
		if (strcmp(value->name, attribute->name) == 0 &&
		    (value->kind != QUOIN_BORROWED_STRING || value->string != NULL))
			return value;
	}
	return NULL;
}

#endif
