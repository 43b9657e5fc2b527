/*
 * SIGHUP: what may change while an agent lives is read anew. What else differs is named, and waits for a restart.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/log.h"
#include "subscriber/agent_shell.h"

struct setting {
	const char *key;
	size_t offset, bytes;
};
#define SETTING(key, member)                                                                                           \
	{                                                                                                              \
		key, offsetof(struct quoin_conf, member), sizeof((struct quoin_conf *)0)->member                       \
	}

/* Looked at whenever they are needed, or told to the core. */
static const struct setting live[] = {
	SETTING("hook.load", hook_load),
	SETTING("hook.unload", hook_unload),
	SETTING("hook.validate", hook_validate),
	SETTING("hook.check", hook_check),
	SETTING("hook.check_ms", hook_check_ms),
	SETTING("hook.retries", hook_retries),
	SETTING("hook.timeout_ms", hook_timeout_ms),
	SETTING("hook.parallel", hook_parallel),
	SETTING("status.interval_ms", status_interval_ms),
	SETTING("retain.releases", retain_releases),
	SETTING("retain.days", retain_days),
	SETTING("retain.bytes", retain_bytes),
};

/* Open files, promises to the gate, what was announced. */
static const struct setting fixed[] = {
	SETTING("namespace", namespace_name),
	SETTING("root", root),
	SETTING("identity", identity),
	SETTING("state", state),
	SETTING("parts", parts),
	SETTING("ready.listen", ready_listen),
	SETTING("lease.ms", lease_ms),
	SETTING("lease.on_expiry", lease_refuse),
	SETTING("limit.bytes", limit_bytes),
	SETTING("limit.objectives", limit_objectives),
	SETTING("limit.models", limit_models),
	SETTING("limit.attributes", limit_attributes),
};

static const void *
value_of(const struct quoin_conf *conf, const struct setting *setting)
{
	return (const uint8_t *)conf + setting->offset;
}

static bool
differs(const struct quoin_conf *a, const struct quoin_conf *b, const struct setting *setting)
{
	return memcmp(value_of(a, setting), value_of(b, setting), setting->bytes) != 0;
}

static bool
has_other_properties(const struct quoin_conf *a, const struct quoin_conf *b)
{
	if (a->property_count != b->property_count)
		return true;
	for (size_t i = 0; i < a->property_count; i++)
		if (strcmp(a->properties[i].name, b->properties[i].name) != 0 ||
		    strcmp(a->properties[i].value, b->properties[i].value) != 0)
			return true;
	return false;
}

static void
say_restart(const char *key)
{
	quoin_log(QUOIN_LOG_WARN, "needs-restart", "key=%s", key);
}

/* Whether models are validated or checked at all was decided when they were loaded. */
static bool
is_begun_or_ended(const struct quoin_conf *before, const struct quoin_conf *after, const char *key)
{
	return (strcmp(key, "hook.validate") == 0 &&
		   (before->hook_validate[0] == '\0') != (after->hook_validate[0] == '\0')) ||
	    (strcmp(key, "hook.check") == 0 && (before->hook_check[0] == '\0') != (after->hook_check[0] == '\0'));
}

static void
take(struct quoin_agent *agent, const struct quoin_conf *fresh)
{
	for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
		if (!differs(&agent->settings, fresh, &live[i]))
			continue;
		if (is_begun_or_ended(&agent->settings, fresh, live[i].key)) {
			say_restart(live[i].key);
			continue;
		}
		memcpy((uint8_t *)&agent->settings + live[i].offset, value_of(fresh, &live[i]), live[i].bytes);
		quoin_log(QUOIN_LOG_INFO, "changed", "key=%s", live[i].key);
	}
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (differs(&agent->settings, fresh, &fixed[i]))
			say_restart(fixed[i].key);
	if (has_other_properties(&agent->settings, fresh))
		say_restart("kafka.*");
	quoin_agent_core_retune(&agent->core, agent->settings.status_interval_ms, agent->settings.hook_retries,
	    agent->settings.hook_parallel, agent->settings.hook_check_ms);
}

void
quoin_agent_reload(struct quoin_agent *agent)
{
	struct quoin_conf *fresh = calloc(1, sizeof *fresh);
	struct quoin_error err = {0};
	struct quoin_buf text;
	int r = QUOIN_ENOMEM;

	quoin_buf_init(&text, QUOIN_CONF_BYTES_MAX);
	if (fresh != NULL)
		r = quoin_file_read(agent->settings.file, &text, &err);
	if (r == 0)
		r = quoin_conf_parse(quoin_buf_span(&text), agent->settings.file, fresh, &err);
	if (r == 0)
		take(agent, fresh);
	/* What was good yesterday is better than what cannot be read today. */
	if (r == 0)
		quoin_log(QUOIN_LOG_INFO, "reloaded", NULL);
	else
		quoin_log_error(QUOIN_LOG_ERROR, "not-reloaded", &err, NULL);
	quoin_buf_clear(&text);
	if (fresh != NULL)
		quoin_conf_clear(fresh);
	free(fresh);
}
