#include "tests/differential/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX   64
#define BLOCK_BYTES (1u << 20)

struct pool_block {
	struct pool_block *next;
	size_t used;
	size_t size;
	max_align_t bytes[];
};

static struct pool_block *
add_block(size_t size)
{
	struct pool_block *block = malloc(sizeof *block + size);

	if (block == NULL)
		abort();
	*block = (struct pool_block){.size = size};
	return block;
}

void *
pool_take(struct pool *pool, size_t bytes)
{
	char *at;

	bytes = (bytes + 15) / 16 * 16;
	if (pool->at == NULL || pool->at->size - pool->at->used < bytes) {
		struct pool_block *next = pool->at == NULL ? pool->blocks : pool->at->next;

		if (next == NULL || next->size < bytes) {
			struct pool_block *block = add_block(bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES);

			block->next = next;
			*(pool->at == NULL ? &pool->blocks : &pool->at->next) = block;
			next = block;
		}
		next->used = 0;
		pool->at = next;
	}
	at = (char *)pool->at->bytes + pool->at->used;
	pool->at->used += bytes;
	return memset(at, 0, bytes);
}

void
pool_reset(struct pool *pool)
{
	pool->at = NULL;
}

void
pool_clear(struct pool *pool)
{
	for (struct pool_block *block = pool->blocks; block != NULL;) {
		struct pool_block *next = block->next;

		free(block);
		block = next;
	}
	*pool = (struct pool){0};
}

/* ---- Parsing ---- */

struct parser {
	struct pool *pool;
	const char *at;
	const char *end;
	unsigned depth;
};

static struct tree *parse_value(struct parser *parser);

static void
skip_blanks(struct parser *parser)
{
	while (parser->at < parser->end && memchr(" \t\n\r", *parser->at, 4) != NULL)
		parser->at++;
}

static bool
take(struct parser *parser, char c)
{
	if (parser->at == parser->end || *parser->at != c)
		return false;
	parser->at++;
	return true;
}

static bool
take_word(struct parser *parser, const char *word)
{
	size_t bytes = strlen(word);

	if ((size_t)(parser->end - parser->at) < bytes || memcmp(parser->at, word, bytes) != 0)
		return false;
	parser->at += bytes;
	return true;
}

/* The length of a well-formed character, 0 for anything else. */
static size_t
character_bytes(const unsigned char *at, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t bytes = *at < 0x80	? 1
	    : *at >= 0xf0 && *at < 0xf8 ? 4
	    : *at >= 0xe0 && *at < 0xf0 ? 3
	    : *at >= 0xc0 && *at < 0xe0 ? 2
					: 0;
	uint32_t point;

	if (bytes < 2 || bytes > left)
		return bytes == 1 ? 1 : 0;
	point = *at & (0x7fu >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (at[i] & 0x3f);
	}
	return point < least[bytes] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0 : bytes;
}

static bool
take_hex(struct parser *parser, uint32_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdefABCDEF";
		const char *digit =
		    parser->at < parser->end && *parser->at != '\0' ? strchr(digits, *parser->at) : NULL;
		uint32_t value;

		if (digit == NULL)
			return false;
		value = (uint32_t)(digit - digits);
		*ret = *ret * 16 + (value > 15 ? value - 6 : value);
		parser->at++;
	}
	return true;
}

static char *
put_point(char *out, uint32_t point)
{
	if (point < 0x80) {
		*out++ = (char)point;
	} else if (point < 0x800) {
		*out++ = (char)(0xc0 | point >> 6);
		*out++ = (char)(0x80 | (point & 0x3f));
	} else if (point < 0x10000) {
		*out++ = (char)(0xe0 | point >> 12);
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
		*out++ = (char)(0x80 | (point & 0x3f));
	} else {
		*out++ = (char)(0xf0 | point >> 18);
		*out++ = (char)(0x80 | (point >> 12 & 0x3f));
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
		*out++ = (char)(0x80 | (point & 0x3f));
	}
	return out;
}

/* What stands after a backslash; NULL when it may not. */
static char *
take_escape(struct parser *parser, char *out)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *name;
	uint32_t point, low;

	if (parser->at == parser->end || *parser->at == '\0')
		return NULL;
	if (*parser->at != 'u') {
		name = strchr(names, *parser->at++);
		if (name == NULL)
			return NULL;
		*out = meanings[name - names];
		return out + 1;
	}
	parser->at++;
	if (!take_hex(parser, &point) || point == 0 || (point >= 0xdc00 && point < 0xe000))
		return NULL;
	if (point >= 0xd800 && point < 0xdc00) {
		if (!take_word(parser, "\\u") || !take_hex(parser, &low) || low < 0xdc00 || low > 0xdfff)
			return NULL;
		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
	}
	return put_point(out, point);
}

