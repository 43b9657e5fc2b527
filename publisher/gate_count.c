/*
 * What hosts are, counted as their reports come: a decision asks how many are, and which is the first, and costs the same
 * with ten hosts as with ten thousand.
 *
 * Every count is a sum of what each host is by itself, by its record, the newest activation and the time. So one that
 * changes is counted anew alone; it is again when it falls silent or has soaked, for which it waits in "dues"; and all are
 * when what is asked of them changes: with an activation, a certificate, a host that is new. That is once per activation,
 * not per report. quoin_gate_core_check compares with a walk over all.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "publisher/gate_state.h"

#define BIT(name) (1u << GATE_##name)

static struct gate_host *
host_of_due(struct gate_timer *timer)
{
	return (struct gate_host *)(void *)((char *)timer - offsetof(struct gate_host, due));
}

/* ---- What one host is ---- */

static unsigned
fleet_bits(const struct quoin_gate_core *core, const struct gate_host *host)
{
	const struct quoin_activation *activation = &core->activation;
	unsigned bits = 0;
	bool is_later;

	if (gate_host_is_ahead(core, host, &is_later))
		bits |= BIT(FLEET_AHEAD);
	if (host->is_returned && gate_host_is_forgotten(host))
		bits |= BIT(FLEET_RETURNED);
	if (!gate_router_counts(core, host))
		return bits;
	bits |= BIT(FLEET_COUNTS);
	if (quoin_activation_selects(activation, host->name, &host->labels) != activation->target)
		return bits;
	bits |= BIT(FLEET_ASKED);
	if (gate_host_obeys(core, host, activation->step_seq) && host->runs == activation->target)
		return bits | BIT(FLEET_DONE);
	return bits | BIT(FLEET_LACKING);
}

static unsigned
release_bits(const struct quoin_gate_core *core, const struct gate_host *host, const struct quoin_live *live)
{
	unsigned bits = 0;
	bool is_fuse;

	if (gate_router_counts(core, host))
		bits |= gate_router_is_staged(host, live) ? BIT(RELEASE_STAGED) : BIT(RELEASE_UNSTAGED);
	if (gate_has_failed(core, host, live, &is_fuse))
		bits |= is_fuse ? BIT(RELEASE_FUSED) : BIT(RELEASE_FAILED);
	if (gate_may_hold(core, host, live, NULL))
		bits |= BIT(RELEASE_HELD);
	return bits;
}

/* Not excluded, or not in a way that its VIP follows. */
static unsigned
asked_bits(const struct quoin_gate_core *core, const struct gate_part *part, const struct gate_host *host)
{
	const struct gate_asked *asked = part->asked;
	unsigned bits = BIT(SHARD_DECLARED);
	bool is_ready, is_loaded, is_active, may_speak;

	if (host == NULL)
		return bits | BIT(SHARD_UNREADY) | BIT(SHARD_SILENT) | BIT(SHARD_LACKING_READY) |
		    BIT(SHARD_LACKING_LOADED);
	is_ready = gate_is_ready(core, host, asked->live, asked->soak_ms);
	is_loaded = gate_is_ready(core, host, asked->live, 0);
	may_speak = gate_host_may_speak(core, host);
	/* Who may hold the brake is not left out for a doubt. */
	is_active = asked->active != NULL && host->exclusion == NULL && may_speak &&
	    gate_says_ready(core, host, asked->active, 0);
	bits |= is_ready ? BIT(SHARD_READY) : BIT(SHARD_LACKING_READY);
	bits |= is_loaded ? BIT(SHARD_LOADED) : BIT(SHARD_UNREADY) | BIT(SHARD_LACKING_LOADED);
	bits |= is_loaded && !is_ready ? BIT(SHARD_SOAKING) : 0;
	bits |= may_speak ? BIT(SHARD_SPEAKING) | (is_loaded ? BIT(SHARD_SPEAKING_LOADED) : 0) : 0;
	bits |= gate_host_speaks(core, host) ? 0 : BIT(SHARD_SILENT);
	if (is_active)
		bits |= BIT(SHARD_ACTIVE) | (is_ready ? BIT(SHARD_ACTIVE_READY) : 0) |
		    (is_loaded ? BIT(SHARD_ACTIVE_LOADED) : BIT(SHARD_BEHIND));
	return bits;
}

