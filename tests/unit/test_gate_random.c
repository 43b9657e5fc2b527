/*
 * The gate's core against a small fleet that behaves as PROTOCOL.md says, at random: late, silent, restarting, failing,
 * with gates that die and transactions that are lost. After every step the invariants that the gate owes are judged:
 *
 *	I3 activations are numbered one by one, each of its predecessor
 *	I4 a release becomes selectable only when hosts that obey its entering report it ready
 *	I5 what a router that counts runs or holds, or may still select, is live, and no host has unloaded it
 *	I10 nobody is moved to a revoked release
 *
 * and at the end, when faults have ceased, I9: what is asked for becomes fully active. A seed that fails is printed;
 * QUOIN_SEED=N runs it alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publisher/gate_core.h"
#include "tests/check.h"

#define SERVING	    4 /* two on each of two shards */
#define ROUTERS	    3
#define HOSTS	    (SERVING + ROUTERS)
#define RELEASES    24
#define ACTIVATIONS 1500
#define STEPS	    700
#define SEEDS	    600
#define LEASE_MS    60000
#define INTERVAL_MS 5000

struct host {
	struct quoin_cert cert;
	size_t obeyed;	  /* index into activations, 0: none */
	uint32_t loaded;  /* bits of releases */
	uint32_t failing; /* releases whose model does not load here */
	uint64_t generation;
	uint64_t number;
	uint64_t runs;
	uint32_t holds;
	int64_t sent_ms; /* routers: of the last acknowledged status */
	bool is_lapsed;
	struct quoin_status queue[8]; /* on the topic, not delivered */
	size_t queued;
	struct quoin_status last; /* delivered */
	bool has_last;
};

static struct {
	uint64_t seed, state;
	int64_t now_ms;
	struct quoin_gate_core *core;
	struct quoin_ledger ledger;
	struct host hosts[HOSTS];
	struct quoin_activation activations[ACTIVATIONS]; /* from 1 */
	struct quoin_hash hashes[ACTIVATIONS];
	size_t newest;
	uint64_t gate;
	bool calm; /* faults have ceased */
	int depth;
} w;

static uint64_t
draw(uint64_t below)
{
	w.state ^= w.state << 13;
	w.state ^= w.state >> 7;
	w.state ^= w.state << 17;
	return (w.state * 0x2545f4914f6cdd1d >> 33) % below;
}

static bool
chance(uint64_t percent)
{
	return draw(100) < percent;
}

#define JUDGE(condition, ...)                                                                                          \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			char text_[800];                                                                               \
			snprintf(text_, sizeof text_, __VA_ARGS__);                                                    \
			check_fail(__FILE__, __LINE__, "seed %llu: %s", (unsigned long long)w.seed, text_);            \
		}                                                                                                      \
	} while (0)

static struct quoin_hash
hash_of(const char *what, uint64_t number)
{
	char text[64];
	struct quoin_hash hash;

	snprintf(text, sizeof text, "%s %llu", what, (unsigned long long)number);
	quoin_hash_of(quoin_span_str(text), &hash);
	return hash;
}

static const struct quoin_activation *
obeyed_by(const struct host *host)
{
	return host->obeyed != 0 ? &w.activations[host->obeyed] : NULL;
}

/* ---- Judging ---- */

static bool
is_live(const struct quoin_activation *activation, uint64_t release)
{
	return quoin_activation_live(activation, release) != NULL;
}

/* It has no models, and its policy asks no router: it may be selected by the activation it enters with. */
static bool
is_dataset(uint64_t release)
{
	return release % 7 == 0;
}

