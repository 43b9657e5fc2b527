/*
 * What a report costs the gate, and how that grows with the fleet: two releases through their whole lives, decided upon after
 * every single report, with 100, 1,000 and 10,000 hosts (a tenth of them routers, the others on ten shards). Beside it, in the
 * same run, the same with 100 hosts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publisher/gate_core.h"
#include "tests/bench/bench.h"

#define SHARDS	   10
#define ROUNDS	   3
#define RELEASES   2
#define INTERVAL   10000
#define WATCHED_MS 30000 /* a new gate watches readiness after this */

struct fleet {
	struct quoin_gate_core *core;
	struct quoin_gate_actions actions;
	struct quoin_ledger ledger;
	struct quoin_cert *certs;
	size_t host_count;
	struct quoin_activation newest;
	struct quoin_hash hash;
	int64_t now_ms;
	uint64_t number, reports;
	double report_ns;
};

static struct quoin_hash
hash_of(const char *what, uint64_t number)
{
	char text[64];
	struct quoin_hash hash;

	snprintf(text, sizeof text, "%s %llu", what, (unsigned long long)number);
	quoin_hash_of(quoin_span_str(text), &hash);
	return hash;
}

static bool
is_router(size_t host)
{
	return host % 10 == 9;
}

/* Every host that is no router, on one of the shards, with a model of the release's own on each. */
static struct quoin_gate_release *
make_summary(const struct fleet *fleet, uint64_t number)
{
	struct quoin_gate_release *release = quoin_gate_release_new(number, 1, SHARDS, SHARDS);

	if (release == NULL)
		bench_die("no memory");
	release->policy.drain_ms = 0;
	release->policy.warm_releases = 0;
	snprintf(release->resources[0], sizeof release->resources[0], "memory_mb");
	for (size_t s = 0; s < SHARDS; s++) {
		struct quoin_gate_shard *shard = &release->shards[s];
		char model[32];

		if (quoin_gate_shard_make(release, shard, fleet->host_count, 1) != 0)
			bench_die("no memory");
		shard->host_count = 0;
		snprintf(shard->name, sizeof shard->name, "s%zu", s);
		for (size_t h = 0; h < fleet->host_count; h++)
			if (!is_router(h) && strcmp(fleet->certs[h].shard, shard->name) == 0)
				snprintf(shard->hosts[shard->host_count++], sizeof shard->hosts[0], "%s",
				    fleet->certs[h].host);
		shard->capacity[0] = 10;
		shard->models[0] = (uint32_t)s;
		snprintf(model, sizeof model, "m%zu-%llu", s, (unsigned long long)number);
		quoin_gate_model_identity(model, "1", "d", &release->models[s].identity);
	}
	return release;
}

static void step(struct fleet *fleet, struct quoin_gate_event event);

static void
commit(struct fleet *fleet, const struct quoin_activation *draft)
{
	struct quoin_activation copy = {0};

	if (quoin_activation_copy(draft, &copy) != 0)
		bench_die("no memory");
	quoin_activation_clear(&fleet->newest);
	fleet->newest = copy;
	fleet->hash = hash_of("activation", copy.seq);
}

static void
step(struct fleet *fleet, struct quoin_gate_event event)
{
	struct quoin_gate_action action;
	size_t count;

	event.now_ms = event.wall_ms = fleet->now_ms;
	if (quoin_gate_core_step(fleet->core, &event, &fleet->actions) != 0)
		bench_die("no memory");
	count = fleet->actions.count;
	for (size_t i = 0; i < count; i++)
		if (fleet->actions.items[i].kind == QUOIN_GATE_PRODUCE_ACTIVATION)
			commit(fleet, fleet->actions.items[i].activation);
	/* What is answered asks for one thing at a time. */
	for (size_t i = 0; i < count; i++) {
		action.kind = fleet->actions.items[i].kind;
		action.number = fleet->actions.items[i].number;
		action.token = fleet->actions.items[i].token;
		if (action.kind == QUOIN_GATE_NEED_RELEASE)
			step(fleet,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_RELEASE,
				.release = make_summary(fleet, action.number)});
		else if (action.kind == QUOIN_GATE_READ_STATUS)
			step(fleet, (struct quoin_gate_event){.kind = QUOIN_GATE_STATUS_READ, .token = action.token});
		else if (action.kind == QUOIN_GATE_TAKE_OVER)
			step(fleet, (struct quoin_gate_event){.kind = QUOIN_GATE_TOOK_OVER});
		else if (action.kind == QUOIN_GATE_PRODUCE_ACTIVATION)
			step(fleet,
			    (struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
				.activation = &fleet->newest,
				.hash = fleet->hash});
		else
			continue;
		break;
	}
}

