#include "publisher/check_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

static const char *const kind_words[] = {
    [QUOIN_JSON_NULL] = "null",
    [QUOIN_JSON_BOOL] = "a boolean",
    [QUOIN_JSON_NUMBER] = "a number",
    [QUOIN_JSON_STRING] = "a string",
    [QUOIN_JSON_ARRAY] = "an array",
    [QUOIN_JSON_OBJECT] = "an object",
};

bool
quoin_check_is(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    enum quoin_json_kind kind, const char *what)
{
	enum quoin_json_kind have = quoin_json_kind(node);

	if (have == kind)
		return true;
	quoin_check_error(run, source, node, "wrong_type", "%s is %s; write %s", what, kind_words[have],
	    kind_words[kind]);
	return false;
}

/* "key" in quotes, for messages. */
static void
quote(const char *key, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "\"%s\"", key);
}

const struct quoin_json *
quoin_check_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, enum quoin_json_kind kind, enum quoin_check_need need)
{
	const struct quoin_json *member = quoin_json_get(object, key);
	char what[96];

	if (member == NULL) {
		if (need == QUOIN_CHECK_REQUIRED)
			quoin_check_error(run, source, object, "missing_key", "\"%s\" is missing; add it", key);
		return NULL;
	}
	quote(key, what, sizeof what);
	return quoin_check_is(run, source, member, kind, what) ? member : NULL;
}

bool
quoin_check_key_is_extra(const char *key)
{
	return strncmp(key, "x-", 2) == 0;
}

void
quoin_check_keys(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *object,
    const char *const *keys, const char *what)
{
	char advice[QUOIN_CHECK_ADVICE_BYTES];
	size_t count = 0;

	while (keys[count] != NULL)
		count++;
	for (const struct quoin_json *member = quoin_json_first(object); member != NULL;
	     member = quoin_json_next(member)) {
		const char *key = quoin_json_key(member);
		bool is_known = quoin_check_key_is_extra(key);

		for (size_t i = 0; i < count && !is_known; i++)
			is_known = strcmp(keys[i], key) == 0;
		if (is_known)
			continue;
		quoin_check_advise(key, keys, count,
		    "remove it, or let it begin with \"x-\" if it is for your own tools", advice, sizeof advice);
		quoin_check_error(run, source, member, "unknown_key", "\"%.128s\" is no key of %s%s", key, what,
		    advice);
	}
}

const char *
quoin_check_name(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    const char *what)
{
	const char *text;

	if (!quoin_check_is(run, source, node, QUOIN_JSON_STRING, what))
		return NULL;
	text = quoin_json_string(node);
	if (quoin_name_is_valid(quoin_span_str(text)))
		return quoin_check_copy(run, text);
	quoin_check_error(run, source, node, "bad_name",
	    "%s is \"%.128s\"; a name is 1 to %d of the characters A-Z a-z 0-9 . _ -", what, text,
	    QUOIN_NAME_BYTES_MAX);
	return NULL;
}

bool
quoin_check_key_is_name(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *value, const char *what)
{
	const char *key = quoin_json_key(value);

	if (quoin_name_is_valid(quoin_span_str(key)))
		return true;
	quoin_check_error(run, source, value, "bad_name",
	    "\"%.128s\" is no name of %s; a name is 1 to %d of the characters A-Z a-z 0-9 . _ -", key, what,
	    QUOIN_NAME_BYTES_MAX);
	return false;
}

/* The smallest byte that the string may have: 0x20 keeps control characters out, 0x21 blanks too. */
static const char *
string_member(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *object,
    const char *key, enum quoin_check_need need, size_t bytes_max, uint8_t byte_min)
{
	const struct quoin_json *node = quoin_check_member(run, source, object, key, QUOIN_JSON_STRING, need);
	const char *text;
	bool is_good;

	if (node == NULL)
		return NULL;
	text = quoin_json_string(node);
	is_good = text[0] != '\0' && strlen(text) <= bytes_max;
	for (const char *p = text; is_good && *p != '\0'; p++)
		is_good = (uint8_t)*p >= byte_min && (uint8_t)*p != 0x7f;
	if (is_good)
		return quoin_check_copy(run, text);
	quoin_check_error(run, source, node, "bad_value",
	    "\"%s\" is \"%.128s\"; write 1 to %zu bytes without %scontrol characters", key, text, bytes_max,
	    byte_min > 0x20 ? "blanks and " : "");
	return NULL;
}

