#include "publisher/check_when.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "publisher/check_hint.h"
#include "publisher/check_value.h"
#include "publisher/check_version.h"

struct walk {
	struct quoin_check_run *run;
	const struct quoin_check_source *source;
	size_t leaf_count;
	bool is_sound;
};

static const char *const operator_keys[] = {
    [QUOIN_OP_IN] = "in",
    [QUOIN_OP_NOT_IN] = "notIn",
    [QUOIN_OP_PREFIX] = "prefix",
    [QUOIN_OP_GT] = "gt",
    [QUOIN_OP_GTE] = "gte",
    [QUOIN_OP_LT] = "lt",
    [QUOIN_OP_LTE] = "lte",
    [QUOIN_OP_VERSION] = "version",
    [QUOIN_OP_EXISTS] = "exists",
    NULL,
};

static void read_block(struct walk *walk, const struct quoin_json *node, unsigned depth, struct quoin_when *ret);

/* Children for a tree's node; on failure there are none, and the walk is not sound. */
static struct quoin_when *
take_children(struct walk *walk, size_t count)
{
	struct quoin_when *children = quoin_check_take(walk->run, count, sizeof *children);

	if (children == NULL)
		walk->is_sound = false;
	return children;
}

/* A node of several children, or the only child itself. */
static void
join(struct quoin_when *children, size_t count, struct quoin_when *ret)
{
	if (count == 1)
		*ret = children[0];
	else
		*ret = (struct quoin_when){.kind = QUOIN_WHEN_ALL, .children = children, .child_count = count};
}

static bool
read_scalar(struct walk *walk, const struct quoin_json *node, const char *what, struct quoin_scalar *ret)
{
	*ret = (struct quoin_scalar){0};
	switch (quoin_json_kind(node)) {
	case QUOIN_JSON_STRING:
		ret->kind = QUOIN_SCALAR_STRING;
		if (strlen(quoin_json_string(node)) > QUOIN_CONDITION_BYTES_MAX) {
			quoin_check_error(walk->run, walk->source, node, "limit",
			    "a string in a condition on \"%s\" has %zu bytes; at most %d are allowed", what,
			    strlen(quoin_json_string(node)), QUOIN_CONDITION_BYTES_MAX);
			break;
		}
		ret->string = quoin_check_copy(walk->run, quoin_json_string(node));
		return ret->string != NULL;
	case QUOIN_JSON_NUMBER:
		ret->kind = QUOIN_SCALAR_NUMBER;
		ret->number = quoin_json_number(node);
		return true;
	case QUOIN_JSON_BOOL:
		ret->kind = QUOIN_SCALAR_BOOL;
		ret->boolean = quoin_json_bool(node);
		return true;
	case QUOIN_JSON_NULL:
		quoin_check_error(walk->run, walk->source, node, "condition",
		    "a condition on \"%s\" is null; write \"%s\": {\"exists\": false} for a missing attribute", what, what);
		break;
	case QUOIN_JSON_ARRAY:
	case QUOIN_JSON_OBJECT:
		quoin_check_error(walk->run, walk->source, node, "condition",
		    "a condition on \"%s\" has an array or object among its values; write strings, numbers or "
		    "booleans, or \"anyOf\", \"allOf\" or \"not\" for blocks",
		    what);
		break;
	}
	walk->is_sound = false;
	return false;
}

/* The scalars of a non-empty array, or the one scalar. */
static void
read_scalars(struct walk *walk, const struct quoin_json *node, struct quoin_when *leaf)
{
	bool is_array = quoin_json_kind(node) == QUOIN_JSON_ARRAY;
	size_t count = is_array ? quoin_json_count(node) : 1;
	struct quoin_scalar *scalars = quoin_check_take(walk->run, count, sizeof *scalars);
	size_t i = 0;

	if (scalars == NULL)
		walk->is_sound = false;
	if (scalars != NULL && count == 0) {
		quoin_check_error(walk->run, walk->source, node, "condition",
		    "the array of a condition on \"%s\" is empty; no value could be in it", leaf->attribute);
		walk->is_sound = false;
	}
	for (const struct quoin_json *item = is_array ? quoin_json_first(node) : node; scalars != NULL && item != NULL;
	     item = is_array ? quoin_json_next(item) : NULL)
		read_scalar(walk, item, leaf->attribute, &scalars[i++]);
	leaf->scalars = scalars;
	leaf->scalar_count = count;
}