/* And until when: the end of its soak, or of its VIP's polling; INT64_MAX. */
static unsigned
shard_bits(const struct quoin_gate_core *core, const struct gate_part *part, int64_t *ret_wake_ms)
{
	const struct gate_asked *asked = part->asked;
	const struct gate_host *host = gate_part_host(part);
	const struct quoin_exclusion *exclusion =
	    part->host != NULL ? part->host->exclusion : quoin_activation_exclusion(&core->activation, part->name);
	unsigned bits;

	*ret_wake_ms = INT64_MAX;
	if (exclusion != NULL && exclusion->by_operator)
		return 0;
	if (exclusion != NULL && asked->shard->health_checked) {
		int64_t out_ms = gate_out_ms(core, host);

		bits = BIT(SHARD_DECLARED) | BIT(SHARD_LACKING_READY) | BIT(SHARD_LACKING_LOADED);
		if (core->now_ms >= out_ms)
			return bits;
		*ret_wake_ms = out_ms;
		return bits | BIT(SHARD_STAYING);
	}
	bits = asked_bits(core, part, host);
	/* Soaking: look again when it is over. */
	if ((bits & BIT(SHARD_SOAKING)) != 0)
		*ret_wake_ms =
		    gate_after(gate_host_have(host, &asked->live->release)->ready_since_ms, (uint64_t)asked->soak_ms);
	return bits;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The first of two times that is still to come. */
static int64_t
silent_ms(const struct quoin_gate_core *core, const struct gate_host *host)
{
	int64_t surely_ms = gate_host_silent_ms(host, host->fresh_ms);
	int64_t perhaps_ms = gate_host_silent_ms(host, host->perhaps_ms);

	return sooner(surely_ms > core->now_ms ? surely_ms : INT64_MAX,
	    perhaps_ms > core->now_ms ? perhaps_ms : INT64_MAX);
}

static void
keep_code(struct quoin_gate_core *core, int code)
{
	if (code != 0)
		core->code = code;
}

/* ---- Counting one ---- */

static void
count_part(struct quoin_gate_core *core, struct gate_part *part)
{
	int64_t wake_ms;
	struct gate_host *host = part->host;

	gate_tally_set(&part->asked->tally, (size_t)(part - part->asked->parts), shard_bits(core, part, &wake_ms));
	if (host == NULL || wake_ms == INT64_MAX)
		return;
	if (host->wake.place == 0 || wake_ms < host->wake.at_ms)
		keep_code(core, gate_queue_set(&core->wakes, &host->wake, wake_ms));
	if (host->due.place == 0 || wake_ms < host->due.at_ms)
		keep_code(core, gate_queue_set(&core->dues, &host->due, wake_ms));
}

void
gate_count_host(struct quoin_gate_core *core, struct gate_host *host)
{
	if (core->is_miscounted)
		return;
	gate_tally_set(&core->fleet, host->at, fleet_bits(core, host));
	keep_code(core,
	    gate_queue_set(&core->leases, &host->lease,
		gate_router_has_lease(core, host) ? host->lease_until_ms : INT64_MAX));
	for (size_t i = 0; i < core->counted_count; i++)
		gate_tally_set(&core->counted[i].fleet, host->at, release_bits(core, host, core->counted[i].live));
	if (host->parts == NULL)
		return;
	keep_code(core, gate_queue_set(&core->wakes, &host->wake, INT64_MAX));
	keep_code(core, gate_queue_set(&core->dues, &host->due, host->has_status ? silent_ms(core, host) : INT64_MAX));
	for (struct gate_part *part = host->parts; part != NULL; part = part->next)
		count_part(core, part);
}

/* ---- Counting all ---- */

static void
clear_counted(struct gate_counted *counted)
{
	for (size_t i = 0; counted->shards != NULL && i < counted->shard_count; i++) {
		gate_tally_clear(&counted->shards[i].tally);
		free(counted->shards[i].parts);
	}
	free(counted->shards);
	gate_tally_clear(&counted->fleet);
	memset(counted, 0, sizeof *counted);
}

void
gate_count_clear(struct quoin_gate_core *core)
{
	for (size_t i = 0; i < core->counted_count; i++)
		clear_counted(&core->counted[i]);
	core->counted_count = 0;
	for (size_t i = 0; i < core->host_count; i++)
		core->hosts[i]->parts = NULL;
	gate_tally_clear(&core->fleet);
	gate_queue_clear(&core->dues);
	gate_queue_clear(&core->wakes);
	gate_queue_clear(&core->leases);
}

void
gate_miscount(struct quoin_gate_core *core)
{
	core->is_miscounted = true;
}

void
gate_count_settle(struct quoin_gate_core *core)
{
	struct gate_timer *due;

	if (core->is_miscounted) {
		gate_count_clear(core);
		keep_code(core, gate_tally_make(&core->fleet, core->host_count));
		if (core->code != 0)
			return;
		core->is_miscounted = false;
		for (size_t i = 0; i < core->host_count; i++) {
			core->hosts[i]->at = i;
			gate_count_host(core, core->hosts[i]);
		}
	}
	while ((due = gate_queue_first(&core->dues)) != NULL && due->at_ms <= core->now_ms)
		gate_count_host(core, host_of_due(due));
}

/* ---- What is asked for the first time since ---- */

struct gate_counted *
gate_counted(struct quoin_gate_core *core, uint64_t release)
{
	const struct quoin_live *live = quoin_activation_live(&core->activation, release);
	struct gate_counted *counted;

	QUOIN_ASSERT(!core->is_miscounted);
	for (size_t i = 0; i < core->counted_count; i++)
		if (core->counted[i].live == live)
			return &core->counted[i];
	if (live == NULL)
		return NULL;
	QUOIN_ASSERT(core->counted_count < QUOIN_LIVE_MAX);
	counted = &core->counted[core->counted_count];
	counted->live = live;
	keep_code(core, gate_tally_make(&counted->fleet, core->host_count));
	if (counted->fleet.entries == NULL)
		return NULL;
	core->counted_count++;
	for (size_t i = 0; i < core->host_count; i++)
		gate_tally_set(&counted->fleet, i, release_bits(core, core->hosts[i], live));
	return counted;
}

struct gate_asked *
gate_asked(struct quoin_gate_core *core, struct gate_counted *counted, const struct quoin_gate_release *summary,
    size_t shard)
{
	if (counted->shards == NULL) {
		counted->shards = calloc(summary->shard_count + 1, sizeof *counted->shards);
		counted->shard_count = summary->shard_count;
		if (counted->shards == NULL)
			core->code = QUOIN_ENOMEM;
	}
	QUOIN_ASSERT(shard < counted->shard_count);
	return counted->shards != NULL ? &counted->shards[shard] : NULL;
}

int
gate_asked_make(struct quoin_gate_core *core, struct gate_asked *asked, const char *const *names, size_t count)
{
	struct gate_part *parts = calloc(count + 1, sizeof *parts);
	int r = parts == NULL ? QUOIN_ENOMEM : gate_tally_make(&asked->tally, count);

	if (r != 0) {
		free(parts);
		return core->code = r;
	}
	asked->parts = parts;
	for (size_t i = 0; i < count; i++) {
		struct gate_host *host = gate_host(core, names[i]);

		parts[i] = (struct gate_part){.asked = asked, .name = names[i], .host = host};
		if (host == NULL) {
			count_part(core, &parts[i]);
			continue;
		}
		parts[i].next = host->parts;
		host->parts = &parts[i];
		gate_count_host(core, host);
	}
	return 0;
}

/* ---- Comparing with a walk over all ---- */

static bool
is_tally_right(const struct gate_tally *tally, const size_t *counts, const size_t *firsts)
{
	for (size_t i = 0; i < GATE_TALLY_BITS; i++)
		if (tally->counts[i] != counts[i] || (counts[i] > 0 && tally->firsts[i] > firsts[i]))
			return false;
	return true;
}

static void
add(unsigned bits, size_t at, size_t *counts, size_t *firsts)
{
	for (size_t i = 0; i < GATE_TALLY_BITS; i++)
		if ((bits >> i & 1) != 0 && counts[i]++ == 0)
			firsts[i] = at;
}

static bool
is_asked_right(const struct quoin_gate_core *core, const struct gate_asked *asked)
{
	size_t counts[GATE_TALLY_BITS] = {0}, firsts[GATE_TALLY_BITS] = {0};
	int64_t wake_ms;

	for (size_t i = 0; i < asked->tally.entry_count; i++) {
		const struct gate_part *part = &asked->parts[i];
		unsigned bits = shard_bits(core, part, &wake_ms);

		if (part->host != gate_host(core, part->name) || asked->tally.entries[i] != bits)
			return false;
		if (part->host != NULL && wake_ms != INT64_MAX &&
		    (part->host->wake.place == 0 || part->host->wake.at_ms > wake_ms))
			return false;
		add(bits, i, counts, firsts);
	}
	return is_tally_right(&asked->tally, counts, firsts);
}

static bool
is_counted_right(const struct quoin_gate_core *core, const struct gate_counted *counted)
{
	size_t counts[GATE_TALLY_BITS] = {0}, firsts[GATE_TALLY_BITS] = {0};

	if (counted->live != quoin_activation_live(&core->activation, counted->live->release.number))
		return false;
	for (size_t i = 0; i < core->host_count; i++)
		add(release_bits(core, core->hosts[i], counted->live), i, counts, firsts);
	for (size_t i = 0; i < counted->shard_count; i++)
		if (counted->shards[i].shard != NULL && !is_asked_right(core, &counted->shards[i]))
			return false;
	return is_tally_right(&counted->fleet, counts, firsts);
}

bool
quoin_gate_core_check(struct quoin_gate_core *core)
{
	size_t counts[GATE_TALLY_BITS] = {0}, firsts[GATE_TALLY_BITS] = {0};

	if (core->is_miscounted || core->fleet.entries == NULL)
		return true;
	gate_count_settle(core);
	for (size_t i = 0; i < core->host_count; i++) {
		const struct gate_host *host = core->hosts[i];

		if (host->at != i ||
		    (gate_router_has_lease(core, host)
			    ? host->lease.place == 0 || host->lease.at_ms != host->lease_until_ms
			    : host->lease.place != 0))
			return false;
		add(fleet_bits(core, host), i, counts, firsts);
	}
	for (size_t i = 0; i < core->counted_count; i++)
		if (!is_counted_right(core, &core->counted[i]))
			return false;
	return is_tally_right(&core->fleet, counts, firsts);
}
