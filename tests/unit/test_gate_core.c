/*
 * The gate's core against traces: tests/trace/gate_*.txt is a script with what the core answered below each line. Lines
 * that begin with "> " are the script, with two blanks the answers; the rest is prose. QUOIN_TRACE_UPDATE=1 writes the
 * answers anew, for a person to read as a diff.
 *
 * > publish N [same=M] [POLICY=V]… [shard S hosts=A,B models=M,… [cap=V] [hc]]…	onto the control topic; every model demands 1
 * > intent ACTION [N|HOST] [KEY=VALUE]… [until=MS]
 * > cert HOST serving S | router [KEY=VALUE]…	again: enrolled anew, with another key
 * > status HOST obeys [EPOCH/]SEQ [runs N] [holds N,…] [N:PROGRESS[:REASON]]… [boot X] [gen N] [intent N] [leaving]
 *	[interval MS] [lag MS] [fork] [lost] [former]	with the next number; lag: written so much earlier, perhaps; lost: on the topic, but delivered only by a later read;
 *	former: under the certificate before the newest
 * > tick MS		time goes on, with a tick at every deadline
 * > manual W / auto W	W is produce, read or summary: answer that action by hand, or at once as usual
 * > committed / not-written / read / summary N / fenced / writer-lost / unsound / heartbeat AGE INTERVAL / epoch N
 * > poll MS / hook / health well|later|sick [REASON]	before start: the VIP's interval, a health hook; what the hook says
 * > start		a new gate: reads the topics, takes over at once
 * > standby		a new gate: reads the topics
 * > start-blind / back	a new gate that finds the control topic empty; its documents are there again
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publisher/gate_core.h"
#include "publisher/gate_state.h"
#include "tests/check.h"

#define WORDS_MAX  64
#define STATUS_MAX 256
#define FIRST_MS   1000000

struct told {
	struct quoin_status status;
	int64_t at_ms;
	int64_t lag_ms;
	bool lost;
	const struct quoin_cert *cert;
};

static struct world {
	struct quoin_gate_core *core;
	struct quoin_ledger ledger;
	int64_t now_ms;
	uint64_t epoch;
	struct quoin_cert certs[32];
	bool is_expired[32]; /* each certificate: to a gate that begins now */
	size_t cert_count;
	struct told statuses[STATUS_MAX];
	size_t status_count;
	struct quoin_gate_release *summaries[32]; /* by number */
	struct quoin_activation newest, produced;
	bool has_newest, has_produced;
	struct quoin_position past[256];
	size_t past_count;
	uint64_t token;
	bool is_reading;
	bool by_hand_produce, by_hand_read, by_hand_summary;
	unsigned gate;
	uint64_t vip_poll_ms, health_token;
	bool has_hook;
	struct quoin_buf *out;
	int depth;
} world;

static struct quoin_hash
hash_of(const char *what, uint64_t number)
{
	char text[64];
	struct quoin_hash hash;

	snprintf(text, sizeof text, "%s %llu", what, (unsigned long long)number);
	quoin_hash_of(quoin_span_str(text), &hash);
	return hash;
}

static struct quoin_docref
ref_of(const char *what, uint64_t number)
{
	struct quoin_docref ref = {.number = number};

	if (number != 0)
		ref.hash = hash_of(what, number);
	return ref;
}

static struct quoin_hash
activation_hash(const struct quoin_activation *activation)
{
	struct quoin_buf buf;
	struct quoin_hash hash;

	quoin_buf_init(&buf, QUOIN_DOCUMENT_BYTES_MAX);
	CHECK_INT(quoin_activation_print(activation, &buf), 0);
	quoin_hash_of(quoin_buf_span(&buf), &hash);
	quoin_buf_clear(&buf);
	return hash;
}

/* ---- Steps, with the answers that a shell gives at once ---- */

static void step(struct quoin_gate_event event);

static struct quoin_gate_release *
copy_summary(const struct quoin_gate_release *from)
{
	struct quoin_gate_release *to =
	    quoin_gate_release_new(from->number, from->resource_count, from->model_count, from->shard_count);

	CHECK(to != NULL);
	to->policy = from->policy;
	to->waives_capacity = from->waives_capacity;
	memcpy(to->resources, from->resources, from->resource_count * sizeof *to->resources);
	for (size_t i = 0; i < from->model_count; i++) {
		to->models[i].identity = from->models[i].identity;
		memcpy(to->models[i].demand, from->models[i].demand, from->resource_count * sizeof(uint64_t));
	}
	for (size_t i = 0; i < from->shard_count; i++) {
		const struct quoin_gate_shard *s = &from->shards[i];
		struct quoin_gate_shard *t = &to->shards[i];

		CHECK_INT(quoin_gate_shard_make(to, t, s->host_count, s->model_count), 0);
		memcpy(t->name, s->name, sizeof t->name);
		t->health_checked = s->health_checked;
		memcpy(t->hosts, s->hosts, s->host_count * sizeof *t->hosts);
		memcpy(t->models, s->models, s->model_count * sizeof *t->models);
		memcpy(t->capacity, s->capacity, from->resource_count * sizeof(uint64_t));
	}
	return to;
}

