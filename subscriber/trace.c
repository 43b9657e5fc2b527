#include "subscriber/trace.h"

#include "lib/assert.h"

static const char *const event_names[] = {"start", "tick", "record", "end", "lost", "silence", "fetched", "tried", "prepared",
	"hooked", "acked", "held", "proved", "mended", "stop"};
static const char *const action_names[] = {"persist", "copy", "assign", "fetch", "cancel", "try", "prepare", "serve", "prune",
	"run", "report", "fresh", "lease", "ready", "mend", "collect", "reject", "alarm", "note", "exit"};
static const char *const kind_names[QUOIN_STORE_KINDS] = {"root", "release", "intent", "activation", "cert", "evidence"};

static void
print_outcome(int code, const char *reason, struct quoin_buf *out)
{
	if (code != 0)
		(void)quoin_buf_printf(out, " %s", quoin_error_name(code));
	if (reason != NULL && reason[0] != '\0')
		(void)quoin_buf_printf(out, " \"%s\"", reason);
}

int
quoin_agent_event_print(const struct quoin_agent_event *event, struct quoin_buf *out)
{
	QUOIN_ASSERT((size_t)event->kind < sizeof event_names / sizeof event_names[0]);
	(void)quoin_buf_put_str(out, event_names[event->kind]);
	switch (event->kind) {
	case QUOIN_AGENT_RECORD:
		(void)quoin_buf_printf(out, " %s %lld %.*s", quoin_topic_word(event->topic), (long long)event->offset,
		    (int)event->key.len, (const char *)event->key.data);
		break;
	case QUOIN_AGENT_END:
	case QUOIN_AGENT_LOST:
		(void)quoin_buf_printf(out, " %s", quoin_topic_word(event->topic));
		break;
	case QUOIN_AGENT_SILENCE:
		(void)quoin_buf_put_str(out, event->silent ? " on" : " off");
		break;
	case QUOIN_AGENT_FETCHED:
	case QUOIN_AGENT_TRIED:
	case QUOIN_AGENT_PREPARED:
	case QUOIN_AGENT_PROVED:
	case QUOIN_AGENT_MENDED:
		(void)quoin_buf_printf(out, " %llu", (unsigned long long)event->release);
		print_outcome(event->code, event->reason, out);
		break;
	case QUOIN_AGENT_HOOKED:
		(void)quoin_buf_printf(out, " %s %llu", quoin_hook_name(event->hook), (unsigned long long)event->model);
		print_outcome(event->code, event->reason, out);
		break;
	case QUOIN_AGENT_ACKED:
		(void)quoin_buf_printf(out, " %llu", (unsigned long long)event->number);
		print_outcome(event->code, NULL, out);
		break;
	case QUOIN_AGENT_HELD:
		for (size_t i = 0; i < event->held_count; i++)
			(void)quoin_buf_printf(out, " %llu", (unsigned long long)event->held[i]);
		break;
	case QUOIN_AGENT_START:
	case QUOIN_AGENT_TICK:
	case QUOIN_AGENT_STOP:
		break;
	}
	return out->error;
}

static void
print_change(const struct quoin_agent_core *core, struct quoin_buf *out)
{
	const struct quoin_agent_change *change = &core->change;

	for (size_t i = 0; i < change->document_count; i++) {
		(void)quoin_buf_printf(out, " %s", kind_names[change->documents[i].kind]);
		if (change->documents[i].kind == QUOIN_STORE_ACTIVATION)
			(void)quoin_buf_printf(out, "/%llu.%llu", (unsigned long long)core->ratchets.obeyed.epoch,
			    (unsigned long long)core->ratchets.obeyed.seq);
		else
			(void)quoin_buf_printf(out, "/%llu", (unsigned long long)change->documents[i].number);
	}
	if (change->has_active)
		(void)quoin_buf_printf(out, " active=%llu", (unsigned long long)change->active);
	if (change->has_fuses) {
		static const char *const states[] = {"attempting", "good", "blown"};

		(void)quoin_buf_put_str(out, " fuses=");
		for (size_t i = 0; i < core->fuse_count; i++)
			(void)quoin_buf_printf(out, "%s%llu:%s", i == 0 ? "" : ",",
			    (unsigned long long)core->fuses[i].release.number, states[core->fuses[i].state]);
	}
	if (change->has_models) {
		bool is_first = true;

		(void)quoin_buf_put_str(out, " models=");
		for (size_t i = 0; i < core->model_count; i++) {
			if (!core->models[i].is_kept)
				continue;
			(void)quoin_buf_printf(out, "%s%s@%s", is_first ? "" : ",", core->models[i].name.name,
			    core->models[i].name.version);
			is_first = false;
		}
	}
	(void)quoin_buf_printf(out, " offsets=%lld,", (long long)core->offsets[QUOIN_TOPIC_CONTROL].next);
	/* "-": it stays what it was. */
	if (change->has_offset[QUOIN_TOPIC_GATE])
		(void)quoin_buf_printf(out, "%lld", (long long)core->offsets[QUOIN_TOPIC_GATE].next);
	else
		(void)quoin_buf_put_byte(out, '-');
	(void)quoin_buf_printf(out, " generation=%llu", (unsigned long long)core->ratchets.load_generation);
}

