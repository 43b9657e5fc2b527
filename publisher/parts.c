#include "publisher/parts.h"

#include <string.h>

#include "formats/source.h"
#include "publisher/blobs.h"

int
quoin_parts_open(const struct quoin_conf *conf, struct quoin_bus_lookup **ret, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	char topic[QUOIN_TOPIC_NAME_BYTES];

	quoin_topic_name(conf->namespace_name, QUOIN_TOPIC_BLOBS, topic);
	return quoin_bus_lookup_open(&bus, topic, 0, ret, err);
}

static bool
is_asked(const char *const *names, const char *name)
{
	if (names == NULL)
		return true;
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

int
quoin_parts_fetch(struct quoin_bus_lookup *lookup, const struct quoin_control *control, uint64_t number,
    const char *const *names, int timeout_ms, struct quoin_parts *ret, struct quoin_error *err)
{
	int r;

	memset(ret, 0, sizeof *ret);
	r = quoin_control_release(control, number, &ret->release, err);
	for (size_t i = 0; r == 0 && i < ret->release.part_count; i++) {
		const struct quoin_part *part = &ret->release.parts[i];

		if (!is_asked(names, part->name))
			continue;
		quoin_buf_init(&ret->contents[i], QUOIN_PART_BYTES_MAX);
		r = quoin_blobs_get(lookup, part, timeout_ms, &ret->contents[i], err);
		if (r != 0)
			quoin_error_prefix(err, "release %llu, part %s", (unsigned long long)number, part->name);
	}
	if (r != 0)
		quoin_parts_clear(ret);
	return r;
}

struct quoin_span
quoin_parts_content(const struct quoin_parts *parts, const char *name)
{
	for (size_t i = 0; i < parts->release.part_count; i++)
		if (strcmp(parts->release.parts[i].name, name) == 0)
			return quoin_buf_span(&parts->contents[i]);
	return (struct quoin_span){0};
}

int
quoin_parts_fetch_ruleset(struct quoin_bus_lookup *lookup, const struct quoin_control *control, uint64_t number,
    int timeout_ms, struct quoin_ruleset *ret, struct quoin_error *err)
{
	static const char *const names[] = {"source", NULL};
	struct quoin_parts parts;
	struct quoin_span source;
	int r = quoin_parts_fetch(lookup, control, number, names, timeout_ms, &parts, err);

	if (r != 0)
		return r;
	source = quoin_parts_content(&parts, "source");
	r = source.len > 0 ? quoin_source_read(source, ret, err)
			   : quoin_error_set(err, QUOIN_EMISSING, "release %llu has no rules", (unsigned long long)number);
	quoin_parts_clear(&parts);
	return r;
}

void
quoin_parts_clear(struct quoin_parts *parts)
{
	for (size_t i = 0; i < QUOIN_PARTS_MAX; i++)
		quoin_buf_clear(&parts->contents[i]);
	quoin_release_clear(&parts->release);
	memset(parts, 0, sizeof *parts);
}
