#include "tests/differential/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

/* Attempts, each of which compiles a directory. */
#define TRIES_MAX 4000

struct shrink {
	struct generated *generated;
	const struct quoin_compile_base *base;
	struct quoin_buf *context;
	struct tree
	    *trees[GENERATED_FILES_MAX + 1]; /* of the files, and of the context at the end; NULL: stays as it is */
	enum subject_way way;
	bool by_source;
	struct pool pool;
	size_t tries;
	bool has_changed;
};

static struct tree **
context_tree(struct shrink *shrink)
{
	return &shrink->trees[shrink->generated->file_count];
}

/* Print the trees to where they came from. */
static void
print_all(struct shrink *shrink)
{
	for (size_t i = 0; i < shrink->generated->file_count; i++) {
		struct quoin_buf *text = &shrink->generated->files[i].text;

		if (shrink->trees[i] == NULL)
			continue;
		quoin_buf_reset(text);
		tree_print(shrink->trees[i], false, text);
		CHECK(quoin_buf_str(text) != NULL);
	}
	if (*context_tree(shrink) != NULL) {
		quoin_buf_reset(shrink->context);
		tree_print(*context_tree(shrink), false, shrink->context);
	}
}

static bool
still_differs(struct shrink *shrink)
{
	struct subject subject;
	const char *why;
	bool differs;

	if (shrink->tries++ > TRIES_MAX)
		return false;
	print_all(shrink);
	if (!subject_open(shrink->generated->files, shrink->generated->file_count, shrink->base, &subject, &why))
		return false;
	differs = subject_differs(&subject, (const char *)shrink->context->data, shrink->context->len, shrink->way,
	    shrink->by_source);
	subject_close(&subject);
	shrink->has_changed = shrink->has_changed || differs;
	return differs;
}

static size_t
count_values(const struct tree *tree)
{
	size_t count = 1;

	for (const struct tree *item = tree->first; item != NULL; item = item->next)
		count += count_values(item);
	return count;
}

static size_t
count_all(struct shrink *shrink)
{
	size_t count = 0;

	for (size_t i = 0; i <= shrink->generated->file_count; i++)
		count += shrink->trees[i] != NULL ? count_values(shrink->trees[i]) : 0;
	return count;
}

/* Leave out "count" elements from *at on, if that can be. */
static bool
leave_out(struct shrink *shrink, struct tree *parent, struct tree **at, size_t count)
{
	struct tree *first = *at, **end = at;
	size_t removed = 0;

	while (removed < count && *end != NULL) {
		end = &(*end)->next;
		removed++;
	}
	*at = *end;
	parent->count -= removed;
	if (removed > 0 && still_differs(shrink))
		return true;
	*at = first;
	parent->count += removed;
	return false;
}

/* A shorter text, or a plain number. */
static void
simplify(struct shrink *shrink, struct tree *tree)
{
	struct tree before = *tree;

	if (tree->kind == TREE_STRING && tree->text_bytes > 8) {
		char *text = pool_take(&shrink->pool, 9);

		memcpy(text, tree->text, 8);
		tree->text = text;
		tree->text_bytes = 8;
	} else if (tree->kind == TREE_NUMBER && tree->text_bytes > 1) {
		tree->text = "1";
		tree->text_bytes = 1;
		tree->number = 1;
	} else {
		return;
	}
	if (!still_differs(shrink))
		*tree = before;
}

/* An entry of a split whose percent goes to the one before it: the sum must stay. */
static void
merge_percents(struct shrink *shrink, struct tree *array)
{
	for (struct tree *entry = array->first; entry != NULL && entry->next != NULL;) {
		struct tree *left = (struct tree *)(uintptr_t)tree_get(entry, "percent"), *next = entry->next, before;
		const struct tree *right = tree_get(next, "percent");
		char *sum = pool_take(&shrink->pool, 32);

		if (left == NULL || right == NULL)
			return;
		before = *left;
		left->number += right->number;
		left->text = sum;
		left->text_bytes = (size_t)snprintf(sum, 32, "%.6g", left->number);
		entry->next = next->next;
		array->count--;
		if (still_differs(shrink))
			continue;
		*left = before;
		entry->next = next;
		array->count++;
		entry = next;
	}
}

static void
shrink_tree(struct shrink *shrink, struct tree *tree)
{
	for (size_t chunk = tree->count; chunk > 0; chunk /= 2) {
		struct tree **at = &tree->first;

		for (size_t left = tree->count; left > 0 && *at != NULL;) {
			if (leave_out(shrink, tree, at, chunk))
				continue;
			for (size_t i = 0; i < chunk && *at != NULL; i++)
				at = &(*at)->next;
		}
	}
	merge_percents(shrink, tree);
	simplify(shrink, tree);
	for (struct tree *item = tree->first; item != NULL; item = item->next)
		shrink_tree(shrink, item);
}

/* One objective with one rule: it may be that objective's default, so that neither could go alone. */
static bool
leave_out_both(struct shrink *shrink, struct tree *objectives, struct tree **objective, struct tree *rules,
    struct tree **rule)
{
	struct tree *first = *objective, *second = *rule;

