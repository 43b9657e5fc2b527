/*
 * The host's core, by traces: tests/trace/agent-*.txt. A line "> word…" is an event, everything below it the actions that
 * it must cause, as subscriber/trace prints them. Documents are made and signed here; what PERSIST commits is kept, so that
 * "restart" begins again from exactly that, "damaged" from the second copy of the ratchets alone; "reread" gives the whole
 * control topic again. "at" sets the clock, in milliseconds.
 *
 * QUOIN_TRACE_UPDATE=1 writes the files anew; read the difference before it is committed.
 */
#include <stdlib.h>

#include "lib/file.h"
#include "lib/text.h"
#include "subscriber/core_step.h"
#include "subscriber/trace.h"
#include "tests/world.h"

#define DOCUMENTS_MAX 128
#define MODELS_MAX    16
#define WALL_MS	      1800000000000 /* the wall clock at 0 */

struct document {
	enum quoin_store_kind kind;
	uint64_t number;
	struct quoin_buf bytes;
};

static struct world world;
static struct quoin_agent_core core;
static struct quoin_agent_conf conf;
static struct quoin_cert cert;
static struct quoin_sealed cert_sealed;
static struct quoin_agent_actions actions;
static struct quoin_agent_stored stored;
static struct quoin_agent_model_name stored_models[MODELS_MAX]; /* of "stored" */
static struct document documents[DOCUMENTS_MAX];
static size_t document_count;
static bool has_core;
static int64_t now;
static int64_t next_offset[QUOIN_TOPICS];
static struct quoin_buf transcript;

/* ---- What is durable ---- */

static void
keep_document(const struct quoin_store_document *document)
{
	size_t i;

	for (i = 0; i < document_count; i++)
		if (documents[i].kind == document->kind && documents[i].number == document->number)
			break;
	if (i == document_count) {
		CHECK(document_count < DOCUMENTS_MAX);
		document_count++;
		documents[i].kind = document->kind;
		documents[i].number = document->number;
		quoin_buf_init(&documents[i].bytes, QUOIN_ENVELOPE_BYTES_MAX);
	}
	quoin_buf_reset(&documents[i].bytes);
	CHECK_INT(quoin_buf_put_span(&documents[i].bytes, document->bytes), 0);
}

static void
commit(void)
{
	const struct quoin_agent_change *change = &core.change;

	for (size_t i = 0; i < change->document_count; i++)
		keep_document(&change->documents[i]);
	if (change->has_ratchets) {
		stored.ratchets = core.ratchets;
		stored.is_new = false;
		core.lease_saved = core.ratchets.lease_boot_ms;
	}
	for (size_t i = 0; i < QUOIN_TOPICS; i++)
		if (change->has_offset[i])
			stored.offsets[i] = core.offsets[i];
	if (change->has_fuses) {
		memcpy(stored.fuses, core.fuses, sizeof stored.fuses);
		stored.fuse_count = core.fuse_count;
	}
	if (change->has_models) {
		const struct quoin_agent_model_name *kept[MODELS_MAX];

		CHECK(core.model_count <= MODELS_MAX);
		stored.models = stored_models;
		stored.model_count = quoin_agent_core_kept(&core, kept);
		for (size_t i = 0; i < stored.model_count; i++)
			stored_models[i] = *kept[i];
	}
	if (change->has_active) {
		stored.runs = core.runs;
		stored.chosen = core.chosen;
	}
}

static void
restart(void)
{
	static const enum quoin_store_kind kinds[] = {QUOIN_STORE_ROOT, QUOIN_STORE_RELEASE, QUOIN_STORE_INTENT,
		QUOIN_STORE_ACTIVATION};
	struct quoin_error err = {0};

	if (has_core)
		quoin_agent_core_clear(&core);
	has_core = true;
	CHECK_INT(quoin_agent_core_init(&core, &conf, &cert, &world.root_sealed.envelope, &stored, &err), 0);
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		for (uint64_t number = 0; number < WORLD_RELEASES_MAX; number++)
			for (size_t i = 0; i < document_count; i++)
				if (documents[i].kind == kinds[k] && documents[i].number == number &&
				    quoin_agent_core_restore(&core, kinds[k], quoin_buf_span(&documents[i].bytes), &err) != 0)
					check_fail(__FILE__, __LINE__, "not restored: %s", err.message);
}

