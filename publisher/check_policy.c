#include "publisher/check_policy.h"

/* Where "serving.<key>" stands; the file alone if the policy does not have it. */
static struct quoin_place
serving_place(const struct quoin_directory *directory, const char *key)
{
	const struct quoin_directory_file *file = quoin_directory_find(directory, QUOIN_DIRECTORY_POLICY);
	const struct quoin_json *node = file != NULL && file->doc != NULL ? quoin_json_root(file->doc) : NULL;
	struct quoin_place place = {.file = "policy.json"};

	if (node != NULL && quoin_json_kind(node) == QUOIN_JSON_OBJECT)
		node = quoin_json_get(node, "serving");
	if (node != NULL && quoin_json_kind(node) == QUOIN_JSON_OBJECT)
		node = quoin_json_get(node, key);
	if (node != NULL)
		quoin_json_place(file->doc, node, &place.line, &place.column);
	return place;
}

static bool
has_models(const struct quoin_ruleset *ruleset, size_t shard)
{
	for (size_t i = 0; i < ruleset->placement_count; i++) {
		if (ruleset->placements[i].shard == shard)
			return true;
	}
	return false;
}

void
quoin_check_policy(const struct quoin_directory *directory, const struct quoin_ruleset *ruleset,
    struct quoin_problems *problems)
{
	const struct quoin_policy *policy = &ruleset->policy;

	for (size_t i = 0; i < ruleset->shard_count; i++) {
		const struct quoin_shard *shard = &ruleset->shards[i];

		if (!has_models(ruleset, i))
			continue;
		if (policy->ready_percent < 100 && !shard->health_checked) {
			quoin_problem_error(problems, "policy", serving_place(directory, "ready_percent"),
			    "\"ready_percent\" is %u, but shard \"%s\" is not health_checked: its vip would reach "
			    "hosts that are not ready; "
			    "write 100, or let health checks take hosts out of the vip",
			    policy->ready_percent, shard->name);
		}
		if (policy->ready_hosts_min > shard->host_count) {
			quoin_problem_error(problems, "policy", serving_place(directory, "ready_hosts_min"),
			    "\"ready_hosts_min\" is %u, but shard \"%s\" has %zu; no release could become active",
			    policy->ready_hosts_min, shard->name, shard->host_count);
		}
	}
}
