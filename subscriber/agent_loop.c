/*
 * The loop: what happens becomes an event, the core answers with actions, the shell carries them out.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/assert.h"
#include "lib/log.h"
#include "subscriber/agent_shell.h"
#include "subscriber/notify.h"

#define ASK_MS	      10000 /* between two questions to a silent broker */
#define HOLDS_MS      1000
#define HOLDS_FAST_MS 50   /* while readers move from one release to the next */
#define LOST_MS	      2000 /* a lost place is tried again after this long, */
#define LOST_MAX      3	   /* so often, before it is believed */
#define RECEIPT_MS    5	   /* between two looks at an acknowledgement that is out */
#define BATCH_MAX     256  /* records between two looks at everything else */
#define FDS_MAX	      (3 + 2 * QUOIN_AGENT_HOOKS_MAX + 2 * QUOIN_HTTP_FDS_MAX)

/* A commit that failed left the core ahead of the store. What is on its way for it is void; a new one begins from what is
 * durable, after a pause in which space may be made. */
static int
give_up(struct quoin_agent *agent, const struct quoin_error *err)
{
	const enum quoin_class class = quoin_error_class(err->code);
	unsigned wait_s = 1u << (agent->rebuilds < 5 ? agent->rebuilds : 5);

	if (err->code != QUOIN_ENOSPC && err->code != QUOIN_EMAPFULL && err->code != QUOIN_ENOMEM &&
	    err->code != QUOIN_EREADERS && class != QUOIN_CLASS_DATA)
		return err->code;
	quoin_log_error(QUOIN_LOG_ERROR, "alarm", err, "retry_s=%u", wait_s);
	quoin_hooks_stop(agent->hooks);
	quoin_stager_void(agent->stager);
	if (agent->callbacks != NULL)
		quoin_callbacks_forget(agent->callbacks);
	agent->instant_count = 0;
	agent->unsent_count = 0;
	agent->rebuilds++;
	agent->rebuild_at = quoin_clock_mono_ms() + (int64_t)wait_s * 1000;
	return 0;
}

/* Feed one event. After a failed commit nothing more is fed until the core is made anew. */
static int
feed(struct quoin_agent *agent, struct quoin_agent_event *event, struct quoin_error *err)
{
	int r;

	if (agent->rebuild_at != 0 || agent->is_over)
		return 0;
	event->boot_ms = quoin_clock_boot_ms();
	event->wall_ms = quoin_clock_wall_ms();
	r = quoin_agent_core_step(&agent->core, event, &agent->actions);
	if (r != 0)
		(void)quoin_error_set(err, r, "out of memory");
	else
		r = quoin_agent_execute(agent, err);
	if (r == 0) {
		agent->rebuilds = 0;
		return 0;
	}
	return give_up(agent, err);
}

/* ---- The bus ---- */

static bool
topic_of(const struct quoin_agent *agent, const char *name, enum quoin_topic *ret)
{
	for (size_t i = 0; name != NULL && i < QUOIN_TOPICS; i++) {
		if (strcmp(agent->topics[i], name) == 0) {
			*ret = (enum quoin_topic)i;
			return true;
		}
	}
	return false;
}

static int
take_record(struct quoin_agent *agent, enum quoin_topic topic, const struct quoin_bus_record *record,
    struct quoin_error *err)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_RECORD, .topic = topic, .offset = record->offset,
		.key = record->key};
	struct quoin_envelope envelope;
	struct quoin_error why = {0};

	agent->lost_count[topic] = 0;
	if (!record->is_tombstone) {
		event.code = quoin_envelope_from_record(record, &envelope, &why);
		if (event.code == 0)
			event.envelope = &envelope;
		else
			event.reason = why.message;
	}
	return feed(agent, &event, err);
}

