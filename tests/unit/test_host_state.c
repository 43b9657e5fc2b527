/* The one word for how a host is doing: each state provoked, the more pressing one first. */
#include <stdio.h>
#include <string.h>

#include "publisher/host_state.h"
#include "tests/check.h"

#define NOW_MS 1000000

/* A fleet in which release 1 is active and release 2 may be live, asked for, or selected. */
struct scene {
	const char *name;
	enum quoin_host_role role;
	bool is_unseen, is_excluded, is_silent, is_leaving, is_stale, is_pinned, is_frozen, is_brake;
	uint64_t runs;
	int first, second; /* progress with releases 1 and 2; -1: says nothing of it */
	const char *model, *reason;
	bool is_flipped; /* a bit of what it runs */
	uint64_t asked, target;
	uint32_t threshold; /* of the step; 0: nobody */
	const char *lacking;
	uint32_t ready_percent;
	uint64_t soak_ms;
	enum quoin_host_state state;
	const char *why;
};

#define ROUTER	QUOIN_HOST_ROUTER
#define SERVING QUOIN_HOST_SERVING
#define P(word) QUOIN_PROGRESS_##word

static const struct scene scenes[] = {
    {.name = "unseen", .role = SERVING, .is_unseen = true, .state = QUOIN_HOST_UNSEEN},
    {.name = "excluded", .role = SERVING, .is_excluded = true, .first = P(FAILED), .second = -1, .state = QUOIN_HOST_EXCLUDED},
    {.name = "excluded and unseen", .role = SERVING, .is_excluded = true, .is_unseen = true, .state = QUOIN_HOST_EXCLUDED},
    {.name = "offline", .role = SERVING, .is_silent = true, .first = P(READY), .second = -1, .state = QUOIN_HOST_OFFLINE},
    {.name = "left", .role = ROUTER, .is_leaving = true, .runs = 1, .first = P(STAGED), .second = -1,
	.state = QUOIN_HOST_OFFLINE},
    {.name = "rejected", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(REJECTED), .reason = "over limit.bytes",
	.state = QUOIN_HOST_REJECTED, .why = "over limit.bytes"},
    {.name = "failed", .role = SERVING, .runs = 1, .first = P(READY), .second = P(FAILED), .model = "m@2", .reason = "cut short",
	.state = QUOIN_HOST_FAILED, .why = "m@2: cut short"},
    {.name = "failed, by the fuse", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(FAILED), .reason = "crashed twice",
	.state = QUOIN_HOST_FAILED, .why = "crashed twice"},
    {.name = "failed, a flipped bit", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = -1, .is_flipped = true,
	.state = QUOIN_HOST_FAILED, .why = "part rules of release 1 is damaged in its store"},
    {.name = "rejected rather than a flipped bit", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(REJECTED),
	.reason = "no", .is_flipped = true, .state = QUOIN_HOST_REJECTED, .why = "no"},
    {.name = "unable", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(UNABLE), .reason = "no space",
	.state = QUOIN_HOST_UNABLE, .why = "no space"},
    {.name = "unable and stale", .role = ROUTER, .is_stale = true, .runs = 1, .first = P(STAGED), .second = P(UNABLE),
	.reason = "no space", .state = QUOIN_HOST_UNABLE, .why = "no space"},
    {.name = "stale", .role = ROUTER, .is_stale = true, .runs = 1, .first = P(STAGED), .second = P(FETCHING),
	.state = QUOIN_HOST_STALE},
    {.name = "fetching", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(FETCHING), .state = QUOIN_HOST_FETCHING},
    {.name = "verifying", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(VERIFYING), .state = QUOIN_HOST_VERIFYING},
    {.name = "loading", .role = SERVING, .runs = 1, .first = P(READY), .second = P(LOADING), .model = "m@2",
	.state = QUOIN_HOST_LOADING, .why = "m@2"},
    {.name = "loading, not now", .role = SERVING, .runs = 1, .first = P(READY), .second = P(LOADING), .model = "m@2",
	.reason = "warming up", .state = QUOIN_HOST_LOADING, .why = "m@2: warming up"},
    {.name = "staged", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(STAGED), .asked = 2, .target = 2,
	.threshold = 100000, .state = QUOIN_HOST_STAGED},
    {.name = "staged, a serving host", .role = SERVING, .first = P(STAGED), .second = -1, .state = QUOIN_HOST_STAGED},
    {.name = "held by its reach", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(STAGED), .asked = 2, .target = 2,
	.state = QUOIN_HOST_HELD, .why = "reach: step 1 of 2 does not reach it"},
    {.name = "held by a freeze", .role = ROUTER, .is_frozen = true, .runs = 1, .first = P(STAGED), .second = P(STAGED),
	.asked = 2, .target = 1, .threshold = 100000, .lacking = "b (loading)", .state = QUOIN_HOST_HELD,
	.why = "freeze: release 2 waits"},
    {.name = "held by the brake, whatever is frozen", .role = ROUTER, .is_frozen = true, .is_brake = true, .runs = 3,
	.first = P(STAGED), .second = P(STAGED), .asked = 2, .target = 3, .threshold = 100000, .lacking = "b (loading m@2)",
	.state = QUOIN_HOST_HELD, .why = "brake: release 2 waits for b (loading m@2)"},
    {.name = "held by another rollout", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(STAGED), .asked = 3,
	.target = 1, .threshold = 100000, .state = QUOIN_HOST_HELD, .why = "one at a time: release 2 waits until 3 is done"},
    {.name = "held by a host", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(STAGED), .asked = 2, .target = 1,
	.threshold = 100000, .lacking = "b (loading m@2)", .state = QUOIN_HOST_HELD,
	.why = "serving: release 2 waits for b (loading m@2)"},
    {.name = "held by the share of hosts", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(STAGED), .asked = 2,
	.target = 1, .threshold = 100000, .lacking = "b (offline)", .ready_percent = 60, .state = QUOIN_HOST_HELD,
	.why = "serving.ready_percent: release 2 waits for b (offline)"},
    {.name = "held by a soak", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(STAGED), .asked = 2, .target = 1,
	.threshold = 100000, .soak_ms = 5, .state = QUOIN_HOST_HELD, .why = "serving.soak_ms: release 2 waits"},
    {.name = "held by other routers", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = P(STAGED), .asked = 2,
	.target = 1, .threshold = 100000, .state = QUOIN_HOST_HELD, .why = "routers.staged_percent: release 2 waits"},
    {.name = "pinned", .role = ROUTER, .is_pinned = true, .runs = 1, .first = P(STAGED), .second = P(STAGED), .asked = 2,
	.target = 2, .threshold = 100000, .state = QUOIN_HOST_PINNED},
    {.name = "active", .role = ROUTER, .runs = 1, .first = P(STAGED), .second = -1, .state = QUOIN_HOST_ACTIVE},
    {.name = "active, of what is asked for", .role = ROUTER, .runs = 2, .first = P(STAGED), .second = P(STAGED), .asked = 2,
	.target = 2, .threshold = 100000, .state = QUOIN_HOST_ACTIVE},
    {.name = "ready", .role = SERVING, .runs = 1, .first = P(READY), .second = P(READY), .asked = 2, .target = 1,
	.state = QUOIN_HOST_READY},
    {.name = "idle", .role = SERVING, .first = -1, .second = -1, .state = QUOIN_HOST_IDLE},
};

