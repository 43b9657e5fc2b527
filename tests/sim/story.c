/*
 * Stories: acts that belong together. A plan of single acts meets what needs one thing to go wrong, seldom what needs four
 * in a row at the right moments; each story here is such a row, with its times and amounts drawn anew, told among other
 * troubles. They are the shapes of runs that broke a rule once, or could: none knows of a defect.
 */
#include "lib/assert.h"
#include "tests/sim/story.h"

#define SECOND 1000

static int64_t
between(struct sim *sim, int64_t low, int64_t high)
{
	return low + (int64_t)sim_draw(sim, (uint64_t)(high - low + 1));
}

static void
put(struct sim *sim, int64_t at, enum sim_act_kind kind, int actor, uint64_t number, int64_t amount)
{
	if (sim->plan_count == SIM_ACTS)
		return;
	sim->plan[sim->plan_count++] = (struct sim_act){.at = at < SIM_FAULTS_MS ? at : SIM_FAULTS_MS - 1,
	    .kind = kind,
	    .actor = actor,
	    .number = number,
	    .amount = amount};
}

static void
publish(struct sim *sim, int64_t at, int64_t how)
{
	put(sim, at, SIM_PUBLISH, 0, sim_draw(sim, UINT32_MAX), how);
}

static int
any_serving(struct sim *sim)
{
	return (int)sim_draw(sim, SIM_SERVING);
}

static int
any_router(struct sim *sim)
{
	return SIM_SERVING + (int)sim_draw(sim, SIM_ROUTERS);
}

static int
any_host(struct sim *sim)
{
	return (int)sim_draw(sim, SIM_HOSTS);
}

static int
any_gate(struct sim *sim)
{
	return SIM_HOSTS + (int)sim_draw(sim, SIM_GATES);
}

/* A serving host does not hear that everybody leaves a release, and comes back to it. */
static void
away_and_back(struct sim *sim, int64_t at)
{
	static const enum sim_act_kind kinds[] = {SIM_PARTITION, SIM_PARTITION, SIM_MUTE, SIM_LAG};
	const enum sim_act_kind kind = kinds[sim_draw(sim, 4)];
	const int host = any_serving(sim);
	int64_t away_at;

	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 7, 14) * SECOND;
	publish(sim, at, SIM_PUBLISH_EASY);
	away_at = at + between(sim, 0, 6000);
	put(sim, away_at, kind, host, 1, kind == SIM_LAG ? between(sim, 5000, 15000) : between(sim, 15000, 110000));
	at += between(sim, 4000, 12000);
	put(sim, at, SIM_ROLLBACK, 0, 0, 0);
}

/* Routers read the gate topic late while people change their minds. */
static void
slow_readers(struct sim *sim, int64_t at)
{
	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 6, 12) * SECOND;
	publish(sim, at, SIM_PUBLISH_EASY);
	for (int i = 0; i < 2; i++)
		put(sim, at + between(sim, 200, 3000), SIM_LAG, any_router(sim), 1, between(sim, 5000, 15000));
	put(sim, at + between(sim, 1000, 7000), SIM_ROLLBACK, 0, 0, 0);
}

/* Readers that do not let go, in the middle of going there and back. */
static void
held_on(struct sim *sim, int64_t at)
{
	const int router = any_router(sim);

	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 6, 12) * SECOND;
	publish(sim, at, SIM_PUBLISH_EASY);
	for (uint64_t i = 0; i < SIM_READERS; i++)
		put(sim, at + between(sim, 0, 9000), SIM_READER_STUCK, router, i, between(sim, 30000, 120000));
	at += between(sim, 4000, 12000);
	put(sim, at, SIM_ROLLBACK, 0, 0, 0);
	if (sim_chance(sim, 50))
		publish(sim, at + between(sim, 5000, 15000), SIM_PUBLISH_EASY);
}

/* A release that kills one host, which nobody waits for. */
static void
poisoned(struct sim *sim, int64_t at)
{
	const int host = any_host(sim);

	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 5, 9) * SECOND;
	put(sim, at, SIM_EXCLUDE, host, 0, 0);
	at += between(sim, 1, 3) * SECOND;
	publish(sim, at, SIM_PUBLISH_POISON + host);
	at += between(sim, 5, 12) * SECOND;
	publish(sim, at, sim_chance(sim, 50) ? SIM_PUBLISH_EASY : SIM_PUBLISH_STEPS);
}

