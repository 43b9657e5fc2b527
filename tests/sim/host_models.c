/* A serving host's model server: what its hooks do and answer. */
#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/host.h"
#include "tests/sim/judge.h"

void
sim_host_model_name(uint32_t model, struct quoin_agent_model_name *ret)
{
	memset(ret, 0, sizeof *ret);
	(void)snprintf(ret->name, sizeof ret->name, "m%u", model);
	(void)snprintf(ret->version, sizeof ret->version, "1");
	(void)snprintf(ret->digest, sizeof ret->digest, "sha256:%u", model);
}

uint32_t
sim_host_model_of(const struct quoin_agent_model_name *name)
{
	const uint32_t model = (uint32_t)atoi(name->name + 1);

	QUOIN_ASSERT(model < SIM_MODELS);
	return model;
}

void
sim_host_hook(struct sim *sim, struct sim_host *host, uint64_t id, enum quoin_hook kind)
{
	const struct quoin_agent_model *model = quoin_agent_core_model(&host->core, id);
	struct sim_event event = sim_host_event_of(sim, host, SIM_HOOKED);
	int64_t takes_ms = 20 + (int64_t)sim_draw(sim, 800);
	const uint32_t number = sim_host_model_of(&model->name);

	event.a = id;
	event.b = kind;
	event.c = number;
	if (kind == QUOIN_HOOK_UNLOAD) {
		sim_judge_unload(sim, host, number);
		host->loaded[number] = host->lost[number] = false;
	}
	if (kind == QUOIN_HOOK_LOAD && sim->models[number].kind == SIM_MODEL_SLOW)
		takes_ms = 5000 + (int64_t)sim_draw(sim, 20000);
	if (kind == QUOIN_HOOK_CHECK)
		takes_ms = 5;
	sim_push(sim, event, takes_ms);
}

int
sim_host_outcome(struct sim *sim, struct sim_host *host, enum quoin_hook kind, uint32_t number)
{
	struct sim_model *model = &sim->models[number];
	uint64_t used = 0;

	switch (kind) {
	case QUOIN_HOOK_LOAD:
		if (host->is_liar)
			return 0;
		if (model->kind == SIM_MODEL_BAD ||
		    (model->kind == SIM_MODEL_FLAKY && model->tries[sim_host_index(sim, host)]++ == 0))
			return QUOIN_EREFUSED;
		for (uint32_t i = 0; i < SIM_MODELS; i++)
			used += host->loaded[i];
		if (!host->loaded[number] && used >= host->capacity && !host->has_lost_store)
			return QUOIN_EREFUSED;
		host->loaded[number] = true;
		host->lost[number] = false;
		return 0;
	case QUOIN_HOOK_VALIDATE:
	case QUOIN_HOOK_CHECK:
		return host->is_liar || host->loaded[number] ? 0 : QUOIN_EREFUSED;
	case QUOIN_HOOK_UNLOAD:
		return 0;
	}
	return 0;
}

void
sim_host_lose_models(struct sim_host *host)
{
	for (uint32_t i = 0; i < SIM_MODELS; i++) {
		host->lost[i] = host->lost[i] || host->loaded[i];
		host->loaded[i] = false;
	}
}
