/*
 * People: they publish, go back, pin, revoke, exclude and forget, and write to the control topic by compare-and-swap, as
 * publisher/announce.c does. And those who have no keys, and write all the same.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "formats/bucket.h"
#include "publisher/operate.h"
#include "tests/sim/judge.h"
#include "tests/sim/topics.h"
#include "tests/sim/world.h"

int
sim_shard_first(int shard)
{
	return shard == 0 ? 0 : 3;
}

int
sim_shard_hosts(int shard)
{
	return shard == 0 ? 3 : SIM_SERVING - 3;
}

bool
sim_declares(const struct sim_release *release, int shard, int host)
{
	int at = host - sim_shard_first(shard);

	return at >= 0 && (size_t)at < release->shards[shard].host_count;
}

/* ---- The topics, to begin with ---- */

static void
append(struct sim *sim, enum quoin_topic topic, enum sim_record_kind kind, uint64_t number, const char *key,
    const struct quoin_sealed *sealed)
{
	struct sim_record record = {.kind = kind, .number = number, .sealed = *sealed};

	(void)snprintf(record.key, sizeof record.key, "%s", key);
	(void)sim_log_append(sim, topic, &record);
}

static void
append_root(struct sim *sim, uint64_t version)
{
	char key[40];

	(void)snprintf(key, sizeof key, "root/%llu", (unsigned long long)version);
	append(sim, QUOIN_TOPIC_CONTROL, SIM_RECORD_ROOT, version, key, sim_root(version));
	sim->epoch = version;
}

void
sim_operator_begin(struct sim *sim)
{
	char key[40];

	for (size_t i = 0; i < QUOIN_TOPICS; i++)
		append(sim, (enum quoin_topic)i, SIM_RECORD_INCARNATION, 0, "incarnation",
		    sim_incarnation_sealed((enum quoin_topic)i, 0));
	append_root(sim, 1);
	for (uint64_t i = 0; i < SIM_HOSTS; i++) {
		(void)snprintf(key, sizeof key, "cert/%s", sim->hosts[i].cert.host);
		append(sim, QUOIN_TOPIC_CONTROL, SIM_RECORD_CERT, i, key, &sim->hosts[i].cert_sealed);
	}
}

/* ---- Publishing ---- */

/* Chance out of an act's own number: the same whatever else happens. */
static uint64_t
draw(uint64_t *state, uint64_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (*state >> 33) % below;
}

static void
draw_policy(uint64_t *state, struct quoin_policy *policy)
{
	uint64_t own = *state ^ 0x9e3779b97f4a7c15u; /* so that the other choices of a seed stay what they were */

	quoin_policy_init(policy);
	policy->ready_percent = draw(&own, 3) == 0 ? 50 : 100;
	policy->ready_percent = draw(state, 2) == 0 ? 50 : 100;
	policy->soak_ms = draw(state, 3) == 0 ? 1000 + draw(state, 3000) : 0;
	policy->staged_percent = (uint32_t)(draw(state, 3) * 50);
	policy->failed_hosts_max = (uint32_t)draw(state, 2);
	policy->step_soak_ms = draw(state, 2) * 1500;
	policy->step_timeout_ms = 20000 + draw(state, 40000);
	policy->on_timeout = draw(state, 2) == 0 ? QUOIN_ON_TIMEOUT_HOLD : QUOIN_ON_TIMEOUT_ABORT;
	policy->drain_ms = draw(state, 2) * 2000;
	policy->warm_releases = (uint32_t)draw(state, 3);
	switch (draw(state, 4)) {
	case 0:
		policy->reach[0].threshold = 1000 + (uint32_t)draw(state, 60000);
		policy->reach[1].threshold = QUOIN_BUCKETS;
		policy->reach_count = 2;
		break;
	case 1:
		QUOIN_ASSERT(quoin_labels_add(&policy->reach[0].labels, quoin_span_str("canary=yes")) == 0);
		policy->reach[0].threshold = 0;
		policy->reach[1].threshold = QUOIN_BUCKETS;
		policy->reach_count = 2;
		break;
	default:
		break;
	}
}

