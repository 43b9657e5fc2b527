/*
 * Pins: from what operators want to what stands (PROTOCOL.md sections 5 and 7). A pin waits beside the rollout until its
 * release is loaded and may be selected; the one whose place it takes stands until then.
 */
#include <string.h>

#include "lib/defect.h"
#include "publisher/gate_state.h"

static bool
is_asked_pin(const struct quoin_gate_core *core, uint64_t intent)
{
	for (size_t i = 0; i < core->ledger->pin_count; i++)
		if (core->ledger->pins[i].intent == intent)
			return true;
	return false;
}

/* A pin of the same hosts waits to take this one's place: until then this one stands. */
static bool
has_successor(const struct quoin_gate_core *core, const struct quoin_pin *pin)
{
	char labels[QUOIN_LABELS_TEXT_BYTES];

	quoin_labels_print(&pin->labels, labels);
	for (size_t i = 0; i < core->ledger->pin_count; i++)
		if (strcmp(core->ledger->pins[i].labels, labels) == 0 &&
		    gate_is_good(core, core->ledger->pins[i].release))
			return true;
	return false;
}

static void
drop_pins(struct quoin_gate_core *core)
{
	for (size_t i = 0; i < core->draft.pin_count;) {
		const struct quoin_pin *pin = &core->draft.pins[i];
		bool is_revoked = quoin_activation_has_revoked(&core->draft, pin->release);

		if (!is_revoked && (is_asked_pin(core, pin->intent) || has_successor(core, pin))) {
			i++;
			continue;
		}
		gate_decided(core, "the pin to release %llu (intent %llu) is lifted%s",
		    (unsigned long long)pin->release, (unsigned long long)pin->intent,
		    is_revoked ? ": it is revoked" : "");
		gate_draft_unpin(core, pin->intent);
	}
}

static void
put_pin(struct quoin_gate_core *core, const struct quoin_ledger_pin *asked)
{
	struct quoin_pin pin;

	quoin_ledger_pin_expand(asked, &pin);
	for (size_t i = 0; i < core->draft.pin_count;) {
		if (quoin_labels_equal(&core->draft.pins[i].labels, &pin.labels))
			gate_draft_unpin(core, core->draft.pins[i].intent);
		else
			i++;
	}
	if (core->draft.pin_count == QUOIN_PINS_MAX) {
		gate_waits(core, "the pin of intent %llu waits: %d pins stand", (unsigned long long)pin.intent,
		    QUOIN_PINS_MAX);
		return;
	}
	gate_decided(core, "release %llu is pinned (intent %llu)", (unsigned long long)pin.release,
	    (unsigned long long)pin.intent);
	gate_draft_pin(core, &pin);
}

static void
enter_pinned(struct quoin_gate_core *core, const struct quoin_ledger_pin *pin)
{
	gate_enter(core, pin->release);
	if (gate_enters_selectable(core, pin->release) && gate_may(core, GATE_WISH_PIN, pin->intent, 0, NULL))
		put_pin(core, pin);
}

void
gate_pins(struct quoin_gate_core *core)
{
	char why[QUOIN_GATE_TEXT_BYTES];

	drop_pins(core);
	for (size_t i = 0; i < core->ledger->pin_count; i++) {
		const struct quoin_ledger_pin *pin = &core->ledger->pins[i];

		if (gate_has_pin(&core->draft, pin->intent))
			continue;
		if (quoin_activation_live(&core->activation, pin->release) != NULL &&
		    pin->release != core->activation.asked)
			gate_fail_by_reports(core, pin->release);
		if (!gate_is_good(core, pin->release))
			gate_waits(core, "the pin of intent %llu waits: release %llu is revoked or failed",
			    (unsigned long long)pin->intent, (unsigned long long)pin->release);
		else if (core->draft.frozen && !quoin_activation_has_active(&core->draft, pin->release))
			gate_waits(core, "the pin to release %llu (intent %llu) waits: the namespace is frozen",
			    (unsigned long long)pin->release, (unsigned long long)pin->intent);
		else if (quoin_activation_live(&core->activation, pin->release) == NULL)
			enter_pinned(core, pin);
		else if (QUOIN_DEFECT(RUN_3) ? !gate_brake_met(core, pin->release, why)
					     : !gate_may_be_selected(core, pin->release, why))
			gate_waits(core, "the pin to release %llu (intent %llu) waits: %s",
			    (unsigned long long)pin->release, (unsigned long long)pin->intent, why);
		else if (gate_may(core, GATE_WISH_PIN, pin->intent, 0, NULL))
			put_pin(core, pin);
	}
}
