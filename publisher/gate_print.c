/* Events and actions as one line each: for traces, simulators and people. */
#include "publisher/gate_core.h"

typedef unsigned long long ull;

static void
print_position(const struct quoin_position *position, struct quoin_buf *out)
{
	quoin_buf_printf(out, " %llu/%llu", (ull)position->epoch, (ull)position->seq);
}

static void
print_numbers(struct quoin_buf *out, const char *what, const uint64_t *numbers, size_t count)
{
	if (count == 0)
		return;
	quoin_buf_printf(out, " %s", what);
	for (size_t i = 0; i < count; i++)
		quoin_buf_printf(out, "%s%llu", i == 0 ? " " : ",", (ull)numbers[i]);
}

static void
print_labels(const struct quoin_labels *labels, struct quoin_buf *out)
{
	for (size_t i = 0; i < labels->count; i++)
		quoin_buf_printf(out, "%s%s=%s", i == 0 ? "" : ",", labels->items[i].key, labels->items[i].value);
}

/* "1/4 head 2 intent 0 asked 2 from 1 target 1 live 1:1-4 2:4-0 active 1" */
static void
print_activation(const struct quoin_activation *activation, struct quoin_buf *out)
{
	quoin_buf_printf(out, " %llu/%llu head %llu intent %llu asked %llu from %llu target %llu",
	    (ull)activation->epoch, (ull)activation->seq, (ull)activation->head.number, (ull)activation->intent.number,
	    (ull)activation->asked, (ull)activation->from, (ull)activation->target);
	if (activation->step_threshold != 100000 || activation->step_label_count > 0)
		quoin_buf_printf(out, " step %llu:%u:%u", (ull)activation->step_seq, activation->step_threshold,
		    activation->step_index);
	for (size_t i = 0; i < activation->step_label_count; i++) {
		quoin_buf_put_str(out, i == 0 ? " labels " : ";");
		print_labels(&activation->step_labels[i], out);
	}
	for (size_t i = 0; i < activation->pin_count; i++) {
		quoin_buf_printf(out, " pin %llu:%llu:", (ull)activation->pins[i].intent,
		    (ull)activation->pins[i].release);
		print_labels(&activation->pins[i].labels, out);
	}
	if (activation->live_count > 0)
		quoin_buf_put_str(out, " live");
	for (size_t i = 0; i < activation->live_count; i++)
		quoin_buf_printf(out, " %llu:%llu-%llu", (ull)activation->live[i].release.number,
		    (ull)activation->live[i].since, (ull)activation->live[i].last);
	print_numbers(out, "active", activation->active, activation->active_count);
	print_numbers(out, "revoked", activation->revoked, activation->revoked_count);
	for (size_t i = 0; i < activation->failed_count; i++)
		quoin_buf_printf(out, " failed %llu:%s:\"%s\"", (ull)activation->failed[i].release,
		    activation->failed[i].host, activation->failed[i].reason);
	if (activation->frozen)
		quoin_buf_put_str(out, " frozen");
	for (size_t i = 0; i < activation->excluded_count; i++)
		quoin_buf_printf(out, " excluded %s%s", activation->excluded[i].host,
		    activation->excluded[i].by_operator ? "" : " by-gate");
	for (size_t i = 0; i < activation->kept_count; i++) {
		quoin_buf_printf(out, " kept %s", activation->kept[i].host);
		print_numbers(out, "with", activation->kept[i].releases, activation->kept[i].release_count);
	}
}

static void
print_status(const struct quoin_status *status, struct quoin_buf *out)
{
	quoin_buf_printf(out, " %s #%llu obeys %llu/%llu", status->host, (ull)status->number, (ull)status->obeyed.epoch,
	    (ull)status->obeyed.seq);
	if (status->runs.number != 0)
		quoin_buf_printf(out, " runs %llu", (ull)status->runs.number);
	print_numbers(out, "holds", status->holds, status->hold_count);
	for (size_t i = 0; i < status->release_count; i++)
		quoin_buf_printf(out, " %llu:%s", (ull)status->releases[i].release.number,
		    quoin_progress_name(status->releases[i].progress));
	if (status->leaving)
		quoin_buf_put_str(out, " leaving");
}

static const char *const event_words[] = {"tick", "ledger", "root", "cert", "cert-gone", "activation", "heartbeat",
    "status", "release", "status-read", "caught-up", "took-over", "fenced", "lost", "not-written", "heartbeat-written",
    "health"};