static bool
parse_string(struct parser *parser, const char **ret, size_t *ret_bytes)
{
	const char *close;
	char *text, *out;

	if (!take(parser, '"'))
		return false;
	/* What is decoded is never longer than what is written. */
	for (close = parser->at; close < parser->end && *close != '"'; close++)
		close += *close == '\\';
	if (close >= parser->end)
		return false;
	text = out = pool_take(parser->pool, (size_t)(close - parser->at) + 1);
	while (!take(parser, '"')) {
		size_t bytes;

		if (parser->at >= parser->end || (unsigned char)*parser->at < 0x20)
			return false;
		if (take(parser, '\\')) {
			out = take_escape(parser, out);
			if (out == NULL)
				return false;
			continue;
		}
		bytes = character_bytes((const unsigned char *)parser->at, (size_t)(parser->end - parser->at));
		if (bytes == 0)
			return false;
		memcpy(out, parser->at, bytes);
		out += bytes;
		parser->at += bytes;
	}
	*ret = text;
	*ret_bytes = (size_t)(out - text);
	return true;
}

static size_t
take_digits(struct parser *parser)
{
	const char *begin = parser->at;

	while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
		parser->at++;
	return (size_t)(parser->at - begin);
}

static struct tree *
parse_number(struct parser *parser, struct tree *tree)
{
	const char *begin = parser->at;
	char *text;

	take(parser, '-');
	if (!take(parser, '0') && take_digits(parser) == 0)
		return NULL;
	if (take(parser, '.') && take_digits(parser) == 0)
		return NULL;
	if (take(parser, 'e') || take(parser, 'E')) {
		if (!take(parser, '+'))
			take(parser, '-');
		if (take_digits(parser) == 0)
			return NULL;
	}
	tree->kind = TREE_NUMBER;
	tree->text_bytes = (size_t)(parser->at - begin);
	tree->text = text = pool_take(parser->pool, tree->text_bytes + 1);
	memcpy(text, begin, tree->text_bytes);
	tree->number = strtod(text, NULL);
	/* Only contexts have such numbers, and there they count as missing. */
	if (!isfinite(tree->number))
		tree->kind = TREE_NULL;
	return tree;
}

static bool
has_key(const struct tree *object, const struct tree *member)
{
	for (const struct tree *other = object->first; other != NULL; other = other->next) {
		if (other->key_bytes == member->key_bytes && memcmp(other->key, member->key, member->key_bytes) == 0)
			return true;
	}
	return false;
}

static struct tree *
parse_many(struct parser *parser, struct tree *tree, char close)
{
	struct tree **last = &tree->first;

	if (++parser->depth > DEPTH_MAX)
		return NULL;
	tree->kind = close == '}' ? TREE_OBJECT : TREE_ARRAY;
	skip_blanks(parser);
	for (bool is_more = !take(parser, close); is_more; is_more = !take(parser, close)) {
		struct tree *item, key = {0};

		if (tree->count > 0 && !take(parser, ','))
			return NULL;
		skip_blanks(parser);
		if (tree->kind == TREE_OBJECT) {
			if (!parse_string(parser, &key.key, &key.key_bytes) || has_key(tree, &key))
				return NULL;
			skip_blanks(parser);
			if (!take(parser, ':'))
				return NULL;
		}
		item = parse_value(parser);
		if (item == NULL)
			return NULL;
		item->key = key.key;
		item->key_bytes = key.key_bytes;
		*last = item;
		last = &item->next;
		tree->count++;
		skip_blanks(parser);
	}
	parser->depth--;
	return tree;
}

static struct tree *
parse_value(struct parser *parser)
{
	struct tree *tree = pool_take(parser->pool, sizeof *tree);

	skip_blanks(parser);
	if (take(parser, '{'))
		return parse_many(parser, tree, '}');
	if (take(parser, '['))
		return parse_many(parser, tree, ']');
	if (take_word(parser, "null"))
		return tree;
	if (take_word(parser, "true") || take_word(parser, "false")) {
		tree->kind = TREE_BOOL;
		tree->boolean = parser->at[-2] == 'u';
		return tree;
	}
	if (parser->at < parser->end && *parser->at == '"') {
		tree->kind = TREE_STRING;
		return parse_string(parser, &tree->text, &tree->text_bytes) ? tree : NULL;
	}
	return parse_number(parser, tree);
}