static void
give_summary(uint64_t release)
{
	CHECK(release < 32 && world.summaries[release] != NULL);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_RELEASE, .release = copy_summary(world.summaries[release])});
}

static void
commit(void)
{
	struct quoin_activation activation = {0};

	CHECK(world.has_produced);
	CHECK_INT(quoin_activation_copy(&world.produced, &activation), 0);
	world.has_produced = false;
	quoin_activation_clear(&world.newest);
	world.newest = activation;
	world.has_newest = true;
	CHECK(world.past_count < 256);
	world.past[world.past_count++] =
	    (struct quoin_position){activation.epoch, activation.seq, activation_hash(&activation)};
	step((struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
	    .activation = &world.newest,
	    .hash = activation_hash(&world.newest)});
}

static void tell(struct told *told, int64_t age_ms);

/* Everything on the status topic is delivered, then the end. */
static void
read_statuses(void)
{
	for (size_t i = 0; i < world.status_count; i++)
		if (world.statuses[i].lost) {
			world.statuses[i].lost = false;
			tell(&world.statuses[i], 0);
		}
	world.is_reading = false;
	step((struct quoin_gate_event){.kind = QUOIN_GATE_STATUS_READ, .token = world.token});
}

static void
show(const struct quoin_gate_action *action)
{
	if (action->kind == QUOIN_GATE_PRODUCE_HEARTBEAT)
		return;
	quoin_buf_put_str(world.out, "  ");
	quoin_gate_action_print(action, world.out);
	quoin_buf_put_byte(world.out, '\n');
}

static void
answer(const struct quoin_gate_action *action)
{
	switch (action->kind) {
	case QUOIN_GATE_NEED_RELEASE:
		if (!world.by_hand_summary)
			give_summary(action->number);
		break;
	case QUOIN_GATE_READ_STATUS:
		world.token = action->token;
		world.is_reading = true;
		if (!world.by_hand_read)
			read_statuses();
		break;
	case QUOIN_GATE_TAKE_OVER:
		step((struct quoin_gate_event){.kind = QUOIN_GATE_TOOK_OVER});
		break;
	case QUOIN_GATE_PRODUCE_ACTIVATION:
		if (!world.by_hand_produce)
			commit();
		break;
	case QUOIN_GATE_ASK_HEALTH:
		world.health_token = action->token;
		break;
	case QUOIN_GATE_PRODUCE_HEARTBEAT:
	case QUOIN_GATE_STEP_DOWN:
	case QUOIN_GATE_ALARM:
	case QUOIN_GATE_DECIDED:
	case QUOIN_GATE_REASON:
		break;
	}
}

static void
step(struct quoin_gate_event event)
{
	struct quoin_gate_actions *actions = calloc(1, sizeof *actions);

	CHECK(actions != NULL && ++world.depth < 100);
	event.now_ms = event.wall_ms = world.now_ms;
	CHECK_INT(quoin_gate_core_step(world.core, &event, actions), 0);
	CHECK(quoin_gate_core_check(world.core));
	for (size_t i = 0; i < actions->count; i++) {
		show(&actions->items[i]);
		if (actions->items[i].kind == QUOIN_GATE_PRODUCE_ACTIVATION) {
			quoin_activation_clear(&world.produced);
			CHECK_INT(quoin_activation_copy(actions->items[i].activation, &world.produced), 0);
			world.has_produced = true;
		}
	}
	for (size_t i = 0; i < actions->count; i++)
		answer(&actions->items[i]);
	free(actions);
	world.depth--;
}

/* The newest certificate (0), or the one before it (1). */
static const struct quoin_cert *
cert_of(const char *host, int back)
{
	for (size_t i = world.cert_count; i-- > 0;)
		if (strcmp(world.certs[i].host, host) == 0 && back-- == 0)
			return &world.certs[i];
	check_fail(__FILE__, __LINE__, "no certificate of %s", host);
}

