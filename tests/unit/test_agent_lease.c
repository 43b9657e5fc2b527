/* What readers are told when a real agent's lease ends: lease.on_expiry (PROTOCOL.md section 6, and section 10, run 14). */
#include "subscriber/quoin.h"
#include "tests/agent_site.h"

#define CONF "lease.ms = 2500\n"

static struct quoin_reader *reader;

static void
open_lease_site(const char *more)
{
	struct rulesets_parts parts = {0};

	open_site(QUOIN_HOST_ROUTER, "", more);
	put_rules_release(1, &parts);
	rulesets_parts_clear(&parts);
	activate(1, 0, 1, 1, 1);
	start_agent();
	await(runs_head, "runs release 1");
	CHECK_INT(quoin_reader_open_store(site.state, "shop", &reader, NULL), 0);
}

static void
close_lease_site(void)
{
	quoin_reader_close(reader);
	CHECK_INT(stop_agent(SIGTERM), 0);
	close_site();
}

/* Resolve with this view until the answer is "code", stale or not. */
static void
await_answer(const struct quoin_view *view, int code, uint32_t stale)
{
	const int64_t deadline = quoin_clock_mono_ms() + WAIT_MS;
	struct quoin_decision decision;
	int r;

	while ((r = quoin_resolve_strings(view, "Objective0", NULL, 0, &decision)) != code ||
	    (r == 0 && decision.stale != stale)) {
		if (quoin_clock_mono_ms() > deadline)
			check_fail(__FILE__, __LINE__, "resolves with %d, stale %u", r, (unsigned)decision.stale);
		(void)poll(NULL, 0, 2);
	}
}

/* The agent is stopped for longer than its lease, with a view pinned. */
static void
serves_on(void)
{
	struct quoin_view pinned, later;

	open_lease_site(CONF);
	CHECK_INT(quoin_view_acquire(reader, &pinned), 0);
	await_answer(&pinned, 0, 0);
	/* A heartbeat of five minutes keeps readers fresh, lease or no lease, while the agent says nothing. */
	CHECK_INT(kill(site.pid, SIGSTOP), 0);
	(void)poll(NULL, 0, 2600);
	CHECK_INT(quoin_view_acquire(reader, &later), 0);
	await_answer(&pinned, 0, 0);
	await_answer(&later, 0, 0);
	/* Back, without a broker to acknowledge its status: it knows that its lease is over. */
	quoin_bus_mock_down(site.mock);
	CHECK_INT(kill(site.pid, SIGCONT), 0);
	await_answer(&pinned, 0, 1);
	await_answer(&later, 0, 1);
	quoin_bus_mock_up(site.mock);
	beat();
	await_answer(&pinned, 0, 0);
	quoin_view_release(&pinned);
	quoin_view_release(&later);
	close_lease_site();
}

static void
refuses(void)
{
	struct quoin_view pinned, later;

	open_lease_site(CONF "lease.on_expiry = refuse\n");
	CHECK_INT(quoin_view_acquire(reader, &pinned), 0);
	await_answer(&pinned, 0, 0);
	/* The agent dies, or is stopped: its readers count on by themselves, the pinned views, too. */
	CHECK_INT(kill(site.pid, SIGSTOP), 0);
	await_answer(&pinned, QUOIN_FAILED_REFUSED, 0);
	CHECK_INT(quoin_view_acquire(reader, &later), 0);
	await_answer(&later, QUOIN_FAILED_REFUSED, 0);
	/* It is heard again, what it runs is live, and it is counted on: all resolve. */
	CHECK_INT(kill(site.pid, SIGCONT), 0);
	await_answer(&pinned, 0, 0);
	await_answer(&later, 0, 0);
	quoin_view_release(&later);
	/* The release that it runs is retired while it is away: what is pinned stays refused, also when it runs another. */
	CHECK_INT(kill(site.pid, SIGSTOP), 0);
	await_answer(&pinned, QUOIN_FAILED_REFUSED, 0);
	put_raw_release('b', 100, false);
	activate(2, 2, 2, 2, 2);
	CHECK_INT(kill(site.pid, SIGCONT), 0);
	await(runs_head, "runs release 2");
	for (int i = 0; i < 200; i++) {
		await_answer(&pinned, QUOIN_FAILED_REFUSED, 0);
		(void)poll(NULL, 0, 2);
	}
	quoin_view_release(&pinned);
	close_lease_site();
}

int
main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	    {"lease: serves on, marked stale", serves_on},
	    {"lease: refuses, on pinned views too", refuses},
	};

	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