	*objective = first->next;
	*rule = second->next;
	objectives->count--;
	rules->count--;
	if (still_differs(shrink))
		return true;
	*objective = first;
	*rule = second;
	objectives->count++;
	rules->count++;
	return false;
}

static void
shrink_pairs(struct shrink *shrink, struct tree *rules)
{
	struct tree *objectives = NULL;

	for (size_t i = 0; i < shrink->generated->file_count; i++) {
		if (strcmp(shrink->generated->files[i].path, "objectives.json") == 0)
			objectives = shrink->trees[i];
	}
	for (struct tree **objective = &objectives->first; *objective != NULL;) {
		struct tree **rule = &rules->first;

		while (*rule != NULL && !leave_out_both(shrink, objectives, objective, rules, rule))
			rule = &(*rule)->next;
		if (*rule == NULL && *objective != NULL)
			objective = &(*objective)->next;
	}
}

/* Rules of a script as a *.rules.json, if they still differ there. */
static void
try_without_script(struct shrink *shrink)
{
	for (size_t i = 0; i < shrink->generated->file_count; i++) {
		struct generated_file *file = &shrink->generated->files[i], before = *file;

		if (file->rules.len == 0)
			continue;
		file->path = "s.rules.json";
		quoin_buf_init(&file->text, 8u << 20);
		quoin_buf_init(&file->rules, 8u << 20);
		quoin_buf_put_span(&file->text, quoin_buf_span(&before.rules));
		CHECK(quoin_buf_str(&file->text) != NULL && quoin_buf_str(&file->rules) != NULL);
		if (still_differs(shrink)) {
			quoin_buf_clear(&before.text);
			quoin_buf_clear(&before.rules);
		} else {
			quoin_buf_clear(&file->text);
			quoin_buf_clear(&file->rules);
			*file = before;
		}
	}
}

static void
parse_all(struct shrink *shrink)
{
	for (size_t i = 0; i < shrink->generated->file_count; i++) {
		const struct generated_file *file = &shrink->generated->files[i];

		if (file->rules.len == 0)
			shrink->trees[i] = tree_parse(&shrink->pool, (const char *)file->text.data, file->text.len);
	}
	*context_tree(shrink) = tree_parse(&shrink->pool, (const char *)shrink->context->data, shrink->context->len);
}

static void
print_result(struct shrink *shrink, struct quoin_buf *out)
{
	struct subject subject;
	const char *why;

	for (size_t i = 0; i < shrink->generated->file_count; i++)
		quoin_buf_printf(out, "--- %s\n%s\n", shrink->generated->files[i].path,
		    quoin_buf_str(&shrink->generated->files[i].text));
	quoin_buf_printf(out, "--- context\n");
	quoin_buf_put_span(out, quoin_buf_span(shrink->context));
	CHECK(subject_open(shrink->generated->files, shrink->generated->file_count, shrink->base, &subject, &why));
	CHECK(subject_differs(&subject, (const char *)shrink->context->data, shrink->context->len, shrink->way,
	    shrink->by_source));
	quoin_buf_put_str(out, "\n--- the decision (");
	quoin_buf_put_str(out, subject_ways[shrink->way]);
	quoin_buf_put_str(out, ")\n");
	quoin_buf_put_span(out, quoin_buf_span(&subject.have));
	quoin_buf_put_str(out,
	    shrink->by_source ? "\n--- the naive one, from the source part\n" : "\n--- the naive one\n");
	quoin_buf_put_span(out, quoin_buf_span(&subject.want));
	quoin_buf_put_byte(out, '\n');
	subject_close(&subject);
}

size_t
shrink_and_print(struct generated *generated, const struct quoin_compile_base *base, struct quoin_buf *context,
    enum subject_way way, bool by_source, struct quoin_buf *out, size_t *ret_before)
{
	struct shrink shrink = {.generated = generated,
	    .base = base,
	    .context = context,
	    .way = way,
	    .by_source = by_source};
	struct quoin_buf written;
	size_t left;

	quoin_buf_init(&written, 1u << 20);
	quoin_buf_put_span(&written, quoin_buf_span(context));
	try_without_script(&shrink);
	parse_all(&shrink);
	/* How a context is written may be what matters: then it stays as it is. */
	if (!still_differs(&shrink)) {
		*context_tree(&shrink) = NULL;
		quoin_buf_reset(context);
		quoin_buf_put_span(context, quoin_buf_span(&written));
	}
	quoin_buf_clear(&written);
	*ret_before = count_all(&shrink);
	do {
		shrink.has_changed = false;
		if (*context_tree(&shrink) != NULL)
			shrink_tree(&shrink, *context_tree(&shrink));
		for (size_t i = 0; i < generated->file_count; i++) {
			if (shrink.trees[i] == NULL)
				continue;
			shrink_tree(&shrink, shrink.trees[i]);
			if (shrink.trees[i]->kind == TREE_ARRAY)
				shrink_pairs(&shrink, shrink.trees[i]);
		}
	} while (shrink.has_changed && shrink.tries < TRIES_MAX);
	print_all(&shrink);
	print_result(&shrink, out);
	left = count_all(&shrink);
	pool_clear(&shrink.pool);
	return left;
}