static void
tell(struct told *told, int64_t age_ms)
{
	step((struct quoin_gate_event){.kind = QUOIN_GATE_STATUS,
	    .cert = told->cert,
	    .status = &told->status,
	    .age_ms = age_ms,
	    .lag_ms = told->lag_ms});
}

/* ---- The script ---- */

static uint64_t
number_of(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		check_fail(__FILE__, __LINE__, "\"%s\" is not a number", text);
	return value;
}

/* The value of a word "key=value", or NULL. */
static const char *
value_of(const char *word, const char *key)
{
	size_t len = strlen(key);

	return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static size_t
split(char *text, const char *by, char **ret, size_t max)
{
	size_t count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(text, by, &rest); word != NULL; word = strtok_r(NULL, by, &rest)) {
		CHECK(count < max);
		ret[count++] = word;
	}
	return count;
}

static bool
read_policy(const char *word, struct quoin_policy *policy)
{
	const char *v;

	if ((v = value_of(word, "drain")) != NULL)
		policy->drain_ms = number_of(v);
	else if ((v = value_of(word, "warm")) != NULL)
		policy->warm_releases = (uint32_t)number_of(v);
	else if ((v = value_of(word, "min")) != NULL)
		policy->ready_hosts_min = (uint32_t)number_of(v);
	else if ((v = value_of(word, "pct")) != NULL)
		policy->ready_percent = (uint32_t)number_of(v);
	else if (strcmp(word, "lost=rollback") == 0)
		policy->on_lost_readiness = QUOIN_ON_LOST_ROLLBACK;
	else if ((v = value_of(word, "failed")) != NULL)
		policy->failed_hosts_max = (uint32_t)number_of(v);
	else if ((v = value_of(word, "soak")) != NULL)
		policy->soak_ms = number_of(v);
	else if ((v = value_of(word, "stepsoak")) != NULL)
		policy->step_soak_ms = number_of(v);
	else if ((v = value_of(word, "staged")) != NULL)
		policy->staged_percent = (uint32_t)number_of(v);
	else if ((v = value_of(word, "timeout")) != NULL)
		policy->step_timeout_ms = number_of(v);
	else if ((v = value_of(word, "first")) != NULL) {
		policy->reach[0].threshold = (uint32_t)number_of(v);
		policy->reach[1].threshold = 100000;
		policy->reach_count = 2;
	} else if (strcmp(word, "abort") == 0)
		policy->on_timeout = QUOIN_ON_TIMEOUT_ABORT;
	else
		return false;
	return true;
}

static void
add_models(struct quoin_gate_release *release, struct quoin_gate_shard *shard, char *list)
{
	char *names[16];
	size_t count = split(list, ",", names, 16);

	shard->model_count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t at = release->model_count - 32;
		struct quoin_hash identity;

		quoin_gate_model_identity(names[i], "1", "sha256:0", &identity);
		while (!quoin_hash_is_zero(&release->models[at].identity) &&
		    !quoin_hash_equal(&release->models[at].identity, &identity))
			at++;
		CHECK(at < release->model_count);
		release->models[at].identity = identity;
		release->models[at].demand[0] = 1;
		shard->models[shard->model_count++] = (uint32_t)at;
	}
}

static void
read_shard(struct quoin_gate_release *release, char **words, size_t count, size_t *at)
{
	struct quoin_gate_shard *shard = &release->shards[release->shard_count++];
	const char *v;

	CHECK_INT(quoin_gate_shard_make(release, shard, 16, 16), 0);
	shard->host_count = shard->model_count = 0;
	shard->capacity[0] = 100;
	snprintf(shard->name, sizeof shard->name, "%s", words[(*at)++]);
	for (; *at < count && strcmp(words[*at], "shard") != 0; (*at)++) {
		char *word = words[*at];

		if ((v = value_of(word, "cap")) != NULL)
			shard->capacity[0] = number_of(v);
		else if (strcmp(word, "hc") == 0)
			shard->health_checked = true;
		else if (value_of(word, "models") != NULL)
			add_models(release, shard, word + 7);
		else if (value_of(word, "hosts") != NULL) {
			char *hosts[16];

			shard->host_count = split(word + 6, ",", hosts, 16);
			for (size_t i = 0; i < shard->host_count; i++)
				snprintf(shard->hosts[i], sizeof shard->hosts[i], "%s", hosts[i]);
		} else
			check_fail(__FILE__, __LINE__, "what is %s?", word);
	}
}

