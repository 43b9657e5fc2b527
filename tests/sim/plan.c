/* The plan of a run: what people do and what goes wrong, drawn before it begins, so that it can be read, and shortened. */
#include <string.h>

#include "lib/assert.h"
#include "tests/sim/story.h"

static const struct kind {
	const char *name;
	unsigned weight;
	char who; /* a: any, h: host, s: serving, r: router, g: gate, -: nobody */
	int64_t amount_min, amount_max;
} kinds[SIM_ACT_KINDS] = {
    [SIM_PUBLISH] = {"publish", 24, '-', 0, 0},
    [SIM_ROLLBACK] = {"rollback", 10, '-', 0, 0},
    [SIM_PIN] = {"pin", 6, '-', 0, 0},
    [SIM_UNPIN] = {"unpin", 5, '-', 0, 0},
    [SIM_REVOKE] = {"revoke", 5, '-', 0, 0},
    [SIM_FREEZE] = {"freeze", 2, '-', 0, 0},
    [SIM_UNFREEZE] = {"unfreeze", 4, '-', 0, 0},
    [SIM_EXCLUDE] = {"exclude", 4, 'h', 0, 60000},
    [SIM_INCLUDE] = {"include", 4, 'h', 0, 0},
    [SIM_FORGET] = {"forget", 2, 'r', 0, 0},
    [SIM_RETRY] = {"retry", 3, '-', 0, 0},
    [SIM_EPOCH] = {"epoch", 2, '-', 0, 0},
    [SIM_CRASH] = {"crash", 14, 'h', 0, 0},
    [SIM_REBOOT] = {"reboot", 8, 'h', 1000, 90000},
    [SIM_TERM] = {"term", 4, 'h', 500, 60000},
    [SIM_STORE_DAMAGED] = {"store-damaged", 4, 'h', 500, 5000},
    [SIM_STORE_GONE] = {"store-gone", 2, 'h', 500, 5000},
    [SIM_DISK_FULL] = {"disk-full", 3, 'h', 1000, 20000},
    [SIM_UNFETCHABLE] = {"unfetchable", 3, 'h', 1000, 30000},
    [SIM_CLOCK] = {"clock", 5, 'a', -90000, 90000},
    [SIM_PARTITION] = {"partition", 14, 'a', 1000, 110000},
    [SIM_MUTE] = {"mute", 8, 'h', 1000, 110000},
    [SIM_SLOW_ACKS] = {"slow-acks", 4, 'h', 1000, 29000},
    [SIM_BROKER_DOWN] = {"broker-down", 4, '-', 1000, 60000},
    [SIM_LAG] = {"lag", 10, 'a', 500, 15000},
    [SIM_REREAD] = {"reread", 3, 'h', 0, 0},
    [SIM_COMPACT] = {"compact", 3, '-', 0, 0},
    [SIM_GATE_KILL] = {"gate-kill", 8, 'g', 500, 60000},
    [SIM_GATE_STOP] = {"gate-stop", 6, 'g', 1000, 60000},
    [SIM_GATE_COMMIT] = {"gate-commit", 8, 'g', 0, 0},
    [SIM_MODEL_DEATH] = {"model-death", 4, 's', 0, 0},
    [SIM_READER_STUCK] = {"reader-stuck", 6, 'r', 1000, 120000},
    [SIM_GC] = {"gc", 4, '-', 0, 0},
    [SIM_TOPIC_ANEW] = {"topic-anew", 2, '-', 2000, 30000},
    [SIM_FORGERY] = {"forgery", 4, '-', 0, 0},
};

void
sim_act_print(const struct sim *sim, const struct sim_act *act, char *out, size_t out_bytes)
{
	const char *who = kinds[act->kind].who == '-' ? "" : sim_actor((struct sim *)(uintptr_t)sim, act->actor)->name;

	(void)snprintf(out, out_bytes, "at %.3f %s %s number=%llu amount=%lld", (double)act->at / 1000,
	    kinds[act->kind].name, who, (unsigned long long)(act->number % 1000), (long long)act->amount);
}

static int
draw_actor(struct sim *sim, char who)
{
	switch (who) {
	case 'h':
		return (int)sim_draw(sim, SIM_HOSTS);
	case 's':
		return (int)sim_draw(sim, SIM_SERVING);
	case 'r':
		return SIM_SERVING + (int)sim_draw(sim, SIM_ROUTERS);
	case 'g':
		return SIM_HOSTS + (int)sim_draw(sim, SIM_GATES);
	case 'a':
		return (int)sim_draw(sim, SIM_ACTORS);
	default:
		return 0;
	}
}

static void
draw_act(struct sim *sim, struct sim_act *act)
{
	unsigned total = 0, drawn;
	const struct kind *kind;

	for (size_t i = 0; i < SIM_ACT_KINDS; i++)
		total += kinds[i].weight;
	drawn = (unsigned)sim_draw(sim, total);
	memset(act, 0, sizeof *act);
	while (drawn >= kinds[act->kind].weight)
		drawn -= kinds[act->kind++].weight;
	kind = &kinds[act->kind];
	act->at = 3000 + (int64_t)sim_draw(sim, SIM_FAULTS_MS - 4000);
	act->actor = draw_actor(sim, kind->who);
	act->number = sim_draw(sim, UINT32_MAX);
	act->amount = kind->amount_min;
	if (kind->amount_max > kind->amount_min)
		act->amount += (int64_t)sim_draw(sim, (uint64_t)(kind->amount_max - kind->amount_min));
	/* Troubles come together: often right where the last thing happened. */
	if (sim->plan_count > 1 && sim_chance(sim, 40)) {
		act->at = sim->plan[sim->plan_count - 1].at + (int64_t)sim_draw(sim, 3000);
		if (act->at >= SIM_FAULTS_MS)
			act->at = SIM_FAULTS_MS - 1;
	}
}

void
sim_plan(struct sim *sim, uint64_t seed)
{
	size_t count;

	sim->random = seed * 0x2545f4914f6cdd1du + 1;
	sim->lease_refuse = seed % 3 == 0;
	sim->slots = 5 + seed / 3 % 3;
	sim->health_checked = seed / 9 % 2 == 0;
	sim->has_datasets = seed % 8 == 5;
	count = 4 + sim_draw(sim, SIM_ACTS - 8);
	sim->plan_count = sim->story_count = 0;
	sim->plan[sim->plan_count++] = (struct sim_act){.at = 2000, .kind = SIM_PUBLISH, .number = sim_draw(sim, UINT32_MAX)};
	/* Half of the seeds tell stories, with less noise around them. */
	if (sim_chance(sim, 50)) {
		sim_story(sim, 4000 + (int64_t)sim_draw(sim, 40000));
		if (sim_chance(sim, 40))
			sim_story(sim, 90000 + (int64_t)sim_draw(sim, 40000));
		count = sim->plan_count + sim_draw(sim, 12);
	}
	while (sim->plan_count < count && sim->plan_count < SIM_ACTS) {
		draw_act(sim, &sim->plan[sim->plan_count]);
		sim->plan_count++;
	}
}