/* ---- Words ---- */

static struct quoin_span rest;

static struct quoin_span
next_word(void)
{
	struct quoin_span word;
	size_t i = 0, n = 0;

	while (i < rest.len && rest.data[i] == ' ')
		i++;
	while (i + n < rest.len && rest.data[i + n] != ' ')
		n++;
	word = quoin_span_of(rest.data + i, n);
	rest = quoin_span_of(rest.data + i + n, rest.len - i - n);
	return word;
}

static uint64_t
to_number(struct quoin_span word)
{
	uint64_t value = 0;

	if (!quoin_u64_parse(word, &value))
		check_fail(__FILE__, __LINE__, "\"%.*s\" is no number", (int)word.len, (const char *)word.data);
	return value;
}

static uint64_t
next_number(void)
{
	return to_number(next_word());
}

static const char *
next_text(void)
{
	static char texts[4][QUOIN_REASON_BYTES_MAX + 1];
	static unsigned turn;
	char *text = texts[turn++ % 4];
	const struct quoin_span word = next_word();

	(void)snprintf(text, sizeof texts[0], "%.*s", (int)word.len, (const char *)word.data);
	return text;
}

static int
next_code(void)
{
	static const int codes[] = {0, QUOIN_EAGAIN, QUOIN_EREFUSED, QUOIN_ECORRUPT, QUOIN_ELIMIT, QUOIN_ENOSPC,
		QUOIN_ETIMEOUT, QUOIN_EMISSING};
	const char *name = next_text();

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strcmp(name, codes[i] == 0 ? "" : quoin_error_name(codes[i])) == 0)
			return codes[i];
	check_fail(__FILE__, __LINE__, "no code %s", name);
}

/* "key=" of the rest of the line: its value; an empty span if it is not there. */
static struct quoin_span
option(const char *key)
{
	const struct quoin_span saved = rest;
	struct quoin_span word, found = {0};
	const size_t len = strlen(key);

	while ((word = next_word()).len > 0)
		if (word.len > len && memcmp(word.data, key, len) == 0 && word.data[len] == '=')
			found = quoin_span_of(word.data + len + 1, word.len - len - 1);
	rest = saved;
	return found;
}

static uint64_t
option_number(const char *key, uint64_t otherwise)
{
	const struct quoin_span value = option(key);

	return value.len == 0 ? otherwise : to_number(value);
}

/* Take "a<separator>b" apart: the piece before; "text" moves on. */
static struct quoin_span
piece(struct quoin_span *text, char separator)
{
	size_t n = 0;
	struct quoin_span result;

	while (n < text->len && text->data[n] != (uint8_t)separator)
		n++;
	result = quoin_span_of(text->data, n);
	*text = n < text->len ? quoin_span_of(text->data + n + 1, text->len - n - 1) : quoin_span_of(NULL, 0);
	return result;
}

/* ---- Events ---- */

static void
step(struct quoin_agent_event *event)
{
	event->boot_ms = now;
	event->wall_ms = WALL_MS + now;
	CHECK_INT(quoin_agent_core_step(&core, event, &actions), 0);
	for (size_t i = 0; i < actions.count; i++) {
		(void)quoin_buf_put_str(&transcript, "  ");
		(void)quoin_agent_action_print(&core, &actions.items[i], &transcript);
		(void)quoin_buf_put_byte(&transcript, '\n');
		if (actions.items[i].kind == QUOIN_AGENT_PERSIST)
			commit();
	}
	CHECK_INT(transcript.error, 0);
	/* A tick that does not put its deadline off makes the agent run in a circle. */
	if (event->kind == QUOIN_AGENT_TICK && quoin_agent_core_deadline(&core) <= now)
		check_fail(__FILE__, __LINE__, "after a tick at %lld the next is due at %lld", (long long)now,
		    (long long)quoin_agent_core_deadline(&core));
}