/* I4: every host that is not excluded and that the gate has heard of lately says that it has it. For a brake, fewer. */
static void
judge_selected(const struct quoin_activation *activation, uint64_t release)
{
	const struct quoin_activation *before = &w.activations[w.newest];
	const struct quoin_live *live = quoin_activation_live(before, release);
	size_t ready = 0;

	JUDGE(!quoin_activation_has_revoked(activation, release), "%llu is selected and revoked",
	    (unsigned long long)release);
	if (is_dataset(release))
		return;
	JUDGE(live != NULL, "%llu is selected without having been live", (unsigned long long)release);
	for (size_t i = 0; i < SERVING; i++) {
		const struct host *host = &w.hosts[i];
		const struct quoin_status_release *have = host->has_last ? quoin_status_of(&host->last, release) : NULL;
		bool is_ready =
		    have != NULL && have->progress == QUOIN_PROGRESS_READY && host->last.obeyed.seq >= live->since;

		ready += is_ready;
		JUDGE(is_ready || quoin_activation_has_active(activation, release),
		    "%llu is selected and %s has not said ready", (unsigned long long)release, host->cert.host);
	}
	JUDGE(ready > 0, "%llu is selected and nobody is ready", (unsigned long long)release);
}

static void
judge_activation(const struct quoin_activation *activation)
{
	const struct quoin_activation *before = &w.activations[w.newest];
	struct quoin_buf one, other;
	struct quoin_activation parsed = {0};
	struct quoin_error err = {0};

	JUDGE(activation->seq == before->seq + 1 && activation->prev.seq == before->seq, "seq %llu after %llu",
	    (unsigned long long)activation->seq, (unsigned long long)before->seq);
	quoin_buf_init(&one, QUOIN_DOCUMENT_BYTES_MAX);
	quoin_buf_init(&other, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_activation_print(activation, &one), 0);
	CHECK_INT(quoin_activation_parse(quoin_buf_span(&one), &parsed, &err), 0);
	CHECK_INT(quoin_activation_print(&parsed, &other), 0);
	CHECK(quoin_span_equal(quoin_buf_span(&one), quoin_buf_span(&other)));
	quoin_activation_clear(&parsed);
	quoin_buf_clear(&one);
	quoin_buf_clear(&other);
	if (activation->target != 0 && !quoin_activation_may_select(before, activation->target))
		judge_selected(activation, activation->target);
	for (size_t i = 0; i < activation->pin_count; i++)
		if (!quoin_activation_may_select(before, activation->pins[i].release))
			judge_selected(activation, activation->pins[i].release);
	JUDGE(quoin_ledger_check_activation(&w.ledger, activation, before, &err) == 0, "hosts refuse it: %s",
	    err.message);
}

static void
judge_release_held(const struct host *router, uint64_t n)
{
	const struct quoin_live *live = quoin_activation_live(&w.activations[w.newest], n);

	if (live == NULL)
		check_fail(__FILE__, __LINE__, "seed %llu: %s runs or holds %llu, which is not live",
		    (unsigned long long)w.seed, router->cert.host, (unsigned long long)n);
	for (size_t i = 0; i < SERVING; i++) {
		const struct quoin_activation *obeyed = obeyed_by(&w.hosts[i]);

		JUDGE(obeyed == NULL || obeyed->seq < live->since || is_live(obeyed, n),
		    "%s may have unloaded %llu, which %s holds", w.hosts[i].cert.host, (unsigned long long)n,
		    router->cert.host);
	}
}

/* What a router with a lease runs, holds, or would start now, no host that obeys has unloaded. */
static void
judge_held(void)
{
	for (size_t r = SERVING; r < HOSTS; r++) {
		const struct host *router = &w.hosts[r];
		uint32_t held = router->holds;

		if (router->is_lapsed || w.now_ms - router->sent_ms > LEASE_MS)
			continue;
		if (router->runs != 0)
			held |= 1u << router->runs;
		for (uint64_t n = 1; n < RELEASES; n++) {
			if ((held & 1u << n) == 0)
				continue;
			judge_release_held(router, n);
		}
	}
}

/* ---- Steps ---- */