/* A place may seem lost for a moment, right after a broker's restart. */
static int
take_lost(struct quoin_agent *agent, enum quoin_topic topic, struct quoin_error *err)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_LOST, .topic = topic};

	agent->lost_count[topic]++;
	if (agent->lost_count[topic] < LOST_MAX) {
		agent->must_assign[topic] = true;
		agent->assign_at[topic] = quoin_clock_mono_ms() + LOST_MS;
		return 0;
	}
	agent->lost_count[topic] = 0;
	return feed(agent, &event, err);
}

/* A topic that is gone is not read on by itself when somebody makes it anew. */
static void
read_again(struct quoin_agent *agent)
{
	for (size_t i = 0; i < QUOIN_TOPICS; i++) {
		if (!agent->core.is_assigned[i] || agent->must_assign[i])
			continue;
		agent->must_assign[i] = true;
		agent->assign_at[i] = quoin_clock_mono_ms() + LOST_MS;
	}
}

static void
take_fault(struct quoin_agent *agent, const struct quoin_bus_event *event)
{
	struct quoin_error err = {0};

	(void)quoin_error_set(&err, event->code, "%s (%.240s)", quoin_bus_advice(event->code), event->text);
	quoin_log_error(QUOIN_LOG_WARN, "bus", &err, NULL);
	if (event->code == QUOIN_EUNREACHABLE)
		agent->is_refused = true;
	if (event->code == QUOIN_ENOENT)
		read_again(agent);
}

static int
set_silent(struct quoin_agent *agent, bool silent, struct quoin_error *err)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_SILENCE, .silent = silent};

	if (agent->is_silent == silent)
		return 0;
	agent->is_silent = silent;
	quoin_log(silent ? QUOIN_LOG_WARN : QUOIN_LOG_INFO, silent ? "silent" : "heard", NULL);
	return feed(agent, &event, err);
}

static int
take_bus_event(struct quoin_agent *agent, const struct quoin_bus_event *event, struct quoin_error *err)
{
	struct quoin_agent_event end = {.kind = QUOIN_AGENT_END, .offset = event->offset};
	enum quoin_topic topic;
	int r;

	if (event->kind == QUOIN_BUS_FAULT) {
		take_fault(agent, event);
		return 0;
	}
	if (!topic_of(agent, event->topic, &topic))
		return 0;
	if (event->kind == QUOIN_BUS_LOST)
		return take_lost(agent, topic, err);
	agent->heard_at = quoin_clock_mono_ms();
	r = set_silent(agent, false, err);
	if (r != 0)
		return r;
	if (event->kind == QUOIN_BUS_RECORD)
		return take_record(agent, topic, &event->record, err);
	end.topic = topic;
	return feed(agent, &end, err);
}

static int
take_bus(struct quoin_agent *agent, struct quoin_error *err)
{
	struct quoin_bus_event event;
	int r = 0;

	for (unsigned i = 0; i < BATCH_MAX && r == 0 && agent->rebuild_at == 0 && !agent->is_over; i++) {
		const int got = quoin_bus_reader_next(agent->reader, 0, &event);

		if (got < 0)
			return quoin_error_set(err, got, "the bus cannot be read: %s", quoin_error_text(got));
		if (got == 0)
			break;
		r = take_bus_event(agent, &event, err);
		quoin_bus_event_clear(&event);
	}
	return r;
}

static void
assign_again(struct quoin_agent *agent, int64_t now)
{
	struct quoin_error err = {0};

	for (size_t i = 0; i < QUOIN_TOPICS; i++) {
		if (!agent->must_assign[i] || agent->assign_at[i] > now)
			continue;
		agent->must_assign[i] = false;
		if (quoin_bus_reader_assign(agent->reader, agent->topics[i], agent->core.offsets[i].next, &err) == 0)
			continue;
		agent->must_assign[i] = true;
		agent->assign_at[i] = now + LOST_MS;
	}
}

static int
watch(struct quoin_agent *agent, int64_t now, struct quoin_error *err)
{
	struct quoin_error why = {0};
	int code;

	if (now - agent->heard_at >= QUOIN_AGENT_SILENCE_MS && now - agent->asked_at >= ASK_MS) {
		agent->asked_at = now;
		quoin_watchdog_ask(agent->watchdog);
	}
	if (!quoin_watchdog_next(agent->watchdog, &code, &why))
		return 0;
	if (code != 0)
		quoin_log_error(QUOIN_LOG_WARN, "probe", &why, NULL);
	return set_silent(agent, code != 0 && now - agent->heard_at >= QUOIN_AGENT_SILENCE_MS, err);
}