static void
do_publish(char **words, size_t count)
{
	uint64_t number = number_of(words[1]), same = number;
	struct quoin_gate_release *summary = quoin_gate_release_new(number, 1, 32, 8);
	struct quoin_release release = {.number = number,
	    .head = world.ledger.head,
	    .intent = world.ledger.last_intent};
	struct quoin_part part = {.name = "models", .schema = "models-v1"};
	struct quoin_hash hash = hash_of("release", number);
	struct quoin_error err = {0};

	CHECK(summary != NULL && number < 32);
	summary->shard_count = 0;
	snprintf(summary->resources[0], sizeof summary->resources[0], "memory_mb");
	for (size_t i = 2; i < count;) {
		if (strcmp(words[i], "shard") == 0) {
			i++;
			read_shard(summary, words, count, &i);
			continue;
		}
		if (value_of(words[i], "same") != NULL)
			same = number_of(value_of(words[i], "same"));
		else if (strcmp(words[i], "waives-capacity") == 0)
			summary->waives_capacity = true;
		else if (!read_policy(words[i], &summary->policy))
			check_fail(__FILE__, __LINE__, "what is %s?", words[i]);
		i++;
	}
	world.summaries[number] = summary;
	part.hash = hash_of("content", same);
	release.policy = world.summaries[same]->policy;
	release.parts = &part;
	release.part_count = 1;
	CHECK_INT(quoin_ledger_admit_release(&world.ledger, &release, &hash, &err), 0);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &world.ledger});
}

static void
do_intent(char **words, size_t count)
{
	static const enum quoin_action actions[] = {QUOIN_ACTION_ROLLBACK, QUOIN_ACTION_PIN, QUOIN_ACTION_UNPIN,
	    QUOIN_ACTION_REVOKE, QUOIN_ACTION_FREEZE, QUOIN_ACTION_UNFREEZE, QUOIN_ACTION_EXCLUDE, QUOIN_ACTION_INCLUDE,
	    QUOIN_ACTION_FORGET, QUOIN_ACTION_RETRY};
	struct quoin_intent intent = {.number = world.ledger.last_intent.number + 1,
	    .prev = world.ledger.last_intent,
	    .head = world.ledger.head};
	struct quoin_hash hash = hash_of("intent", intent.number);
	struct quoin_error err = {0};
	size_t at = 0;

	while (at < 10 && strcmp(quoin_action_name(actions[at]), words[1]) != 0)
		at++;
	CHECK(at < 10);
	intent.action = actions[at];
	for (size_t i = 2; i < count; i++) {
		if (value_of(words[i], "until") != NULL)
			intent.until_ms = (int64_t)number_of(value_of(words[i], "until"));
		else if (strchr(words[i], '=') != NULL)
			CHECK_INT(quoin_labels_add(&intent.labels, quoin_span_str(words[i])), 0);
		else if (words[i][0] >= '0' && words[i][0] <= '9')
			intent.release = ref_of("release", number_of(words[i]));
		else
			snprintf(intent.host, sizeof intent.host, "%s", words[i]);
	}
	CHECK_INT(quoin_ledger_admit_intent(&world.ledger, &intent, &hash, &err), 0);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &world.ledger});
}

static void
do_cert(char **words, size_t count)
{
	struct quoin_cert *cert = &world.certs[world.cert_count++];
	size_t at = 3;

	snprintf(cert->host, sizeof cert->host, "%s", words[1]);
	cert->key[0] = (uint8_t)world.cert_count;
	cert->role = strcmp(words[2], "router") == 0 ? QUOIN_HOST_ROUTER : QUOIN_HOST_SERVING;
	if (cert->role == QUOIN_HOST_SERVING)
		snprintf(cert->shard, sizeof cert->shard, "%s", words[at++]);
	for (; at < count; at++)
		CHECK_INT(quoin_labels_add(&cert->labels, quoin_span_str(words[at])), 0);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_CERT, .cert = cert});
}

/* From now on: a gate that begins finds it expired, and does not get the statuses under it. */
static void
do_expire(const char *host)
{
	world.is_expired[cert_of(host, 0) - world.certs] = true;
}

