/*
 * Trace: events and actions of the core as lines of text, for tests/trace/, the simulator and the debug log. Documents
 * are told by their numbers, never by their hashes, so that the same run gives the same text.
 */
#ifndef QUOIN_SUBSCRIBER_TRACE_H
#define QUOIN_SUBSCRIBER_TRACE_H

#include "subscriber/core.h"

/* Append one line, without its newline. Returns out->error. */
int quoin_agent_event_print(const struct quoin_agent_event *event, struct quoin_buf *out);
int quoin_agent_action_print(const struct quoin_agent_core *core, const struct quoin_agent_action *action,
    struct quoin_buf *out);

#endif