static void
add_progress(struct quoin_status *status, uint64_t release, int progress, const struct scene *scene)
{
	struct quoin_status_release *have = &status->releases[status->release_count];

	if (progress < 0)
		return;
	memset(have, 0, sizeof *have);
	have->release.number = release;
	have->progress = (enum quoin_progress)progress;
	if (release == 2 || scene->second < 0) {
		(void)snprintf(have->model, sizeof have->model, "%s", scene->model != NULL ? scene->model : "");
		(void)snprintf(have->reason, sizeof have->reason, "%s", scene->reason != NULL ? scene->reason : "");
	}
	status->release_count++;
}

/* Both ways to ask, as the picture does. */
static enum quoin_host_state
state_of(const struct scene *scene, char reason[QUOIN_HOST_REASON_BYTES])
{
	struct quoin_live live[2] = {{.release = {.number = 1}, .since = 1, .last = 2}, {.release = {.number = 2}, .since = 2}};
	struct quoin_exclusion exclusion = {.host = "h"};
	struct quoin_pin pin = {.intent = 1, .release = 1};
	uint64_t once_active = 2;
	struct quoin_activation activation = {.origin = {.name = "shop"}, .asked = scene->asked != 0 ? scene->asked : 1,
	    .from = scene->is_brake ? 3 : 1, .active = &once_active, .active_count = scene->is_brake,
	    .target = scene->target != 0 ? scene->target : 1, .step_threshold = scene->threshold, .live = live,
	    .live_count = 2, .excluded = &exclusion, .excluded_count = scene->is_excluded, .pins = &pin,
	    .pin_count = scene->is_pinned, .frozen = scene->is_frozen};
	struct quoin_part part = {.name = "rules", .hash = {{7}}};
	struct quoin_release runs = {.number = 1, .parts = &part, .part_count = 1}, asked = {.number = 2};
	struct quoin_status_release releases[2];
	struct quoin_status_digest digest = {"rules", {{(uint8_t)(scene->is_flipped ? 6 : 7)}}};
	struct quoin_fleet_host host = {.received_ms = NOW_MS - (scene->is_silent ? 3001 : 3000)};
	struct quoin_cert cert = {.host = "h", .role = scene->role};
	enum quoin_host_state state;
	uint64_t staged;

	quoin_policy_init(&asked.policy);
	asked.policy.reach_count = 2;
	asked.policy.ready_percent = scene->ready_percent != 0 ? scene->ready_percent : 100;
	asked.policy.soak_ms = scene->soak_ms;
	host.status = (struct quoin_status){.interval_ms = 1000, .runs = {.number = scene->runs}, .stale = scene->is_stale,
	    .leaving = scene->is_leaving, .releases = releases, .digests = &digest, .digest_count = scene->runs == 1};
	add_progress(&host.status, 1, scene->first, scene);
	add_progress(&host.status, 2, scene->second, scene);
	state = quoin_host_state_of(&cert, scene->is_unseen ? NULL : &host, &activation, &runs, NOW_MS, reason, &staged);
	if (state == QUOIN_HOST_ACTIVE &&
	    quoin_host_state_held(&cert, &host, &activation, &asked, scene->lacking, reason))
		state = QUOIN_HOST_HELD;
	return state;
}

static void
each_state(void)
{
	bool was_seen[QUOIN_HOST_IDLE + 1] = {false};

	for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
		const struct scene *scene = &scenes[i];
		char reason[QUOIN_HOST_REASON_BYTES];
		enum quoin_host_state state = state_of(scene, reason);

		if (state != scene->state)
			check_fail(__FILE__, __LINE__, "\"%s\" is %s, not %s", scene->name, quoin_host_state_name(state),
			    quoin_host_state_name(scene->state));
		if (strcmp(reason, scene->why != NULL ? scene->why : "") != 0)
			check_fail(__FILE__, __LINE__, "\"%s\" because \"%s\"", scene->name, reason);
		was_seen[state] = true;
	}
	for (size_t i = 0; i <= QUOIN_HOST_IDLE; i++)
		if (!was_seen[i])
			check_fail(__FILE__, __LINE__, "no scene is %s", quoin_host_state_name((enum quoin_host_state)i));
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {{"host state: each of them", each_state}};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