/* ---- Answers ---- */

static int
take_staged(struct quoin_agent *agent, struct quoin_error *err)
{
	struct quoin_stager_answer answer;
	int r = 0;

	while (r == 0 && agent->rebuild_at == 0 && quoin_stager_next(agent->stager, &answer)) {
		struct quoin_agent_event event = {.kind = answer.is_trial ? QUOIN_AGENT_TRIED : QUOIN_AGENT_FETCHED,
			.release = answer.release, .code = answer.code, .reason = answer.reason, .models = answer.models,
			.model_count = answer.model_count};

		if (answer.is_mend)
			event.kind = QUOIN_AGENT_MENDED;
		quoin_log(QUOIN_LOG_INFO, answer.is_trial ? "tried" : answer.is_mend ? "fetched-again" : "fetched", "release=%llu code=%s",
		    (unsigned long long)answer.release, answer.code == 0 ? "0" : quoin_error_name(answer.code));
		r = feed(agent, &event, err);
		free(answer.models);
	}
	return r;
}

static int
take_hooks(struct quoin_agent *agent, struct quoin_error *err)
{
	struct quoin_hook_outcome outcome;
	int r = 0;

	while (r == 0 && agent->rebuild_at == 0) {
		struct quoin_agent_event event = {.kind = QUOIN_AGENT_HOOKED};

		if (agent->instant_count > 0)
			outcome = agent->instant[--agent->instant_count];
		else if (agent->callbacks != NULL ? !quoin_callbacks_next(agent->callbacks, &outcome)
						  : !quoin_hooks_next(agent->hooks, quoin_clock_mono_ms(), &outcome))
			break;
		event.model = outcome.model;
		event.hook = outcome.hook;
		event.code = outcome.code;
		event.reason = outcome.reason;
		r = feed(agent, &event, err);
	}
	return r;
}

static int
take_receipts(struct quoin_agent *agent, struct quoin_error *err)
{
	uint64_t number;
	int code, r = 0;

	quoin_bus_writer_poll(agent->writer);
	while (r == 0 && quoin_agent_receipt_next(agent, &number, &code)) {
		struct quoin_agent_event event = {.kind = QUOIN_AGENT_ACKED, .number = number, .code = code};

		r = feed(agent, &event, err);
	}
	return r;
}

static bool
has_receipts_out(const struct quoin_agent *agent)
{
	for (size_t i = 0; i < QUOIN_AGENT_RECEIPTS_MAX; i++)
		if (agent->receipts[i].is_used)
			return true;
	return false;
}

/* Who holds what; looked at often while readers move, now and then else. */
static int
look_at_readers(struct quoin_agent *agent, int64_t now, struct quoin_error *err)
{
	uint64_t held[QUOIN_HELD_MAX];
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_HELD, .held = held};
	struct quoin_error why = {0};
	bool moving;

	if (now < agent->holds_at)
		return 0;
	if (quoin_store_holds(agent->store, held, QUOIN_HELD_MAX, &event.held_count, &event.oldest, &why) != 0) {
		quoin_log_error(QUOIN_LOG_WARN, "readers", &why, NULL);
		agent->holds_at = now + HOLDS_MS;
		return 0;
	}
	moving = event.held_count > 1 || (event.held_count == 1 && held[0] != agent->core.runs.number);
	/* A reader that is stuck for longer is looked at like any other. */
	agent->holds_at = now + (moving && now - agent->moved_at < 2000 ? HOLDS_FAST_MS : HOLDS_MS);
	if (!moving)
		agent->moved_at = now;
	/* While readers refuse, the core waits for a look. */
	if (!agent->core.told_refused && event.held_count == agent->core.held_count &&
	    event.oldest.pid == agent->core.oldest.pid && event.oldest.release == agent->core.oldest.release &&
	    (event.held_count == 0 || memcmp(held, agent->core.held, event.held_count * sizeof held[0]) == 0))
		return 0;
	if (event.held_count > 1)
		quoin_log(QUOIN_LOG_INFO, "held", "releases=%zu oldest_pid=%d", event.held_count, (int)event.oldest.pid);
	return feed(agent, &event, err);
}

