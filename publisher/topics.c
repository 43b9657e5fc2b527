#include "publisher/topics.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "publisher/announce.h"

#define TIMEOUT_MS 15000

#define SETTINGS 10

/* DESIGN.md section 4: compacted, small segments, the broker's clock, no loss by an unclean election. */
static const struct quoin_bus_topic_setting settings[SETTINGS] = {
	{"cleanup.policy", "compact"},
	{"compression.type", "uncompressed"},
	{"delete.retention.ms", "604800000"},
	{"max.compaction.lag.ms", "86400000"},
	{"message.timestamp.type", "LogAppendTime"},
	{"min.cleanable.dirty.ratio", "0.2"},
	{"min.compaction.lag.ms", "3600000"},
	{"segment.bytes", "134217728"},
	{"segment.ms", "3600000"},
	{"unclean.leader.election.enable", "false"},
};

/* Of statuses only the newest counts, and whoever begins to read has to verify all that are there: a fleet of 1,000 says
 * 360,000 in an hour. */
static const struct quoin_bus_topic_setting status_settings[] = {
	{"min.compaction.lag.ms", "0"},
	{"segment.bytes", "16777216"},
	{"segment.ms", "600000"},
};

static void
settings_of(enum quoin_topic topic, struct quoin_bus_topic_setting ret[SETTINGS])
{
	memcpy(ret, settings, sizeof settings);
	for (size_t i = 0; topic == QUOIN_TOPIC_STATUS && i < SETTINGS; i++)
		for (size_t k = 0; k < sizeof status_settings / sizeof status_settings[0]; k++)
			if (strcmp(ret[i].name, status_settings[k].name) == 0)
				ret[i] = status_settings[k];
}

/* Every gate that acts stands by from its next write on. */
static int
fence_gates(const struct quoin_conf *conf, struct quoin_bus_writer **ret, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	char id[QUOIN_NAME_BYTES_MAX + 16];
	int r;

	(void)snprintf(id, sizeof id, "quoin.%s.gate", conf->namespace_name);
	r = quoin_bus_writer_open(&bus, id, ret, err);
	return r != 0 ? r : quoin_bus_writer_init(*ret, TIMEOUT_MS, err);
}

static int
create(const struct quoin_conf *conf, enum quoin_topic topic, const struct quoin_bus_topic_spec *spec,
    struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	struct quoin_bus_writer *fence = NULL;
	int r = 0;

	if (topic == QUOIN_TOPIC_GATE)
		r = fence_gates(conf, &fence, err);
	quoin_bus_writer_close(fence);
	return r != 0 ? r : quoin_bus_topic_create(&bus, spec, TIMEOUT_MS, err);
}

int
quoin_topics_make(const struct quoin_conf *conf, int replicas, bool made[QUOIN_TOPICS], struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	char name[QUOIN_TOPIC_NAME_BYTES];
	struct quoin_bus_topic_setting topic_settings[SETTINGS];
	struct quoin_bus_topic_spec spec = {
	    .topic = name,
	    .replicas = replicas,
	    .settings = topic_settings,
	    .setting_count = SETTINGS,
	};
	bool is_embedded;
	int r;

	r = quoin_bus_is_embedded(&bus, TIMEOUT_MS, &is_embedded, err);
	for (unsigned i = 0; r == 0 && i < QUOIN_TOPICS; i++) {
		made[i] = false;
		quoin_topic_name(conf->namespace_name, (enum quoin_topic)i, name);
		settings_of((enum quoin_topic)i, topic_settings);
		r = quoin_bus_topic_check(&bus, &spec, TIMEOUT_MS, err);
		if (r != QUOIN_ENOENT || is_embedded)
			continue;
		r = create(conf, (enum quoin_topic)i, &spec, err);
		made[i] = r == 0;
		if (r == QUOIN_EEXISTS) /* another init was faster */
			r = quoin_bus_topic_check(&bus, &spec, TIMEOUT_MS, err);
	}
	return r;
}

static int
make_incarnation(const struct quoin_trust *trust, enum quoin_topic topic, const struct quoin_keyring *keys,
    struct quoin_sealed *ret, struct quoin_error *err)
{
	struct quoin_incarnation incarnation = {
	    .origin = trust->root.origin,
	    .topic = topic,
	    .created_ms = quoin_clock_wall_ms(),
	};
	struct quoin_buf text;
	int r;

	quoin_random(incarnation.id, sizeof incarnation.id);
	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	r = quoin_incarnation_print(&incarnation, &text);
	if (r == 0)
		r = quoin_seal(quoin_buf_span(&text), keys->keys, keys->count, ret);
	quoin_buf_clear(&text);
	if (r != 0)
		return quoin_error_set(err, r, "cannot make the incarnation of %s", quoin_topic_word(topic));
	return 0;
}

struct beginning {
	const struct quoin_keyring *keys;
};

static int
decide_incarnation(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes,
    struct quoin_sealed *ret_sealed, struct quoin_error *err)
{
	const struct beginning *beginning = ctx;

	if (control->has_incarnation)
		return QUOIN_EEXISTS;
	if (control->next_offset > 0)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "the control topic has records but no incarnation of this namespace; is it another system's?");
	snprintf(key, key_bytes, "incarnation");
	return make_incarnation(&control->trust, QUOIN_TOPIC_CONTROL, beginning->keys, ret_sealed, err);
}