static void
simple(enum quoin_agent_event_kind kind)
{
	step(&(struct quoin_agent_event){.kind = kind});
}

/* What the control topic has, for whoever reads it again. */
static struct {
	char key[24];
	struct quoin_sealed sealed;
} control[16];
static size_t control_count;

static void
record(enum quoin_topic topic, const char *key, const struct quoin_sealed *sealed)
{
	if (topic == QUOIN_TOPIC_CONTROL) {
		CHECK(control_count < sizeof control / sizeof control[0]);
		(void)snprintf(control[control_count].key, sizeof control[0].key, "%s", key);
		CHECK_INT(quoin_sealed_copy(&sealed->envelope, &control[control_count++].sealed), 0);
	}
	step(&(struct quoin_agent_event){.kind = QUOIN_AGENT_RECORD, .topic = topic, .offset = next_offset[topic]++,
	    .key = quoin_span_str(key), .envelope = &sealed->envelope});
}

static void
do_reread(void)
{
	next_offset[QUOIN_TOPIC_CONTROL] = 0;
	for (size_t i = 0; i < control_count; i++)
		step(&(struct quoin_agent_event){.kind = QUOIN_AGENT_RECORD, .topic = QUOIN_TOPIC_CONTROL,
		    .offset = next_offset[QUOIN_TOPIC_CONTROL]++, .key = quoin_span_str(control[i].key),
		    .envelope = &control[i].sealed.envelope});
}

static enum quoin_topic
next_topic(void)
{
	return quoin_span_equal_str(next_word(), "control") ? QUOIN_TOPIC_CONTROL : QUOIN_TOPIC_GATE;
}

static void
do_host(void)
{
	const bool serving = quoin_span_equal_str(next_word(), "serving");

	world_cert(&world, "h1", serving ? QUOIN_HOST_SERVING : QUOIN_HOST_ROUTER, serving ? "s1" : "", &cert,
	    &cert_sealed);
	conf = (struct quoin_agent_conf){.origin = world.origin, .boot = "boot-1",
		.status_interval_ms = option_number("interval", 10000), .lease_ms = option_number("lease", 3600000),
		.lease_refuse = option_number("refuse", 0) != 0, .is_inside = option_number("inside", 0) != 0,
		.has_data_plane = option_number("data_plane", 0) != 0,
		.drain_ms = option_number("drain", 1000), .has_validate = option_number("validate", 0) != 0,
		.has_check = option_number("check", 0) != 0, .hook_check_ms = option_number("check", 0),
		.hook_retries = option_number("retries", 0), .hook_parallel = option_number("parallel", 2)};
	stored = (struct quoin_agent_stored){.is_new = true};
	restart();
}

static void
do_restart(void)
{
	const char *boot = next_text();

	if (boot[0] != '\0')
		(void)snprintf(conf.boot, sizeof conf.boot, "%s", boot);
	restart();
	simple(QUOIN_AGENT_START);
}

/* The environment is gone: what is left is the second copy of the ratchets, and what readers hold. */
static void
do_damaged(void)
{
	for (size_t i = 0; i < document_count; i++)
		quoin_buf_clear(&documents[i].bytes);
	document_count = 0;
	memset(stored.offsets, 0, sizeof stored.offsets);
	memset(next_offset, 0, sizeof next_offset);
	memset(&stored.runs, 0, sizeof stored.runs);
	memset(&stored.chosen, 0, sizeof stored.chosen);
	stored.fuse_count = stored.model_count = 0;
	restart();
	simple(QUOIN_AGENT_START);
}

