#include "publisher/check_extra.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publisher/check_value.h"

/* What the keys of an object are. */
enum shape {
	SHAPE_FIXED,  /* of the language: "x-…" among them are extra */
	SHAPE_NAMES,  /* names that authors chose */
	SHAPE_BLOCK,  /* attributes, and the words anyOf, allOf, not */
	SHAPE_OPAQUE, /* nothing of ours is in it */
};

struct extra {
	const char *key;
	const struct quoin_json *value;
};

struct collector {
	struct quoin_check_run *run;
	struct extra *items;
	size_t count;
	size_t capacity;
	struct quoin_buf path; /* the pointer to the object that is walked; empty for the thing itself */
};

static const struct {
	const char *key;
	enum shape shape;
} member_shapes[] = {
    {"config", SHAPE_OPAQUE},
    {"when", SHAPE_BLOCK},
    {"cellToModel", SHAPE_NAMES},
    {"cells", SHAPE_NAMES},
    {"route", SHAPE_NAMES},
    {"demand", SHAPE_NAMES},
    {"requires", SHAPE_NAMES},
    {"capacity", SHAPE_NAMES},
    {"labels", SHAPE_NAMES},
    {"label", SHAPE_NAMES},
};

static enum shape
shape_of(const char *key, enum shape outer)
{
	if (outer == SHAPE_BLOCK && (strcmp(key, "anyOf") == 0 || strcmp(key, "allOf") == 0 || strcmp(key, "not") == 0))
		return SHAPE_BLOCK;
	for (size_t i = 0; outer == SHAPE_FIXED && i < sizeof member_shapes / sizeof member_shapes[0]; i++) {
		if (strcmp(member_shapes[i].key, key) == 0)
			return member_shapes[i].shape;
	}
	return SHAPE_FIXED;
}

static void
put_step(struct quoin_buf *path, const char *key)
{
	quoin_buf_put_byte(path, '/');
	for (; *key != '\0'; key++) {
		if (*key == '~' || *key == '/')
			quoin_buf_put_str(path, *key == '~' ? "~0" : "~1");
		else
			quoin_buf_put_byte(path, (uint8_t)*key);
	}
}

static void
collect_one(struct collector *collector, const struct quoin_json *member)
{
	size_t capacity = collector->capacity > 0 ? 2 * collector->capacity : 8;
	size_t len = collector->path.len;
	struct extra *item;

	if (collector->count == collector->capacity) {
		struct extra *items = reallocarray(collector->items, capacity, sizeof *items);

		if (items == NULL) {
			collector->run->is_out_of_memory = true;
			return;
		}
		collector->items = items;
		collector->capacity = capacity;
	}
	item = &collector->items[collector->count];
	if (len == 0) {
		item->key = quoin_check_copy(collector->run, quoin_json_key(member));
	} else {
		put_step(&collector->path, quoin_json_key(member));
		item->key = quoin_arena_text(&collector->run->arena, quoin_buf_span(&collector->path));
		collector->path.len = len;
	}
	item->value = member;
	if (item->key == NULL)
		collector->run->is_out_of_memory = true;
	else
		collector->count++;
}

/* Deep as the JSON is, which is bounded. */
static void
collect(struct collector *collector, const struct quoin_json *node, enum shape shape)
{
	bool is_array = quoin_json_kind(node) == QUOIN_JSON_ARRAY;
	size_t len = collector->path.len, index = 0;
	char number[24];

	if (shape == SHAPE_OPAQUE || (!is_array && quoin_json_kind(node) != QUOIN_JSON_OBJECT))
		return;
	for (const struct quoin_json *child = quoin_json_first(node); child != NULL; child = quoin_json_next(child)) {
		snprintf(number, sizeof number, "%zu", index++);
		if (!is_array && shape == SHAPE_FIXED && quoin_check_key_is_extra(quoin_json_key(child))) {
			collect_one(collector, child);
			continue;
		}
		put_step(&collector->path, is_array ? number : quoin_json_key(child));
		collect(collector, child, is_array ? shape : shape_of(quoin_json_key(child), shape));
		collector->path.len = len;
	}
}

static int
compare(const void *left, const void *right)
{
	const struct extra *a = left;
	const struct extra *b = right;

	return strcmp(a->key, b->key);
}

static const char *
print(struct collector *collector)
{
	struct quoin_buf text;
	const char *own = NULL;

	quoin_buf_init(&text, QUOIN_JSON_BYTES_MAX * 2);
	qsort(collector->items, collector->count, sizeof *collector->items, compare);
	for (size_t i = 0; i < collector->count; i++) {
		quoin_buf_put_byte(&text, i == 0 ? '{' : ',');
		quoin_json_print_string(quoin_span_str(collector->items[i].key), &text);
		quoin_buf_put_byte(&text, ':');
		quoin_json_print(collector->items[i].value, &text);
	}
	quoin_buf_put_byte(&text, '}');
	if (text.error == 0)
		own = quoin_arena_text(&collector->run->arena, quoin_buf_span(&text));
	if (own == NULL)
		collector->run->is_out_of_memory = true;
	quoin_buf_clear(&text);
	return own;
}

const char *
quoin_check_extra(struct quoin_check_run *run, const struct quoin_json *object)
{
	struct collector collector = {.run = run};
	const char *own = NULL;

	quoin_buf_init(&collector.path, QUOIN_JSON_BYTES_MAX);
	collect(&collector, object, SHAPE_FIXED);
	if (collector.path.error != 0)
		run->is_out_of_memory = true;
	if (collector.count > 0 && !run->is_out_of_memory)
		own = print(&collector);
	free(collector.items);
	quoin_buf_clear(&collector.path);
	return own;
}