/* An operator's value is of the wrong kind. */
static void
refuse_operand(struct walk *walk, const struct quoin_json *node, const struct quoin_when *leaf, const char *wanted)
{
	const char *key = operator_keys[leaf->op];
	char hint[QUOIN_CHECK_HINT_BYTES];

	quoin_check_hint_operand(leaf->attribute, leaf->op, key, node, hint);
	quoin_check_error(walk->run, walk->source, node, "condition", "\"%s\" needs %s%s", key, wanted, hint);
	walk->is_sound = false;
}

static void
read_prefix(struct walk *walk, const struct quoin_json *node, struct quoin_when *leaf)
{
	enum quoin_json_kind kind = quoin_json_kind(node);
	bool is_good = kind == QUOIN_JSON_STRING || (kind == QUOIN_JSON_ARRAY && quoin_json_count(node) > 0);

	for (const struct quoin_json *item = kind == QUOIN_JSON_ARRAY ? quoin_json_first(node) : NULL;
	     is_good && item != NULL; item = quoin_json_next(item))
		is_good = quoin_json_kind(item) == QUOIN_JSON_STRING;
	if (is_good)
		read_scalars(walk, node, leaf);
	else
		refuse_operand(walk, node, leaf, "a string or a non-empty array of strings");
}

static void
read_version(struct walk *walk, const struct quoin_json *node, struct quoin_when *leaf)
{
	struct quoin_version_bound bounds[QUOIN_CONDITION_BYTES_MAX];
	struct quoin_version_bound *own;
	char why[160];
	size_t count;

	if (quoin_json_kind(node) != QUOIN_JSON_STRING) {
		refuse_operand(walk, node, leaf, "a string of comparators, like \">=9.4 <10\"");
		return;
	}
	count = quoin_check_version_bounds(quoin_span_str(quoin_json_string(node)), bounds,
	    sizeof bounds / sizeof bounds[0], why, sizeof why);
	if (count == 0) {
		quoin_check_error(walk->run, walk->source, node, "condition", "\"version\" is \"%.64s\": %s",
		    quoin_json_string(node), why);
		walk->is_sound = false;
		return;
	}
	own = quoin_check_take(walk->run, count, sizeof *own);
	if (own == NULL) {
		walk->is_sound = false;
		return;
	}
	memcpy(own, bounds, count * sizeof *own);
	leaf->bounds = own;
	leaf->bound_count = count;
}

static void
read_operator(struct walk *walk, enum quoin_operator op, const struct quoin_json *node, struct quoin_when *leaf)
{
	leaf->op = op;
	switch (op) {
	case QUOIN_OP_IN:
	case QUOIN_OP_NOT_IN:
		if (quoin_json_kind(node) != QUOIN_JSON_ARRAY)
			refuse_operand(walk, node, leaf, "an array of strings, numbers or booleans");
		else
			read_scalars(walk, node, leaf);
		break;
	case QUOIN_OP_PREFIX:
		read_prefix(walk, node, leaf);
		break;
	case QUOIN_OP_GT:
	case QUOIN_OP_GTE:
	case QUOIN_OP_LT:
	case QUOIN_OP_LTE:
		if (quoin_json_kind(node) != QUOIN_JSON_NUMBER)
			refuse_operand(walk, node, leaf, "a number");
		else
			read_scalars(walk, node, leaf);
		break;
	case QUOIN_OP_VERSION:
		read_version(walk, node, leaf);
		break;
	case QUOIN_OP_EXISTS:
		if (quoin_json_kind(node) != QUOIN_JSON_BOOL)
			refuse_operand(walk, node, leaf, "true or false");
		else
			read_scalars(walk, node, leaf);
		break;
	}
}

