#include "publisher/gate_shell.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/assert.h"

void
gate_stop(struct quoin_gate *gate, int code, const char *fmt, ...)
{
	char text[256];
	va_list args;

	if (gate->code != 0)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	gate->code = quoin_error_set(gate->err, code, "%s", text);
}

void
gate_feed_after(struct quoin_gate *gate, struct quoin_gate_event event)
{
	QUOIN_ASSERT(gate->queued < sizeof gate->queue / sizeof gate->queue[0]);
	gate->queue[gate->queued++] = event;
}

void
gate_ask_ends(struct quoin_gate *gate, bool is_status_only)
{
	for (size_t i = 0; i < QUOIN_GATE_TOPICS; i++)
		if (!is_status_only || gate->tails[i].topic == QUOIN_TOPIC_STATUS)
			gate->tails[i].is_asking = true;
}