/* "2:ready", "2:failed:cw@1_does_not_fit", "2:failed:crashed" (no model: a crash fuse) */
static void
read_progress(char *word, struct quoin_status *status)
{
	struct quoin_status_release *release = &status->releases[status->release_count++];
	char *state = strchr(word, ':'), *reason;

	CHECK(state != NULL && status->release_count <= 8);
	*state++ = '\0';
	reason = strchr(state, ':');
	if (reason != NULL) {
		*reason++ = '\0';
		snprintf(release->reason, sizeof release->reason, "%s", reason);
		if (strchr(reason, '@') != NULL) {
			size_t len = strcspn(reason, "_");

			snprintf(release->model, sizeof release->model, "%.*s", (int)len, reason);
			memmove(release->reason, release->reason + len + (reason[len] == '_'),
			    strlen(reason + len) + 1);
		}
		for (char *c = release->reason; *c != '\0'; c++)
			if (*c == '_')
				*c = ' ';
	}
	release->release = ref_of("release", number_of(word));
	while (strcmp(quoin_progress_name(release->progress), state) != 0) {
		CHECK(release->progress != QUOIN_PROGRESS_REJECTED);
		release->progress++;
	}
}

static struct quoin_position
position_of(char *text, bool is_fork)
{
	struct quoin_position position = {.epoch = world.epoch};
	char *slash = strchr(text, '/');

	if (slash != NULL) {
		*slash = '\0';
		position.epoch = number_of(text);
		text = slash + 1;
	}
	position.seq = number_of(text);
	if (position.seq == 0)
		position.epoch = 0;
	position.hash = hash_of("other", position.seq);
	for (size_t i = 0; i < world.past_count && !is_fork; i++)
		if (quoin_position_compare(&world.past[i], &position) == 0)
			position.hash = world.past[i].hash;
	return position;
}

static void
do_status(char **words, size_t count)
{
	struct told *told = &world.statuses[world.status_count++];
	struct quoin_status *status = &told->status;
	bool is_fork = false;

	CHECK(world.status_count < STATUS_MAX && count >= 4 && strcmp(words[2], "obeys") == 0);
	memset(told, 0, sizeof *told);
	status->releases = calloc(8, sizeof *status->releases);
	CHECK(status->releases != NULL);
	snprintf(status->host, sizeof status->host, "%s", words[1]);
	snprintf(status->boot, sizeof status->boot, "boot");
	status->number = world.status_count;
	status->interval_ms = 10000;
	status->lease_ms = cert_of(words[1], 0)->role == QUOIN_HOST_ROUTER ? 3600000 : 0;
	status->intent = world.ledger.last_intent.number;
	told->at_ms = world.now_ms;
	told->cert = cert_of(words[1], 0);
	for (size_t i = 4; i < count; i++) {
		const char *next = i + 1 < count ? words[i + 1] : "";

		if (strcmp(words[i], "runs") == 0) {
			status->runs = ref_of("release", number_of(next));
			i++;
		} else if (strcmp(words[i], "holds") == 0) {
			char *held[8];

			status->hold_count = split(words[++i], ",", held, 8);
			for (size_t k = 0; k < status->hold_count; k++)
				status->holds[k] = number_of(held[k]);
		} else if (strcmp(words[i], "boot") == 0)
			snprintf(status->boot, sizeof status->boot, "%s", words[++i]);
		else if (strcmp(words[i], "gen") == 0)
			status->generation = number_of(words[++i]);
		else if (strcmp(words[i], "intent") == 0)
			status->intent = number_of(words[++i]);
		else if (strcmp(words[i], "interval") == 0)
			status->interval_ms = number_of(words[++i]);
		else if (strcmp(words[i], "lag") == 0)
			told->lag_ms = (int64_t)number_of(words[++i]);
		else if (strcmp(words[i], "leaving") == 0)
			status->leaving = true;
		else if (strcmp(words[i], "fork") == 0)
			is_fork = true;
		else if (strcmp(words[i], "lost") == 0)
			told->lost = true;
		else if (strcmp(words[i], "former") == 0)
			told->cert = cert_of(words[1], 1);
		else
			read_progress(words[i], status);
	}
	status->obeyed = position_of(words[3], is_fork);
	if (!told->lost)
		tell(told, 0);
}

static void
do_tick(char **words)
{
	int64_t until_ms = world.now_ms + (int64_t)number_of(words[1]);

	while (quoin_gate_core_deadline(world.core) <= until_ms) {
		int64_t at_ms = quoin_gate_core_deadline(world.core);

		world.now_ms = at_ms > world.now_ms ? at_ms : world.now_ms;
		step((struct quoin_gate_event){.kind = QUOIN_GATE_TICK});
	}
	world.now_ms = until_ms;
	step((struct quoin_gate_event){.kind = QUOIN_GATE_TICK});
}