static size_t
find_operator(const char *key)
{
	size_t op = 0;

	while (operator_keys[op] != NULL && strcmp(operator_keys[op], key) != 0)
		op++;
	return op;
}

static void
refuse_operator(struct walk *walk, const struct quoin_json *member, const char *attribute)
{
	char hint[QUOIN_CHECK_HINT_BYTES];

	quoin_check_hint_operator(attribute, member, hint);
	if (hint[0] == '\0')
		quoin_check_advise(quoin_json_key(member), operator_keys, sizeof operator_keys / sizeof operator_keys[0] - 1,
		    "the operators are in, notIn, prefix, gt, gte, lt, lte, version and exists", hint, sizeof hint);
	quoin_check_error(walk->run, walk->source, member, "unknown_key", "\"%.128s\" is no key of a condition%s",
	    quoin_json_key(member), hint);
	walk->is_sound = false;
}

/* An operator object: one leaf per operator. */
static void
read_operators(struct walk *walk, const struct quoin_json *object, const char *attribute, struct quoin_when *ret)
{
	struct quoin_when *leaves = take_children(walk, quoin_json_count(object));
	size_t count = 0;
	bool has_unknown = false;

	for (const struct quoin_json *member = quoin_json_first(object); leaves != NULL && member != NULL;
	     member = quoin_json_next(member)) {
		size_t op = find_operator(quoin_json_key(member));

		if (operator_keys[op] == NULL) {
			if (!quoin_check_key_is_extra(quoin_json_key(member))) {
				refuse_operator(walk, member, attribute);
				has_unknown = true;
			}
			continue;
		}
		leaves[count] = (struct quoin_when){.kind = QUOIN_WHEN_LEAF, .attribute = attribute};
		read_operator(walk, (enum quoin_operator)op, member, &leaves[count++]);
	}
	if (count == 0 && !has_unknown) {
		quoin_check_error(walk->run, walk->source, object, "condition",
		    "the condition on \"%s\" has no operator; write one, like \"%s\": {\"exists\": true}", attribute, attribute);
		walk->is_sound = false;
	}
	join(leaves, count, ret);
}

static void
read_leaf(struct walk *walk, const struct quoin_json *node, struct quoin_when *ret)
{
	const char *name = quoin_json_key(node);

	if (!quoin_check_attribute(walk->run, walk->source, node, name))
		walk->is_sound = false;
	if (++walk->leaf_count == QUOIN_LEAVES_PER_RULE_MAX + 1) {
		quoin_check_error(walk->run, walk->source, node, "limit",
		    "the rule has more than %d conditions; use arrays of values, or several rules",
		    QUOIN_LEAVES_PER_RULE_MAX);
		walk->is_sound = false;
	}
	*ret = (struct quoin_when){.kind = QUOIN_WHEN_LEAF, .op = QUOIN_OP_IN};
	ret->attribute = quoin_check_copy(walk->run, name);
	if (ret->attribute == NULL)
		walk->is_sound = false;
	else if (quoin_json_kind(node) == QUOIN_JSON_OBJECT)
		read_operators(walk, node, ret->attribute, ret);
	else
		read_scalars(walk, node, ret);
}

/* anyOf and allOf: a non-empty array of blocks. */
static void
read_blocks(struct walk *walk, const struct quoin_json *node, enum quoin_when_kind kind, unsigned depth,
    struct quoin_when *ret)
{
	const char *key = quoin_json_key(node);
	size_t count = quoin_json_kind(node) == QUOIN_JSON_ARRAY ? quoin_json_count(node) : 0;
	struct quoin_when *children = take_children(walk, count);
	char hint[QUOIN_CHECK_HINT_BYTES];
	size_t i = 0;

