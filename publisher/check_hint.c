#include "publisher/check_hint.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"

#define VALUE_BYTES 80 /* of the author's, said again */

/* What authors write who know another language, and what is meant by it. */
enum meaning {
	EQUAL,
	UNEQUAL,
	GREATER,
	GREATER_EQUAL,
	LESS,
	LESS_EQUAL,
	BETWEEN,
	ANY_OF,
	BEGINNING,
	WITHIN, /* a part of a text: there is no such operator */
};
static const struct word {
	const char *word;
	enum meaning meaning;
} words[] = {{"!=", UNEQUAL}, {"!==", UNEQUAL}, {"$eq", EQUAL}, {"$ne", UNEQUAL}, {"<", LESS}, {"<=", LESS_EQUAL},
    {"=", EQUAL}, {"==", EQUAL}, {"===", EQUAL}, {">", GREATER}, {">=", GREATER_EQUAL}, {"above", GREATER},
    {"any", ANY_OF}, {"anyOf", ANY_OF}, {"beginsWith", BEGINNING}, {"below", LESS}, {"between", BETWEEN},
    {"contains", WITHIN}, {"endsWith", WITHIN}, {"eq", EQUAL}, {"equal", EQUAL}, {"equals", EQUAL},
    {"from", GREATER_EQUAL}, {"ge", GREATER_EQUAL}, {"greaterThan", GREATER}, {"greaterThanOrEqual", GREATER_EQUAL},
    {"includes", WITHIN}, {"is", EQUAL}, {"isNot", UNEQUAL}, {"le", LESS_EQUAL}, {"lessThan", LESS},
    {"lessThanOrEqual", LESS_EQUAL}, {"like", WITHIN}, {"matches", WITHIN}, {"max", LESS_EQUAL}, {"min", GREATER_EQUAL},
    {"ne", UNEQUAL}, {"neq", UNEQUAL}, {"nin", UNEQUAL}, {"not", UNEQUAL}, {"notEquals", UNEQUAL}, {"oneOf", ANY_OF},
    {"range", BETWEEN}, {"regex", WITHIN}, {"startsWith", BEGINNING}, {"suffix", WITHIN}};

static void
say_value(const struct quoin_json *value, char out[VALUE_BYTES + 1])
{
	struct quoin_buf text;

	quoin_buf_init(&text, VALUE_BYTES);
	if (quoin_json_print(value, &text) == 0)
		(void)snprintf(out, VALUE_BYTES + 1, "%.*s", (int)text.len, (const char *)text.data);
	else
		(void)snprintf(out, VALUE_BYTES + 1, "...");
	quoin_buf_clear(&text);
}

/* A number, or a text that is one. */
static bool
say_number(const struct quoin_json *value, char out[VALUE_BYTES + 1])
{
	struct quoin_json_doc *doc = NULL;
	bool is_number = quoin_json_kind(value) == QUOIN_JSON_NUMBER;

	if (is_number)
		say_value(value, out);
	else if (quoin_json_kind(value) == QUOIN_JSON_STRING &&
	    quoin_json_parse(quoin_span_str(quoin_json_string(value)), &doc, NULL) == 0 &&
	    quoin_json_kind(quoin_json_root(doc)) == QUOIN_JSON_NUMBER) {
		say_value(quoin_json_root(doc), out);
		is_number = true;
	}
	quoin_json_free(doc);
	return is_number;
}

static bool
is_scalar(const struct quoin_json *value)
{
	enum quoin_json_kind kind = quoin_json_kind(value);

	return kind == QUOIN_JSON_STRING || kind == QUOIN_JSON_NUMBER || kind == QUOIN_JSON_BOOL;
}

static void
hint_equal(const char *attribute, bool is_not, const struct quoin_json *value, char out[QUOIN_CHECK_HINT_BYTES])
{
	const bool is_array = quoin_json_kind(value) == QUOIN_JSON_ARRAY;
	char text[VALUE_BYTES + 1];

	say_value(value, text);
	if (quoin_json_kind(value) == QUOIN_JSON_NULL)
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": {\"exists\": %s}", attribute,
		    is_not ? "true" : "false");
	else if (is_not && (is_array || is_scalar(value)))
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": {\"notIn\": %s%s%s}", attribute,
		    is_array ? "" : "[", text, is_array ? "" : "]");
	else if (is_array || is_scalar(value))
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write the %s alone: \"%s\": %s",
		    is_array ? "array" : "value", attribute, text);
}

static void
hint_bound(const char *attribute, const char *key, const struct quoin_json *value, char out[QUOIN_CHECK_HINT_BYTES])
{
	char text[VALUE_BYTES + 1];

	if (say_number(value, text))
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": {\"%s\": %s}", attribute, key, text);
	else
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\" with a number", key);
}