/* A router is cut off past its lease, from *at on, with a release before and one meanwhile. Returns for how long. */
static int64_t
cut_past_lease(struct sim *sim, int64_t *at, int router)
{
	const int64_t away_ms = between(sim, 65000, 105000);

	sim->lease_refuse = sim_chance(sim, 75);
	publish(sim, *at, SIM_PUBLISH_EASY);
	*at += between(sim, 7, 12) * SECOND;
	put(sim, *at, SIM_PARTITION, router, 0, away_ms);
	publish(sim, *at + between(sim, 500, 20000), SIM_PUBLISH_EASY);
	return away_ms;
}

/* A router that is cut off past its lease comes back, and the control topic comes late. */
static void
back_without_control(struct sim *sim, int64_t at)
{
	const int router = any_router(sim);
	const int64_t away_ms = cut_past_lease(sim, &at, router);

	put(sim, at + away_ms - between(sim, 0, 3000), SIM_LAG, router, 2 * sim_draw(sim, 2) + sim_chance(sim, 20),
	    between(sim, 6000, 15000));
}

/* The last acknowledgement before a router is cut off comes late. */
static void
late_word(struct sim *sim, int64_t at)
{
	const int router = any_router(sim);
	const int64_t late_ms = between(sim, 8000, 29000);

	sim->lease_refuse = true;
	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 7, 12) * SECOND;
	put(sim, at, SIM_SLOW_ACKS, router, 0, late_ms);
	put(sim, at + between(sim, 500, 6000), SIM_MUTE, router, 0, 110000);
	at += late_ms + between(sim, 50, 500);
	put(sim, at, SIM_PARTITION, router, 0, 110000);
	publish(sim, at + between(sim, 500, 20000), SIM_PUBLISH_EASY);
}

/* A host that lost everything reads the gate topic late, and perhaps dies while it does. */
static void
blank(struct sim *sim, int64_t at)
{
	const int host = sim_chance(sim, 80) ? any_serving(sim) : any_router(sim);

	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 6, 12) * SECOND;
	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 6, 20) * SECOND;
	put(sim, at, SIM_STORE_GONE, host, 0, 0);
	at += between(sim, 250, 2000);
	put(sim, at, SIM_LAG, host, sim_chance(sim, 70), between(sim, 3000, 15000));
	if (sim_chance(sim, 60))
		put(sim, at + between(sim, 0, 4000), sim_chance(sim, 50) ? SIM_CRASH : SIM_REBOOT, host, sim_draw(sim, 12),
		    between(sim, 200, 2000));
	if (sim_chance(sim, 50))
		put(sim, at + between(sim, 200, 4000), SIM_LAG, host, 1, between(sim, 3000, 15000));
}

/* A router starts something that it cannot say, and is then cut off past its lease. */
static void
unsaid(struct sim *sim, int64_t at)
{
	const int router = any_router(sim);

	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 7, 12) * SECOND;
	put(sim, at, SIM_MUTE, router, 0, 110000);
	publish(sim, at + between(sim, 0, 2000), SIM_PUBLISH_EASY);
	at += between(sim, 4000, 10000);
	put(sim, at, SIM_PARTITION, router, 0, between(sim, 80000, 110000));
	publish(sim, at + between(sim, 2000, 30000), SIM_PUBLISH_EASY);
	if (sim_chance(sim, 30))
		put(sim, at + between(sim, 40000, 70000), SIM_FORGET, router, 0, 0);
}

/* Everybody's hand on the brake, while gates take over from each other. */
static void
many_hands(struct sim *sim, int64_t at)
{
	static const enum sim_act_kind words[] = {SIM_ROLLBACK, SIM_PIN, SIM_UNPIN, SIM_REVOKE, SIM_RETRY};
	static const enum sim_act_kind troubles[] = {SIM_GATE_KILL, SIM_GATE_STOP, SIM_GATE_COMMIT, SIM_LAG};

	for (int i = 0; i < 3; i++) {
		publish(sim, at, sim_chance(sim, 60) ? SIM_PUBLISH_EASY : SIM_PUBLISH_STEPS);
		for (int k = 0; k < 2; k++)
			put(sim, at + between(sim, 500, 8000), words[sim_draw(sim, 5)], 0, sim_draw(sim, UINT32_MAX), 0);
		put(sim, at + between(sim, 500, 6000), troubles[sim_draw(sim, 4)], any_gate(sim), sim_draw(sim, UINT32_MAX),
		    between(sim, 500, 12000));
		at += between(sim, 5, 15) * SECOND;
	}
}