static int
prove(struct quoin_agent *agent, int64_t now, struct quoin_error *err)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_PROVED};
	int r = quoin_agent_prove(agent, now, &event, err);

	return r == 1 ? feed(agent, &event, err) : r;
}

/* ---- Life ---- */

/* Up, for systemd: what could be learned at start was, and there is something to serve (PROTOCOL.md section 8). */
static void
settle_notified(struct quoin_agent *agent, int64_t now)
{
	const bool waited = now - agent->started_at >= (int64_t)agent->conf->start_wait_ms || agent->is_refused ||
	    !quoin_agent_core_is_stale(&agent->core, quoin_clock_boot_ms());

	if (agent->is_notified || !waited || agent->rebuild_at != 0)
		return;
	if (agent->core.cert.role == QUOIN_HOST_ROUTER && agent->core.runs.number == 0)
		return;
	agent->is_notified = true;
	atomic_store(&agent->is_up, true);
	if (agent->callbacks == NULL)
		quoin_notify("READY=1");
	quoin_log(QUOIN_LOG_INFO, "serving", "host=%s release=%llu stale=%d", agent->core.cert.host,
	    (unsigned long long)agent->core.runs.number,
	    quoin_agent_core_is_stale(&agent->core, quoin_clock_boot_ms()) ? 1 : 0);
}

/* The new core reads from what is durable on. What the reader brings of the places before is beyond that, and would have the
 * core pass over what the failed commit lost. */
static void
forget_places(struct quoin_agent *agent)
{
	for (size_t i = 0; i < QUOIN_TOPICS; i++) {
		(void)quoin_bus_reader_unassign(agent->reader, agent->topics[i], NULL);
		agent->must_assign[i] = false;
		agent->lost_count[i] = 0;
	}
}

static int
rebuild(struct quoin_agent *agent, int64_t now, struct quoin_error *err)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_START, .again = true};
	int r;

	if (agent->rebuild_at == 0 || now < agent->rebuild_at)
		return 0;
	forget_places(agent);
	r = quoin_agent_core_build(agent, err);
	if (r == QUOIN_ENOMEM || r == QUOIN_EREADERS)
		return give_up(agent, err);
	if (r != 0)
		return r;
	agent->rebuild_at = 0;
	return feed(agent, &event, err);
}

static int64_t
min_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until something must be looked at. */
static int
next_wait(struct quoin_agent *agent, int64_t now)
{
	const int64_t deadline = quoin_agent_core_deadline(&agent->core);
	int64_t wait = min_of(agent->holds_at - now, 1000);

	if (agent->rebuild_at != 0)
		return (int)min_of(agent->rebuild_at > now ? agent->rebuild_at - now : 0, 1000);
	if (deadline != INT64_MAX)
		wait = min_of(wait, deadline - quoin_clock_boot_ms());
	if (quoin_hooks_deadline(agent->hooks) != INT64_MAX)
		wait = min_of(wait, quoin_hooks_deadline(agent->hooks) - now);
	if (agent->copy_at != 0)
		wait = min_of(wait, agent->copy_at - now);
	if (agent->core.runs.number != 0)
		wait = min_of(wait, agent->prove_at - now);
	if (has_receipts_out(agent))
		wait = min_of(wait, agent->is_silent || agent->is_refused ? 200 : RECEIPT_MS);
	if (agent->instant_count > 0)
		wait = 0;
	return wait > 0 ? (int)wait : 0;
}