const char *
quoin_check_word_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, enum quoin_check_need need, size_t bytes_max)
{
	return string_member(run, source, object, key, need, bytes_max, 0x21);
}

const char *
quoin_check_text_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, enum quoin_check_need need, size_t bytes_max)
{
	return string_member(run, source, object, key, need, bytes_max, 0x20);
}

const char *
quoin_check_number(struct quoin_check_run *run, const struct quoin_json *node)
{
	const char *copy = NULL;
	struct quoin_buf text;

	quoin_buf_init(&text, 64);
	if (quoin_json_print(node, &text) == 0)
		copy = quoin_check_copy(run, quoin_buf_str(&text));
	quoin_buf_clear(&text);
	return copy != NULL ? copy : "";
}

int64_t
quoin_check_int_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, int64_t min, int64_t max, int64_t otherwise)
{
	const struct quoin_json *node =
	    quoin_check_member(run, source, object, key, QUOIN_JSON_NUMBER, QUOIN_CHECK_OPTIONAL);
	int64_t value = otherwise;

	if (node != NULL && !quoin_json_is_int(node, min, max, &value)) {
		quoin_check_error(run, source, node, "bad_value", "\"%s\" is %s; write an integer from %lld to %lld",
		    key, quoin_check_number(run, node), (long long)min, (long long)max);
	}
	return value;
}

bool
quoin_check_bool_member(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, bool otherwise)
{
	const struct quoin_json *node =
	    quoin_check_member(run, source, object, key, QUOIN_JSON_BOOL, QUOIN_CHECK_OPTIONAL);

	return node != NULL ? quoin_json_bool(node) : otherwise;
}

bool
quoin_check_percent(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *node,
    const char *what, uint32_t *ret)
{
	double percent;
	long long thousandths;

	if (!quoin_check_is(run, source, node, QUOIN_JSON_NUMBER, what))
		return false;
	percent = quoin_json_number(node);
	if (!(percent >= 0 && percent <= 100)) {
		quoin_check_error(run, source, node, "percent", "%s is %s; write a percent from 0 to 100", what,
		    quoin_check_number(run, node));
		return false;
	}
	thousandths = llround(percent * 1000);
	if ((double)thousandths / 1000.0 != percent) {
		quoin_check_error(run, source, node, "percent", "%s is %s; a percent has at most three decimals",
		    what, quoin_check_number(run, node));
		return false;
	}
	*ret = (uint32_t)thousandths;
	return true;
}

void
quoin_check_percent_sum(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *node, uint64_t sum, const char *what)
{
	const char *relation = sum < 100000 ? "missing" : "too much";
	uint64_t gap = sum < 100000 ? 100000 - sum : sum - 100000;

	if (sum != 100000) {
		quoin_check_error(run, source, node, "percent_sum",
		    "the percents of %s add up to %.8g, not 100; %.8g is %s", what, (double)sum / 1000,
		    (double)gap / 1000, relation);
	}
}

const char *
quoin_check_canonical(struct quoin_check_run *run, const struct quoin_json *node)
{
	struct quoin_buf text;
	const char *own = NULL;

	quoin_buf_init(&text, QUOIN_JSON_BYTES_MAX * 2);
	if (quoin_json_print(node, &text) == 0)
		own = quoin_arena_text(&run->arena, quoin_buf_span(&text));
	if (own == NULL)
		run->is_out_of_memory = true;
	quoin_buf_clear(&text);
	return own;
}