/* What a host says that obeys the newest activation. */
static void
report(struct fleet *fleet, size_t host, enum quoin_progress progress, uint64_t runs)
{
	struct quoin_status_release haves[QUOIN_LIVE_MAX];
	struct quoin_status status = {.number = ++fleet->number,
	    .interval_ms = INTERVAL,
	    .obeyed = {fleet->newest.epoch, fleet->newest.seq, fleet->hash},
	    .releases = haves};
	double begin;

	memset(haves, 0, fleet->newest.live_count * sizeof haves[0]);
	snprintf(status.host, sizeof status.host, "%s", fleet->certs[host].host);
	snprintf(status.boot, sizeof status.boot, "boot");
	for (size_t i = 0; i < fleet->newest.live_count; i++) {
		struct quoin_status_release *have = &haves[status.release_count++];

		have->release = fleet->newest.live[i].release;
		have->progress = have->release.number == fleet->ledger.head.number ? progress
		    : is_router(host)						   ? QUOIN_PROGRESS_STAGED
										   : QUOIN_PROGRESS_READY;
	}
	if (is_router(host)) {
		status.lease_ms = 3600000;
		status.runs = (struct quoin_docref){runs, hash_of("release", runs)};
	}
	begin = bench_work_ns();
	step(fleet,
	    (struct quoin_gate_event){.kind = QUOIN_GATE_STATUS, .cert = &fleet->certs[host], .status = &status});
	fleet->report_ns += bench_work_ns() - begin;
	fleet->reports++;
}

static void
publish(struct fleet *fleet)
{
	uint64_t number = fleet->ledger.head.number + 1;
	struct quoin_release release = {.number = number, .head = fleet->ledger.head};
	struct quoin_part part = {.name = "models", .schema = "models-v1", .hash = hash_of("content", number)};
	struct quoin_hash hash = hash_of("release", number);
	struct quoin_error err = {0};

	quoin_policy_init(&release.policy);
	release.parts = &part;
	release.part_count = 1;
	if (quoin_ledger_admit_release(&fleet->ledger, &release, &hash, &err) != 0)
		bench_die("%s", err.message);
	step(fleet, (struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &fleet->ledger});
}

/* Every host: loading, ready or staged, the flip, and what comes after it. */
static void
roll_out(struct fleet *fleet)
{
	uint64_t before = fleet->newest.from, now;

	publish(fleet);
	now = fleet->ledger.head.number;
	fleet->now_ms++;
	for (size_t h = 0; h < fleet->host_count; h++)
		report(fleet, h, is_router(h) ? QUOIN_PROGRESS_FETCHING : QUOIN_PROGRESS_LOADING, before);
	for (size_t h = 0; h < fleet->host_count; h++)
		report(fleet, h, is_router(h) ? QUOIN_PROGRESS_STAGED : QUOIN_PROGRESS_READY, before);
	if (fleet->newest.target != now)
		bench_die("release %llu was not selected: %s", (unsigned long long)now,
		    quoin_gate_core_reason(fleet->core));
	for (size_t h = 0; h < fleet->host_count; h++)
		report(fleet, h, is_router(h) ? QUOIN_PROGRESS_STAGED : QUOIN_PROGRESS_READY, now);
	if (fleet->newest.from != now)
		bench_die("release %llu is not fully active: %s", (unsigned long long)now,
		    quoin_gate_core_reason(fleet->core));
	for (size_t h = 0; h < fleet->host_count; h++)
		report(fleet, h, is_router(h) ? QUOIN_PROGRESS_STAGED : QUOIN_PROGRESS_READY, now);
}

/* Nanoseconds per report. */
static double
measure(size_t host_count)
{
	struct quoin_gate_core_conf conf = {.heartbeat_ms = 5000, .lease_ms = 3600000};
	struct fleet *fleet = calloc(1, sizeof *fleet);
	double ns;

	if (fleet == NULL || (fleet->certs = calloc(host_count, sizeof *fleet->certs)) == NULL ||
	    quoin_gate_core_new(&conf, &fleet->core) != 0)
		bench_die("no memory");
	fleet->host_count = host_count;
	fleet->now_ms = 1000000;
	quoin_ledger_init(&fleet->ledger);
	step(fleet, (struct quoin_gate_event){.kind = QUOIN_GATE_ROOT, .epoch = 1});
	step(fleet, (struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &fleet->ledger});
	for (size_t h = 0; h < host_count; h++) {
		struct quoin_cert *cert = &fleet->certs[h];

		snprintf(cert->host, sizeof cert->host, "h%05zu", h);
		cert->key[0] = (uint8_t)h;
		cert->key[1] = (uint8_t)(h >> 8);
		cert->role = is_router(h) ? QUOIN_HOST_ROUTER : QUOIN_HOST_SERVING;
		if (!is_router(h))
			snprintf(cert->shard, sizeof cert->shard, "s%zu", h / 10 % SHARDS);
		step(fleet, (struct quoin_gate_event){.kind = QUOIN_GATE_CERT, .cert = cert, .more = true});
	}
	step(fleet, (struct quoin_gate_event){.kind = QUOIN_GATE_CAUGHT_UP});
	roll_out(fleet); /* everything is met for the first time */
	fleet->now_ms += WATCHED_MS;
	fleet->report_ns = 0;
	fleet->reports = 0;
	for (int i = 0; i < RELEASES; i++)
		roll_out(fleet);
	ns = fleet->report_ns / (double)fleet->reports;
	quoin_gate_core_free(fleet->core);
	quoin_ledger_clear(&fleet->ledger);
	quoin_activation_clear(&fleet->newest);
	free(fleet->certs);
	free(fleet);
	return ns;
}

int
main(void)
{
	static const size_t sizes[] = {100, 1000, 10000};
	double ns[3][ROUNDS];
	char name[32];

	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < 3; i++)
			ns[i][round] = measure(sizes[i]);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "gate.report.%zu", sizes[i]);
		bench_print(name, bench_median(ns[i], ROUNDS), "ns", "the same with 100 hosts",
		    bench_median(ns[0], ROUNDS));
	}
	return 0;
}
