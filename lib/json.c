#include "lib/json.h"

#include <cjson/cJSON.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/json_scan.h"
#include "lib/limits.h"

#define BLOCK_BYTES 4096

/* cJSON's own integer is never read, as it saturates; valueint is the index of the value's mark instead. */
struct quoin_json {
	cJSON item;
};

/* Line and column of the first byte of each block of BLOCK_BYTES, so that a place is found within one block. */
struct block {
	uint32_t line;
	uint32_t column;
};

struct quoin_json_doc {
	cJSON *root;
	uint8_t *text; /* what was parsed, with a NUL */
	size_t len;
	struct block *blocks;
	struct quoin_json_marks marks;
	bool is_huge_null; /* numbers beyond any double are nulls, not errors */
};

/* cJSON writes a global at the start of each parse. */
static pthread_mutex_t cjson_mutex = PTHREAD_MUTEX_INITIALIZER;

_Static_assert(QUOIN_JSON_BYTES_MAX < INT32_MAX, "a mark's index fits cJSON's valueint");

static const struct quoin_json *
node_of(const cJSON *item)
{
	return (const struct quoin_json *)(const void *)item;
}

/* ---- Places ---- */

static void
advance(struct block *place, uint8_t byte)
{
	if (byte == '\n') {
		place->line++;
		place->column = 1;
	} else if ((byte & 0xc0) != 0x80) {
		place->column++;
	}
}

static int
index_lines(struct quoin_json_doc *doc)
{
	struct block place = {.line = 1, .column = 1};

	doc->blocks = malloc((doc->len / BLOCK_BYTES + 1) * sizeof doc->blocks[0]);
	if (doc->blocks == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < doc->len; i++) {
		if (i % BLOCK_BYTES == 0)
			doc->blocks[i / BLOCK_BYTES] = place;
		advance(&place, doc->text[i]);
	}
	if (doc->len % BLOCK_BYTES == 0)
		doc->blocks[doc->len / BLOCK_BYTES] = place;
	return 0;
}

static struct block
place_of(const struct quoin_json_doc *doc, size_t offset)
{
	struct block place = doc->blocks[offset / BLOCK_BYTES];

	for (size_t i = offset - offset % BLOCK_BYTES; i < offset; i++)
		advance(&place, doc->text[i]);
	return place;
}

static int
set_place(const struct quoin_json_doc *doc, size_t offset, struct quoin_error *err)
{
	const struct block place = place_of(doc, offset);

	return quoin_error_at(err, NULL, place.line, place.column);
}

void
quoin_json_place(const struct quoin_json_doc *doc, const struct quoin_json *node, uint32_t *ret_line,
    uint32_t *ret_column)
{
	const struct block place = place_of(doc, doc->marks.offsets[node->item.valueint]);

	*ret_line = place.line;
	*ret_column = place.column;
}

/* ---- Parsing ---- */

/* A number of few digits and nothing else, as most are. */
static bool
read_whole(const char *text, size_t len, double *ret)
{
	const size_t sign = text[0] == '-';
	uint64_t value = 0;

	if (len - sign > 15)
		return false;
	for (size_t i = sign; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = 10 * value + (uint64_t)(text[i] - '0');
	}
	*ret = sign != 0 ? -(double)value : (double)value;
	return true;
}

/* The double nearest to the number that starts at "offset" of the original text, in whatever locale. */
static int
read_number(struct quoin_span text, size_t offset, double *ret)
{
	char small[64], *copy = small;
	locale_t locale;
	size_t len = 0;

	while (len < text.len - offset && memchr("0123456789+-.eE", text.data[offset + len], 15) != NULL)
		len++;
	if (read_whole((const char *)text.data + offset, len, ret))
		return 0;
	if (len >= sizeof small) {
		copy = malloc(len + 1);
		if (copy == NULL)
			return QUOIN_ENOMEM;
	}
	memcpy(copy, text.data + offset, len);
	copy[len] = '\0';
	locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	QUOIN_ASSERT(locale != (locale_t)0); /* a static one */
	*ret = strtod_l(copy, NULL, locale);
	freelocale(locale);
	if (copy != small)
		free(copy);
	return 0;
}

static int
compare_members(const void *a, const void *b)
{
	const cJSON *one = *(const cJSON *const *)a, *other = *(const cJSON *const *)b;
	const int order = strcmp(one->string, other->string);

	return order != 0 ? order : one->valueint - other->valueint;
}