static void
do_start(bool is_first)
{
	struct quoin_gate_core_conf conf = {.heartbeat_ms = 5000,
	    .jitter_ms = 1000,
	    .lease_ms = 3600000,
	    .vip_poll_ms = world.vip_poll_ms,
	    .has_health_hook = world.has_hook};

	quoin_gate_core_free(world.core);
	world.has_produced = world.is_reading = false;
	snprintf(conf.origin.name, sizeof conf.origin.name, "demo");
	conf.gate[0] = (uint8_t)++world.gate;
	CHECK_INT(quoin_gate_core_new(&conf, &world.core), 0);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_ROOT, .epoch = world.epoch});
	step((struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &world.ledger});
	for (size_t i = 0; i < world.cert_count; i++)
		step((struct quoin_gate_event){.kind = QUOIN_GATE_CERT,
		    .cert = &world.certs[i],
		    .is_expired = world.is_expired[i]});
	if (world.has_newest)
		step((struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
		    .activation = &world.newest,
		    .hash = activation_hash(&world.newest)});
	if (!is_first) {
		struct quoin_heartbeat heartbeat = {.number = 1, .issued_ms = world.now_ms, .interval_ms = 5000};

		step((struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT, .heartbeat = &heartbeat});
	}
	for (size_t i = 0; i < world.status_count; i++)
		if (!world.is_expired[world.statuses[i].cert - world.certs])
			tell(&world.statuses[i], world.now_ms - world.statuses[i].at_ms);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_CAUGHT_UP});
}

static void
do_start_blind(void)
{
	static struct quoin_ledger nothing;
	struct quoin_ledger ledger = world.ledger;
	size_t cert_count = world.cert_count;

	quoin_ledger_init(&nothing);
	world.ledger = nothing;
	world.cert_count = 0;
	do_start(true);
	step((struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &nothing});
	world.ledger = ledger;
	world.cert_count = cert_count;
}

static void
do_back(void)
{
	for (size_t i = 0; i < world.cert_count; i++)
		step((struct quoin_gate_event){.kind = QUOIN_GATE_CERT, .cert = &world.certs[i], .more = true});
	step((struct quoin_gate_event){.kind = QUOIN_GATE_LEDGER, .ledger = &world.ledger});
}

static void
do_heartbeat(char **words)
{
	struct quoin_heartbeat heartbeat = {.number = 1000,
	    .issued_ms = world.now_ms - (int64_t)number_of(words[1]),
	    .interval_ms = number_of(words[2])};

	heartbeat.gate[0] = 0xff;
	step((struct quoin_gate_event){.kind = QUOIN_GATE_HEARTBEAT, .heartbeat = &heartbeat});
}

static void
do_health(char **words, size_t count)
{
	bool is_well = strcmp(words[1], "well") == 0, is_later = strcmp(words[1], "later") == 0;

	step((struct quoin_gate_event){.kind = QUOIN_GATE_HEALTH,
	    .token = world.health_token,
	    .code = is_well ? 0
		: is_later  ? QUOIN_EAGAIN
			    : QUOIN_EREFUSED,
	    .reason = count > 2 ? words[2] : ""});
}

static void
do_by_hand(const char *what, bool by_hand)
{
	if (strcmp(what, "produce") == 0)
		world.by_hand_produce = by_hand;
	else if (strcmp(what, "read") == 0)
		world.by_hand_read = by_hand;
	else
		world.by_hand_summary = by_hand;
}