static struct quoin_gate_release *
make_summary(uint64_t number)
{
	struct quoin_gate_release *release = quoin_gate_release_new(number, 1, 2, 2);

	CHECK(release != NULL);
	release->policy.drain_ms = chance(70) ? 0 : 1000;
	release->policy.step_timeout_ms = 40000;
	if (is_dataset(number))
		release->policy.staged_percent = 0;
	release->policy.warm_releases = (uint32_t)(chance(60) ? 0 : draw(3));
	if (number % 3 == 0) {
		release->policy.reach[0].threshold = 30000;
		release->policy.reach[1].threshold = 100000;
		release->policy.reach_count = 2;
	}
	snprintf(release->resources[0], sizeof release->resources[0], "memory_mb");
	for (size_t s = 0; s < 2; s++) {
		char model[24];

		CHECK_INT(quoin_gate_shard_make(release, &release->shards[s], 2, is_dataset(number) ? 0 : 1), 0);
		snprintf(release->shards[s].name, sizeof release->shards[s].name, "s%zu", s);
		release->shards[s].capacity[0] = 4;
		for (size_t i = 0; i < 2; i++)
			snprintf(release->shards[s].hosts[i], sizeof release->shards[s].hosts[i], "h%zu", s * 2 + i);
		if (!is_dataset(number))
			release->shards[s].models[0] = (uint32_t)s;
		release->models[s].demand[0] = 1;
		snprintf(model, sizeof model, "m%zu-%llu", s, (unsigned long long)number);
		quoin_gate_model_identity(model, "1", "d", &release->models[s].identity);
	}
	return release;
}

static void step(struct quoin_gate_event event);

static void
deliver(struct host *host)
{
	struct quoin_status status = host->queue[0];

	memmove(host->queue, host->queue + 1, --host->queued * sizeof host->queue[0]);
	quoin_status_clear(&host->last);
	host->last = status;
	host->has_last = true;
	step((struct quoin_gate_event){.kind = QUOIN_GATE_STATUS,
	    .cert = &host->cert,
	    .status = &host->last,
	    .more = chance(20)});
}

static void
deliver_all(void)
{
	for (size_t i = 0; i < HOSTS; i++)
		while (w.hosts[i].queued > 0)
			deliver(&w.hosts[i]);
}

static void
commit(const struct quoin_activation *draft)
{
	judge_activation(draft);
	CHECK(w.newest + 1 < ACTIVATIONS);
	w.newest++;
	CHECK_INT(quoin_activation_copy(draft, &w.activations[w.newest]), 0);
	w.hashes[w.newest] = hash_of("activation", w.newest);
	judge_held();
}

static void start_gate(void);

static void
answer(const struct quoin_gate_action *action, bool is_lost)
{
	switch (action->kind) {
	case QUOIN_GATE_NEED_RELEASE:
		step((struct quoin_gate_event){.kind = QUOIN_GATE_RELEASE, .release = make_summary(action->number)});
		break;
	case QUOIN_GATE_READ_STATUS:
		deliver_all();
		step((struct quoin_gate_event){.kind = QUOIN_GATE_STATUS_READ, .token = action->token});
		break;
	case QUOIN_GATE_TAKE_OVER:
		deliver_all();
		step((struct quoin_gate_event){.kind = QUOIN_GATE_TOOK_OVER});
		break;
	case QUOIN_GATE_PRODUCE_ACTIVATION:
		if (is_lost)
			step((struct quoin_gate_event){.kind = QUOIN_GATE_NOT_WRITTEN, .more = true});
		else
			step((struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
			    .activation = &w.activations[w.newest],
			    .hash = w.hashes[w.newest]});
		break;
	default:
		break;
	}
}

static void
step(struct quoin_gate_event event)
{
	struct quoin_gate_actions *actions = calloc(1, sizeof *actions);
	bool is_lost = !w.calm && chance(5);

	CHECK(actions != NULL && ++w.depth < 200);
	event.now_ms = event.wall_ms = w.now_ms;
	CHECK_INT(quoin_gate_core_step(w.core, &event, actions), 0);
	JUDGE(quoin_gate_core_check(w.core), "what is counted is not what a walk finds");
	/* The draft is the core's only until its next step. */
	for (size_t i = 0; i < actions->count; i++)
		if (actions->items[i].kind == QUOIN_GATE_PRODUCE_ACTIVATION && !is_lost)
			commit(actions->items[i].activation);
	for (size_t i = 0; i < actions->count; i++) {
		if (getenv("QUOIN_SEED") != NULL && actions->items[i].kind != QUOIN_GATE_PRODUCE_HEARTBEAT &&
		    actions->items[i].kind != QUOIN_GATE_PRODUCE_ACTIVATION) {
			struct quoin_buf text;

			quoin_buf_init(&text, 4096);
			quoin_gate_action_print(&actions->items[i], &text);
			fprintf(stderr, "%lld %s\n", (long long)w.now_ms, quoin_buf_str(&text));
			quoin_buf_clear(&text);
		}
		answer(&actions->items[i], is_lost);
	}
	free(actions);
	w.depth--;
}