static int
decide_root(void *ctx, const struct quoin_control *control, char *key, size_t key_bytes, struct quoin_sealed *ret_sealed,
    struct quoin_error *err)
{
	const struct quoin_envelope *root;

	(void)ctx;
	snprintf(key, key_bytes, "root/%llu", (unsigned long long)control->trust.root.version);
	root = quoin_control_document(control, key);
	if (root == NULL)
		return quoin_error_set(err, QUOIN_ENOENT, "the pinned root is not at hand");
	return quoin_sealed_copy(root, ret_sealed);
}

static int
put_incarnation(struct quoin_bus_writer *writer, const char *topic, const struct quoin_sealed *sealed, bool is_fenced,
    struct quoin_error *err)
{
	struct quoin_bus_record record = {0};
	int r = is_fenced ? quoin_bus_writer_begin(writer, err) : 0;

	quoin_envelope_to_record(&sealed->envelope, &record);
	record.topic = topic;
	record.key = quoin_span_str("incarnation");
	if (r == 0)
		r = quoin_bus_writer_put(writer, &record, NULL, err);
	if (r != 0)
		return r;
	return is_fenced ? quoin_bus_writer_commit(writer, TIMEOUT_MS, err) : quoin_bus_writer_flush(writer, TIMEOUT_MS, err);
}

/* The first record, if the topic is still empty: of the gate topic behind the fence, so that what is seen then stays so; of
 * the others, to which nobody writes before the control topic says something, by a plain writer. */
static int
begin_topic(const struct quoin_conf *conf, const struct quoin_trust *trust, enum quoin_topic topic,
    struct quoin_bus_reader *reader, const struct quoin_keyring *keys, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	bool is_fenced = topic == QUOIN_TOPIC_GATE;
	struct quoin_bus_writer *writer = NULL;
	struct quoin_sealed sealed = {0};
	char name[QUOIN_TOPIC_NAME_BYTES];
	int64_t first, end;
	int r;

	quoin_topic_name(conf->namespace_name, topic, name);
	r = quoin_bus_reader_range(reader, name, TIMEOUT_MS, &first, &end, err);
	if (r != 0 || end > 0)
		return r;
	r = is_fenced ? fence_gates(conf, &writer, err) : quoin_bus_writer_open(&bus, NULL, &writer, err);
	if (r == 0)
		r = quoin_bus_reader_range(reader, name, TIMEOUT_MS, &first, &end, err);
	if (r == 0 && end == 0)
		r = make_incarnation(trust, topic, keys, &sealed, err);
	if (r == 0 && end == 0)
		r = put_incarnation(writer, name, &sealed, is_fenced, err);
	quoin_bus_writer_close(writer);
	quoin_sealed_clear(&sealed);
	return r;
}

/* ---- Whether topics begin as they must ---- */

static int
see_first(void *ctx, const struct quoin_bus_record *record, struct quoin_error *err)
{
	bool *is_incarnation = ctx;

	(void)err;
	*is_incarnation = quoin_span_equal_str(record->key, "incarnation");
	return QUOIN_EEXISTS;
}

static int
look(const struct quoin_conf *conf, struct quoin_bus_reader *reader, enum quoin_topic topic, bool *ret_is_empty,
    struct quoin_error *err)
{
	char name[QUOIN_TOPIC_NAME_BYTES];
	bool is_incarnation = true;
	int64_t first, end;
	int r;

	quoin_topic_name(conf->namespace_name, topic, name);
	r = quoin_bus_reader_range(reader, name, TIMEOUT_MS, &first, &end, err);
	*ret_is_empty = r == 0 && end == 0;
	if (r != 0 || first > 0 || end == 0 || topic != QUOIN_TOPIC_GATE)
		return r;
	r = quoin_bus_reader_drain(reader, name, 0, TIMEOUT_MS, see_first, &is_incarnation, err);
	if (r == QUOIN_EEXISTS)
		r = 0;
	if (r == 0 && !is_incarnation)
		return quoin_error_set(err, QUOIN_ECONFLICT,
		    "%s does not begin with its incarnation: something wrote to it before init did; stop the gates, delete the "
		    "topic, and run init again",
		    name);
	return r;
}

int
quoin_topics_look(const struct quoin_conf *conf, struct quoin_bus_reader *reader, bool *ret_has_empty,
    struct quoin_error *err)
{
	bool is_empty;
	int r = 0;

	*ret_has_empty = false;
	for (unsigned i = 0; r == 0 && i < QUOIN_TOPICS; i++) {
		if (i == QUOIN_TOPIC_CONTROL)
			continue;
		r = look(conf, reader, (enum quoin_topic)i, &is_empty, err);
		*ret_has_empty = *ret_has_empty || (r == 0 && is_empty);
	}
	return r;
}

int
quoin_topics_begin(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *root_keys, struct quoin_error *err)
{
	struct beginning beginning = {root_keys};
	bool was_empty = !control->has_incarnation;
	int r = 0;

	if (was_empty) {
		r = quoin_announce(conf, control, reader, decide_incarnation, &beginning, TIMEOUT_MS, err);
		if (r == 0)
			r = quoin_announce(conf, control, reader, decide_root, NULL, TIMEOUT_MS, err);
		else if (r == QUOIN_EEXISTS)
			r = 0;
	}
	for (unsigned i = 0; r == 0 && i < QUOIN_TOPICS; i++)
		if (i != QUOIN_TOPIC_CONTROL)
			r = begin_topic(conf, &control->trust, (enum quoin_topic)i, reader, root_keys, err);
	return r;
}