static void
run_line(char *line)
{
	char *words[WORDS_MAX];
	size_t count = split(line, " ", words, WORDS_MAX);
	const char *verb = words[0];

	CHECK(count > 0);
	if (strcmp(verb, "publish") == 0)
		do_publish(words, count);
	else if (strcmp(verb, "intent") == 0)
		do_intent(words, count);
	else if (strcmp(verb, "cert") == 0)
		do_cert(words, count);
	else if (strcmp(verb, "expire") == 0)
		do_expire(words[1]);
	else if (strcmp(verb, "status") == 0)
		do_status(words, count);
	else if (strcmp(verb, "tick") == 0)
		do_tick(words);
	else if (strcmp(verb, "start") == 0 || strcmp(verb, "standby") == 0)
		do_start(strcmp(verb, "start") == 0);
	else if (strcmp(verb, "start-blind") == 0)
		do_start_blind();
	else if (strcmp(verb, "back") == 0)
		do_back();
	else if (strcmp(verb, "manual") == 0 || strcmp(verb, "auto") == 0)
		do_by_hand(words[1], strcmp(verb, "manual") == 0);
	else if (strcmp(verb, "committed") == 0)
		commit();
	else if (strcmp(verb, "not-written") == 0)
		step((struct quoin_gate_event){.kind = QUOIN_GATE_NOT_WRITTEN});
	else if (strcmp(verb, "read") == 0)
		read_statuses();
	else if (strcmp(verb, "summary") == 0)
		give_summary(number_of(words[1]));
	else if (strcmp(verb, "fenced") == 0)
		step((struct quoin_gate_event){.kind = QUOIN_GATE_FENCED});
	else if (strcmp(verb, "unsound") == 0) {
		struct quoin_activation activation = {.epoch = 1, .seq = 1, .step_threshold = 100000, .target = 5};

		step((struct quoin_gate_event){.kind = QUOIN_GATE_ACTIVATION,
		    .activation = &activation,
		    .hash = hash_of("x", 1)});
	} else if (strcmp(verb, "writer-lost") == 0)
		step((struct quoin_gate_event){.kind = QUOIN_GATE_LOST});
	else if (strcmp(verb, "heartbeat") == 0)
		do_heartbeat(words);
	else if (strcmp(verb, "poll") == 0)
		world.vip_poll_ms = number_of(words[1]);
	else if (strcmp(verb, "hook") == 0)
		world.has_hook = true;
	else if (strcmp(verb, "health") == 0)
		do_health(words, count);
	else if (strcmp(verb, "epoch") == 0) {
		world.epoch = number_of(words[1]);
		step((struct quoin_gate_event){.kind = QUOIN_GATE_ROOT, .epoch = world.epoch});
	} else
		check_fail(__FILE__, __LINE__, "what is \"%s\"?", verb);
}

/* ---- Trace files ---- */

static void
read_file(const char *path, struct quoin_buf *out)
{
	FILE *file = fopen(path, "r");
	char block[4096];
	size_t len;

	if (file == NULL)
		check_fail(__FILE__, __LINE__, "cannot read %s", path);
	while ((len = fread(block, 1, sizeof block, file)) > 0)
		CHECK_INT(quoin_buf_put(out, block, len), 0);
	fclose(file);
}

static void
compare(const char *path, const char *have, const char *want)
{
	int line = 1;

	for (size_t i = 0; have[i] != '\0' || want[i] != '\0'; i++) {
		if (have[i] == want[i]) {
			line += have[i] == '\n';
			continue;
		}
		while (i > 0 && have[i - 1] != '\n')
			i--;
		check_fail(path, line, "answered \"%.*s\", expected \"%.*s\"", (int)strcspn(have + i, "\n"), have + i,
		    (int)strcspn(want + i, "\n"), want + i);
	}
}

static void
run_trace(const char *name)
{
	struct quoin_buf want, have;
	char path[128], *text, *rest = NULL;

	quoin_buf_init(&want, 1 << 20);
	quoin_buf_init(&have, 1 << 20);
	snprintf(path, sizeof path, "tests/trace/gate_%s.txt", name);
	read_file(path, &want);
	text = strdup(quoin_buf_str(&want));
	CHECK(text != NULL);
	world.out = &have;
	world.epoch = 1;
	world.now_ms = FIRST_MS;
	quoin_ledger_init(&world.ledger);
	for (char *line = text; line != NULL && *line != '\0'; line = rest) {
		rest = strchr(line, '\n');
		if (rest != NULL)
			*rest++ = '\0';
		if (strncmp(line, "  ", 2) == 0)
			continue;
		quoin_buf_printf(&have, "%s\n", line);
		if (strncmp(line, "> ", 2) == 0)
			run_line(line + 2);
	}
	if (getenv("QUOIN_TRACE_UPDATE") != NULL) {
		FILE *file = fopen(path, "w");

		CHECK(file != NULL && fwrite(have.data, 1, have.len, file) == have.len && fclose(file) == 0);
	} else
		compare(path, quoin_buf_str(&have), quoin_buf_str(&want));
	free(text);
	quoin_buf_clear(&want);
	quoin_buf_clear(&have);
	quoin_gate_core_free(world.core);
	quoin_activation_clear(&world.newest);
	quoin_activation_clear(&world.produced);
	quoin_ledger_clear(&world.ledger);
	for (size_t i = 0; i < world.status_count; i++)
		free(world.statuses[i].status.releases);
	for (size_t i = 0; i < 32; i++)
		quoin_gate_release_free(world.summaries[i]);
}

static void
happy(void)
{
	run_trace("happy");
}

static void
slow_model(void)
{
	run_trace("slow_model");
}

static void
failed_model(void)
{
	run_trace("failed_model");
}

static void
rollback_during(void)
{
	run_trace("rollback_during");
}