/* ---- The fleet ---- */

static void
report(struct host *host)
{
	struct quoin_status *status;
	const struct quoin_activation *activation = obeyed_by(host);

	if (host->queued == 8)
		return;
	status = &host->queue[host->queued++];
	memset(status, 0, sizeof *status);
	status->releases = calloc(RELEASES, sizeof *status->releases);
	CHECK(status->releases != NULL);
	snprintf(status->host, sizeof status->host, "%s", host->cert.host);
	snprintf(status->boot, sizeof status->boot, "boot");
	status->number = ++host->number;
	status->generation = host->generation;
	status->interval_ms = INTERVAL_MS;
	status->intent = w.ledger.last_intent.number;
	if (activation != NULL)
		status->obeyed = (struct quoin_position){activation->epoch, activation->seq, w.hashes[host->obeyed]};
	for (size_t i = 0; activation != NULL && i < activation->live_count; i++) {
		uint64_t n = activation->live[i].release.number;
		struct quoin_status_release *have = &status->releases[status->release_count++];

		have->release = activation->live[i].release;
		have->progress = host->cert.role == QUOIN_HOST_ROUTER ? QUOIN_PROGRESS_STAGED
		    : (host->failing & 1u << n) != 0		      ? QUOIN_PROGRESS_FAILED
		    : (host->loaded & 1u << n) != 0		      ? QUOIN_PROGRESS_READY
								      : QUOIN_PROGRESS_LOADING;
	}
	if (host->cert.role != QUOIN_HOST_ROUTER)
		return;
	status->lease_ms = LEASE_MS;
	host->sent_ms = w.now_ms;
	if (host->runs != 0)
		status->runs = (struct quoin_docref){host->runs, hash_of("release", host->runs)};
	for (uint64_t n = 1; n < RELEASES; n++)
		if ((host->holds & 1u << n) != 0)
			status->holds[status->hold_count++] = n;
}

/* Reads on in the gate topic: to the newest, or to something on the way, or not at all. */
static void
obey(struct host *host)
{
	if (host->obeyed < w.newest && (w.calm || chance(75)))
		host->obeyed += 1 + draw(w.newest - host->obeyed);
	for (uint64_t n = 1; host->obeyed != 0 && host->cert.role == QUOIN_HOST_SERVING && n < RELEASES; n++)
		if ((host->loaded & 1u << n) != 0 && !is_live(obeyed_by(host), n))
			host->loaded &= ~(1u << n);
}

static void
turn_serving(struct host *host)
{
	obey(host);
	for (size_t i = 0; host->obeyed != 0 && i < obeyed_by(host)->live_count; i++) {
		uint64_t n = obeyed_by(host)->live[i].release.number;

		if ((host->failing & 1u << n) == 0 && chance(70))
			host->loaded |= 1u << n;
	}
	if (!w.calm && chance(2)) {
		host->loaded = 0;
		host->generation++;
	}
	report(host);
}

static void
turn_router(struct host *host)
{
	uint64_t selects;

	if (w.now_ms - host->sent_ms > LEASE_MS)
		host->is_lapsed = true;
	if (host->is_lapsed) {
		/* Section 4: a status, acknowledged; then the gate topic to its end; only then what that says. */
		report(host);
		host->obeyed = w.newest;
		host->is_lapsed = false;
	} else {
		obey(host);
	}
	selects =
	    host->obeyed != 0 ? quoin_activation_selects(obeyed_by(host), host->cert.host, &host->cert.labels) : 0;
	if (selects != 0 && is_live(obeyed_by(host), selects) && chance(w.calm ? 80 : 40)) {
		if (host->runs != 0)
			host->holds |= 1u << host->runs;
		host->runs = selects;
	}
	for (uint64_t n = 1; n < RELEASES; n++)
		if ((host->holds & 1u << n) != 0 && (w.calm || chance(50)))
			host->holds &= ~(1u << n);
	report(host);
	judge_held();
}

