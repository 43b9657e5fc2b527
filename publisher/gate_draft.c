/* Editing the next activation: its lists stay in their order, and within their bounds (PROTOCOL.md section 2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "publisher/gate_state.h"

/* Make a hole at "at" in an array of "count" items; NULL without memory. */
static void *
insert(struct quoin_gate_core *core, void *array, size_t count, size_t item_bytes, size_t at)
{
	uint8_t *grown;

	QUOIN_ASSERT(at <= count);
	grown = realloc(array, (count + 1) * item_bytes);
	if (grown == NULL) {
		core->code = QUOIN_ENOMEM;
		return NULL;
	}
	memmove(grown + (at + 1) * item_bytes, grown + at * item_bytes, (count - at) * item_bytes);
	memset(grown + at * item_bytes, 0, item_bytes);
	core->is_changed = true;
	return grown;
}

static void
take_out(struct quoin_gate_core *core, void *array, size_t *count, size_t item_bytes, size_t at)
{
	uint8_t *items = array;

	QUOIN_ASSERT(at < *count);
	memmove(items + at * item_bytes, items + (at + 1) * item_bytes, (*count - at - 1) * item_bytes);
	(*count)--;
	core->is_changed = true;
}

/* ---- Numbers: once active, revoked ---- */

void
gate_draft_add_number(struct quoin_gate_core *core, uint64_t **numbers, size_t *count, uint64_t number)
{
	uint64_t *grown;
	size_t at = 0;

	if (gate_has_number(*numbers, *count, number))
		return;
	/* The oldest give way, and do not come back: else every decision would change something, for ever. */
	if (*count == QUOIN_HISTORY_MAX && number < (*numbers)[0])
		return;
	if (*count == QUOIN_HISTORY_MAX)
		take_out(core, *numbers, count, sizeof **numbers, 0);
	while (at < *count && (*numbers)[at] < number)
		at++;
	grown = insert(core, *numbers, *count, sizeof **numbers, at);
	if (grown == NULL)
		return;
	*numbers = grown;
	grown[at] = number;
	(*count)++;
}

/* ---- Failed ---- */

void
gate_draft_fail(struct quoin_gate_core *core, uint64_t release, const char *host, const char *reason)
{
	struct quoin_activation *draft = &core->draft;
	struct quoin_failure *grown;
	size_t at = 0;

	if (quoin_activation_failure(draft, release) != NULL)
		return;
	if (draft->failed_count >= QUOIN_GATE_FAILED_MAX)
		take_out(core, draft->failed, &draft->failed_count, sizeof *draft->failed, 0);
	while (at < draft->failed_count && draft->failed[at].release < release)
		at++;
	grown = insert(core, draft->failed, draft->failed_count, sizeof *grown, at);
	if (grown == NULL)
		return;
	draft->failed = grown;
	draft->failed_count++;
	grown[at].release = release;
	snprintf(grown[at].host, sizeof grown[at].host, "%s", host);
	snprintf(grown[at].reason, sizeof grown[at].reason, "%s", reason);
}

void
gate_draft_unfail(struct quoin_gate_core *core, uint64_t release)
{
	struct quoin_activation *draft = &core->draft;

	for (size_t i = 0; i < draft->failed_count; i++)
		if (draft->failed[i].release == release) {
			take_out(core, draft->failed, &draft->failed_count, sizeof *draft->failed, i);
			return;
		}
}

/* ---- The live set ---- */

struct quoin_live *
gate_draft_live(struct quoin_gate_core *core, uint64_t release)
{
	for (size_t i = 0; i < core->draft.live_count; i++)
		if (core->draft.live[i].release.number == release)
			return &core->draft.live[i];
	return NULL;
}

void
gate_draft_enter(struct quoin_gate_core *core, const struct quoin_docref *release)
{
	struct quoin_activation *draft = &core->draft;
	struct quoin_live *grown;
	size_t at = 0;

	QUOIN_ASSERT(gate_draft_live(core, release->number) == NULL);
	QUOIN_ASSERT(draft->live_count < QUOIN_LIVE_MAX);
	while (at < draft->live_count && draft->live[at].release.number < release->number)
		at++;
	grown = insert(core, draft->live, draft->live_count, sizeof *grown, at);
	if (grown == NULL)
		return;
	draft->live = grown;
	draft->live_count++;
	grown[at].release = *release;
	grown[at].since = draft->seq;
	grown[at].last = 0;
}

void
gate_draft_leave(struct quoin_gate_core *core, uint64_t release)
{
	struct quoin_activation *draft = &core->draft;

	QUOIN_ASSERT(!quoin_activation_may_select(draft, release));
	for (size_t i = 0; i < draft->live_count; i++)
		if (draft->live[i].release.number == release) {
			take_out(core, draft->live, &draft->live_count, sizeof *draft->live, i);
			return;
		}
}

/* ---- Pins ---- */