const char *
quoin_check_config(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object)
{
	const struct quoin_json *config =
	    quoin_check_member(run, source, object, "config", QUOIN_JSON_OBJECT, QUOIN_CHECK_OPTIONAL);

	return config != NULL ? quoin_check_canonical(run, config) : NULL;
}

static int
compare_keys(const void *left, const void *right)
{
	const struct quoin_json *const *a = left;
	const struct quoin_json *const *b = right;

	return strcmp(quoin_json_key(*a), quoin_json_key(*b));
}

const struct quoin_json **
quoin_check_sorted(struct quoin_check_run *run, const struct quoin_json *object, size_t *ret_count)
{
	size_t count = quoin_json_count(object);
	const struct quoin_json **members = quoin_check_take(run, count, sizeof *members);
	size_t i = 0;

	*ret_count = 0;
	if (members == NULL)
		return NULL;
	for (const struct quoin_json *member = quoin_json_first(object); member != NULL;
	     member = quoin_json_next(member))
		members[i++] = member;
	qsort(members, count, sizeof *members, compare_keys);
	*ret_count = count;
	return members;
}

size_t
quoin_check_amounts(struct quoin_check_run *run, const struct quoin_check_source *source,
    const struct quoin_json *object, const char *key, enum quoin_check_need need, const struct quoin_amount **ret)
{
	const struct quoin_json *map = quoin_check_member(run, source, object, key, QUOIN_JSON_OBJECT, need);
	const struct quoin_json **members;
	struct quoin_amount *amounts;
	size_t count = 0, kept = 0;

	*ret = NULL;
	members = map != NULL ? quoin_check_sorted(run, map, &count) : NULL;
	amounts = members != NULL ? quoin_check_take(run, count, sizeof *amounts) : NULL;
	if (amounts == NULL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		char what[96];
		int64_t amount;

		if (!quoin_check_key_is_name(run, source, members[i], "a resource"))
			continue;
		snprintf(what, sizeof what, "\"%s\"", quoin_json_key(members[i]));
		if (!quoin_check_is(run, source, members[i], QUOIN_JSON_NUMBER, what))
			continue;
		if (!quoin_json_is_int(members[i], 0, QUOIN_CHECK_INT_MAX, &amount)) {
			quoin_check_error(run, source, members[i], "bad_value",
			    "%s is %s; write an integer from 0 to 2^53", what, quoin_check_number(run, members[i]));
			continue;
		}
		amounts[kept].resource = quoin_check_copy(run, quoin_json_key(members[i]));
		amounts[kept++].amount = (uint64_t)amount;
	}
	*ret = amounts;
	return kept;
}

/* One label: key and value both names, as in certificates. */
static bool
read_pair(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *member,
    struct quoin_pair *ret)
{
	char what[96];

	if (!quoin_check_key_is_name(run, source, member, "a label"))
		return false;
	snprintf(what, sizeof what, "the label \"%s\"", quoin_json_key(member));
	ret->value = quoin_check_name(run, source, member, what);
	ret->key = quoin_check_copy(run, quoin_json_key(member));
	return ret->value != NULL;
}

size_t
quoin_check_pairs(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *object,
    const char *key, const struct quoin_pair **ret)
{
	const struct quoin_json *map =
	    quoin_check_member(run, source, object, key, QUOIN_JSON_OBJECT, QUOIN_CHECK_OPTIONAL);
	const struct quoin_json **members;
	struct quoin_pair *pairs;
	size_t count = 0, kept = 0;

	*ret = NULL;
	members = map != NULL ? quoin_check_sorted(run, map, &count) : NULL;
	if (members == NULL)
		return 0;
	if (count > QUOIN_LABELS_MAX) {
		quoin_check_error(run, source, map, "limit", "\"%s\" has %zu labels; at most %d are allowed", key,
		    count, QUOIN_LABELS_MAX);
		return 0;
	}
	pairs = quoin_check_take(run, count, sizeof *pairs);
	if (pairs == NULL)
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (read_pair(run, source, members[i], &pairs[kept]))
			kept++;
	}
	*ret = pairs;
	return kept;
}