_Static_assert(sizeof event_words / sizeof event_words[0] == QUOIN_GATE_EVENT_KINDS, "every event has its word");

void
quoin_gate_event_print(const struct quoin_gate_event *event, struct quoin_buf *out)
{
	quoin_buf_printf(out, "%lld %s", (long long)event->now_ms, event_words[event->kind]);
	switch (event->kind) {
	case QUOIN_GATE_TICK:
	case QUOIN_GATE_CAUGHT_UP:
	case QUOIN_GATE_TOOK_OVER:
	case QUOIN_GATE_FENCED:
	case QUOIN_GATE_LOST:
	case QUOIN_GATE_NOT_WRITTEN:
	case QUOIN_GATE_HEARTBEAT_WRITTEN:
		break;
	case QUOIN_GATE_LEDGER:
		quoin_buf_printf(out, " head %llu intent %llu asked %llu%s%s", (ull)event->ledger->head.number,
		    (ull)event->ledger->last_intent.number, (ull)event->ledger->asked,
		    event->ledger->asked_is_brake ? " brake" : "", event->ledger->frozen ? " frozen" : "");
		break;
	case QUOIN_GATE_ROOT:
		quoin_buf_printf(out, " epoch %llu", (ull)event->epoch);
		break;
	case QUOIN_GATE_CERT:
		quoin_buf_printf(out, " %s %s %s%s", event->cert->host, quoin_host_role_name(event->cert->role),
		    event->cert->shard, event->is_expired ? " expired" : "");
		break;
	case QUOIN_GATE_CERT_GONE:
		quoin_buf_printf(out, " %s", event->host);
		break;
	case QUOIN_GATE_ACTIVATION:
		print_activation(event->activation, out);
		break;
	case QUOIN_GATE_HEARTBEAT:
		quoin_buf_printf(out, " #%llu", (ull)event->heartbeat->number);
		print_position(&event->heartbeat->activation, out);
		break;
	case QUOIN_GATE_STATUS:
		print_status(event->status, out);
		if (event->age_ms > 0)
			quoin_buf_printf(out, " age %lld", (long long)event->age_ms);
		break;
	case QUOIN_GATE_RELEASE:
		quoin_buf_printf(out, " %llu shards %zu models %zu", (ull)event->release->number,
		    event->release->shard_count, event->release->model_count);
		break;
	case QUOIN_GATE_STATUS_READ:
		quoin_buf_printf(out, " %llu", (ull)event->token);
		break;
	case QUOIN_GATE_HEALTH:
		quoin_buf_printf(out, " %llu %s", (ull)event->token,
		    event->code == 0		? "well"
			: event->reason != NULL ? event->reason
						: "");
		break;
	}
}

void
quoin_gate_action_print(const struct quoin_gate_action *action, struct quoin_buf *out)
{
	switch (action->kind) {
	case QUOIN_GATE_NEED_RELEASE:
		quoin_buf_printf(out, "need-release %llu", (ull)action->number);
		break;
	case QUOIN_GATE_READ_STATUS:
		quoin_buf_printf(out, "read-status %llu", (ull)action->token);
		break;
	case QUOIN_GATE_TAKE_OVER:
		quoin_buf_put_str(out, "take-over");
		break;
	case QUOIN_GATE_PRODUCE_ACTIVATION:
		quoin_buf_put_str(out, "produce");
		print_activation(action->activation, out);
		break;
	case QUOIN_GATE_PRODUCE_HEARTBEAT:
		quoin_buf_printf(out, "heartbeat #%llu", (ull)action->number);
		print_position(&action->position, out);
		break;
	case QUOIN_GATE_STEP_DOWN:
		quoin_buf_put_str(out, "step-down");
		break;
	case QUOIN_GATE_ASK_HEALTH:
		quoin_buf_printf(out, "ask-health %llu of release %llu", (ull)action->token, (ull)action->number);
		break;
	case QUOIN_GATE_ALARM:
		quoin_buf_printf(out, "alarm: %s", action->text);
		break;
	case QUOIN_GATE_DECIDED:
		quoin_buf_printf(out, "decided: %s", action->text);
		break;
	case QUOIN_GATE_REASON:
		quoin_buf_printf(out, "waits: %s", action->text[0] != '\0' ? action->text : "for nothing");
		break;
	}
}
