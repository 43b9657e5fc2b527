#include "tests/sim/topics.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "publisher/gc.h"
#include "publisher/import_gate.h"
#include "publisher/lost.h"
#include "tests/sim/judge.h"

#define RETAIN	  2    /* releases that gc leaves in any case */
#define AGAIN_MS  5000 /* people who were refused look again */

/* ---- What somebody reads who reads now; all of it is borrowed from the log ---- */

static struct reading {
	struct quoin_control control;
	struct quoin_activations activations;
	struct quoin_fleet fleet;
	struct quoin_fleet_host hosts[SIM_HOSTS];
} reading;

static void
read_gate_topic(const struct sim *sim, struct quoin_activations *ret)
{
	const struct sim_log *log = &sim->log[QUOIN_TOPIC_GATE];
	struct quoin_position newest = {0};

	for (int64_t i = 0; i < log->count; i++) {
		const struct sim_record *record = &log->records[i];

		if (record->is_gone || record->is_forged)
			continue;
		ret->has_incarnation = ret->has_incarnation || record->kind == SIM_RECORD_INCARNATION;
		if (record->kind == SIM_RECORD_HEARTBEAT &&
		    (!ret->has_heartbeat || record->heartbeat->number > ret->heartbeat.number)) {
			ret->has_heartbeat = true;
			ret->heartbeat = *record->heartbeat;
			ret->heartbeat_received_ms = SIM_WALL_MS + record->at;
		}
		if (record->kind == SIM_RECORD_ACTIVATION) {
			struct quoin_position at = {record->activation->epoch, record->activation->seq, record->sealed.hash};

			if (ret->has_newest && quoin_position_compare(&at, &newest) <= 0)
				continue;
			newest = at;
			ret->has_newest = true;
			ret->newest = *record->activation;
			ret->newest_hash = at.hash;
		}
	}
}

static void
read_status_topic(const struct sim *sim, struct quoin_fleet_host hosts[SIM_HOSTS], struct quoin_fleet *ret)
{
	const struct sim_log *log = &sim->log[QUOIN_TOPIC_STATUS];
	bool has[SIM_HOSTS] = {false};

	for (int64_t i = 0; i < log->count; i++) {
		const struct sim_record *record = &log->records[i];

		if (record->kind != SIM_RECORD_STATUS || record->is_gone ||
		    (has[record->number] && record->status->number <= hosts[record->number].status.number))
			continue;
		has[record->number] = true;
		hosts[record->number].cert = sim->hosts[record->number].cert;
		hosts[record->number].status = *record->status;
		hosts[record->number].received_ms = SIM_WALL_MS + record->at;
	}
	/* In the order of their names, those who were heard. */
	for (size_t i = 0; i < SIM_HOSTS; i++)
		if (has[i])
			hosts[ret->host_count++] = hosts[i];
	ret->hosts = hosts;
}

static void
read_all(const struct sim *sim, struct reading *ret)
{
	memset(ret, 0, sizeof *ret);
	if (sim->lost.topic != QUOIN_TOPIC_CONTROL || !sim->lost.is_lost)
		ret->control.ledger = sim->ledger;
	ret->control.has_incarnation = true;
	memcpy(ret->control.incarnation.id, sim_incarnation(sim->log[QUOIN_TOPIC_CONTROL].life), QUOIN_INCARNATION_BYTES);
	read_gate_topic(sim, &ret->activations);
	read_status_topic(sim, ret->hosts, &ret->fleet);
}

bool
sim_topics_refuse(struct sim *sim)
{
	struct quoin_error err = {0};

	read_all(sim, &reading);
	if (quoin_lost_control(&reading.control, &reading.activations, &err) != 0) {
		sim_say(sim, "ops", "refused: %s", err.message);
		return true;
	}
	/* Nobody has seen anything of it yet, and people know what they did. */
	return sim->lost.is_lost && sim->lost.topic == QUOIN_TOPIC_CONTROL;
}

