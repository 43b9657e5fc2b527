/*
 * Report: what the host says of itself, and when.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "lib/defect.h"
#include "subscriber/core_step.h"

static const char *const schemas[] = {"models-v1", "raw", "routes-v1", "rules-v1", "source-v1"};

#define SCHEMA_COUNT (sizeof schemas / sizeof schemas[0])

/* A new store numbers from the wall clock on, so that what it says is not below what it said before it was lost. */
void
quoin_agent_report_start(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;

	if (core->ratchets.is_new && QUOIN_DEFECT(RUN_14B))
		core->status_next = 1;
	else if (core->ratchets.is_new && step->event->wall_ms > 0 && core->status_next < (uint64_t)step->event->wall_ms)
		core->status_next = (uint64_t)step->event->wall_ms;
	if (core->status_next == 0)
		core->status_next = 1;
	quoin_agent_report_now(step);
}

void
quoin_agent_report_settle(struct quoin_agent_step *step)
{
	struct quoin_agent_core *core = step->core;
	const int64_t now = step->event->boot_ms;
	struct quoin_agent_action *action;

	if (core->report_at > now)
		return;
	/* While nobody acknowledges, more of them would only queue up; the next answer lets the next one go. */
	if (core->sent_count == QUOIN_AGENT_SENT_MAX && !core->stopping)
		return;
	if (core->sent_count == QUOIN_AGENT_SENT_MAX)
		core->sent_count--;
	if (core->status_next >= core->ratchets.status_number) {
		core->ratchets.status_number = core->status_next + QUOIN_AGENT_NUMBERS;
		core->change.has_ratchets = true;
	}
	action = quoin_agent_after(step, QUOIN_AGENT_REPORT);
	action->number = core->status_next++;
	core->sent[core->sent_count].number = action->number;
	core->sent[core->sent_count].boot_ms = now;
	core->sent[core->sent_count].wall_ms = step->event->wall_ms;
	core->sent_count++;
	if (core->join == QUOIN_JOIN_REPORTING && core->join_number == 0)
		core->join_number = action->number;
	core->report_at = now + (int64_t)core->conf.status_interval_ms;
}

void
quoin_agent_add_number(uint64_t number, uint64_t *numbers, size_t *count, size_t max)
{
	size_t i;

	for (i = 0; i < *count && numbers[i] < number; i++)
		;
	if (number == 0 || (i < *count && numbers[i] == number) || *count == max)
		return;
	memmove(&numbers[i + 1], &numbers[i], (*count - i) * sizeof numbers[0]);
	numbers[i] = number;
	(*count)++;
}

/* All that readers or the data plane hold. What runs is held: the next reader takes it. */
static void
fill_holds(const struct quoin_agent_core *core, struct quoin_status *ret)
{
	if (quoin_agent_is_serving(core))
		return;
	for (size_t i = 0; i < core->held_count; i++)
		quoin_agent_add_number(core->held[i], ret->holds, &ret->hold_count, QUOIN_HELD_MAX);
	quoin_agent_add_number(core->runs.number, ret->holds, &ret->hold_count, QUOIN_HELD_MAX);
	for (size_t i = 0; i < QUOIN_AGENT_DRAINING_MAX; i++)
		quoin_agent_add_number(core->draining[i].release, ret->holds, &ret->hold_count, QUOIN_HELD_MAX);
	quoin_agent_add_number(core->preparing.number, ret->holds, &ret->hold_count, QUOIN_HELD_MAX);
	if (QUOIN_DEFECT(RUN_2) && ret->hold_count > 1)
		ret->hold_count = 1;
}

/* A reader that is stuck keeps a release loaded everywhere: whoever wonders why finds its process. */
static void
name_reader(const struct quoin_agent_core *core, int64_t boot_ms, struct quoin_status_release *ret)
{
	if (quoin_agent_is_serving(core) || ret->reason[0] != '\0' || core->oldest.pid == 0 ||
	    core->oldest.release != ret->release.number || ret->release.number == core->runs.number ||
	    boot_ms - core->oldest_since < QUOIN_AGENT_STUCK_MS)
		return;
	(void)snprintf(ret->reason, sizeof ret->reason, "process %d holds release %llu", (int)core->oldest.pid,
	    (unsigned long long)ret->release.number);
}