/* Whether a hash of few bits tells already that no two keys are the same: of small objects it mostly does. */
static bool
are_apart(const cJSON *object, size_t count)
{
	uint64_t seen[64] = {0};

	if (count > 64)
		return false;
	for (const cJSON *member = object->child; member != NULL; member = member->next) {
		uint32_t hash = 2166136261u;

		for (const char *at = member->string; *at != '\0'; at++)
			hash = (hash ^ (uint8_t)*at) * 16777619u;
		hash = (hash ^ hash >> 15) % 4096;
		if ((seen[hash / 64] >> hash % 64 & 1) != 0)
			return false;
		seen[hash / 64] |= (uint64_t)1 << hash % 64;
	}
	return true;
}

static int
refuse_duplicates(const struct quoin_json_doc *doc, const cJSON *object, struct quoin_error *err)
{
	const cJSON *few[16], **members = few, *first = NULL;
	const size_t count = quoin_json_count(node_of(object));
	size_t i = 0;

	if (count < 2 || are_apart(object, count))
		return 0;
	if (count > sizeof few / sizeof few[0]) {
		members = malloc(count * sizeof members[0]);
		if (members == NULL)
			return quoin_error_set(err, QUOIN_ENOMEM, "no memory to parse JSON");
	}
	for (const cJSON *member = object->child; member != NULL; member = member->next)
		members[i++] = member;
	qsort(members, count, sizeof members[0], compare_members);
	for (i = 1; i < count; i++)
		if (strcmp(members[i - 1]->string, members[i]->string) == 0 &&
		    (first == NULL || members[i]->valueint < first->valueint))
			first = members[i];
	if (members != few)
		free(members);
	if (first == NULL)
		return 0;
	quoin_error_set(err, QUOIN_ESYNTAX, "the key \"%.128s\" is there twice; remove one", first->string);
	set_place(doc, doc->marks.offsets[first->valueint - 1], err);
	return QUOIN_ESYNTAX;
}

/* Give the item and what is in it their marks, in the order in which the scan made them, and look at what the scan
 * cannot see. As deep as QUOIN_JSON_DEPTH_MAX. */
static int
settle(struct quoin_json_doc *doc, struct quoin_span text, cJSON *item, size_t *next, struct quoin_error *err)
{
	int r;

	if (item->string != NULL)
		(*next)++;
	QUOIN_ASSERT(*next < doc->marks.count);
	item->valueint = (int)(*next)++;
	if (cJSON_IsNumber(item)) {
		const size_t offset = doc->marks.offsets[item->valueint];

		r = read_number(text, offset, &item->valuedouble);
		if (r != 0)
			return quoin_error_set(err, r, "no memory to parse JSON");
		if (!isfinite(item->valuedouble) && doc->is_huge_null) {
			item->type = cJSON_NULL | (item->type & ~0xff);
		} else if (!isfinite(item->valuedouble)) {
			quoin_error_set(err, QUOIN_ESYNTAX, "the number is larger than any double");
			set_place(doc, offset, err);
			return QUOIN_ESYNTAX;
		}
	}
	for (cJSON *child = item->child; child != NULL; child = child->next) {
		r = settle(doc, text, child, next, err);
		if (r != 0)
			return r;
	}
	return cJSON_IsObject(item) ? refuse_duplicates(doc, item, err) : 0;
}