/* ---- Garbage ---- */

void
sim_topics_clear(struct sim *sim)
{
	quoin_gc_clear(&sim->gc.gc);
	memset(&sim->gc, 0, sizeof sim->gc);
	sim_log_clear(&sim->lost.backup);
	memset(&sim->lost, 0, sizeof sim->lost);
}

/* As publisher/gc_run.c does: a ledger of only what is kept must say the same. */
static bool
looks_the_same(const struct sim *sim, const struct quoin_gc *gc)
{
	struct quoin_ledger after;
	struct quoin_error err = {0};
	bool same;

	quoin_ledger_init(&after);
	for (size_t i = 0; i < gc->release_count; i++)
		if (gc->releases[i].because != NULL)
			QUOIN_ASSERT(quoin_ledger_admit_release(&after, &sim->releases[gc->releases[i].number].doc,
					 &sim->ledger.releases[i].ref.hash, &err) == 0);
	for (size_t i = 0; i < gc->intent_count; i++)
		if (gc->intents[i].because != NULL)
			QUOIN_ASSERT(quoin_ledger_admit_intent(&after, &sim->intents[gc->intents[i].number],
					 &sim->intent_hashes[gc->intents[i].number], &err) == 0);
	same = quoin_gc_is_same(&sim->ledger, &after, SIM_WALL_MS + sim->now);
	quoin_ledger_clear(&after);
	return same;
}

/* What it read is of now; its tombstones come later, unless a publisher comes between. */
static void
collect(struct sim *sim)
{
	struct quoin_gc_input input = {.ledger = &sim->ledger, .retain_releases = RETAIN, .now_ms = SIM_WALL_MS + sim->now};
	struct quoin_error err = {0};

	if (sim->gc.is_running)
		return;
	read_all(sim, &reading);
	input.activations = &reading.activations;
	input.fleet = &reading.fleet;
	if (quoin_lost_gate(&reading.activations, &sim->ledger, &reading.fleet, SIM_WALL_MS + sim->now, &err) != 0 ||
	    quoin_lost_control(&reading.control, &reading.activations, &err) != 0 ||
	    (sim->lost.is_lost && sim->lost.topic != QUOIN_TOPIC_STATUS) ||
	    quoin_gc_decide(&input, &sim->gc.gc, &err) != 0) {
		sim_say(sim, "ops", "gc: %s", err.message);
		return;
	}
	if (!looks_the_same(sim, &sim->gc.gc)) {
		quoin_gc_clear(&sim->gc.gc);
		return;
	}
	sim->gc.is_running = true;
	sim->gc.head = sim->ledger.head.number;
	sim->gc.intent = sim->ledger.last_intent.number;
	sim_push(sim, (struct sim_event){.kind = SIM_BURY}, sim_delay(sim));
}

static void
bury_document(struct sim *sim, enum sim_record_kind kind, const char *word, uint64_t number)
{
	struct sim_record tombstone = {.kind = SIM_RECORD_TOMBSTONE};

	if (!sim_log_remove(sim, QUOIN_TOPIC_CONTROL, kind, number))
		return;
	sim_say(sim, "ops", "gc: %s %llu goes", word, (unsigned long long)number);
	(void)snprintf(tombstone.key, sizeof tombstone.key, "%s/%llu", word, (unsigned long long)number);
	(void)sim_log_append(sim, QUOIN_TOPIC_CONTROL, &tombstone);
	sim_judge_bury(sim, kind, number);
}

/* The bodies that no kept release names. */
static void
bury_bodies(struct sim *sim, const struct quoin_gc *gc)
{
	for (size_t i = 0; i < gc->release_count; i++) {
		struct sim_release *release = &sim->releases[gc->releases[i].number];
		bool is_named = false;

		for (size_t k = 0; k < gc->release_count && !is_named; k++)
			is_named = gc->releases[k].because != NULL && gc->releases[k].parts &&
			    quoin_hash_equal(&release->part.hash, &sim->releases[gc->releases[k].number].part.hash);
		if (is_named || release->is_bodiless)
			continue;
		release->is_bodiless = true;
		sim_judge_bury_body(sim, gc->releases[i].number);
	}
}