/* More than there is room for: pins hold it, and people go on publishing. */
static void
crowded(struct sim *sim, int64_t at)
{
	sim->slots = 5;
	for (int i = 0; i < 4; i++) {
		publish(sim, at, SIM_PUBLISH_EASY);
		if (i < 3)
			put(sim, at + between(sim, 5000, 8000), SIM_PIN, 0, 4 * sim_draw(sim, 4) + 1 + sim_draw(sim, 3), 0);
		at += between(sim, 6, 14) * SECOND;
	}
	if (sim_chance(sim, 50))
		put(sim, at, SIM_ROLLBACK, 0, 0, 0);
}

/* Rollouts in steps, with hosts that fail and reboot on the way. */
static void
steps(struct sim *sim, int64_t at)
{
	for (int i = 0; i < 2; i++) {
		publish(sim, at, SIM_PUBLISH_STEPS);
		put(sim, at + between(sim, 2000, 12000), sim_chance(sim, 50) ? SIM_REBOOT : SIM_MODEL_DEATH, any_serving(sim), 0,
		    between(sim, 500, 5000));
		at += between(sim, 12, 30) * SECOND;
	}
}

/* A topic is deleted while hosts are away or gates change. */
static void
lost_topic(struct sim *sim, int64_t at)
{
	const int host = any_host(sim);
	const int64_t away_ms = between(sim, 20000, 105000);

	publish(sim, at, SIM_PUBLISH_EASY);
	at += between(sim, 7, 12) * SECOND;
	put(sim, at, sim_chance(sim, 70) ? SIM_PARTITION : SIM_MUTE, host, 0, away_ms);
	publish(sim, at + between(sim, 500, 8000), SIM_PUBLISH_EASY);
	if (sim_chance(sim, 50))
		put(sim, at + between(sim, 8000, 20000), SIM_ROLLBACK, 0, 0, 0);
	put(sim, at + between(sim, 9000, away_ms), SIM_TOPIC_ANEW, 0, sim_draw(sim, 8), between(sim, 2000, 60000));
	put(sim, at + between(sim, 9000, away_ms), sim_chance(sim, 50) ? SIM_GATE_KILL : SIM_GATE_STOP, any_gate(sim), 0,
	    between(sim, 500, 20000));
	publish(sim, at + between(sim, 12000, 60000), SIM_PUBLISH_EASY);
}

/* Much is published, some of it pinned, and the log is swept; then a host begins from nothing. */
static void
swept(struct sim *sim, int64_t at)
{
	const int64_t begin_at = at;

	for (int i = 0; i < 4; i++) {
		publish(sim, at, SIM_PUBLISH_EASY);
		if (i < 2)
			put(sim, at + between(sim, 3000, 6000), SIM_PIN, 0, 4 * sim_draw(sim, 4) + 1 + sim_draw(sim, 3), 0);
		at += between(sim, 6, 12) * SECOND;
	}
	for (int i = 0; i < 3; i++)
		put(sim, begin_at + between(sim, 10000, 60000), SIM_GC, 0, 0, 0);
	put(sim, at, SIM_STORE_GONE, any_host(sim), 0, 0);
	if (sim_chance(sim, 50))
		put(sim, at + between(sim, 0, 10000), SIM_ROLLBACK, 0, 0, 0);
}

/* A router comes back past its lease and finds a root that ends the epoch of all that it missed, before gates have read it. */
static void
ended_epoch(struct sim *sim, int64_t at)
{
	const int router = any_router(sim);
	const int64_t away_ms = cut_past_lease(sim, &at, router);

	at += away_ms;
	for (int i = 0; i < SIM_GATES; i++)
		put(sim, at - between(sim, 1000, 2000), SIM_LAG, SIM_HOSTS + i, 0, between(sim, 5000, 15000));
	put(sim, at - between(sim, 0, 1000), SIM_EPOCH, 0, 0, 0);
}

static const struct sim_story {
	const char *name;
	void (*tell)(struct sim *sim, int64_t at);
} stories[] = {
    {"away and back", away_and_back},
    {"slow readers", slow_readers},
    {"held on", held_on},
    {"poisoned", poisoned},
    {"back without control", back_without_control},
    {"late word", late_word},
    {"blank", blank},
    {"unsaid", unsaid},
    {"many hands", many_hands},
    {"crowded", crowded},
    {"steps", steps},
    {"ended epoch", ended_epoch},
    {"lost topic", lost_topic},
    {"swept", swept},
};

void
sim_story(struct sim *sim, int64_t at)
{
	const struct sim_story *story = &stories[sim_draw(sim, sizeof stories / sizeof stories[0])];

	sim->stories[sim->story_count++] = story->name;
	story->tell(sim, at);
}
