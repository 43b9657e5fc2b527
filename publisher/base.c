#include "publisher/base.h"

#include <string.h>

#include "formats/rules.h"
#include "publisher/blobs.h"

#define FETCH_TIMEOUT_MS 30000

static const char *const part_names[QUOIN_COMPILED_PARTS] = {"models", "routes", "rules", "source"};

void
quoin_base_clear(struct quoin_base *base)
{
	quoin_buf_clear(&base->rules);
	quoin_buf_clear(&base->models);
	for (size_t i = 0; i < QUOIN_BASE_RETAINED_MAX; i++)
		quoin_buf_clear(&base->retained_models[i]);
	memset(base, 0, sizeof *base);
}

struct quoin_compile_base
quoin_base_for_compile(const struct quoin_base *base)
{
	return (struct quoin_compile_base){
	    .rules = quoin_buf_span(&base->rules),
	    .models = quoin_buf_span(&base->models),
	};
}

static int
fetch_part(struct quoin_bus_lookup *lookup, const struct quoin_release *release, const char *name, struct quoin_buf *out,
    struct quoin_error *err)
{
	const struct quoin_part *part = quoin_release_part(release, name);
	int r;

	if (part == NULL)
		return QUOIN_EMISSING;
	quoin_buf_init(out, QUOIN_PART_BYTES_MAX);
	r = quoin_blobs_get(lookup, part, FETCH_TIMEOUT_MS, out, err);
	return r == 0 ? 0 : quoin_error_prefix(err, "release %llu, part %s", (unsigned long long)release->number, name);
}

static int
count_objectives(struct quoin_base *base, struct quoin_error *err)
{
	struct quoin_image image;
	struct quoin_rules rules;
	int r;

	r = quoin_image_of(quoin_buf_span(&base->rules), &image, err);
	if (r == 0)
		r = quoin_rules_verify(&image, &rules, err);
	if (r == 0)
		base->objective_count = rules.objective_count;
	return r;
}

static int
fetch_base(struct quoin_bus_lookup *lookup, const struct quoin_control *control, uint64_t number,
    struct quoin_base *base, struct quoin_error *err)
{
	struct quoin_release release = {0};
	int r;

	r = quoin_control_release(control, number, &release, err);
	if (r != 0 || quoin_release_part(&release, "rules") == NULL || quoin_release_part(&release, "models") == NULL) {
		quoin_release_clear(&release);
		return r;
	}
	r = fetch_part(lookup, &release, "rules", &base->rules, err);
	if (r == 0)
		r = fetch_part(lookup, &release, "models", &base->models, err);
	if (r == 0)
		r = count_objectives(base, err);
	for (size_t i = 0; r == 0 && i < QUOIN_COMPILED_PARTS; i++) {
		const struct quoin_part *part = quoin_release_part(&release, part_names[i]);

		base->part_bytes[i] = part != NULL ? part->bytes : 0;
	}
	base->number = r == 0 ? number : 0;
	quoin_release_clear(&release);
	return r;
}

/* The models of the newest releases that are not revoked; one whose chunks are gone cannot be compared and is left out. */
static void
fetch_retained(struct quoin_bus_lookup *lookup, const struct quoin_control *control, struct quoin_base *base)
{
	const struct quoin_ledger *ledger = &control->ledger;

	for (size_t i = ledger->release_count; i-- > 0 && base->retained_count < QUOIN_BASE_RETAINED_MAX;) {
		struct quoin_buf *models = &base->retained_models[base->retained_count];
		struct quoin_release release = {0};

		if (ledger->releases[i].is_revoked ||
		    quoin_control_release(control, ledger->releases[i].ref.number, &release, NULL) != 0)
			continue;
		if (fetch_part(lookup, &release, "models", models, NULL) == 0) {
			base->retained[base->retained_count].release = release.number;
			base->retained[base->retained_count].models = quoin_buf_span(models);
			base->retained_count++;
		} else {
			quoin_buf_clear(models);
		}
		quoin_release_clear(&release);
	}
}

int
quoin_base_fetch(const struct quoin_conf *conf, const struct quoin_control *control, uint64_t number,
    struct quoin_base *ret, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {conf->properties, conf->property_count, "quoin"};
	struct quoin_bus_lookup *lookup = NULL;
	char topic[QUOIN_TOPIC_NAME_BYTES];
	int r = 0;

	memset(ret, 0, sizeof *ret);
	if (control->ledger.release_count == 0)
		return 0;
	quoin_topic_name(conf->namespace_name, QUOIN_TOPIC_BLOBS, topic);
	r = quoin_bus_lookup_open(&bus, topic, 0, &lookup, err);
	if (r == 0 && number != 0)
		r = fetch_base(lookup, control, number, ret, err);
	if (r == 0)
		fetch_retained(lookup, control, ret);
	quoin_bus_lookup_close(lookup);
	if (r != 0)
		quoin_base_clear(ret);
	return r;
}