static void
bury(struct sim *sim)
{
	const struct quoin_gc *gc = &sim->gc.gc;

	sim->gc.is_running = false;
	if (sim->gc.head != sim->ledger.head.number || sim->gc.intent != sim->ledger.last_intent.number ||
	    (sim->lost.is_lost && sim->lost.topic == QUOIN_TOPIC_CONTROL)) {
		sim_say(sim, "ops", "gc: a publisher came between");
	} else {
		for (size_t i = 0; i < gc->release_count; i++)
			if (gc->releases[i].because == NULL)
				bury_document(sim, SIM_RECORD_RELEASE, "release", gc->releases[i].number);
		for (size_t i = 0; i < gc->intent_count; i++)
			if (gc->intents[i].because == NULL)
				bury_document(sim, SIM_RECORD_INTENT, "intent", gc->intents[i].number);
		bury_bodies(sim, gc);
	}
	quoin_gc_clear(&sim->gc.gc);
}

/* ---- Topics that are deleted ---- */

/* What it had is gone but for what people kept; the first record of the new one is its incarnation. */
static void
make_anew(struct sim *sim, enum quoin_topic topic, int64_t back_ms)
{
	struct sim_log *log = &sim->log[topic];
	struct sim_record incarnation = {.kind = SIM_RECORD_INCARNATION, .key = "incarnation"};

	if (sim->lost.is_lost || log->life + 1 == SIM_LIVES || sim->is_settled)
		return;
	sim_log_clear(&sim->lost.backup);
	sim->lost.backup = *log;
	*log = (struct sim_log){.life = sim->lost.backup.life + 1, .base = sim->lost.backup.base + sim->lost.backup.count};
	sim->lost.is_lost = true;
	sim->lost.topic = topic;
	incarnation.number = log->life;
	incarnation.sealed = *sim_incarnation_sealed(topic, log->life);
	(void)sim_log_append(sim, topic, &incarnation);
	sim_push(sim, (struct sim_event){.kind = SIM_PUT_BACK}, back_ms);
}

static void
put_back_control(struct sim *sim)
{
	const struct sim_log *backup = &sim->lost.backup;

	for (int64_t i = 0; i < backup->count; i++)
		if (!backup->records[i].is_gone && !backup->records[i].is_forged &&
		    backup->records[i].kind != SIM_RECORD_INCARNATION && backup->records[i].kind != SIM_RECORD_TOMBSTONE)
			(void)sim_log_append(sim, QUOIN_TOPIC_CONTROL, &backup->records[i]);
	sim->lost.is_lost = false;
}

/* The highest that people have. "before": one that is older by so many, taken by mistake. */
static const struct sim_record *
exported(const struct sim_log *backup, uint64_t before)
{
	const struct sim_record *best = NULL;

	for (int64_t i = 0; i < backup->count; i++) {
		const struct sim_record *record = &backup->records[i];

		if (record->kind != SIM_RECORD_ACTIVATION || record->is_gone || record->is_forged)
			continue;
		if (best == NULL || record->activation->epoch > best->activation->epoch ||
		    (record->activation->epoch == best->activation->epoch && record->activation->seq > best->activation->seq))
			best = record;
	}
	for (int64_t i = 0; best != NULL && before > 0 && i < backup->count; i++) {
		const struct sim_record *record = &backup->records[i];

		if (record->kind == SIM_RECORD_ACTIVATION && !record->is_gone && !record->is_forged &&
		    record->activation->epoch == best->activation->epoch && record->activation->seq + before == best->activation->seq)
			return record;
	}
	return before == 0 ? best : NULL;
}