/* ---- People ---- */

static void
publish(void)
{
	uint64_t number = w.ledger.head.number + 1;
	struct quoin_release release = {.number = number, .head = w.ledger.head, .intent = w.ledger.last_intent};
	struct quoin_part part = {.name = "models", .schema = "models-v1", .hash = hash_of("content", number)};
	struct quoin_hash hash = hash_of("release", number);
	struct quoin_error err = {0};

	if (number >= RELEASES)
		return;
	release.parts = &part;
	release.part_count = 1;
	CHECK_INT(quoin_ledger_admit_release(&w.ledger, &release, &hash, &err), 0);
	if (!w.calm && chance(20))
		w.hosts[draw(SERVING)].failing |= 1u << number;
	step((struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &w.ledger});
}

static void
intend(enum quoin_action action, uint64_t release)
{
	struct quoin_intent intent = {.number = w.ledger.last_intent.number + 1,
	    .prev = w.ledger.last_intent,
	    .head = w.ledger.head,
	    .action = action};
	struct quoin_hash hash = hash_of("intent", intent.number);
	struct quoin_error err = {0};

	if (release != 0)
		intent.release = (struct quoin_docref){release, hash_of("release", release)};
	if ((action == QUOIN_ACTION_PIN || action == QUOIN_ACTION_UNPIN) && chance(60))
		CHECK_INT(quoin_labels_add(&intent.labels, quoin_span_str("cell=a")), 0);
	CHECK_INT(quoin_ledger_admit_intent(&w.ledger, &intent, &hash, &err), 0);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &w.ledger});
}

static void
operate(void)
{
	const struct quoin_activation *newest = &w.activations[w.newest];
	uint64_t any = w.ledger.head.number > 0 ? 1 + draw(w.ledger.head.number) : 0;

	if (any == 0)
		return;
	switch (draw(8)) {
	case 0:
	case 1:
		if (newest->active_count > 0)
			intend(QUOIN_ACTION_ROLLBACK, newest->active[draw(newest->active_count)]);
		break;
	case 2:
		intend(QUOIN_ACTION_PIN, any);
		break;
	case 3:
	case 4:
		intend(QUOIN_ACTION_UNPIN, 0);
		break;
	case 5:
		if (chance(30))
			intend(QUOIN_ACTION_REVOKE, any);
		break;
	case 6:
		intend(w.ledger.frozen ? QUOIN_ACTION_UNFREEZE : QUOIN_ACTION_FREEZE, 0);
		break;
	default:
		intend(QUOIN_ACTION_RETRY, any);
		break;
	}
}

static void
start_gate(void)
{
	struct quoin_gate_core_conf conf = {.heartbeat_ms = 1000, .lease_ms = LEASE_MS};

	quoin_gate_core_free(w.core);
	snprintf(conf.origin.name, sizeof conf.origin.name, "demo");
	conf.gate[0] = (uint8_t)++w.gate;
	CHECK_INT(quoin_gate_core_new(&conf, &w.core), 0);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_ROOT, .epoch = 1});
	step((struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &w.ledger});
	for (size_t i = 0; i < HOSTS; i++)
		step((struct quoin_gate_event){.kind = QUOIN_GATE_CERT, .cert = &w.hosts[i].cert});
	if (w.newest != 0)
		step((struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
		    .activation = &w.activations[w.newest],
		    .hash = w.hashes[w.newest]});
	/* The topic keeps the newest of each host; here it came just now. */
	for (size_t i = 0; i < HOSTS; i++)
		if (w.hosts[i].has_last)
			step((struct quoin_gate_event){.kind = QUOIN_GATE_STATUS,
			    .cert = &w.hosts[i].cert,
			    .status = &w.hosts[i].last,
			    .age_ms = INTERVAL_MS});
	step((struct quoin_gate_event){.kind = QUOIN_GATE_CAUGHT_UP});
}

/* ---- One seed ---- */

