#include "publisher/check_shards.h"

#include <stdlib.h>
#include <string.h>

#include "publisher/check_extra.h"
#include "publisher/check_value.h"

#define VIP_BYTES_MAX 256

static const char *const shard_keys[] = {"vip", "hosts", "capacity", "labels", "drain", "health_checked", NULL};

static int
compare_names(const void *left, const void *right)
{
	const char *const *a = left;
	const char *const *b = right;

	return strcmp(*a, *b);
}

static void
read_hosts(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *object,
    struct quoin_shard *shard)
{
	const struct quoin_json *array =
	    quoin_check_member(run, source, object, "hosts", QUOIN_JSON_ARRAY, QUOIN_CHECK_REQUIRED);
	size_t count = array != NULL ? quoin_json_count(array) : 0;
	const char **hosts;
	size_t kept = 0;

	if (count > QUOIN_SHARD_HOSTS_MAX) {
		quoin_check_error(run, source, array, "limit", "the shard has %zu hosts; at most %d are allowed", count,
		    QUOIN_SHARD_HOSTS_MAX);
		return;
	}
	hosts = quoin_check_take(run, count, sizeof *hosts);
	if (array == NULL || hosts == NULL)
		return;
	for (const struct quoin_json *host = quoin_json_first(array); host != NULL; host = quoin_json_next(host)) {
		const char *name = quoin_check_name(run, source, host, "a host");

		if (name != NULL)
			hosts[kept++] = name;
	}
	qsort(hosts, kept, sizeof *hosts, compare_names);
	shard->hosts = hosts;
	shard->host_count = kept;
}

static void
read_shard(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *object,
    struct quoin_shard *shard)
{
	if (!quoin_check_is(run, source, object, QUOIN_JSON_OBJECT, "a shard"))
		return;
	quoin_check_keys(run, source, object, shard_keys, "a shard");
	shard->vip = quoin_check_word_member(run, source, object, "vip", QUOIN_CHECK_REQUIRED, VIP_BYTES_MAX);
	read_hosts(run, source, object, shard);
	shard->capacity_count =
	    quoin_check_amounts(run, source, object, "capacity", QUOIN_CHECK_REQUIRED, &shard->capacity);
	shard->label_count = quoin_check_pairs(run, source, object, "labels", &shard->labels);
	shard->drain = quoin_check_bool_member(run, source, object, "drain", false);
	shard->health_checked = quoin_check_bool_member(run, source, object, "health_checked", false);
	shard->extra = quoin_check_extra(run, object);
}

/* A host's name and the value where it stands. */
struct host_place {
	const char *name;
	const struct quoin_json *node;
	const char *shard;
	size_t order;
};

static int
compare_hosts(const void *left, const void *right)
{
	const struct host_place *a = left;
	const struct host_place *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static size_t
collect_hosts(const struct quoin_json *root, struct host_place *hosts)
{
	size_t count = 0;

	for (const struct quoin_json *shard = quoin_json_first(root); shard != NULL; shard = quoin_json_next(shard)) {
		const struct quoin_json *array =
		    quoin_json_kind(shard) == QUOIN_JSON_OBJECT ? quoin_json_get(shard, "hosts") : NULL;

		if (array == NULL || quoin_json_kind(array) != QUOIN_JSON_ARRAY)
			continue;
		for (const struct quoin_json *host = quoin_json_first(array); host != NULL;
		     host = quoin_json_next(host)) {
			if (quoin_json_kind(host) != QUOIN_JSON_STRING)
				continue;
			if (hosts != NULL) {
				hosts[count] =
				    (struct host_place){quoin_json_string(host), host, quoin_json_key(shard), count};
			}
			count++;
		}
	}
	return count;
}

/* A host is in one shard, once. */
static void
check_hosts(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *root)
{
	size_t count = collect_hosts(root, NULL);
	struct host_place *hosts = calloc(count + 1, sizeof *hosts);

	if (hosts == NULL) {
		run->is_out_of_memory = true;
		return;
	}
	collect_hosts(root, hosts);
	qsort(hosts, count, sizeof *hosts, compare_hosts);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(hosts[i - 1].name, hosts[i].name) != 0)
			continue;
		quoin_check_error(run, source, hosts[i].node, "duplicate_host",
		    "host \"%.64s\" is in shard \"%.64s\" and again in shard \"%.64s\"; a host is in one shard, once",
		    hosts[i].name, hosts[i - 1].shard, hosts[i].shard);
	}
	free(hosts);
}

/* Two shards behind one VIP: a request for a model of one may reach a host of the other. */
static void
check_vips(struct quoin_check_run *run)
{
	for (size_t i = 0; i < run->shard_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (run->shards[i].vip == NULL || run->shards[j].vip == NULL ||
			    strcmp(run->shards[i].vip, run->shards[j].vip) != 0)
				continue;
			quoin_problem_warning(run->problems, "same_vip", run->shard_places[i],
			    "shards \"%s\" and \"%s\" have the same vip; requests for a model of one may reach "
			    "hosts of the other",
			    run->shards[j].name, run->shards[i].name);
			break;
		}
	}
}

void
quoin_check_shards(struct quoin_check_run *run, const struct quoin_check_source *source, const struct quoin_json *root)
{
	const struct quoin_json **members;
	size_t count;

	if (!quoin_check_is(run, source, root, QUOIN_JSON_OBJECT, "shards.json"))
		return;
	members = quoin_check_sorted(run, root, &count);
	if (count > QUOIN_SHARDS_MAX) {
		quoin_check_error(run, source, root, "limit", "there are %zu shards; at most %d are allowed", count,
		    QUOIN_SHARDS_MAX);
		return;
	}
	run->shards = quoin_check_take(run, count, sizeof *run->shards);
	run->shard_places = quoin_check_take(run, count, sizeof *run->shard_places);
	run->shard_names = quoin_check_take(run, count, sizeof *run->shard_names);
	if (run->is_out_of_memory)
		return;
	for (size_t i = 0; i < count; i++) {
		struct quoin_shard *shard = &run->shards[i];

		quoin_check_key_is_name(run, source, members[i], "a shard");
		shard->name = quoin_check_copy(run, quoin_json_key(members[i]));
		if (shard->name == NULL)
			return;
		run->shard_names[i] = shard->name;
		run->shard_places[i] = quoin_check_place(source, members[i]);
		read_shard(run, source, members[i], shard);
		run->shard_count = i + 1;
	}
	run->has_shards = true;
	check_hosts(run, source, root);
	check_vips(run);
}

bool
quoin_check_shard_has(const struct quoin_shard *shard, const struct quoin_model *model,
    const struct quoin_pair **ret_missing)
{
	for (size_t i = 0; i < model->requires_count; i++) {
		const struct quoin_pair *want = &model->requires[i];
		bool is_there = false;

		for (size_t j = 0; j < shard->label_count && !is_there; j++) {
			is_there = strcmp(shard->labels[j].key, want->key) == 0 &&
			    strcmp(shard->labels[j].value, want->value) == 0;
		}
		if (!is_there) {
			*ret_missing = want;
			return false;
		}
	}
	return true;
}