static int
check_import(struct sim *sim, const struct sim_record *export, bool *ret_wanted)
{
	struct quoin_error err = {0};
	int r;

	read_all(sim, &reading);
	r = quoin_import_gate_check(&reading.activations, &reading.fleet, &sim->ledger, export->activation, &export->sealed.hash,
	    SIM_WALL_MS + sim->now, ret_wanted, &err);
	if (r != 0)
		sim_say(sim, "ops", "import: %s", err.message);
	return r;
}

/* Somebody takes an old export first: whoever obeys more and has said so makes it refused. */
static void
try_old_export(struct sim *sim)
{
	const struct sim_record *old = exported(&sim->lost.backup, 1);
	bool is_wanted = false;

	if (old == NULL || check_import(sim, old, &is_wanted) != 0 || !is_wanted)
		return;
	for (size_t i = 0; i < reading.fleet.host_count; i++)
		if (!quoin_ledger_excludes(&sim->ledger, reading.hosts[i].cert.host, SIM_WALL_MS + sim->now) &&
		    reading.hosts[i].status.obeyed.epoch == old->activation->epoch &&
		    reading.hosts[i].status.obeyed.seq > old->activation->seq)
			sim_judge_import(sim, old->activation, reading.hosts[i].cert.host);
}

static void
import_activation(struct sim *sim)
{
	const struct sim_record *export = exported(&sim->lost.backup, 0);
	struct sim_record record;
	bool is_wanted = false;

	sim->lost.is_lost = false;
	if (export == NULL)
		return;
	/* One host alone that speaks of more than anybody has is not believed. */
	for (int i = 0; i < SIM_HOSTS; i++)
		if (sim->hosts[i].is_boaster && !sim->is_settled)
			sim_operator_exclude(sim, sim->hosts[i].cert.host);
	try_old_export(sim);
	if (check_import(sim, export, &is_wanted) != 0 || (is_wanted && sim->down_until > sim->now)) {
		sim->lost.is_lost = true;
		sim_push(sim, (struct sim_event){.kind = SIM_PUT_BACK}, AGAIN_MS);
		return;
	}
	if (!is_wanted)
		return;
	(void)sim_gate_fence(sim);
	/* What the fence brought to its end may be later. */
	if (check_import(sim, export, &is_wanted) != 0 || !is_wanted)
		return;
	record = *export;
	record.activation = calloc(1, sizeof *record.activation);
	QUOIN_ASSERT(record.activation != NULL && quoin_activation_copy(export->activation, record.activation) == 0);
	sim_say(sim, "ops", "imported activation %llu/%llu", (unsigned long long)record.activation->epoch,
	    (unsigned long long)record.activation->seq);
	(void)sim_log_append(sim, QUOIN_TOPIC_GATE, &record);
}

void
sim_topics_settle(struct sim *sim)
{
	/* Before anybody writes to it again. */
	if (sim->lost.is_lost && sim->lost.topic == QUOIN_TOPIC_CONTROL)
		put_back_control(sim);
}

void
sim_topics_act(struct sim *sim, const struct sim_act *act)
{
	static const enum quoin_topic topics[] = {QUOIN_TOPIC_GATE, QUOIN_TOPIC_GATE, QUOIN_TOPIC_CONTROL, QUOIN_TOPIC_STATUS};

	if (act->kind == SIM_GC)
		collect(sim);
	else
		make_anew(sim, topics[act->number % 4], act->amount);
}

void
sim_topics_event(struct sim *sim, const struct sim_event *event)
{
	if (event->kind == SIM_BURY)
		bury(sim);
	else if (!sim->lost.is_lost)
		return;
	else if (sim->lost.topic == QUOIN_TOPIC_CONTROL)
		put_back_control(sim);
	else if (sim->lost.topic == QUOIN_TOPIC_GATE)
		import_activation(sim);
	else
		sim->lost.is_lost = false; /* hosts say again how they are */
}