static void
pass_time(int64_t ms)
{
	int64_t until_ms = w.now_ms + ms;

	while (quoin_gate_core_deadline(w.core) <= until_ms) {
		int64_t at_ms = quoin_gate_core_deadline(w.core);

		w.now_ms = at_ms > w.now_ms ? at_ms : w.now_ms;
		step((struct quoin_gate_event){.kind = QUOIN_GATE_TICK});
	}
	w.now_ms = until_ms;
	step((struct quoin_gate_event){.kind = QUOIN_GATE_TICK});
}

static void
turn(void)
{
	struct host *host = &w.hosts[draw(HOSTS)];

	if (host->cert.role == QUOIN_HOST_ROUTER)
		turn_router(host);
	else
		turn_serving(host);
	host = &w.hosts[draw(HOSTS)];
	if (host->queued > 0 && chance(80))
		deliver(host);
	if (w.calm)
		return;
	if (chance(4))
		publish();
	if (chance(4))
		operate();
	if (chance(1))
		start_gate();
	pass_time(chance(2) ? (int64_t)draw(2 * LEASE_MS) : (int64_t)draw(800));
}

/* Faults cease: a good release is published, and everything comes to run it. */
static void
converge(void)
{
	w.calm = true;
	for (size_t i = 0; i < HOSTS; i++)
		w.hosts[i].failing = 0;
	if (w.ledger.frozen)
		intend(QUOIN_ACTION_UNFREEZE, 0);
	while (w.ledger.pin_count > 0)
		intend(QUOIN_ACTION_UNPIN, 0);
	if (w.ledger.head.number + 1 >= RELEASES)
		return;
	publish();
	for (int i = 0; i < 3000 && w.activations[w.newest].from != w.ledger.head.number; i++) {
		for (size_t h = 0; h < HOSTS; h++) {
			if (w.hosts[h].cert.role == QUOIN_HOST_ROUTER)
				turn_router(&w.hosts[h]);
			else
				turn_serving(&w.hosts[h]);
			deliver_all();
		}
		pass_time(200);
	}
	JUDGE(w.activations[w.newest].from == w.ledger.head.number, "%llu never became active; the gate waits: %s",
	    (unsigned long long)w.ledger.head.number, quoin_gate_core_reason(w.core));
}

static void
run_seed(uint64_t seed)
{
	memset(&w, 0, sizeof w);
	w.seed = seed;
	w.state = seed * 0x9e3779b97f4a7c15 + 1;
	w.now_ms = 1000000;
	quoin_ledger_init(&w.ledger);
	for (size_t i = 0; i < HOSTS; i++) {
		struct quoin_cert *cert = &w.hosts[i].cert;

		snprintf(cert->host, sizeof cert->host, "%c%zu", i < SERVING ? 'h' : 'r', i);
		cert->role = i < SERVING ? QUOIN_HOST_SERVING : QUOIN_HOST_ROUTER;
		if (i < SERVING)
			snprintf(cert->shard, sizeof cert->shard, "s%zu", i / 2);
		if (i == SERVING)
			CHECK_INT(quoin_labels_add(&cert->labels, quoin_span_str("cell=a")), 0);
		w.hosts[i].sent_ms = w.now_ms;
		w.hosts[i].is_lapsed = true;
	}
	start_gate();
	for (int i = 0; i < STEPS; i++)
		turn();
	converge();
	quoin_gate_core_free(w.core);
	quoin_ledger_clear(&w.ledger);
	for (size_t i = 1; i <= w.newest; i++)
		quoin_activation_clear(&w.activations[i]);
	for (size_t i = 0; i < HOSTS; i++) {
		quoin_status_clear(&w.hosts[i].last);
		for (size_t k = 0; k < w.hosts[i].queued; k++)
			quoin_status_clear(&w.hosts[i].queue[k]);
	}
}

static void
test_random(void)
{
	const char *seed = getenv("QUOIN_SEED");

	if (seed != NULL) {
		run_seed(strtoull(seed, NULL, 10));
		return;
	}
	for (uint64_t i = 1; i <= SEEDS; i++)
		run_seed(i);
}

static const struct check_case cases[] = {
    {"gate random", test_random},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