/* A release is one raw part whose hash is its number; only the document matters here. */
static void
do_release(bool twin)
{
	struct quoin_chunk_place chunk = {.bytes = 1};
	struct quoin_part part = {.name = "data", .schema = "raw", .bytes = 1, .encoding_count = 1,
		.encodings = {{.packed_bytes = 1, .chunks = &chunk, .chunk_count = 1}}};
	struct quoin_sealed sealed;

	part.hash.bytes[0] = (uint8_t)(twin ? 200 : world.head + 1);
	part.encodings[0].packed_hash.bytes[0] = chunk.hash.bytes[0] = 1;
	world_release(&world, &part, 1, twin, &sealed);
	record(QUOIN_TOPIC_CONTROL, "release/1", &sealed);
	quoin_sealed_clear(&sealed);
}

static void
do_intent(void)
{
	const struct quoin_span word = next_word();
	const uint64_t release = next_number();
	const char *host = next_text();
	enum quoin_action action = QUOIN_ACTION_ROLLBACK;
	struct quoin_sealed sealed;

	if (quoin_span_equal_str(word, "revoke"))
		action = QUOIN_ACTION_REVOKE;
	else if (quoin_span_equal_str(word, "retry"))
		action = QUOIN_ACTION_RETRY;
	else if (quoin_span_equal_str(word, "pin"))
		action = QUOIN_ACTION_PIN;
	else if (quoin_span_equal_str(word, "forget"))
		action = QUOIN_ACTION_FORGET;
	else
		CHECK(quoin_span_equal_str(word, "rollback"));
	world_intent(&world, action, release, host, &sealed);
	record(QUOIN_TOPIC_CONTROL, "intent/1", &sealed);
	quoin_sealed_clear(&sealed);
}

static void
do_root(void)
{
	struct quoin_sealed sealed;
	/* The world's root is what hosts are shipped with; a later one comes by the topic. */
	static struct quoin_sealed first;

	CHECK_INT(quoin_sealed_copy(&world.root_sealed.envelope, &first), 0);
	world_root(&world, next_number(), &sealed);
	record(QUOIN_TOPIC_CONTROL, "root/2", &sealed);
	quoin_sealed_clear(&sealed);
	quoin_sealed_clear(&world.root_sealed);
	world.root_sealed = first;
}

static void
fill_lists(struct quoin_activation *activation, struct quoin_live *live, uint64_t *revoked,
    struct quoin_exclusion *excluded, struct quoin_pin *pins)
{
	struct quoin_span list = option("live"), item;

	activation->live = live;
	while (list.len > 0) {
		struct quoin_live *entry = &live[activation->live_count++];

		item = piece(&list, ',');
		entry->release = world.releases[to_number(piece(&item, ':'))];
		entry->since = to_number(piece(&item, ':'));
		entry->last = item.len > 0 ? to_number(item) : 0;
	}
	activation->revoked = revoked;
	for (list = option("revoked"); list.len > 0;)
		revoked[activation->revoked_count++] = to_number(piece(&list, ','));
	activation->pins = pins;
	for (list = option("pin"); list.len > 0;) {
		item = piece(&list, ',');
		pins[activation->pin_count].intent = to_number(piece(&item, ':'));
		pins[activation->pin_count++].release = to_number(item);
	}
	activation->excluded = excluded;
	for (list = option("excluded"); list.len > 0;) {
		item = piece(&list, ',');
		(void)snprintf(excluded[activation->excluded_count++].host, sizeof excluded[0].host, "%.*s", (int)item.len,
		    (const char *)item.data);
	}
}

/* The chain goes on from the activation made last, unless "prev" names a hash that nobody knows. "hold" keeps the
 * document for "again" without bringing it. */
static struct quoin_sealed last_activation;
static struct quoin_position positions[WORLD_RELEASES_MAX]; /* by seq; [0]: none */