static void
fill_release(const struct quoin_agent_core *core, const struct quoin_agent_release *release,
    struct quoin_status_release *ret)
{
	const struct quoin_agent_model *model;

	ret->release = release->ref;
	ret->progress = quoin_agent_progress(core, release, &model);
	memcpy(ret->reason, release->reason, sizeof ret->reason);
	if (model == NULL)
		return;
	_Static_assert(sizeof ret->model >= 2 * QUOIN_NAME_BYTES_MAX + 2, "a routing key fits");
	(void)snprintf(ret->model, sizeof ret->model, "%s@%s", model->name.name, model->name.version);
	memcpy(ret->reason, model->reason, sizeof ret->reason);
}

static int
compare_releases(const void *a, const void *b)
{
	const struct quoin_status_release *x = a, *y = b;

	return (x->release.number > y->release.number) - (x->release.number < y->release.number);
}

static int
fill_releases(const struct quoin_agent_core *core, int64_t boot_ms, struct quoin_status *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++)
		count += core->releases[i].ref.number != 0;
	if (count == 0)
		return 0;
	ret->releases = calloc(count, sizeof ret->releases[0]);
	if (ret->releases == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < QUOIN_AGENT_TRACKED_MAX; i++)
		if (core->releases[i].ref.number != 0)
			fill_release(core, &core->releases[i], &ret->releases[ret->release_count++]);
	for (size_t i = 0; i < ret->release_count; i++)
		name_reader(core, boot_ms, &ret->releases[i]);
	qsort(ret->releases, ret->release_count, sizeof ret->releases[0], compare_releases);
	return 0;
}

static int
fill_formats(struct quoin_status *ret)
{
	ret->formats = calloc(SCHEMA_COUNT, sizeof ret->formats[0]);
	if (ret->formats == NULL)
		return QUOIN_ENOMEM;
	for (size_t i = 0; i < SCHEMA_COUNT; i++)
		memcpy(ret->formats[i], schemas[i], strlen(schemas[i]) + 1);
	ret->format_count = SCHEMA_COUNT;
	return 0;
}

int
quoin_agent_core_status(const struct quoin_agent_core *core, int64_t boot_ms, int64_t wall_ms, struct quoin_status *ret)
{
	const struct quoin_agent_conf *conf = &core->conf;
	int r;

	memset(ret, 0, sizeof *ret);
	ret->origin = conf->origin;
	memcpy(ret->host, core->cert.host, sizeof ret->host);
	memcpy(ret->boot, conf->boot, sizeof ret->boot);
	ret->generation = core->ratchets.load_generation;
	ret->sent_ms = wall_ms;
	ret->interval_ms = conf->status_interval_ms;
	ret->lease_ms = quoin_agent_is_serving(core) ? 0 : conf->lease_ms;
	ret->obeyed = core->ratchets.obeyed;
	/* A store that was lost must not make it look as if a "forget" had not been heard of. */
	ret->intent = core->ratchets.intent > core->ledger.last_intent.number ? core->ratchets.intent
									      : core->ledger.last_intent.number;
	ret->runs = core->runs;
	ret->stale = quoin_agent_core_is_stale(core, boot_ms);
	ret->leaving = core->stopping;
	ret->limit_bytes = conf->limit_bytes;
	ret->limit_objectives = conf->limit_objectives;
	ret->limit_models = conf->limit_models;
	ret->limit_attributes = conf->limit_attributes;
	fill_holds(core, ret);
	r = fill_releases(core, boot_ms, ret);
	if (r == 0)
		r = fill_formats(ret);
	if (r != 0)
		quoin_status_clear(ret);
	return r;
}
