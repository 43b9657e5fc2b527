/* What the newest activation, the draft of the next and the ledger say of a release, a pin or a router. */
#include <string.h>

#include "lib/defect.h"
#include "publisher/gate_state.h"

bool
gate_has_number(const uint64_t *numbers, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

const struct quoin_kept *
gate_kept(const struct quoin_activation *activation, const char *host)
{
	for (size_t i = 0; i < activation->kept_count; i++)
		if (strcmp(activation->kept[i].host, host) == 0)
			return &activation->kept[i];
	return NULL;
}

uint64_t
gate_in_effect(const struct quoin_activation *activation)
{
	return activation->target != 0 ? activation->target : activation->from;
}

bool
gate_is_fresh(const struct quoin_live *live)
{
	return live->last < live->since;
}

bool
gate_is_good(const struct quoin_gate_core *core, uint64_t release)
{
	const struct quoin_ledger_release *held = quoin_ledger_release(core->ledger, release);

	if (QUOIN_DEFECT(REVOKED_IS_GOOD))
		return quoin_activation_failure(&core->draft, release) == NULL;
	/* An activation has room for so many revocations; the ledger has all. */
	return (held == NULL || !held->is_revoked) && !quoin_activation_has_revoked(&core->draft, release) &&
	    quoin_activation_failure(&core->draft, release) == NULL;
}

bool
gate_has_pin(const struct quoin_activation *activation, uint64_t intent)
{
	for (size_t i = 0; i < activation->pin_count; i++)
		if (activation->pins[i].intent == intent)
			return true;
	return false;
}

bool
gate_pin_waits(const struct quoin_gate_core *core, uint64_t release)
{
	for (size_t i = 0; i < core->ledger->pin_count; i++) {
		const struct quoin_ledger_pin *pin = &core->ledger->pins[i];

		if (pin->release == release && !gate_has_pin(&core->draft, pin->intent) && gate_is_good(core, release))
			return true;
	}
	return false;
}