static void
do_activation(void)
{
	struct quoin_span position = next_word();
	static struct quoin_live live[QUOIN_LIVE_MAX];
	static struct quoin_exclusion excluded[8];
	static struct quoin_pin pins[8];
	uint64_t revoked[8];
	const struct quoin_position before = world.activation;
	struct quoin_activation activation = {.asked = option_number("asked", 0), .from = option_number("from", 0),
		.target = option_number("target", 0), .frozen = option_number("frozen", 0) != 0};

	memset(excluded, 0, sizeof excluded);
	memset(pins, 0, sizeof pins);
	activation.epoch = to_number(piece(&position, '.'));
	activation.seq = to_number(position);
	fill_lists(&activation, live, revoked, excluded, pins);
	if (option_number("twin", 0) != 0)
		world.activation = positions[activation.seq - 1];
	if (option_number("stray", 0) != 0)
		world.activation.hash.bytes[0] ^= 1;
	quoin_sealed_clear(&last_activation);
	world_activation(&world, &activation, &last_activation);
	if (option_number("twin", 0) != 0 || option_number("stray", 0) != 0)
		world.activation = before;
	else
		positions[activation.seq] = world.activation;
	if (option_number("hold", 0) == 0)
		record(QUOIN_TOPIC_GATE, "activation/1", &last_activation);
}

static void
do_heartbeat(void)
{
	const uint64_t number = next_number();
	struct quoin_sealed sealed;

	world_heartbeat(&world, number, WALL_MS + now - (int64_t)option_number("age", 0),
	    (int64_t)option_number("lasts", 300000), (uint8_t)option_number("incarnation", 1), &sealed);
	record(QUOIN_TOPIC_GATE, "heartbeat", &sealed);
	quoin_sealed_clear(&sealed);
}

static void
do_incarnation(void)
{
	const enum quoin_topic topic = next_topic();
	struct quoin_sealed sealed;

	world_incarnation(&world, topic, (uint8_t)next_number(), &sealed);
	record(topic, "incarnation", &sealed);
	quoin_sealed_clear(&sealed);
}

/* A document signed by a role that may not sign it. */
static void
do_forged(void)
{
	const struct quoin_span word = next_word();
	struct quoin_sealed made, forged;

	CHECK(quoin_span_equal_str(word, "activation"));
	CHECK(last_activation.bytes.len > 0);
	made = last_activation;
	CHECK_INT(quoin_seal(made.envelope.document, &world.keys[QUOIN_ROLE_OPERATE], 1, &forged), 0);
	record(QUOIN_TOPIC_GATE, "activation/1", &forged);
	quoin_sealed_clear(&forged);
}

static void
do_outcome(enum quoin_agent_event_kind kind)
{
	struct quoin_agent_event event = {.kind = kind, .release = next_number()};

	event.code = next_code();
	event.reason = event.code != 0 ? next_text() : NULL;
	step(&event);
}

/* "tried 2 models=a@1,b@1": the models that it places on the shard. */
static void
do_tried(void)
{
	static struct quoin_agent_model_name models[8];
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_TRIED, .release = next_number(), .models = models};
	struct quoin_span list = option("models");

	while (list.len > 0) {
		struct quoin_span item = piece(&list, ',');
		struct quoin_agent_model_name *model = &models[event.model_count++];
		const struct quoin_span name = piece(&item, '@');

		(void)snprintf(model->name, sizeof model->name, "%.*s", (int)name.len, (const char *)name.data);
		(void)snprintf(model->version, sizeof model->version, "%.*s", (int)item.len, (const char *)item.data);
		(void)snprintf(model->digest, sizeof model->digest, "sha256:%.*s", (int)item.len, (const char *)item.data);
	}
	if (event.model_count == 0) {
		event.code = next_code();
		event.reason = event.code != 0 ? next_text() : NULL;
	}
	step(&event);
}

static void
do_hooked(void)
{
	const char *name = next_text();
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_HOOKED, .model = next_number()};

	while (strcmp(quoin_hook_name(event.hook), name) != 0)
		event.hook++;
	event.code = next_code();
	event.reason = event.code != 0 ? next_text() : NULL;
	step(&event);
}