void
gate_draft_pin(struct quoin_gate_core *core, const struct quoin_pin *pin)
{
	struct quoin_activation *draft = &core->draft;
	struct quoin_pin *grown;
	size_t at = 0;

	QUOIN_ASSERT(draft->pin_count < QUOIN_PINS_MAX);
	while (at < draft->pin_count && draft->pins[at].intent < pin->intent)
		at++;
	grown = insert(core, draft->pins, draft->pin_count, sizeof *grown, at);
	if (grown == NULL)
		return;
	draft->pins = grown;
	draft->pin_count++;
	grown[at] = *pin;
}

void
gate_draft_unpin(struct quoin_gate_core *core, uint64_t intent)
{
	struct quoin_activation *draft = &core->draft;

	for (size_t i = 0; i < draft->pin_count; i++)
		if (draft->pins[i].intent == intent) {
			take_out(core, draft->pins, &draft->pin_count, sizeof *draft->pins, i);
			return;
		}
}

/* ---- Excluded hosts ---- */

void
gate_draft_exclude(struct quoin_gate_core *core, const struct quoin_exclusion *exclusion)
{
	struct quoin_activation *draft = &core->draft;
	struct quoin_exclusion *grown;
	size_t at = 0;

	while (at < draft->excluded_count && strcmp(draft->excluded[at].host, exclusion->host) < 0)
		at++;
	if (at < draft->excluded_count && strcmp(draft->excluded[at].host, exclusion->host) == 0) {
		if (draft->excluded[at].by_operator == exclusion->by_operator &&
		    draft->excluded[at].until_ms == exclusion->until_ms)
			return;
		draft->excluded[at] = *exclusion;
		core->is_changed = true;
		return;
	}
	if (draft->excluded_count == QUOIN_KEPT_MAX) {
		gate_alarm(core, "more than %d hosts are excluded; %s is not", QUOIN_KEPT_MAX, exclusion->host);
		return;
	}
	grown = insert(core, draft->excluded, draft->excluded_count, sizeof *grown, at);
	if (grown == NULL)
		return;
	draft->excluded = grown;
	draft->excluded_count++;
	grown[at] = *exclusion;
}

void
gate_draft_include(struct quoin_gate_core *core, const char *host)
{
	struct quoin_activation *draft = &core->draft;

	for (size_t i = 0; i < draft->excluded_count; i++)
		if (strcmp(draft->excluded[i].host, host) == 0) {
			take_out(core, draft->excluded, &draft->excluded_count, sizeof *draft->excluded, i);
			return;
		}
}

/* ---- Kept for routers whose lease ended ---- */

/* Whether it has a lease is by the draft. */
static void
note_kept(struct quoin_gate_core *core, const char *name)
{
	struct gate_host *host = gate_host(core, name);

	core->is_kept_drafted = true;
	if (host != NULL)
		gate_count_host(core, host);
}

void
gate_draft_keep(struct quoin_gate_core *core, const struct quoin_kept *kept)
{
	struct quoin_activation *draft = &core->draft;
	struct quoin_kept *grown;
	size_t at = 0;

	QUOIN_ASSERT(gate_kept(draft, kept->host) == NULL && draft->kept_count < QUOIN_KEPT_MAX);
	while (at < draft->kept_count && strcmp(draft->kept[at].host, kept->host) < 0)
		at++;
	grown = insert(core, draft->kept, draft->kept_count, sizeof *grown, at);
	if (grown == NULL)
		return;
	draft->kept = grown;
	draft->kept_count++;
	grown[at] = *kept;
	note_kept(core, kept->host);
}

void
gate_draft_unkeep(struct quoin_gate_core *core, const char *host)
{
	struct quoin_activation *draft = &core->draft;

	for (size_t i = 0; i < draft->kept_count; i++)
		if (strcmp(draft->kept[i].host, host) == 0) {
			take_out(core, draft->kept, &draft->kept_count, sizeof *draft->kept, i);
			note_kept(core, host);
			return;
		}
}

/* ---- The step ---- */

static void
drop_step_labels(struct quoin_activation *draft)
{
	free(draft->step_labels);
	draft->step_labels = NULL;
	draft->step_label_count = 0;
}

/* The threshold and labels of the reach up to "index", cumulative; without a policy everyone. */
void
gate_draft_step(struct quoin_gate_core *core, uint32_t index, const struct quoin_policy *policy)
{
	struct quoin_activation *draft = &core->draft;
	size_t label_count = 0;

	drop_step_labels(draft);
	draft->step_seq = draft->seq;
	draft->step_index = index;
	draft->step_threshold = 100000;
	core->is_changed = true;
	if (policy == NULL || index + 1 >= policy->reach_count)
		return;
	draft->step_threshold = 0;
	draft->step_labels = calloc(index + 1, sizeof *draft->step_labels);
	if (draft->step_labels == NULL) {
		core->code = QUOIN_ENOMEM;
		return;
	}
	for (uint32_t i = 0; i <= index; i++) {
		if (policy->reach[i].labels.count > 0)
			draft->step_labels[label_count++] = policy->reach[i].labels;
		else if (policy->reach[i].threshold > draft->step_threshold)
			draft->step_threshold = policy->reach[i].threshold;
	}
	draft->step_label_count = label_count;
	if (label_count == 0)
		drop_step_labels(draft);
}