static void
ease_policy(int64_t how, struct quoin_policy *policy)
{
	static const uint32_t thresholds[] = {QUOIN_BUCKETS / 4, QUOIN_BUCKETS / 2, QUOIN_BUCKETS};

	quoin_policy_init(policy);
	policy->ready_percent = 100;
	policy->staged_percent = 0;
	policy->soak_ms = policy->step_soak_ms = policy->drain_ms = 0;
	policy->warm_releases = 0;
	policy->failed_hosts_max = 1;
	policy->step_timeout_ms = 60000;
	if (how != SIM_PUBLISH_STEPS)
		return;
	policy->reach_count = sizeof thresholds / sizeof thresholds[0];
	for (size_t i = 0; i < policy->reach_count; i++)
		policy->reach[i].threshold = thresholds[i];
}

static uint32_t
draw_model(struct sim *sim, uint64_t *state, bool is_good)
{
	static const enum sim_model_kind others[] = {SIM_MODEL_SLOW, SIM_MODEL_BAD, SIM_MODEL_FLAKY};
	uint32_t model = sim->model_count;

	QUOIN_ASSERT(model < SIM_MODELS);
	sim->model_count++;
	sim->models[model].kind = is_good || draw(state, 5) != 0 ? SIM_MODEL_GOOD : others[draw(state, 3)];
	return model;
}

static void
draw_shard(struct sim *sim, uint64_t *state, int s, const struct sim_shard *base, bool is_final, bool is_easy,
    struct sim_shard *ret)
{
	size_t count = is_final ? 1 : s == 0 ? 1 + draw(state, 2) : draw(state, 3);

	ret->host_count = s == 0 && draw(state, 3) != 0 ? 2 : (size_t)sim_shard_hosts(s);
	if (s == 1 && draw(state, 5) == 0)
		ret->host_count = 1;
	ret->capacity = sim->slots;
	ret->health_checked = s == 1 && sim->health_checked;
	for (size_t i = 0; i < count; i++) {
		bool is_kept = base != NULL && i < base->model_count && draw(state, 2) == 0 && !is_final;

		ret->models[ret->model_count++] = is_kept ? base->models[i] : draw_model(sim, state, is_final || is_easy);
	}
}

static void
describe(struct sim_release *release)
{
	struct quoin_buf text;

	quoin_buf_init(&text, 4096);
	for (int s = 0; s < SIM_SHARDS; s++) {
		(void)quoin_buf_printf(&text, "%zu hosts", release->shards[s].host_count);
		for (size_t i = 0; i < release->shards[s].model_count; i++)
			(void)quoin_buf_printf(&text, " m%u", release->shards[s].models[i]);
	}
	(void)snprintf(release->part.name, sizeof release->part.name, "models");
	(void)snprintf(release->part.schema, sizeof release->part.schema, "models-v1");
	release->part.bytes = text.len;
	quoin_hash_of(quoin_buf_span(&text), &release->part.hash);
	quoin_buf_clear(&text);
}

static void
announce(struct sim *sim, struct sim_release *release)
{
	struct quoin_release *doc = &release->doc;
	struct quoin_chunk_place chunk = {.hash = release->part.hash, .bytes = 10};
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	struct quoin_error err = {0};
	char key[40];

	describe(release);
	release->part.encodings[0] = (struct quoin_encoding){.packed_bytes = 10,
	    .packed_hash = release->part.hash,
	    .chunks = &chunk,
	    .chunk_count = 1};
	release->part.encoding_count = 1;
	doc->origin = *sim_origin();
	doc->head = sim->ledger.head;
	doc->number = doc->head.number + 1;
	doc->intent = sim->ledger.last_intent;
	doc->created_ms = SIM_WALL_MS + sim->now;
	doc->parts = &release->part;
	doc->part_count = 1;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	QUOIN_ASSERT(quoin_release_print(doc, &text) == 0);
	release->part.encoding_count = 0;
	sim_seal(QUOIN_ROLE_RELEASE, &text, &sealed);
	release->ref = (struct quoin_docref){doc->number, sealed.hash};
	release->exists = true;
	quoin_release_content(doc, &release->content);
	/* Publishers send again what was collected. */
	for (uint64_t i = 1; i < doc->number; i++)
		if (quoin_hash_equal(&sim->releases[i].part.hash, &release->part.hash))
			sim->releases[i].is_bodiless = false;
	QUOIN_ASSERT(quoin_ledger_admit_release(&sim->ledger, doc, &sealed.hash, &err) == 0);
	(void)snprintf(key, sizeof key, "release/%llu", (unsigned long long)doc->number);
	append(sim, QUOIN_TOPIC_CONTROL, SIM_RECORD_RELEASE, doc->number, key, &sealed);
	quoin_sealed_clear(&sealed);
}