static void
wait_for_events(struct quoin_agent *agent)
{
	struct pollfd fds[FDS_MAX];
	uint64_t counter;
	size_t count = 0;

	fds[count++] = (struct pollfd){.fd = agent->stop_fd, .events = POLLIN};
	fds[count++] = (struct pollfd){.fd = agent->wake_fd, .events = POLLIN};
	if (agent->rebuild_at == 0)
		fds[count++] = (struct pollfd){.fd = quoin_bus_reader_fd(agent->reader), .events = POLLIN};
	count += quoin_hooks_poll(agent->hooks, fds + count);
	if (agent->ready != NULL)
		count += quoin_http_poll(agent->ready, fds + count);
	if (agent->metrics != NULL)
		count += quoin_http_poll(agent->metrics, fds + count);
	QUOIN_ASSERT(count <= FDS_MAX);
	(void)poll(fds, (nfds_t)count, next_wait(agent, quoin_clock_mono_ms()));
	(void)!read(agent->wake_fd, &counter, sizeof counter);
}

static int
take_stop(struct quoin_agent *agent, struct quoin_error *err)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_STOP};
	uint64_t counter;

	if (agent->is_stopping || read(agent->stop_fd, &counter, sizeof counter) != sizeof counter)
		return 0;
	agent->is_stopping = true;
	quoin_log(QUOIN_LOG_INFO, "stopping", NULL);
	if (agent->rebuild_at != 0)
		agent->is_over = true;
	return feed(agent, &event, err);
}

static int
tick(struct quoin_agent *agent, struct quoin_error *err)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_TICK};

	if (quoin_agent_core_deadline(&agent->core) > quoin_clock_boot_ms())
		return 0;
	return feed(agent, &event, err);
}

/* One round: everything that happened since the last one. */
static int
turn(struct quoin_agent *agent, struct quoin_error *err)
{
	const int64_t now = quoin_clock_mono_ms();
	bool is_ready;
	int r;

	if (atomic_exchange(&agent->is_hung_up, false))
		quoin_agent_reload(agent);
	r = take_stop(agent, err);
	if (r == 0)
		r = rebuild(agent, now, err);
	if (r == 0)
		r = take_bus(agent, err);
	if (r == 0)
		r = take_staged(agent, err);
	if (r == 0)
		r = take_hooks(agent, err);
	if (r == 0)
		r = take_receipts(agent, err);
	if (r == 0)
		r = look_at_readers(agent, now, err);
	if (r == 0)
		r = watch(agent, now, err);
	if (r == 0)
		r = prove(agent, now, err);
	if (r == 0)
		r = tick(agent, err);
	/* Off the way of a flip: its syncs take as long as the commit's. */
	if (agent->copy_at != 0 && now >= agent->copy_at && agent->rebuild_at == 0)
		quoin_agent_copy(agent);
	if (r == 0)
		r = quoin_agent_settle_store(agent, now, err);
	assign_again(agent, now);
	settle_notified(agent, now);
	is_ready = agent->rebuild_at == 0 && quoin_agent_core_is_ready(&agent->core);
	atomic_store(&agent->is_ready, is_ready);
	if (agent->ready != NULL)
		quoin_http_serve(agent->ready, quoin_agent_answer_ready, agent);
	if (agent->metrics != NULL)
		quoin_http_serve(agent->metrics, quoin_agent_answer_metrics, agent);
	return r;
}

int
quoin_agent_begin(struct quoin_agent *agent, struct quoin_error *err)
{
	struct quoin_agent_event event = {.kind = QUOIN_AGENT_START};

	agent->has_begun = true;
	agent->started_at = agent->heard_at = agent->moved_at = quoin_clock_mono_ms();
	return feed(agent, &event, err);
}

int
quoin_agent_run(struct quoin_agent *agent, struct quoin_error *err)
{
	int r = agent->has_begun ? 0 : quoin_agent_begin(agent, err);

	while (r == 0 && !agent->is_over) {
		wait_for_events(agent);
		r = turn(agent, err);
	}
	if (agent->copy_at != 0 && agent->rebuild_at == 0)
		quoin_agent_copy(agent);
	return r;
}
