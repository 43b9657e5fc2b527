#include "publisher/check_kind.h"

#include <stdio.h>

#include "publisher/check_pieces.h"
#include "publisher/check_shards.h"
#include "publisher/check_value.h"

/* The shard of one member: it exists, can load the model, and does not drain while it gets traffic. */
static bool
read_route_shard(struct quoin_check_rule *read, const struct quoin_json *member, struct quoin_share *share)
{
	struct quoin_check_run *run = read->run;
	const char *name = quoin_json_key(member);
	const struct quoin_pair *missing;
	char what[96], advice[QUOIN_CHECK_ADVICE_BYTES];
	uint32_t model = read->rule->ref_count > 0 ? read->rule->refs[0].model : QUOIN_CHECK_NONE;
	bool has_percent;

	share->key = quoin_check_find(run->shard_names, run->shard_count, name);
	snprintf(what, sizeof what, "the percent of shard \"%.64s\"", name);
	has_percent = quoin_check_percent(run, &read->source, member, what, &share->share);
	if (share->key == QUOIN_CHECK_NONE) {
		quoin_check_advise(name, run->shard_names, run->shard_count, "add it to shards.json", advice,
		    sizeof advice);
		if (run->has_shards)
			quoin_check_error(run, &read->source, member, "unknown_shard", "there is no shard \"%.64s\"%s",
			    name, advice);
		return has_percent;
	}
	if (run->shards[share->key].drain && share->share > 0) {
		quoin_check_error(run, &read->source, member, "drain",
		    "shard \"%s\" is draining and cannot get traffic; route it elsewhere", name);
	}
	if (model != QUOIN_CHECK_NONE &&
	    !quoin_check_shard_has(&run->shards[share->key], &run->models[model], &missing)) {
		quoin_check_error(run, &read->source, member, "requires",
		    "shard \"%s\" lacks the label %s=%s that model \"%s\" requires; choose another shard", name,
		    missing->key, missing->value, run->models[model].name);
	}
	return has_percent;
}

void
quoin_check_route(struct quoin_check_rule *read)
{
	const struct quoin_json *object =
	    quoin_check_member(read->run, &read->source, read->node, "route", QUOIN_JSON_OBJECT, QUOIN_CHECK_REQUIRED);
	const struct quoin_json **members;
	struct quoin_share *shares;
	uint64_t sum = 0;
	size_t count = 0, kept = 0;
	bool is_whole = true;

	quoin_check_only_ref(read, read->node, "model");
	if (object == NULL)
		return;
	members = quoin_check_sorted(read->run, object, &count);
	shares = quoin_check_take_shares(read, count);
	if (members == NULL || shares == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		is_whole = read_route_shard(read, members[i], &shares[kept]) && is_whole;
		sum += shares[kept].share;
		if (shares[kept].key != QUOIN_CHECK_NONE)
			kept++;
	}
	read->rule->share_count = kept;
	if (is_whole)
		quoin_check_percent_sum(read->run, &read->source, object, sum, "the route");
}
