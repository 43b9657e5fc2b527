#include "formats/config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/limits.h"

struct member {
	const char *key;
	const struct quoin_json *value;
	size_t level;
};

static int
member_compare(const void *a, const void *b)
{
	const struct member *one = a, *two = b;
	int order = strcmp(one->key, two->key);

	return order != 0 ? order : one->level < two->level ? 1 : -1;
}

static void
print_members(const struct member *members, size_t count, struct quoin_buf *out)
{
	bool is_first = true;

	quoin_buf_put_byte(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(members[i].key, members[i - 1].key) == 0)
			continue;
		if (!is_first)
			quoin_buf_put_byte(out, ',');
		is_first = false;
		quoin_json_print_string(quoin_span_str(members[i].key), out);
		quoin_buf_put_byte(out, ':');
		quoin_json_print(members[i].value, out);
	}
	quoin_buf_put_byte(out, '}');
}

static int
merge_parsed(const char *const levels[QUOIN_CONFIG_LEVELS], struct quoin_buf *out)
{
	struct quoin_json_doc *docs[QUOIN_CONFIG_LEVELS] = {0};
	const struct quoin_json *child;
	struct member *members = NULL;
	size_t count = 0, taken = 0;
	int rc = 0;

	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++) {
		if (levels[i] == NULL)
			continue;
		rc = quoin_json_parse(quoin_span_str(levels[i]), &docs[i], NULL);
		if (rc == 0 && quoin_json_kind(quoin_json_root(docs[i])) != QUOIN_JSON_OBJECT)
			rc = QUOIN_ESYNTAX;
		if (rc != 0)
			goto out;
		count += quoin_json_count(quoin_json_root(docs[i]));
	}
	members = calloc(count + 1, sizeof *members);
	if (members == NULL) {
		rc = QUOIN_ENOMEM;
		goto out;
	}
	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++) {
		if (docs[i] == NULL)
			continue;
		for (child = quoin_json_first(quoin_json_root(docs[i])); child != NULL; child = quoin_json_next(child))
			members[taken++] = (struct member){quoin_json_key(child), child, i};
	}
	qsort(members, taken, sizeof *members, member_compare);
	print_members(members, taken, out);
	rc = out->error;
out:
	free(members);
	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++)
		quoin_json_free(docs[i]);
	return rc;
}

int
quoin_config_merge(const char *const levels[QUOIN_CONFIG_LEVELS], struct quoin_buf *out)
{
	const char *only = "{}";
	size_t used = 0, before = out->len;
	int rc;

	for (size_t i = 0; i < QUOIN_CONFIG_LEVELS; i++) {
		if (levels[i] != NULL && strcmp(levels[i], "{}") != 0) {
			only = levels[i];
			used++;
		}
	}
	rc = used <= 1 ? quoin_buf_put_str(out, only) : merge_parsed(levels, out);
	if (rc == 0 && out->len - before > QUOIN_CONFIG_BYTES_MAX)
		rc = QUOIN_ELIMIT;
	return rc;
}
