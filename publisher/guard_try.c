#include "publisher/guard_try.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
quoin_guard_is_waived(const char *name, const struct quoin_guard_input *input)
{
	for (size_t i = 0; i < input->waived_count; i++) {
		if (strcmp(input->waived[i], name) == 0)
			return true;
	}
	return false;
}

static bool
is_waived(const struct guard *guard, const struct quoin_guard_input *input)
{
	return guard->why_never == NULL && quoin_guard_is_waived(guard->name, input);
}

void
quoin_guard_object(const struct guard *guard, const struct quoin_guard_input *input, struct quoin_problems *problems,
    struct quoin_place place, const char *fmt, ...)
{
	struct quoin_buf text;
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	quoin_buf_init(&text, QUOIN_TEXT_BYTES_MAX);
	if (is_waived(guard, input))
		quoin_buf_printf(&text, "%s (guard %s is waived)", message, guard->name);
	else if (guard->why_never == NULL)
		quoin_buf_printf(&text, "%s; mend it, or publish with --waive %s", message, guard->name);
	else
		quoin_buf_printf(&text, "%s; the guard %s cannot be waived: %s", message, guard->name,
		    guard->why_never);
	quoin_problem_add(problems, is_waived(guard, input) ? QUOIN_SEVERITY_WARNING : QUOIN_SEVERITY_ERROR,
	    guard->name, place, quoin_buf_span(&text));
	quoin_buf_clear(&text);
}

double
quoin_guard_threshold(const struct guard *guard, const struct quoin_guard_input *input)
{
	for (size_t i = 0; i < input->threshold_count; i++)
		if (strcmp(input->thresholds[i].name, guard->name) == 0)
			return input->thresholds[i].threshold;
	return guard->threshold;
}

int
quoin_guard_open_models(struct quoin_span part, struct quoin_models *ret, struct quoin_error *err)
{
	struct quoin_image image;
	int rc = quoin_image_of(part, &image, err);

	return rc != 0 ? rc : quoin_models_verify(&image, ret, err);
}

uint64_t
quoin_guard_placed_demand(const struct quoin_ruleset *ruleset, size_t shard, const char *resource)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ruleset->placement_count; i++) {
		const struct quoin_model *model = &ruleset->models[ruleset->placements[i].model];

		for (size_t j = 0; ruleset->placements[i].shard == shard && j < model->demand_count; j++) {
			if (strcmp(model->demand[j].resource, resource) == 0 &&
			    __builtin_add_overflow(sum, model->demand[j].amount, &sum))
				sum = UINT64_MAX;
		}
	}
	return sum;
}