static void
rollback_after(void)
{
	run_trace("rollback_after");
}

static void
brake_sick_host(void)
{
	run_trace("brake_sick_host");
}

static void
publish_during(void)
{
	run_trace("publish_during");
}

static void
retire(void)
{
	run_trace("retire");
}

static void
takeover(void)
{
	run_trace("takeover");
}

static void
leases(void)
{
	run_trace("leases");
}

static void
pins(void)
{
	run_trace("pins");
}

static void
revoke(void)
{
	run_trace("revoke");
}

static void
refuses(void)
{
	run_trace("refuses");
}

static void
steps(void)
{
	run_trace("steps");
}

static void
room(void)
{
	run_trace("room");
}

static void
overcommit(void)
{
	run_trace("overcommit");
}

static void
exclude(void)
{
	run_trace("exclude");
}

static void
operator(void)
{
	run_trace("operator");
}

static void
dataset(void)
{
	run_trace("dataset");
}

static void
at_once(void)
{
	run_trace("at_once");
}

static void
liar(void)
{
	run_trace("liar");
}

static void
freeze(void)
{
	run_trace("freeze");
}

static void
superseded(void)
{
	run_trace("superseded");
}

static void
retry(void)
{
	run_trace("retry");
}

static void
epoch(void)
{
	run_trace("epoch");
}

static void
unsound(void)
{
	run_trace("unsound");
}

static void
late_models(void)
{
	run_trace("late_models");
}

static void
heard_again(void)
{
	run_trace("heard_again");
}

static void
share(void)
{
	run_trace("share");
}

static void
share_brake(void)
{
	run_trace("share_brake");
}

static void
enrolled_anew(void)
{
	run_trace("enrolled_anew");
}

static void
expired(void)
{
	run_trace("expired");
}

static void
rejected(void)
{
	run_trace("rejected");
}

static void
health_hook(void)
{
	run_trace("health");
}

static void
lost_readiness(void)
{
	run_trace("lost_readiness");
}

static void
found_reports(void)
{
	run_trace("found_reports");
}

static void
found_clock(void)
{
	run_trace("found_clock");
}

static void
found_room(void)
{
	run_trace("found_room");
}

static void
found_forgotten(void)
{
	run_trace("found_forgotten");
}

static void
found_control(void)
{
	run_trace("found_control");
}

static void
step_fails(void)
{
	run_trace("step_fails");
}

/* More numbers than there is room for: the newest stay, and the same ones again change nothing. */
static void
history_is_bounded(void)
{
	static struct quoin_gate_core core;
	uint64_t *numbers = NULL;
	size_t count = 0;

	for (unsigned turn = 0; turn < 2; turn++) {
		core.is_changed = false;
		for (uint64_t number = 1; number <= QUOIN_HISTORY_MAX + 100; number++)
			gate_draft_add_number(&core, &numbers, &count, number);
		CHECK_INT(count, QUOIN_HISTORY_MAX);
		CHECK_INT(numbers[0], 101);
		CHECK_INT(numbers[count - 1], QUOIN_HISTORY_MAX + 100);
		CHECK_INT(core.is_changed, turn == 0);
	}
	free(numbers);
}

static const struct check_case cases[] = {{"happy", happy}, {"slow_model", slow_model}, {"failed_model", failed_model},
    {"rollback_during", rollback_during}, {"rollback_after", rollback_after}, {"brake_sick_host", brake_sick_host},
    {"publish_during", publish_during}, {"retire", retire}, {"takeover", takeover}, {"leases", leases},
    {"heard_again", heard_again}, {"pins", pins}, {"revoke", revoke}, {"refuses", refuses}, {"steps", steps},
    {"room", room}, {"overcommit", overcommit}, {"exclude", exclude},
    {
	"operator",
	operator},
	{"dataset", dataset},
	{"at_once", at_once},
	{"liar", liar},
	{"freeze", freeze},
	{"superseded", superseded},
	{"retry", retry},
	{"epoch", epoch},
	{"unsound", unsound},
	{"late_models", late_models},
	{"step_fails", step_fails},
	{"found_reports", found_reports},
	{"found_clock", found_clock},
	{"found_room", found_room},
	{"found_forgotten", found_forgotten},
	{"found_control", found_control},
	{"share", share},
	{"rejected", rejected},
	{"enrolled_anew", enrolled_anew},
	{"expired", expired},
	{"share_brake", share_brake},
	{"health", health_hook},
	{"history_is_bounded", history_is_bounded},
	{"lost_readiness", lost_readiness},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
