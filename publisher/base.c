#include "publisher/base.h"

#include <string.h>

#include "formats/rules.h"
#include "formats/source.h"
#include "publisher/activations.h"

#define FETCH_TIMEOUT_MS 30000

static const char *const part_names[QUOIN_COMPILED_PARTS] = {"models", "routes", "rules", "source"};

void
quoin_base_clear(struct quoin_base *base)
{
	quoin_parts_clear(&base->parts);
	quoin_ruleset_clear(&base->ruleset);
	for (size_t i = 0; i < QUOIN_BASE_RETAINED_MAX; i++)
		quoin_parts_clear(&base->retained_parts[i]);
	for (size_t i = 0; i < QUOIN_LIVE_MAX; i++)
		quoin_parts_clear(&base->live_parts[i]);
	memset(base, 0, sizeof *base);
}

struct quoin_compile_base
quoin_base_for_compile(const struct quoin_base *base)
{
	if (base->number == 0)
		return (struct quoin_compile_base){0};
	return (struct quoin_compile_base){
	    .rules = quoin_parts_content(&base->parts, "rules"),
	    .models = quoin_parts_content(&base->parts, "models"),
	};
}

void
quoin_base_for_guard(const struct quoin_base *base, struct quoin_guard_input *guard)
{
	guard->retained = base->retained;
	guard->retained_count = base->retained_count;
	guard->live = base->live;
	guard->live_count = base->live_count;
	guard->base_release = base->parts.release.number != 0 ? &base->parts.release : NULL;
	guard->base_ruleset = base->has_ruleset ? &base->ruleset : NULL;
	guard->base_objective_count = base->objective_count;
	guard->base_models = base->number != 0 ? quoin_parts_content(&base->parts, "models") : (struct quoin_span){0};
	for (size_t i = 0; i < QUOIN_COMPILED_PARTS; i++) {
		const struct quoin_part *part =
		    base->number != 0 ? quoin_release_part(&base->parts.release, part_names[i]) : NULL;

		guard->base_part_bytes[i] = part != NULL ? part->bytes : 0;
	}
}

int
quoin_base_active(const struct quoin_control *control, struct quoin_bus_reader *reader, int timeout_ms,
    struct quoin_base_choice *ret, struct quoin_error *err)
{
	struct quoin_activations activations = {0};
	const struct quoin_activation *newest = &activations.newest;
	int r = quoin_activations_read(&activations, &control->trust, reader, timeout_ms, NULL, NULL, err);

	*ret = (struct quoin_base_choice){.number = activations.has_newest ? newest->from : 0};
	if (ret->number == 0)
		ret->number = control->ledger.head.number;
	for (size_t i = 0; i < newest->live_count && ret->live_count < QUOIN_LIVE_MAX; i++)
		ret->live[ret->live_count++] = newest->live[i].release.number;
	quoin_activations_clear(&activations);
	return r;
}

/* ---- Fetching ---- */

static int
read_base(struct quoin_base *base, struct quoin_error *err)
{
	struct quoin_span source = quoin_parts_content(&base->parts, "source");
	struct quoin_image image;
	struct quoin_rules rules;
	int r;

	r = quoin_image_of(quoin_parts_content(&base->parts, "rules"), &image, err);
	if (r == 0)
		r = quoin_rules_verify(&image, &rules, err);
	if (r == 0)
		base->objective_count = rules.objective_count;
	if (r == 0 && source.len > 0) {
		r = quoin_source_read(source, &base->ruleset, err);
		base->has_ruleset = r == 0;
	}
	return r != 0 ? quoin_error_prefix(err, "release %llu", (unsigned long long)base->parts.release.number) : 0;
}

static int
fetch_base(struct quoin_bus_lookup *lookup, const struct quoin_control *control, uint64_t number,
    struct quoin_base *base, struct quoin_error *err)
{
	static const char *const names[] = {"models", "routes", "rules", "source", NULL};
	const struct quoin_part *rules;
	int r = quoin_base_describe(control, number, base, err);

	rules = r == 0 ? quoin_release_part(&base->parts.release, "rules") : NULL;
	if (rules == NULL || strcmp(rules->schema, "rules-v1") != 0 ||
	    quoin_release_part(&base->parts.release, "models") == NULL)
		return r;
	quoin_parts_clear(&base->parts);
	r = quoin_parts_fetch(lookup, control, number, names, FETCH_TIMEOUT_MS, &base->parts, err);
	if (r == 0)
		r = read_base(base, err);
	if (r == 0)
		base->number = number;
	return r;
}

/* The models of the newest releases that are not revoked; one whose chunks are gone cannot be compared and is left out. */
static void
fetch_retained(struct quoin_bus_lookup *lookup, const struct quoin_control *control, struct quoin_base *base)
{
	static const char *const names[] = {"models", NULL};
	const struct quoin_ledger *ledger = &control->ledger;

	for (size_t i = ledger->release_count; i-- > 0 && base->retained_count < QUOIN_BASE_RETAINED_MAX;) {
		struct quoin_parts *parts = &base->retained_parts[base->retained_count];
		struct quoin_guard_retained *retained = &base->retained[base->retained_count];
		uint64_t number = ledger->releases[i].ref.number;

		if (ledger->releases[i].is_revoked ||
		    quoin_parts_fetch(lookup, control, number, names, FETCH_TIMEOUT_MS, parts, NULL) != 0)
			continue;
		*retained = (struct quoin_guard_retained){number, quoin_parts_content(parts, "models")};
		if (retained->models.len > 0)
			base->retained_count++;
		else
			quoin_parts_clear(parts);
	}
}

/* The models of what is live beside the base; a release of files has none. */
static int
fetch_live(struct quoin_bus_lookup *lookup, const struct quoin_control *control, const struct quoin_base_choice *choice,
    struct quoin_base *base, struct quoin_error *err)
{
	static const char *const names[] = {"models", NULL};
	int r = 0;

	for (size_t i = 0; r == 0 && i < choice->live_count; i++) {
		struct quoin_parts *parts = &base->live_parts[base->live_count];
		struct quoin_span models;

		if (choice->live[i] == base->number)
			continue;
		r = quoin_parts_fetch(lookup, control, choice->live[i], names, FETCH_TIMEOUT_MS, parts, err);
		models = r == 0 ? quoin_parts_content(parts, "models") : (struct quoin_span){0};
		if (models.len > 0)
			base->live[base->live_count++] = (struct quoin_guard_retained){choice->live[i], models};
		else
			quoin_parts_clear(parts);
	}
	return r;
}

int
quoin_base_describe(const struct quoin_control *control, uint64_t number, struct quoin_base *ret,
    struct quoin_error *err)
{
	memset(ret, 0, sizeof *ret);
	return number != 0 ? quoin_control_release(control, number, &ret->parts.release, err) : 0;
}

int
quoin_base_fetch(const struct quoin_conf *conf, const struct quoin_control *control,
    const struct quoin_base_choice *choice, struct quoin_base *ret, struct quoin_error *err)
{
	struct quoin_bus_lookup *lookup = NULL;
	int r;

	memset(ret, 0, sizeof *ret);
	if (control->ledger.release_count == 0 && choice->number == 0)
		return 0;
	r = quoin_parts_open(conf, &lookup, err);
	if (r == 0 && choice->number != 0)
		r = fetch_base(lookup, control, choice->number, ret, err);
	if (r == 0)
		r = fetch_live(lookup, control, choice, ret, err);
	if (r == 0)
		fetch_retained(lookup, control, ret);
	quoin_bus_lookup_close(lookup);
	if (r != 0)
		quoin_base_clear(ret);
	return r;
}
