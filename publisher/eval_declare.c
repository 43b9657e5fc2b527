#include "publisher/eval_declare.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"

void
quoin_eval_names_clear(struct quoin_eval_names *names)
{
	free(names->items);
	memset(names, 0, sizeof *names);
}

static int
names_add(struct quoin_eval_names *names, struct quoin_eval_name name)
{
	if (names->count == names->cap) {
		size_t cap = names->cap > 0 ? names->cap * 2 : 64;
		struct quoin_eval_name *items;

		if (names->count >= QUOIN_EVAL_NAMES_MAX)
			return QUOIN_ELIMIT;
		items = realloc(names->items, cap * sizeof *items);
		if (items == NULL)
			return QUOIN_ENOMEM;
		names->items = items;
		names->cap = cap;
	}
	name.order = names->count;
	name.twin = QUOIN_EVAL_NO_TWIN;
	names->items[names->count++] = name;
	return 0;
}

static int
by_order(const void *a, const void *b)
{
	const struct quoin_eval_name *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

/* Among equal names, by rank and then by order. */
static int
by_name(const void *a, const void *b)
{
	const struct quoin_eval_name *x = a, *y = b;
	int c = quoin_span_compare(x->text, y->text);

	if (c != 0)
		return c;
	return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : by_order(a, b);
}

static void
sort(struct quoin_eval_names *names, int (*compare)(const void *, const void *))
{
	if (names->count > 1)
		qsort(names->items, names->count, sizeof names->items[0], compare);
}

bool
quoin_eval_name_is_define(struct quoin_span name)
{
	return name.len >= 6 && memcmp(name.data, "define", 6) == 0;
}

/* ---------------------------------------------------------- declarations */

static int
add_functions(const struct quoin_eval_file *file, size_t index, struct quoin_eval_names *found)
{
	struct quoin_eval_words words;
	struct quoin_eval_word word;
	int rc = 0;

	quoin_eval_words_init(&words, file->text);
	while (rc == 0 && quoin_eval_words_next(&words, &word)) {
		struct quoin_eval_name name = {.file = index, .offset = word.offset, .line = word.line};

		if (quoin_eval_function_name(file->text, &word, &name.text))
			rc = names_add(found, name);
	}
	return rc;
}

/* Rank 0: worth asking the parser about; 1: a function with a name of its own that is not to be called. */
static void
rank_functions(struct quoin_eval_names *found)
{
	sort(found, by_name);
	for (size_t i = 0; i < found->count; i++) {
		struct quoin_eval_name *name = &found->items[i];
		bool like_last = i > 0 && quoin_span_equal(found->items[i - 1].text, name->text);
		bool like_next = i + 1 < found->count && quoin_span_equal(found->items[i + 1].text, name->text);

		name->rank = !quoin_eval_name_is_define(name->text) && !like_last && !like_next;
	}
	sort(found, by_order);
}

/* Keep what the parser confirms, numbered anew. */
static void
keep_declarations(const struct quoin_eval_file *files, quoin_eval_is_script *is_script, void *ctx,
    struct quoin_eval_names *found)
{
	size_t kept = 0;
	size_t file = SIZE_MAX;
	size_t boundary = 0;

	for (size_t i = 0; i < found->count; i++) {
		struct quoin_eval_name name = found->items[i];

		if (name.file != file) {
			file = name.file;
			boundary = 0;
		}
		if (name.rank != 0 || !quoin_eval_is_statement(files[file].text, boundary, name.offset, is_script, ctx))
			continue;
		boundary = name.offset;
		name.order = kept;
		found->items[kept++] = name;
	}
	found->count = kept;
}

static void
find_twins(struct quoin_eval_names *found)
{
	size_t first = 0;

	sort(found, by_name);
	for (size_t i = 1; i < found->count; i++) {
		if (quoin_span_equal(found->items[first].text, found->items[i].text))
			found->items[i].twin = found->items[first].order;
		else
			first = i;
	}
	sort(found, by_order);
}

int
quoin_eval_declarations_find(const struct quoin_eval_file *files, size_t file_count, const bool *usable,
    quoin_eval_is_script *is_script, void *ctx, struct quoin_eval_names *ret)
{
	int rc = 0;

	QUOIN_ASSERT(ret->count == 0);
	for (size_t i = 0; rc == 0 && i < file_count; i++) {
		if (usable[i])
			rc = add_functions(&files[i], i, ret);
	}
	if (rc != 0)
		return rc;
	rank_functions(ret);
	keep_declarations(files, is_script, ctx, ret);
	find_twins(ret);
	return 0;
}

/* ---------------------------------------------------------- other names */

static bool
is_variable_keyword(struct quoin_span word)
{
	return quoin_span_equal_str(word, "const") || quoin_span_equal_str(word, "let") ||
	    quoin_span_equal_str(word, "var") || quoin_span_equal_str(word, "class");
}

static bool
is_assigned(struct quoin_span script, size_t at)
{
	while (at < script.len && (script.data[at] == ' ' || script.data[at] == '\t'))
		at++;
	return at + 1 < script.len && script.data[at] == '=' && script.data[at + 1] != '=' &&
	    script.data[at + 1] != '>';
}

static bool
is_declared(const struct quoin_eval_names *declarations, struct quoin_span name)
{
	for (size_t i = 0; i < declarations->count; i++) {
		if (quoin_span_equal(declarations->items[i].text, name))
			return true;
	}
	return false;
}

static int
add_defines(const struct quoin_eval_file *file, size_t index, struct quoin_eval_names *found)
{
	struct quoin_eval_words words;
	struct quoin_eval_word word;
	struct quoin_span last = {0};
	int rc = 0;

	quoin_eval_words_init(&words, file->text);
	while (rc == 0 && quoin_eval_words_next(&words, &word)) {
		struct quoin_eval_name name = {.text = word.text,
		    .file = index,
		    .offset = word.offset,
		    .line = word.line};

		name.rank = is_variable_keyword(last)			   ? 0
		    : is_assigned(file->text, word.offset + word.text.len) ? 1
									   : 2;
		last = word.text;
		if (quoin_eval_name_is_define(word.text))
			rc = names_add(found, name);
	}
	return rc;
}

int
quoin_eval_undeclared_find(const struct quoin_eval_file *files, size_t file_count, const bool *usable,
    const struct quoin_eval_names *declarations, struct quoin_eval_names *ret)
{
	size_t kept = 0;
	int rc = 0;

	QUOIN_ASSERT(ret->count == 0);
	for (size_t i = 0; rc == 0 && i < file_count; i++) {
		if (usable[i])
			rc = add_defines(&files[i], i, ret);
	}
	if (rc != 0)
		return rc;
	sort(ret, by_name);
	for (size_t i = 0; i < ret->count; i++) {
		bool again = i > 0 && quoin_span_equal(ret->items[i].text, ret->items[i - 1].text);

		ret->items[i].rank = again;
	}
	for (size_t i = 0; i < ret->count; i++) {
		if (ret->items[i].rank == 0 && !is_declared(declarations, ret->items[i].text))
			ret->items[kept++] = ret->items[i];
	}
	ret->count = kept;
	return 0;
}

uint32_t
quoin_eval_variable_line(struct quoin_span script, struct quoin_span name)
{
	struct quoin_eval_words words;
	struct quoin_eval_word word;
	struct quoin_span last = {0};

	quoin_eval_words_init(&words, script);
	while (quoin_eval_words_next(&words, &word)) {
		if (quoin_span_equal(word.text, name) &&
		    (is_variable_keyword(last) || quoin_span_equal_str(last, "function")))
			return word.line;
		last = word.text;
	}
	return 0;
}
