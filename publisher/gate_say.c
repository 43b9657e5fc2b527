/* What a step says: actions, in their order; what was decided, is waited for, or is for people to see; when to be asked again. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/assert.h"
#include "publisher/gate_state.h"

int64_t
gate_after(int64_t ms, uint64_t more_ms)
{
	QUOIN_ASSERT(ms >= 0);
	return more_ms > (uint64_t)(INT64_MAX - ms) ? INT64_MAX : ms + (int64_t)more_ms;
}

void
gate_wake(struct quoin_gate_core *core, int64_t at_ms)
{
	if (at_ms < core->wake_ms)
		core->wake_ms = at_ms;
}

struct quoin_gate_action *
gate_act(struct quoin_gate_core *core, enum quoin_gate_action_kind kind)
{
	static struct quoin_gate_action spare;
	struct quoin_gate_actions *actions = core->actions;
	/* Texts leave room for what must be done. */
	size_t room = kind < QUOIN_GATE_ALARM ? QUOIN_GATE_ACTIONS_MAX : QUOIN_GATE_ACTIONS_MAX - 8;
	struct quoin_gate_action *action;

	if (actions->count >= room) {
		QUOIN_ASSERT(kind >= QUOIN_GATE_ALARM || kind == QUOIN_GATE_NEED_RELEASE);
		actions->left_out++;
		return &spare;
	}
	action = &actions->items[actions->count++];
	action->kind = kind;
	action->number = 0;
	action->token = 0;
	memset(&action->position, 0, sizeof action->position);
	action->activation = NULL;
	action->text[0] = '\0';
	return action;
}

void
gate_decided(struct quoin_gate_core *core, const char *fmt, ...)
{
	struct quoin_gate_action *action = gate_act(core, QUOIN_GATE_DECIDED);
	va_list args;

	va_start(args, fmt);
	vsnprintf(action->text, sizeof action->text, fmt, args);
	va_end(args);
}

void
gate_waits(struct quoin_gate_core *core, const char *fmt, ...)
{
	va_list args;

	if (core->reason[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(core->reason, sizeof core->reason, fmt, args);
	va_end(args);
}

void
gate_waits_last(struct quoin_gate_core *core, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(core->last_reason, sizeof core->last_reason, fmt, args);
	va_end(args);
}

void
gate_alarm(struct quoin_gate_core *core, const char *fmt, ...)
{
	char *text;
	va_list args;

	if (core->alarm_count == QUOIN_GATE_ALARMS_MAX)
		return;
	text = core->alarms[core->alarm_count++];
	va_start(args, fmt);
	vsnprintf(text, QUOIN_GATE_TEXT_BYTES, fmt, args);
	va_end(args);
	for (size_t i = 0; i < core->told_count; i++)
		if (strcmp(core->told[i], text) == 0)
			return;
	snprintf(gate_act(core, QUOIN_GATE_ALARM)->text, QUOIN_GATE_TEXT_BYTES, "%s", text);
}