	if (count == 0) {
		quoin_check_hint_block(key, node, hint);
		quoin_check_error(walk->run, walk->source, node, "condition",
		    "\"%s\" needs a non-empty array of condition objects%s", key, hint);
		walk->is_sound = false;
		return;
	}
	for (const struct quoin_json *item = quoin_json_first(node); children != NULL && item != NULL;
	     item = quoin_json_next(item))
		read_block(walk, item, depth, &children[i++]);
	*ret = (struct quoin_when){.kind = kind, .children = children, .child_count = i};
}

static void
read_not(struct walk *walk, const struct quoin_json *node, unsigned depth, struct quoin_when *ret)
{
	struct quoin_when *child = take_children(walk, 1);

	if (child == NULL)
		return;
	read_block(walk, node, depth, child);
	*ret = (struct quoin_when){.kind = QUOIN_WHEN_NOT, .children = child, .child_count = 1};
}

static void
read_member(struct walk *walk, const struct quoin_json *member, unsigned depth, struct quoin_when *ret)
{
	const char *key = quoin_json_key(member);

	if (strcmp(key, "anyOf") == 0)
		read_blocks(walk, member, QUOIN_WHEN_ANY, depth + 1, ret);
	else if (strcmp(key, "allOf") == 0)
		read_blocks(walk, member, QUOIN_WHEN_ALL, depth + 1, ret);
	else if (strcmp(key, "not") == 0)
		read_not(walk, member, depth + 1, ret);
	else
		read_leaf(walk, member, ret);
}

static void
refuse_array(struct walk *walk, const struct quoin_json *node)
{
	char hint[QUOIN_CHECK_HINT_BYTES];

	quoin_check_hint_block(NULL, node, hint);
	quoin_check_error(walk->run, walk->source, node, "wrong_type", "a block of conditions is an array%s", hint);
	walk->is_sound = false;
}

static void
read_block(struct walk *walk, const struct quoin_json *node, unsigned depth, struct quoin_when *ret)
{
	struct quoin_when *children;
	size_t count = 0;

	*ret = (struct quoin_when){.kind = QUOIN_WHEN_ALL};
	if (quoin_json_kind(node) == QUOIN_JSON_ARRAY && quoin_json_count(node) > 0) {
		refuse_array(walk, node);
		return;
	}
	if (!quoin_check_is(walk->run, walk->source, node, QUOIN_JSON_OBJECT, "a block of conditions")) {
		walk->is_sound = false;
		return;
	}
	if (depth > QUOIN_NESTING_MAX) {
		quoin_check_error(walk->run, walk->source, node, "limit",
		    "conditions are nested deeper than %d; use fewer levels of anyOf, allOf and not",
		    QUOIN_NESTING_MAX);
		walk->is_sound = false;
		return;
	}
	children = take_children(walk, quoin_json_count(node));
	for (const struct quoin_json *member = quoin_json_first(node); children != NULL && member != NULL;
	     member = quoin_json_next(member))
		read_member(walk, member, depth, &children[count++]);
	join(children, count, ret);
}

bool
quoin_check_when(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    struct quoin_when *ret)
{
	struct walk walk = {.run = run, .source = source, .is_sound = true};

	read_block(&walk, node, 1, ret);
	return walk.is_sound;
}

bool
quoin_check_when_is_empty(const struct quoin_when *when)
{
	return when->kind == QUOIN_WHEN_ALL && when->child_count == 0;
}

bool
quoin_check_attribute(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, const char *name)
{
	static const char *const reserved[] = {"objective", "ab", "override", "anyOf", "allOf", "not"};

	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
		if (strcmp(name, reserved[i]) == 0) {
			quoin_check_error(run, source, node, "bad_name",
			    "\"%s\" is reserved and cannot be an attribute; targets, cells and overrides have "
			    "fields of their own",
			    name);
			return false;
		}
	}
	if (quoin_attribute_is_valid(quoin_span_str(name)))
		return true;
	quoin_check_error(run, source, node, "bad_name",
	    "\"%.128s\" is no name of an attribute; it begins with a letter or _ and has up to 64 of A-Z a-z 0-9 _ . -",
	    name);
	return false;
}