static void
hint_between(const char *attribute, const struct quoin_json *value, char out[QUOIN_CHECK_HINT_BYTES])
{
	const bool is_pair = quoin_json_kind(value) == QUOIN_JSON_ARRAY && quoin_json_count(value) == 2;
	const struct quoin_json *first = is_pair ? quoin_json_first(value) : NULL;
	char low[VALUE_BYTES + 1], high[VALUE_BYTES + 1];

	if (is_pair && say_number(first, low) && say_number(quoin_json_next(first), high))
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": {\"gte\": %s, \"lte\": %s}", attribute,
		    low, high);
	else
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"gte\" and \"lte\", each with a number");
}

static void
hint_prefix(const char *attribute, const struct quoin_json *value, char out[QUOIN_CHECK_HINT_BYTES])
{
	char text[VALUE_BYTES + 1];
	const bool is_text = quoin_json_kind(value) == QUOIN_JSON_STRING || quoin_json_kind(value) == QUOIN_JSON_ARRAY;

	say_value(value, text);
	if (is_text || quoin_json_kind(value) == QUOIN_JSON_NUMBER)
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": {\"prefix\": %s%s%s}", attribute,
		    is_text ? "" : "\"", text, is_text ? "" : "\"");
}

void
quoin_check_hint_operator(const char *attribute, const struct quoin_json *member, char out[QUOIN_CHECK_HINT_BYTES])
{
	static const char *const bounds[] =
	    {[GREATER] = "gt", [GREATER_EQUAL] = "gte", [LESS] = "lt", [LESS_EQUAL] = "lte"};
	const char *key = quoin_json_key(member);
	const struct word *word = NULL;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof words[0] && word == NULL; i++)
		if (strcmp(words[i].word, key) == 0)
			word = &words[i];
	if (word == NULL)
		return;
	switch (word->meaning) {
	case EQUAL:
	case ANY_OF:
		hint_equal(attribute, false, member, out);
		break;
	case UNEQUAL:
		hint_equal(attribute, true, member, out);
		break;
	case GREATER:
	case GREATER_EQUAL:
	case LESS:
	case LESS_EQUAL:
		hint_bound(attribute, bounds[word->meaning], member, out);
		break;
	case BETWEEN:
		hint_between(attribute, member, out);
		break;
	case BEGINNING:
		hint_prefix(attribute, member, out);
		break;
	case WITHIN:
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES,
		    "; a condition compares whole values, or with \"prefix\" how a text begins: list what \"%s\" may be",
		    attribute);
		break;
	}
}

/* What somebody may mean by it who does not write true or false. */
static const char *
truth_of(const struct quoin_json *value)
{
	static const char *const yes[] = {"true", "yes", "1"}, *const no[] = {"false", "no", "0"};
	char text[VALUE_BYTES + 1];
	const char *word = text;

	say_value(value, text);
	if (quoin_json_kind(value) == QUOIN_JSON_STRING)
		word = quoin_json_string(value);
	for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (strcmp(word, yes[i]) == 0)
			return "true";
		if (strcmp(word, no[i]) == 0)
			return "false";
	}
	return NULL;
}

void
quoin_check_hint_operand(const char *attribute, enum quoin_operator op, const char *key, const struct quoin_json *value,
    char out[QUOIN_CHECK_HINT_BYTES])
{
	char text[VALUE_BYTES + 1];

	out[0] = '\0';
	switch (op) {
	case QUOIN_OP_IN:
	case QUOIN_OP_NOT_IN:
		say_value(value, text);
		if (is_scalar(value))
			(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": {\"%s\": [%s]}", attribute, key,
			    text);
		break;
	case QUOIN_OP_PREFIX:
		if (quoin_json_kind(value) == QUOIN_JSON_NUMBER)
			hint_prefix(attribute, value, out);
		break;
	case QUOIN_OP_GT:
	case QUOIN_OP_GTE:
	case QUOIN_OP_LT:
	case QUOIN_OP_LTE:
		if (say_number(value, text))
			(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": {\"%s\": %s}", attribute, key,
			    text);
		break;
	case QUOIN_OP_VERSION:
		if (say_number(value, text))
			(void)snprintf(out, QUOIN_CHECK_HINT_BYTES,
			    "; write \"%s\": {\"version\": \"=%s\"}, or \">=%s\"", attribute, text, text);
		break;
	case QUOIN_OP_EXISTS:
		if (truth_of(value) != NULL)
			(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": {\"exists\": %s}", attribute,
			    truth_of(value));
		break;
	}
}

void
quoin_check_hint_block(const char *key, const struct quoin_json *value, char out[QUOIN_CHECK_HINT_BYTES])
{
	const enum quoin_json_kind kind = quoin_json_kind(value);
	const struct quoin_json *first = kind == QUOIN_JSON_ARRAY ? quoin_json_first(value) : NULL;
	char text[VALUE_BYTES + 1];

	out[0] = '\0';
	say_value(value, text);
	if (key != NULL && kind == QUOIN_JSON_OBJECT)
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write \"%s\": [%s]", key, text);
	else if (key == NULL && first != NULL && quoin_json_count(value) == 1) {
		say_value(first, text);
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write %s", text);
	} else if (key == NULL && first != NULL)
		(void)snprintf(out, QUOIN_CHECK_HINT_BYTES, "; write {\"anyOf\": %s}, or \"allOf\" if all must hold",
		    text);
}