struct tree *
tree_parse(struct pool *pool, const char *text, size_t bytes)
{
	struct parser parser = {pool, text, text + bytes, 0};
	struct tree *tree = parse_value(&parser);

	skip_blanks(&parser);
	return parser.at == parser.end ? tree : NULL;
}

/* ---- Looking ---- */

const struct tree *
tree_get(const struct tree *object, const char *key)
{
	size_t bytes = strlen(key);

	if (object == NULL || object->kind != TREE_OBJECT)
		return NULL;
	for (const struct tree *member = object->first; member != NULL; member = member->next) {
		if (member->key_bytes == bytes && memcmp(member->key, key, bytes) == 0)
			return member;
	}
	return NULL;
}

bool
tree_is_text(const struct tree *tree, const char *text)
{
	return tree != NULL && tree->kind == TREE_STRING && tree->text_bytes == strlen(text) &&
	    memcmp(tree->text, text, tree->text_bytes) == 0;
}

const char *
tree_text(const struct tree *object, const char *key)
{
	const struct tree *member = tree_get(object, key);

	return member != NULL && member->kind == TREE_STRING ? member->text : NULL;
}

bool
tree_equal(const struct tree *a, const struct tree *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	switch (a->kind) {
	case TREE_NULL:
		return true;
	case TREE_BOOL:
		return a->boolean == b->boolean;
	case TREE_NUMBER:
		return a->number == b->number;
	case TREE_STRING:
		return a->text_bytes == b->text_bytes && memcmp(a->text, b->text, a->text_bytes) == 0;
	case TREE_ARRAY:
		for (a = a->first, b = b->first; a != NULL; a = a->next, b = b->next) {
			if (!tree_equal(a, b))
				return false;
		}
		return true;
	case TREE_OBJECT:
		for (const struct tree *member = a->first; member != NULL; member = member->next) {
			const struct tree *other = tree_get(b, member->key);

			if (other == NULL || !tree_equal(member, other))
				return false;
		}
		return true;
	}
	return false;
}

/* ---- Printing ---- */

void
tree_print_string(const char *text, size_t bytes, struct quoin_buf *out)
{
	quoin_buf_put_byte(out, '"');
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20)
			quoin_buf_printf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			quoin_buf_printf(out, "\\%c", c);
		else
			quoin_buf_put_byte(out, c);
	}
	quoin_buf_put_byte(out, '"');
}

/* The member that comes after "last" in the order of keys, or NULL. */
static const struct tree *
next_by_key(const struct tree *object, const struct tree *last)
{
	const struct tree *best = NULL;

	for (const struct tree *member = object->first; member != NULL; member = member->next) {
		if ((last == NULL || strcmp(member->key, last->key) > 0) &&
		    (best == NULL || strcmp(member->key, best->key) < 0))
			best = member;
	}
	return best;
}

static void
print_many(const struct tree *tree, bool is_sorted, struct quoin_buf *out)
{
	bool by_key = is_sorted && tree->kind == TREE_OBJECT;
	const struct tree *item = by_key ? next_by_key(tree, NULL) : tree->first;

	quoin_buf_put_byte(out, tree->kind == TREE_OBJECT ? '{' : '[');
	for (bool is_first = true; item != NULL; is_first = false) {
		if (!is_first)
			quoin_buf_put_byte(out, ',');
		if (tree->kind == TREE_OBJECT) {
			tree_print_string(item->key, item->key_bytes, out);
			quoin_buf_put_byte(out, ':');
		}
		tree_print(item, is_sorted, out);
		item = by_key ? next_by_key(tree, item) : item->next;
	}
	quoin_buf_put_byte(out, tree->kind == TREE_OBJECT ? '}' : ']');
}

void
tree_print(const struct tree *tree, bool is_sorted, struct quoin_buf *out)
{
	switch (tree->kind) {
	case TREE_NULL:
		quoin_buf_put_str(out, "null");
		break;
	case TREE_BOOL:
		quoin_buf_put_str(out, tree->boolean ? "true" : "false");
		break;
	case TREE_NUMBER:
		quoin_buf_put(out, tree->text, tree->text_bytes);
		break;
	case TREE_STRING:
		tree_print_string(tree->text, tree->text_bytes, out);
		break;
	default:
		print_many(tree, is_sorted, out);
		break;
	}
}