/* What a status says, without what differs from run to run. */
static void
print_report(const struct quoin_agent_core *core, uint64_t number, struct quoin_buf *out)
{
	struct quoin_status status;

	(void)quoin_buf_printf(out, " %llu", (unsigned long long)number);
	if (quoin_agent_core_status(core, 0, 0, &status) != 0) {
		out->error = QUOIN_ENOMEM;
		return;
	}
	(void)quoin_buf_printf(out, " obeys=%llu.%llu runs=%llu", (unsigned long long)status.obeyed.epoch,
	    (unsigned long long)status.obeyed.seq, (unsigned long long)status.runs.number);
	if (status.intent != 0)
		(void)quoin_buf_printf(out, " intent=%llu", (unsigned long long)status.intent);
	for (size_t i = 0; i < status.hold_count; i++)
		(void)quoin_buf_printf(out, "%s%llu", i == 0 ? " holds=" : ",", (unsigned long long)status.holds[i]);
	for (size_t i = 0; i < status.release_count; i++) {
		const struct quoin_status_release *release = &status.releases[i];

		(void)quoin_buf_printf(out, " %llu:%s", (unsigned long long)release->release.number,
		    quoin_progress_name(release->progress));
		if (release->model[0] != '\0')
			(void)quoin_buf_printf(out, "(%s)", release->model);
		if (release->reason[0] != '\0')
			(void)quoin_buf_printf(out, "\"%s\"", release->reason);
	}
	if (status.leaving)
		(void)quoin_buf_put_str(out, " leaving");
	quoin_status_clear(&status);
}

static void
print_run(const struct quoin_agent_core *core, const struct quoin_agent_action *action, struct quoin_buf *out)
{
	const struct quoin_agent_model *model = quoin_agent_core_model(core, action->model);

	(void)quoin_buf_printf(out, " %s %llu", quoin_hook_name(action->hook), (unsigned long long)action->model);
	if (model != NULL)
		(void)quoin_buf_printf(out, " %s@%s", model->name.name, model->name.version);
}

int
quoin_agent_action_print(const struct quoin_agent_core *core, const struct quoin_agent_action *action,
    struct quoin_buf *out)
{
	QUOIN_ASSERT((size_t)action->kind < sizeof action_names / sizeof action_names[0]);
	(void)quoin_buf_put_str(out, action_names[action->kind]);
	switch (action->kind) {
	case QUOIN_AGENT_PERSIST:
		print_change(core, out);
		break;
	case QUOIN_AGENT_ASSIGN:
		(void)quoin_buf_printf(out, " %s from %lld", quoin_topic_word(action->topic), (long long)action->offset);
		break;
	case QUOIN_AGENT_FETCH:
	case QUOIN_AGENT_CANCEL:
	case QUOIN_AGENT_TRY:
	case QUOIN_AGENT_PREPARE:
	case QUOIN_AGENT_SERVE:
	case QUOIN_AGENT_PRUNE:
	case QUOIN_AGENT_MEND:
		(void)quoin_buf_printf(out, " %llu%s", (unsigned long long)action->release, action->urgent ? " urgent" : "");
		break;
	case QUOIN_AGENT_RUN:
		print_run(core, action, out);
		break;
	case QUOIN_AGENT_REPORT:
		print_report(core, action->number, out);
		break;
	case QUOIN_AGENT_FRESH:
		(void)quoin_buf_printf(out, " until %lld", (long long)action->until_boot_ms);
		break;
	case QUOIN_AGENT_LEASE:
		(void)quoin_buf_printf(out, " until %lld %lld", (long long)action->until_boot_ms,
		    (long long)action->until_wall_ms);
		break;
	case QUOIN_AGENT_READY:
		(void)quoin_buf_put_str(out, quoin_agent_core_is_ready(core) ? " yes" : " no");
		break;
	case QUOIN_AGENT_REJECT:
	case QUOIN_AGENT_ALARM:
	case QUOIN_AGENT_NOTE:
		print_outcome(action->code, action->text, out);
		break;
	case QUOIN_AGENT_COPY:
	case QUOIN_AGENT_COLLECT:
	case QUOIN_AGENT_EXIT:
		break;
	}
	return out->error;
}
