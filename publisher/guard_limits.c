#include <stdio.h>
#include <string.h>

#include "formats/rules.h"
#include "publisher/guard_try.h"
#include "publisher/transfer.h"

#define SILENT_INTERVALS 3

/* What the release asks of a host of one role. */
struct need {
	enum quoin_host_role role;
	uint64_t bytes, objectives, models, attributes;
	const char *schemas[QUOIN_PARTS_MAX];
	size_t schema_count;
};

static void
need_part(struct need *need, const char *name, const char *schema, uint64_t bytes)
{
	if (!quoin_transfer_wants(need->role, name) || need->schema_count == QUOIN_PARTS_MAX)
		return;
	need->bytes += bytes;
	need->schemas[need->schema_count++] = schema;
}

static void
need_of(const struct quoin_guard_input *input, enum quoin_host_role role, struct need *need)
{
	struct quoin_image image;
	struct quoin_rules rules;

	*need = (struct need){.role = role};
	for (size_t i = 0; input->release != NULL && i < input->release->part_count; i++)
		need_part(need, input->release->parts[i].name, input->release->parts[i].schema,
		    input->release->parts[i].bytes);
	if (input->compiled == NULL)
		return;
	for (size_t i = 0; input->release == NULL && i < QUOIN_COMPILED_PARTS; i++)
		need_part(need, input->compiled->parts[i].name, input->compiled->parts[i].schema,
		    input->compiled->parts[i].bytes.len);
	need->models = input->compiled->model_count;
	if (role != QUOIN_HOST_ROUTER)
		return;
	need->objectives = input->compiled->objective_count;
	if (quoin_image_of(quoin_buf_span(&input->compiled->parts[QUOIN_COMPILED_RULES].bytes), &image, NULL) != 0 ||
	    quoin_rules_verify(&image, &rules, NULL) != 0)
		return;
	for (uint32_t id = 0; id < rules.attributes.id_count; id++)
		need->attributes += quoin_rules_attribute_name(&rules, id) != NULL;
}

static bool
reads(const struct quoin_status *status, const char *schema)
{
	for (size_t i = 0; i < status->format_count; i++)
		if (strcmp(status->formats[i], schema) == 0)
			return true;
	return false;
}

/* Why the host cannot take it, or false. A limit of 0 is none. */
static bool
exceeds(const struct need *need, const struct quoin_status *status, char *why, size_t why_bytes)
{
	const struct {
		const char *what;
		uint64_t have, limit;
	} limits[] = {
	    {"bytes", need->bytes, status->limit_bytes},
	    {"objectives", need->objectives, status->limit_objectives},
	    {"models", need->models, status->limit_models},
	    {"attributes", need->attributes, status->limit_attributes},
	};

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		if (limits[i].limit == 0 || limits[i].have <= limits[i].limit)
			continue;
		snprintf(why, why_bytes, "takes at most %llu %s (limit.%s), and the release has %llu for it",
		    (unsigned long long)limits[i].limit, limits[i].what, limits[i].what,
		    (unsigned long long)limits[i].have);
		return true;
	}
	for (size_t i = 0; i < need->schema_count; i++) {
		if (reads(status, need->schemas[i]))
			continue;
		snprintf(why, why_bytes, "does not read %s; bring it up to date first", need->schemas[i]);
		return true;
	}
	return false;
}

int
quoin_guard_try_limits(const struct guard *guard, const struct quoin_guard_input *input,
    struct quoin_problems *problems, struct quoin_error *err)
{
	struct need needs[2];
	char why[256];

	(void)err;
	if (input->fleet == NULL)
		return 0;
	need_of(input, QUOIN_HOST_SERVING, &needs[0]);
	need_of(input, QUOIN_HOST_ROUTER, &needs[1]);
	for (size_t i = 0; i < input->fleet->host_count; i++) {
		const struct quoin_fleet_host *host = &input->fleet->hosts[i];
		int64_t silence_ms = input->now_ms - host->received_ms;

		if (host->status.leaving || silence_ms > (int64_t)(SILENT_INTERVALS * host->status.interval_ms))
			continue;
		if (exceeds(&needs[host->cert.role == QUOIN_HOST_ROUTER], &host->status, why, sizeof why))
			quoin_guard_object(guard, input, problems, (struct quoin_place){0}, "host \"%s\" %s", host->cert.host,
			    why);
	}
	return 0;
}
