#include "publisher/gc_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "publisher/gc_chunks.h"
#include "publisher/lost.h"

#define READ_TIMEOUT_MS	 1800000 /* of the blobs topic, which is read as a whole */
#define WRITE_TIMEOUT_MS 60000
#define BATCH_MAX	 10000 /* tombstones of chunks in one transaction */
#define LOOKED_AT	 16    /* the newest releases, in which publishers look for content that is there */

struct run {
	struct quoin_session *session;
	struct quoin_gc_result *result;
	bool is_dry;
	int64_t age_ms, now_ms;
	struct quoin_activations activations;
	struct quoin_fleet fleet;
	struct quoin_gc_chunks chunks;
	bool has_young_removal; /* documents were removed less than age_ms ago */
	uint64_t *seqs;	   /* activations on the topic; owned */
	size_t seq_count;
	struct quoin_bus_writer *writer;
	char control[QUOIN_TOPIC_NAME_BYTES], gate[QUOIN_TOPIC_NAME_BYTES], blobs[QUOIN_TOPIC_NAME_BYTES],
	    status[QUOIN_TOPIC_NAME_BYTES];
};

void
quoin_gc_result_clear(struct quoin_gc_result *result)
{
	quoin_gc_clear(&result->gc);
	free(result->release_is_there);
	free(result->intent_is_there);
	memset(result, 0, sizeof *result);
}

/* ---- What is on the topics ---- */

/* "release/42": whether the key is of this kind, and its number. */
static bool
number_of(struct quoin_span key, const char *kind, uint64_t *ret)
{
	size_t len = strlen(kind);

	return key.len > len && memcmp(key.data, kind, len) == 0 &&
	    quoin_u64_parse(quoin_span_of(key.data + len, key.len - len), ret);
}

/* The control topic's present documents: a ledger does not say which of them went already. */
static int
take_control(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	struct run *run = ctx;
	const struct quoin_ledger *ledger = &run->session->control.ledger;
	uint64_t number;

	(void)err;
	if (number_of(record->key, "release/", &number)) {
		const struct quoin_ledger_release *release = quoin_ledger_release(ledger, number);

		if (release != NULL)
			run->result->release_is_there[release - ledger->releases] = !record->is_tombstone;
		if (record->is_tombstone && run->now_ms - record->timestamp_ms < run->age_ms)
			run->has_young_removal = true;
	} else if (number_of(record->key, "intent/", &number)) {
		const struct quoin_ledger_intent *intent = quoin_ledger_intent(ledger, number);

		if (intent != NULL)
			run->result->intent_is_there[intent - ledger->intents] = !record->is_tombstone;
	}
	return 0;
}