static int
build(struct quoin_json_doc *doc, struct quoin_span text, struct quoin_error *err)
{
	size_t at, next = 0;
	int r;

	if (text.len != 0)
		memcpy(doc->text, text.data, text.len);
	doc->text[text.len] = '\0';
	doc->len = text.len;
	r = index_lines(doc);
	if (r != 0)
		return quoin_error_set(err, r, "no memory to parse JSON");
	r = quoin_json_scan(doc->text, doc->len, &doc->marks, &at, err);
	if (r != 0) {
		set_place(doc, at, err);
		return r;
	}
	pthread_mutex_lock(&cjson_mutex);
	doc->root = cJSON_ParseWithLengthOpts((const char *)doc->text, doc->len + 1, NULL, true);
	pthread_mutex_unlock(&cjson_mutex);
	/* The scan accepts nothing that cJSON refuses, so this is want of memory. */
	if (doc->root == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory to parse JSON");
	r = settle(doc, text, doc->root, &next, err);
	QUOIN_ASSERT(r != 0 || next == doc->marks.count);
	return r;
}

static int
parse(struct quoin_span text, bool is_huge_null, struct quoin_json_doc **ret, struct quoin_error *err)
{
	struct quoin_json_doc *doc;
	int r;

	if (text.len > QUOIN_JSON_BYTES_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "longer than %u bytes", QUOIN_JSON_BYTES_MAX);
	doc = calloc(1, sizeof *doc);
	if (doc != NULL) {
		doc->is_huge_null = is_huge_null;
		doc->text = malloc(text.len + 1);
	}
	if (doc == NULL || doc->text == NULL)
		r = quoin_error_set(err, QUOIN_ENOMEM, "no memory to parse JSON");
	else
		r = build(doc, text, err);
	if (r != 0) {
		quoin_json_free(doc);
		return r;
	}
	*ret = doc;
	return 0;
}

int
quoin_json_parse(struct quoin_span text, struct quoin_json_doc **ret, struct quoin_error *err)
{
	return parse(text, false, ret, err);
}

int
quoin_json_parse_huge(struct quoin_span text, struct quoin_json_doc **ret, struct quoin_error *err)
{
	return parse(text, true, ret, err);
}

void
quoin_json_free(struct quoin_json_doc *doc)
{
	if (doc == NULL)
		return;
	cJSON_Delete(doc->root);
	quoin_json_marks_clear(&doc->marks);
	free(doc->blocks);
	free(doc->text);
	free(doc);
}

/* ---- Nodes ---- */

const struct quoin_json *
quoin_json_root(const struct quoin_json_doc *doc)
{
	return node_of(doc->root);
}

enum quoin_json_kind
quoin_json_kind(const struct quoin_json *node)
{
	switch (node->item.type & 0xff) {
	case cJSON_False:
	case cJSON_True:
		return QUOIN_JSON_BOOL;
	case cJSON_Number:
		return QUOIN_JSON_NUMBER;
	case cJSON_String:
		return QUOIN_JSON_STRING;
	case cJSON_Array:
		return QUOIN_JSON_ARRAY;
	case cJSON_Object:
		return QUOIN_JSON_OBJECT;
	default:
		return QUOIN_JSON_NULL;
	}
}

bool
quoin_json_bool(const struct quoin_json *node)
{
	QUOIN_ASSERT(quoin_json_kind(node) == QUOIN_JSON_BOOL);
	return cJSON_IsTrue(&node->item);
}

double
quoin_json_number(const struct quoin_json *node)
{
	QUOIN_ASSERT(quoin_json_kind(node) == QUOIN_JSON_NUMBER);
	return node->item.valuedouble;
}

bool
quoin_json_is_int(const struct quoin_json *node, int64_t min, int64_t max, int64_t *ret)
{
	const double value = node->item.valuedouble;
	int64_t integer;

	/* Bounds first: casting a double that does not fit is undefined. */
	/* cppcheck-suppress incorrectLogicOperator ; it does not read hexadecimal doubles */
	if (quoin_json_kind(node) != QUOIN_JSON_NUMBER || !(value >= -0x1p63 && value < 0x1p63) ||
	    value != trunc(value))
		return false;
	integer = (int64_t)value;
	if (integer < min || integer > max)
		return false;
	*ret = integer;
	return true;
}

const char *
quoin_json_string(const struct quoin_json *node)
{
	QUOIN_ASSERT(quoin_json_kind(node) == QUOIN_JSON_STRING);
	return node->item.valuestring;
}

size_t
quoin_json_count(const struct quoin_json *node)
{
	size_t count = 0;

	for (const cJSON *child = node->item.child; child != NULL; child = child->next)
		count++;
	return count;
}

const struct quoin_json *
quoin_json_first(const struct quoin_json *node)
{
	return node_of(node->item.child);
}

const struct quoin_json *
quoin_json_next(const struct quoin_json *child)
{
	return node_of(child->item.next);
}

const char *
quoin_json_key(const struct quoin_json *child)
{
	return child->item.string;
}

const struct quoin_json *
quoin_json_get(const struct quoin_json *object, const char *key)
{
	for (const cJSON *child = object->item.child; child != NULL; child = child->next)
		if (child->string != NULL && strcmp(child->string, key) == 0)
			return node_of(child);
	return NULL;
}