static void
do_held(void)
{
	uint64_t held[QUOIN_HELD_MAX];
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_HELD, .held = held};
	struct quoin_span word;

	while ((word = next_word()).len > 0)
		held[event.held_count++] = to_number(word);
	/* Readers outlive the agent. */
	memcpy(stored.held, held, event.held_count * sizeof held[0]);
	stored.held_count = event.held_count;
	step(&event);
}

/* The number told is how far behind the newest status this one is: 0 is the newest. */
static void
do_acked(void)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_ACKED, .number = core.status_next - 1 - next_number()};

	event.code = next_code();
	step(&event);
}

static void
do_line(struct quoin_span line)
{
	struct quoin_span word;

	rest = line;
	word = next_word();
#define IS(text) quoin_span_equal_str(word, text)
	if (IS("host"))
		do_host();
	else if (IS("at"))
		now = (int64_t)next_number();
	else if (IS("start"))
		simple(QUOIN_AGENT_START);
	else if (IS("restart"))
		do_restart();
	else if (IS("damaged"))
		do_damaged();
	else if (IS("reread"))
		do_reread();
	else if (IS("tick"))
		simple(QUOIN_AGENT_TICK);
	else if (IS("stop"))
		simple(QUOIN_AGENT_STOP);
	else if (IS("release"))
		do_release(false);
	else if (IS("twin"))
		do_release(true);
	else if (IS("intent"))
		do_intent();
	else if (IS("root"))
		do_root();
	else if (IS("activation"))
		do_activation();
	else if (IS("again"))
		record(QUOIN_TOPIC_GATE, "activation/1", &last_activation);
	else if (IS("forged"))
		do_forged();
	else if (IS("heartbeat"))
		do_heartbeat();
	else if (IS("incarnation"))
		do_incarnation();
	else if (IS("rewind"))
		next_offset[next_topic()] = 0;
	else if (IS("end"))
		step(&(struct quoin_agent_event){.kind = QUOIN_AGENT_END, .topic = next_topic()});
	else if (IS("lost"))
		step(&(struct quoin_agent_event){.kind = QUOIN_AGENT_LOST, .topic = next_topic()});
	else if (IS("silence"))
		step(&(struct quoin_agent_event){.kind = QUOIN_AGENT_SILENCE,
		    .silent = quoin_span_equal_str(next_word(), "on")});
	else if (IS("fetched"))
		do_outcome(QUOIN_AGENT_FETCHED);
	else if (IS("prepared"))
		do_outcome(QUOIN_AGENT_PREPARED);
	else if (IS("proved"))
		do_outcome(QUOIN_AGENT_PROVED);
	else if (IS("mended"))
		do_outcome(QUOIN_AGENT_MENDED);
	else if (IS("tried"))
		do_tried();
	else if (IS("hooked"))
		do_hooked();
	else if (IS("acked"))
		do_acked();
	else if (IS("held"))
		do_held();
	else
		check_fail(__FILE__, __LINE__, "no event \"%.*s\"", (int)word.len, (const char *)word.data);
#undef IS
}

/* ---- Traces ---- */

/* Tell the first line that differs: a whole transcript says nothing to anybody. */
static void
compare(const char *path, struct quoin_span have, struct quoin_span want)
{
	for (unsigned line = 1; have.len > 0 || want.len > 0; line++) {
		const struct quoin_span a = piece(&have, '\n'), b = piece(&want, '\n');

		if (!quoin_span_equal(a, b))
			check_fail(path, (int)line, "\"%.*s\", expected \"%.*s\"", (int)a.len, (const char *)a.data,
			    (int)b.len, (const char *)b.data);
	}
}