static int
take_gate(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	struct run *run = ctx;
	uint64_t seq, *seqs;
	size_t at;

	/* Higher ones are of an epoch before, until they are overtaken. */
	if (!number_of(record->key, "activation/", &seq) || seq >= run->activations.newest.seq)
		return 0;
	/* They come in order, and tombstones for the oldest. */
	for (at = run->seq_count; at > 0 && run->seqs[at - 1] > seq; at--)
		;
	if (at > 0 && run->seqs[at - 1] == seq) {
		if (record->is_tombstone)
			memmove(&run->seqs[at - 1], &run->seqs[at], (run->seq_count-- - at) * sizeof *run->seqs);
		return 0;
	}
	if (record->is_tombstone)
		return 0;
	seqs = reallocarray(run->seqs, run->seq_count + 1, sizeof *seqs);
	if (seqs == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	memmove(&seqs[at + 1], &seqs[at], (run->seq_count - at) * sizeof *seqs);
	seqs[at] = seq;
	run->seqs = seqs;
	run->seq_count++;
	return 0;
}

/* Statuses before activations before documents: what is read last has seen what those speak of. */
static int
read_topics(struct run *run, struct quoin_error *err)
{
	struct quoin_session *session = run->session;
	struct quoin_control *control = &session->control;
	const struct quoin_trust *trust = &control->trust;
	int r;

	r = quoin_control_read(control, session->reader, WRITE_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_fleet_read(&run->fleet, control, session->reader, run->status, WRITE_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_activations_read(&run->activations, trust, session->reader, WRITE_TIMEOUT_MS, NULL, NULL, err);
	if (r == 0)
		r = quoin_control_read(control, session->reader, WRITE_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_lost_gate(&run->activations, &control->ledger, &run->fleet, run->now_ms, err);
	if (r == 0)
		r = quoin_lost_control(control, &run->activations, err);
	return r;
}

static int
read_presence(struct run *run, struct quoin_error *err)
{
	struct quoin_gc_result *result = run->result;
	int r;

	result->release_is_there = calloc(result->gc.release_count + 1, sizeof(bool));
	result->intent_is_there = calloc(result->gc.intent_count + 1, sizeof(bool));
	if (result->release_is_there == NULL || result->intent_is_there == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = quoin_bus_reader_drain(run->session->reader, run->control, 0, WRITE_TIMEOUT_MS, take_control, run, err);
	if (r == 0)
		r = quoin_bus_reader_drain(run->session->reader, run->gate, 0, WRITE_TIMEOUT_MS, take_gate, run, err);
	return r;
}

/* ---- The last look ---- */

static int
admit_kept(const struct run *run, struct quoin_ledger *after, struct quoin_error *err)
{
	const struct quoin_ledger *before = &run->session->control.ledger;
	const struct quoin_gc *gc = &run->result->gc;
	struct quoin_release release = {0};
	struct quoin_intent intent;
	int r = 0;

	for (size_t i = 0; r == 0 && i < gc->release_count; i++) {
		if (gc->releases[i].because == NULL)
			continue;
		r = quoin_control_release(&run->session->control, gc->releases[i].number, &release, err);
		if (r == 0)
			r = quoin_ledger_admit_release(after, &release, &before->releases[i].ref.hash, err);
		quoin_release_clear(&release);
	}
	for (size_t i = 0; r == 0 && i < gc->intent_count; i++) {
		if (gc->intents[i].because == NULL)
			continue;
		r = quoin_control_intent(&run->session->control, gc->intents[i].number, &intent, err);
		if (r == 0)
			r = quoin_ledger_admit_intent(after, &intent, &before->intents[i].hash, err);
	}
	return r;
}

static int
look_once_more(const struct run *run, struct quoin_error *err)
{
	struct quoin_ledger after;
	int r;

	quoin_ledger_init(&after);
	quoin_ledger_wait(&after);
	r = admit_kept(run, &after, err);
	quoin_ledger_fold(&after);
	if (r == 0 && !quoin_gc_is_same(&run->session->control.ledger, &after, run->now_ms))
		r = quoin_error_set(err, QUOIN_ECONFLICT,
		    "what would be left does not say the same as what is there; nothing was removed: report it, with \"quoin --json log\"");
	quoin_ledger_clear(&after);
	return r;
}

/* ---- Chunks ---- */

/* What must stay: bodies of what is kept; of what publishers may look into; and of documents that go only now. */
static int
find_chunks(struct run *run, struct quoin_error *err)
{
	struct quoin_gc_result *result = run->result;
	const struct quoin_gc *gc = &result->gc;
	struct quoin_release release = {0};
	int r = 0;

	if (run->session->control.refusal_count > 0)
		result->chunks_because = "documents on the control topic do not verify, and may name them";
	else if (run->has_young_removal)
		result->chunks_because = "releases were removed a short while ago, and publications on their way may count on them";
	if (result->chunks_because != NULL)
		return 0;
	for (size_t i = 0; r == 0 && i < gc->release_count; i++) {
		if (!result->release_is_there[i] ||
		    (gc->releases[i].because != NULL && !gc->releases[i].parts && i + LOOKED_AT < gc->release_count))
			continue;
		r = quoin_control_release(&run->session->control, gc->releases[i].number, &release, err);
		if (r == 0 && (r = quoin_gc_chunks_name(&run->chunks, &release)) != 0)
			quoin_error_set(err, r, "out of memory");
		quoin_release_clear(&release);
	}
	if (r == 0)
		r = quoin_gc_chunks_read(&run->chunks, run->session->reader, run->blobs, run->now_ms, run->age_ms, READ_TIMEOUT_MS,
		    err);
	if (r != 0)
		return r;
	for (size_t i = 0; i < run->chunks.count; i++)
		result->chunk_bytes += run->chunks.items[i].bytes;
	result->chunks = run->chunks.count;
	result->chunks_kept = run->chunks.kept;
	result->chunks_kept_young = run->chunks.young;
	return 0;
}

/* ---- Tombstones ---- */

static int
bury(struct quoin_bus_writer *writer, const char *topic, const char *key, struct quoin_error *err)
{
	struct quoin_bus_record record = {.topic = topic, .key = quoin_span_str(key), .is_tombstone = true};
	int r;

	while ((r = quoin_bus_writer_put(writer, &record, NULL, err)) == QUOIN_EAGAIN) {
		r = quoin_bus_writer_flush(writer, WRITE_TIMEOUT_MS, err);
		if (r != 0)
			return r;
	}
	return r;
}

static int
commit(struct quoin_bus_writer *writer, int r, struct quoin_error *err)
{
	if (r != 0) {
		(void)quoin_bus_writer_abort(writer, WRITE_TIMEOUT_MS, NULL);
		return r;
	}
	r = quoin_bus_writer_commit(writer, WRITE_TIMEOUT_MS, err);
	if (r == QUOIN_EFENCED)
		return quoin_error_set(err, r, "a publisher came between; what was not removed yet goes next time");
	if (r == QUOIN_EUNKNOWN || r == QUOIN_ETIMEOUT)
		return quoin_error_set(err, QUOIN_EUNKNOWN,
		    "the broker went away while tombstones were committed; run it again, which finds out");
	return r;
}

static int
bury_documents(struct run *run, struct quoin_error *err)
{
	const struct quoin_gc_result *result = run->result;
	char key[48];
	int r;

	if (result->releases + result->intents == 0)
		return 0;
	r = quoin_bus_writer_begin(run->writer, err);
	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && i < result->gc.release_count; i++)
		if (result->gc.releases[i].because == NULL && result->release_is_there[i]) {
			snprintf(key, sizeof key, "release/%llu", (unsigned long long)result->gc.releases[i].number);
			r = bury(run->writer, run->control, key, err);
		}
	for (size_t i = 0; r == 0 && i < result->gc.intent_count; i++)
		if (result->gc.intents[i].because == NULL && result->intent_is_there[i]) {
			snprintf(key, sizeof key, "intent/%llu", (unsigned long long)result->gc.intents[i].number);
			r = bury(run->writer, run->control, key, err);
		}
	return commit(run->writer, r, err);
}

static int
bury_chunks(struct run *run, struct quoin_error *err)
{
	size_t done = 0;
	int r = 0;

	while (r == 0 && done < run->chunks.count) {
		size_t end = run->chunks.count - done < BATCH_MAX ? run->chunks.count : done + BATCH_MAX;

		r = quoin_bus_writer_begin(run->writer, err);
		if (r != 0)
			return r;
		for (; r == 0 && done < end; done++)
			r = bury(run->writer, run->blobs, run->chunks.items[done].key, err);
		r = commit(run->writer, r, err);
	}
	if (done > 0 && r == 0)
		r = quoin_gc_chunks_mend(&run->chunks, &run->session->bus, run->session->reader, run->blobs, READ_TIMEOUT_MS, err);
	return r;
}

static int
bury_activations(struct run *run, struct quoin_error *err)
{
	struct quoin_bus_writer *writer = NULL;
	char key[48];
	int r;

	if (run->seq_count == 0)
		return 0;
	r = quoin_bus_writer_open(&run->session->bus, NULL, &writer, err);
	for (size_t i = 0; r == 0 && i < run->seq_count; i++) {
		snprintf(key, sizeof key, "activation/%llu", (unsigned long long)run->seqs[i]);
		r = bury(writer, run->gate, key, err);
	}
	if (r == 0)
		r = quoin_bus_writer_flush(writer, WRITE_TIMEOUT_MS, err);
	quoin_bus_writer_close(writer);
	return r;
}

/* ---- The whole ---- */

static void
count(struct run *run)
{
	struct quoin_gc_result *result = run->result;

	for (size_t i = 0; i < result->gc.release_count; i++)
		result->releases += result->gc.releases[i].because == NULL && result->release_is_there[i];
	for (size_t i = 0; i < result->gc.intent_count; i++)
		result->intents += result->gc.intents[i].because == NULL && result->intent_is_there[i];
	result->activations = run->seq_count;
}

static int
decide(struct run *run, struct quoin_error *err)
{
	const struct quoin_gc_input input = {&run->session->control.ledger, &run->activations, &run->fleet,
	    run->session->conf.retain_releases, run->now_ms};
	int r;

	r = read_topics(run, err);
	if (r == 0)
		r = quoin_gc_decide(&input, &run->result->gc, err);
	if (r == 0)
		r = look_once_more(run, err);
	if (r == 0)
		r = read_presence(run, err);
	if (r == 0)
		r = find_chunks(run, err);
	if (r == 0)
		count(run);
	return r;
}

int
quoin_gc_run(struct quoin_session *session, bool is_dry, int64_t age_ms, struct quoin_gc_result *ret,
    struct quoin_error *err)
{
	struct run run = {.session = session, .result = ret, .is_dry = is_dry, .age_ms = age_ms, .now_ms = quoin_clock_wall_ms()};
	char id[QUOIN_NAME_BYTES_MAX + 16];
	int r = 0;

	memset(ret, 0, sizeof *ret);
	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_CONTROL, run.control);
	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_GATE, run.gate);
	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_BLOBS, run.blobs);
	quoin_topic_name(session->conf.namespace_name, QUOIN_TOPIC_STATUS, run.status);
	snprintf(id, sizeof id, "quoin.%s.publish", session->conf.namespace_name);
	if (!is_dry)
		r = quoin_bus_writer_open(&session->bus, id, &run.writer, err);
	if (r == 0 && !is_dry)
		r = quoin_bus_writer_init(run.writer, WRITE_TIMEOUT_MS, err);
	if (r == 0)
		r = decide(&run, err);
	if (r == 0 && !is_dry)
		r = bury_documents(&run, err);
	if (r == 0 && !is_dry)
		r = bury_chunks(&run, err);
	if (r == 0 && !is_dry)
		r = bury_activations(&run, err);
	quoin_bus_writer_close(run.writer);
	quoin_gc_chunks_clear(&run.chunks);
	quoin_activations_clear(&run.activations);
	quoin_fleet_clear(&run.fleet);
	free(run.seqs);
	return r;
}
