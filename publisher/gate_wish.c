/* What may only be done after the statuses were read to an end that was asked for since (PROTOCOL.md section 5). */
#include <string.h>

#include "lib/defect.h"
#include "publisher/gate_state.h"

static bool
same_wish(const struct gate_wish *a, const struct gate_wish *b)
{
	return a->kind == b->kind && a->number == b->number && a->step == b->step && a->host == b->host;
}

static bool
is_selection(enum gate_wish_kind kind)
{
	return kind == GATE_WISH_SELECT || kind == GATE_WISH_PIN;
}

bool
gate_may(struct quoin_gate_core *core, enum gate_wish_kind kind, uint64_t number, uint32_t step,
    const struct gate_host *host)
{
	struct gate_wish wish = {kind, number, step, host};

	if (QUOIN_DEFECT(RUN_6))
		return true;
	for (size_t i = 0; core->is_confirmed && i < core->asked_count; i++)
		if (same_wish(&core->asked[i], &wish)) {
			core->is_selecting = core->is_selecting || is_selection(kind);
			return true;
		}
	if (core->wish_count < QUOIN_GATE_WISHES_MAX)
		core->wishes[core->wish_count++] = wish;
	return false;
}

void
gate_ask_for_the_end(struct quoin_gate_core *core)
{
	if (core->is_reading || core->wish_count == 0)
		return;
	memcpy(core->asked, core->wishes, sizeof core->wishes);
	core->asked_count = core->wish_count;
	core->asked_at = core->position;
	core->is_reading = true;
	gate_act(core, QUOIN_GATE_READ_STATUS)->token = ++core->token;
}

bool
gate_wishes_selection(const struct quoin_gate_core *core)
{
	for (size_t i = 0; i < core->wish_count; i++)
		if (is_selection(core->wishes[i].kind))
			return true;
	return false;
}