static void
play(const char *path)
{
	struct quoin_error err = {0};
	struct quoin_buf want;
	struct quoin_span text, line;

	world_init(&world, "shop");
	quoin_buf_init(&want, 1u << 20);
	quoin_buf_init(&transcript, 1u << 20);
	if (quoin_file_read(path, &want, &err) != 0)
		check_fail(__FILE__, __LINE__, "%s: %s", path, err.message);
	text = quoin_buf_span(&want);
	while (text.len > 0) {
		line = piece(&text, '\n');
		if (line.len > 0 && line.data[0] != '>' && line.data[0] != '#')
			continue;
		(void)quoin_buf_put_span(&transcript, line);
		(void)quoin_buf_put_byte(&transcript, '\n');
		if (line.len > 2 && line.data[0] == '>')
			do_line(quoin_span_of(line.data + 2, line.len - 2));
	}
	if (getenv("QUOIN_TRACE_UPDATE") != NULL)
		CHECK_INT(quoin_file_replace(path, quoin_buf_span(&transcript), 0644, NULL), 0);
	else
		compare(path, quoin_buf_span(&transcript), quoin_buf_span(&want));
	quoin_agent_core_clear(&core);
	quoin_sealed_clear(&last_activation);
	quoin_sealed_clear(&cert_sealed);
	for (size_t i = 0; i < document_count; i++)
		quoin_buf_clear(&documents[i].bytes);
	for (size_t i = 0; i < control_count; i++)
		quoin_sealed_clear(&control[i].sealed);
	quoin_buf_clear(&want);
	quoin_buf_clear(&transcript);
	world_clear(&world);
}

#define TRACE(function, file)                                                                                          \
	static void function(void)                                                                                     \
	{                                                                                                              \
		play("tests/trace/agent-" file ".txt");                                                                \
	}
TRACE(router, "router")
TRACE(serving, "serving")
TRACE(joining, "joining")
TRACE(trust, "trust")
TRACE(fuse, "fuse")
TRACE(restart_run, "restart")
TRACE(data_plane, "data-plane")
TRACE(failing, "failing")
TRACE(runs, "runs")
TRACE(found, "found")
TRACE(found_router, "found-router")
TRACE(found_new_store, "found-new-store")
TRACE(found_dark, "found-dark")
TRACE(found_kept, "found-kept")
TRACE(found_anew, "found-anew")
TRACE(found_epoch, "found-epoch")
TRACE(found_late_end, "found-late-end")
TRACE(found_lost, "found-lost")
TRACE(found_forgotten, "found-forgotten")
TRACE(found_back, "found-back")
TRACE(refuse, "refuse")
TRACE(expired_root, "expired-root")
TRACE(inside, "inside")
TRACE(inside_serving, "inside-serving")
TRACE(damage, "damage")

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		{"agent core: a router from nothing to a rollback", router},
		{"agent core: a serving host loads, keeps and unloads", serving},
		{"agent core: joining and leases", joining},
		{"agent core: what is not believed", trust},
		{"agent core: the crash fuse (I8)", fuse},
		{"agent core: the crash fuse of an application's views (I8)", inside},
		{"agent core: the crash fuse of an application's models (I8)", inside_serving},
		{"agent core: damage in the store", damage},
		{"agent core: restarts", restart_run},
		{"agent core: a data plane", data_plane},
		{"agent core: hooks and fetches that fail", failing},
		{"agent core: the runs of PROTOCOL.md section 10", runs},
		{"agent core: runs of serving hosts that the simulator found", found},
		{"agent core: runs of routers that the simulator found", found_router},
		{"agent core: a new store restarts before it has caught up (I4)", found_new_store},
		{"agent core: no room for what nobody can see (I9)", found_dark},
		{"agent core: what placed a model is nowhere any more (I9)", found_kept},
		{"agent core: the end of a topic that was made anew (I5)", found_anew},
		{"agent core: the end of a topic whose epoch was ended (I5)", found_epoch},
		{"agent core: an end that was asked for long ago (I5)", found_late_end},
		{"agent core: what a dead agent, or a lost store, takes along (I4, I9)", found_lost},
		{"agent core: what was retired is back, and not loaded yet (I4)", found_back},
		{"agent core: a router that was forgotten (I4, I5)", found_forgotten},
		{"agent core: a lapsed router that refuses", refuse},
		{"agent core: a root that has expired (I7)", expired_root},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