static void
publish(struct sim *sim, uint64_t number, int64_t how, bool is_final)
{
	uint64_t head = sim->ledger.head.number, state = number, again;
	struct sim_release *release;

	if (head + 1 + !is_final >= SIM_RELEASES || sim->model_count + 8 >= SIM_MODELS)
		return;
	release = &sim->releases[head + 1];
	again = head > 0 && draw(&state, 10) == 0 && !is_final && how == SIM_PUBLISH_ANY ? 1 + draw(&state, head) : 0;
	if (again != 0) {
		memcpy(release->shards, sim->releases[again].shards, sizeof release->shards);
		release->doc.policy = sim->releases[again].doc.policy;
		release->poison = sim->releases[again].poison;
		release->is_deadly = sim->releases[again].is_deadly;
	} else {
		for (int s = 0; s < SIM_SHARDS; s++)
			draw_shard(sim, &state, s, head > 0 ? &sim->releases[head].shards[s] : NULL, is_final,
			    how != SIM_PUBLISH_ANY, &release->shards[s]);
		draw_policy(&state, &release->doc.policy);
		if (how != SIM_PUBLISH_ANY)
			ease_policy(how, &release->doc.policy);
		/* A dataset: nobody loads anything for it, and it waits for nobody. */
		if (sim->has_datasets && !is_final && how == SIM_PUBLISH_ANY && number % 3 == 0) {
			release->shards[0].model_count = release->shards[1].model_count = 0;
			release->doc.policy.staged_percent = 0;
		}
		/* The last one has all the time that it needs, and does without a host that can never come back by itself. */
		if (is_final) {
			release->doc.policy.step_timeout_ms = 3600000;
			release->doc.policy.on_timeout = QUOIN_ON_TIMEOUT_HOLD;
			release->doc.policy.ready_percent = 50;
		}
		if (how >= SIM_PUBLISH_POISON)
			release->poison = 1u << (how - SIM_PUBLISH_POISON);
		else if (!is_final && draw(&state, 15) == 0 && how == SIM_PUBLISH_ANY)
			release->poison = draw(&state, 2) == 0 ? UINT_MAX : 1u << draw(&state, SIM_HOSTS);
		release->is_deadly = draw(&state, 2) == 0;
	}
	announce(sim, release);
	sim_say(sim, "ops", "published %llu: A %s%s, B %s%s%s", (unsigned long long)release->ref.number,
	    release->shards[0].model_count > 0 ? "a model" : "none",
	    release->shards[0].model_count > 1 ? " and another" : "",
	    release->shards[1].model_count > 0 ? "too" : "none", release->poison != 0 ? ", poison" : "",
	    again != 0 ? ", an older content" : "");
}

/* ---- Intents ---- */

static void
intend(struct sim *sim, struct quoin_intent *intent)
{
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	struct quoin_error err = {0};
	char key[40];

	intent->origin = *sim_origin();
	intent->prev = sim->ledger.last_intent;
	intent->number = intent->prev.number + 1;
	intent->head = sim->ledger.head;
	intent->created_ms = SIM_WALL_MS + sim->now;
	if (intent->number >= SIM_INTENTS)
		return;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	QUOIN_ASSERT(quoin_intent_print(intent, &text) == 0);
	sim_seal(QUOIN_ROLE_OPERATE, &text, &sealed);
	sim->intents[intent->number] = *intent;
	sim->intent_hashes[intent->number] = sealed.hash;
	QUOIN_ASSERT(quoin_ledger_admit_intent(&sim->ledger, intent, &sealed.hash, &err) == 0);
	sim_say(sim, "ops", "intent %llu: %s %llu %s%s", (unsigned long long)intent->number,
	    quoin_action_name(intent->action), (unsigned long long)intent->release.number, intent->host,
	    intent->labels.count > 0 ? "canary=yes" : "");
	sim_judge_intent(sim, intent);
	(void)snprintf(key, sizeof key, "intent/%llu", (unsigned long long)intent->number);
	append(sim, QUOIN_TOPIC_CONTROL, SIM_RECORD_INTENT, intent->number, key, &sealed);
	quoin_sealed_clear(&sealed);
}

static void
rollback(struct sim *sim)
{
	static struct quoin_activations seen;
	struct quoin_intent intent = {.action = QUOIN_ACTION_ROLLBACK};
	const struct quoin_activation *newest = sim_judge_newest(sim);
	struct quoin_error err = {0};
	uint64_t number;

	if (newest == NULL)
		return;
	seen.has_newest = true;
	seen.newest = *newest; /* borrowed */
	if (quoin_operate_back(&sim->ledger, &seen, &number, &err) != 0)
		return;
	intent.release = sim->releases[number].ref;
	intend(sim, &intent);
}

