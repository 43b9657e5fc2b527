#include "publisher/publish_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "publisher/guard.h"
#include "publisher/wait.h"

int
quoin_publish_request_part(void *ctx, const char *value, struct quoin_error *err)
{
	struct quoin_publish_request *request = ctx;
	const char *equals = strchr(value, '=');

	if (equals == NULL || equals[1] == '\0' ||
	    !quoin_name_is_valid(quoin_span_of(value, (size_t)(equals - value))))
		return quoin_error_set(err, QUOIN_EUSAGE, "\"%s\" is not NAME=FILE", value);
	if (request->part_count == QUOIN_PARTS_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "a release has at most %d parts", QUOIN_PARTS_MAX);
	request->part_texts[request->part_count] = strdup(value);
	if (request->part_texts[request->part_count] == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "no memory");
	request->part_count++;
	return 0;
}

int
quoin_publish_request_meta(void *ctx, const char *value, struct quoin_error *err)
{
	struct quoin_publish_request *request = ctx;
	struct quoin_meta *meta = &request->meta[request->meta_count];
	const char *equals = strchr(value, '=');

	if (equals == NULL || !quoin_attribute_is_valid(quoin_span_of(value, (size_t)(equals - value))) ||
	    strlen(equals + 1) > QUOIN_TEXT_BYTES_MAX)
		return quoin_error_set(err, QUOIN_EUSAGE, "\"%s\" is not KEY=VALUE", value);
	if (request->meta_count == QUOIN_META_MAX)
		return quoin_error_set(err, QUOIN_ELIMIT, "at most %d --meta", QUOIN_META_MAX);
	snprintf(meta->key, sizeof meta->key, "%.*s", (int)(equals - value), value);
	snprintf(meta->value, sizeof meta->value, "%s", equals + 1);
	for (size_t i = 0; i < request->meta_count; i++)
		if (strcmp(request->meta[i].key, meta->key) == 0)
			return quoin_error_set(err, QUOIN_EUSAGE, "the key %s is given twice", meta->key);
	request->meta_count++;
	return 0;
}

int
quoin_publish_request_waiver(void *ctx, const char *value, struct quoin_error *err)
{
	struct quoin_publish_request *request = ctx;
	const char *const *names = quoin_guard_names();
	const char *nearest;
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	nearest = quoin_text_nearest(value, names, count);
	if (!quoin_guard_is_known(value))
		return quoin_error_set(err, QUOIN_EUSAGE, "there is no guard %s%s%s", value,
		    nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "");
	if (!quoin_guard_is_waivable(value))
		return quoin_error_set(err, QUOIN_EUSAGE, "the guard %s cannot be waived: %s", value,
		    quoin_guard_why_never(value));
	if (request->waived_count == sizeof request->waived / sizeof request->waived[0])
		return quoin_error_set(err, QUOIN_ELIMIT, "too many waivers");
	for (size_t i = 0; i < request->waived_count; i++)
		if (strcmp(request->waived[i], value) == 0)
			return 0;
	request->waived[request->waived_count++] = value;
	return 0;
}

static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
compare_metas(const void *a, const void *b)
{
	return strcmp(((const struct quoin_meta *)a)->key, ((const struct quoin_meta *)b)->key);
}

int
quoin_publish_request_check(const struct quoin_cli *cli, struct quoin_publish_request *request)
{
	struct quoin_error err = {0};
	uint64_t number;
	int ways = (request->dir != NULL) + (request->part_count > 0) + (request->from != NULL);

	if (ways == 0)
		return quoin_cli_usage(cli, "name a directory, or --part NAME=FILE, or --from OUT");
	if (ways > 1)
		return quoin_cli_usage(cli,
		    "a release is made from a directory, or from the files of --part, or is what --from prepared: only one of these");
	if (request->dir != NULL && (request->policy_file != NULL || request->schema != NULL))
		return quoin_cli_usage(cli, "--policy and --schema go with --part; a directory has its policy.json");
	if (request->from != NULL && (request->prepare != NULL || request->message != NULL || request->meta_count > 0 ||
	    request->waived_count > 0))
		return quoin_cli_usage(cli, "what --from publishes was fixed when it was prepared");
	if (request->prepare != NULL && (request->wait || request->dry_run))
		return quoin_cli_usage(cli, "--prepare publishes nothing yet: no --wait, no --dry-run");
	if (request->expect != NULL && !quoin_u64_parse(quoin_span_str(request->expect), &number))
		return quoin_cli_usage(cli, "--expect takes a release number");
	if (quoin_wait_parse(request->wait_text, &request->wait_ms, &err) != 0)
		return quoin_cli_usage(cli, "%s", err.message);
	qsort(request->meta, request->meta_count, sizeof request->meta[0], compare_metas);
	qsort(request->waived, request->waived_count, sizeof request->waived[0], compare_words);
	return 0;
}

void
quoin_publish_request_clear(struct quoin_publish_request *request)
{
	for (size_t i = 0; i < request->part_count; i++)
		free(request->part_texts[i]);
}