static void
about_release(struct sim *sim, enum quoin_action action, uint64_t number)
{
	struct quoin_intent intent = {.action = action};
	uint64_t head = sim->ledger.head.number, release;

	if (head == 0)
		return;
	/* Mostly one of the newest. */
	release = number % 4 == 0 ? 1 + number / 4 % head : head - number / 4 % (head < 3 ? head : 3);
	if (action != QUOIN_ACTION_REVOKE && quoin_ledger_release(&sim->ledger, release)->is_revoked)
		return;
	intent.release = sim->releases[release].ref;
	if (action == QUOIN_ACTION_PIN && number % 3 != 0)
		QUOIN_ASSERT(quoin_labels_add(&intent.labels, quoin_span_str("canary=yes")) == 0);
	intend(sim, &intent);
}

static void
unpin(struct sim *sim, uint64_t number)
{
	struct quoin_intent intent = {.action = QUOIN_ACTION_UNPIN};

	if (sim->ledger.pin_count == 0)
		return;
	quoin_labels_read(sim->ledger.pins[number % sim->ledger.pin_count].labels, &intent.labels);
	intend(sim, &intent);
}

static void
about_host(struct sim *sim, enum quoin_action action, const char *host, int64_t until_ms)
{
	struct quoin_intent intent = {.action = action, .until_ms = until_ms};

	(void)snprintf(intent.host, sizeof intent.host, "%s", host);
	intend(sim, &intent);
}

/* They do what the gate's alarm names: one host stops all decisions by what it says it obeys. */
void
sim_operator_heed(struct sim *sim, const char *alarm)
{
	const char *command = strstr(alarm, "quoin exclude ");

	/* Unless it is the topic that is wrong, which they know, or see by how many say so. */
	if (command != NULL && !sim->is_settled && !(sim->lost.is_lost && sim->lost.topic == QUOIN_TOPIC_GATE))
		sim_operator_exclude(sim, command + 14);
}

void
sim_operator_exclude(struct sim *sim, const char *host)
{
	/* An exclusion that ends is over for the gate by its own clock. */
	if (!quoin_ledger_excludes(&sim->ledger, host, INT64_MAX))
		about_host(sim, QUOIN_ACTION_EXCLUDE, host, 0);
}

/* ---- Those without keys ---- */

/* Newest record of a kind, that is still there. */
static struct sim_record *
find_record(struct sim *sim, enum quoin_topic topic, enum sim_record_kind kind, uint64_t skip)
{
	struct sim_log *log = &sim->log[topic];

	for (int64_t i = log->count; i-- > 0;)
		if (log->records[i].kind == kind && !log->records[i].is_gone && !log->records[i].is_forged && skip-- == 0)
			return &log->records[i];
	return NULL;
}

static void
replay(struct sim *sim, enum quoin_topic topic, const struct sim_record *from)
{
	struct sim_record record = *from;

	if (from->activation != NULL) {
		record.activation = calloc(1, sizeof *record.activation);
		QUOIN_ASSERT(record.activation != NULL &&
		    quoin_activation_copy(from->activation, record.activation) == 0);
	}
	if (from->heartbeat != NULL) {
		record.heartbeat = calloc(1, sizeof *record.heartbeat);
		QUOIN_ASSERT(record.heartbeat != NULL);
		*record.heartbeat = *from->heartbeat;
	}
	/* The log may move while it grows. */
	memset(&record.sealed, 0, sizeof record.sealed);
	QUOIN_ASSERT(quoin_sealed_copy(&from->sealed.envelope, &record.sealed) == 0);
	(void)sim_log_append(sim, topic, &record);
	quoin_sealed_clear(&record.sealed);
}

/* An activation that sends everybody to the newest release at once, with a signature that is altered, or another role's. */
static void
forge_activation(struct sim *sim, bool with_key)
{
	struct sim_record record = {.kind = SIM_RECORD_ACTIVATION, .is_forged = true}, *last;
	struct quoin_activation activation = {0};
	struct quoin_buf text;

	last = find_record(sim, QUOIN_TOPIC_GATE, SIM_RECORD_ACTIVATION, 0);
	if (last == NULL || quoin_activation_copy(last->activation, &activation) != 0)
		return;
	activation.prev = (struct quoin_position){activation.epoch, activation.seq, last->sealed.hash};
	activation.seq += 1;
	for (size_t i = 0; i < activation.live_count; i++)
		activation.target = activation.live[i].release.number;
	activation.step_threshold = QUOIN_BUCKETS;
	activation.step_seq = activation.seq;
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	QUOIN_ASSERT(quoin_activation_print(&activation, &text) == 0);
	(void)snprintf(record.key, sizeof record.key, "activation/%llu", (unsigned long long)activation.seq);
	sim_seal(with_key ? QUOIN_ROLE_OPERATE : QUOIN_ROLE_GATE, &text, &record.sealed);
	if (!with_key)
		record.sealed.bytes.data[record.sealed.bytes.len - 40] ^= 1;
	(void)sim_log_append(sim, QUOIN_TOPIC_GATE, &record);
	quoin_sealed_clear(&record.sealed);
	quoin_activation_clear(&activation);
}

static void
forge(struct sim *sim, uint64_t number)
{
	const struct sim_record *old = NULL;
	enum quoin_topic topic = QUOIN_TOPIC_GATE;

	switch (number % 5) {
	case 0:
	case 1:
		forge_activation(sim, number % 5 == 0);
		return;
	case 2:
		old = find_record(sim, topic, SIM_RECORD_ACTIVATION, 1 + number / 5 % 4);
		break;
	case 3:
		old = find_record(sim, topic, SIM_RECORD_HEARTBEAT, number / 5 % 4);
		break;
	default:
		topic = QUOIN_TOPIC_CONTROL;
		old = find_record(sim, topic, number % 2 == 0 ? SIM_RECORD_RELEASE : SIM_RECORD_INTENT, number / 5 % 4);
		break;
	}
	if (old != NULL)
		replay(sim, topic, old);
}

/* ---- Acts ---- */

void
sim_operator_act(struct sim *sim, const struct sim_act *act)
{
	const char *host = act->actor < SIM_HOSTS ? sim->hosts[act->actor].cert.host : "";
	struct quoin_intent intent = {.action = act->kind == SIM_FREEZE ? QUOIN_ACTION_FREEZE : QUOIN_ACTION_UNFREEZE};

	if (act->kind != SIM_FORGERY && sim_topics_refuse(sim))
		return;
	switch (act->kind) {
	case SIM_PUBLISH:
		publish(sim, act->number, act->amount, false);
		break;
	case SIM_ROLLBACK:
		rollback(sim);
		break;
	case SIM_PIN:
		about_release(sim, QUOIN_ACTION_PIN, act->number);
		break;
	case SIM_REVOKE:
		about_release(sim, QUOIN_ACTION_REVOKE, act->number);
		break;
	case SIM_RETRY:
		about_release(sim, QUOIN_ACTION_RETRY, act->number);
		break;
	case SIM_UNPIN:
		unpin(sim, act->number);
		break;
	case SIM_FREEZE:
	case SIM_UNFREEZE:
		intend(sim, &intent);
		break;
	case SIM_EXCLUDE:
		about_host(sim, QUOIN_ACTION_EXCLUDE, host,
		    act->number % 2 == 0 ? 0 : SIM_WALL_MS + sim->now + act->amount);
		break;
	case SIM_INCLUDE:
		about_host(sim, QUOIN_ACTION_INCLUDE, host, 0);
		break;
	case SIM_FORGET:
		about_host(sim, QUOIN_ACTION_FORGET, host, 0);
		break;
	case SIM_EPOCH:
		if (sim->epoch < SIM_ROOTS)
			append_root(sim, sim->epoch + 1);
		break;
	case SIM_FORGERY:
		forge(sim, act->number);
		break;
	default:
		break;
	}
}

void
sim_operator_settle(struct sim *sim)
{
	struct quoin_intent intent = {.action = QUOIN_ACTION_UNFREEZE};

	if (sim->ledger.frozen)
		intend(sim, &intent);
	while (sim->ledger.pin_count > 0 && sim->ledger.last_intent.number + 1 < SIM_INTENTS)
		unpin(sim, 0);
	while (sim->ledger.excluded_count > 0 && sim->ledger.last_intent.number + 1 < SIM_INTENTS)
		about_host(sim, QUOIN_ACTION_INCLUDE, sim->ledger.excluded[0].host, 0);
	publish(sim, sim->seed + 1, SIM_PUBLISH_ANY, true);
}
