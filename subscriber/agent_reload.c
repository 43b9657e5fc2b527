/*
 * SIGHUP: what may change while an agent lives is read anew. What else differs is named, and waits for a restart.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/log.h"
#include "subscriber/agent_shell.h"

/* Looked at whenever they are needed, or told to the core. */
static const struct quoin_conf_setting live[] = {
	QUOIN_CONF_SETTING("hook.load", hook_load),
	QUOIN_CONF_SETTING("hook.unload", hook_unload),
	QUOIN_CONF_SETTING("hook.validate", hook_validate),
	QUOIN_CONF_SETTING("hook.check", hook_check),
	QUOIN_CONF_SETTING("hook.check_ms", hook_check_ms),
	QUOIN_CONF_SETTING("hook.retries", hook_retries),
	QUOIN_CONF_SETTING("hook.timeout_ms", hook_timeout_ms),
	QUOIN_CONF_SETTING("hook.parallel", hook_parallel),
	QUOIN_CONF_SETTING("status.interval_ms", status_interval_ms),
	QUOIN_CONF_SETTING("retain.releases", retain_releases),
	QUOIN_CONF_SETTING("retain.days", retain_days),
	QUOIN_CONF_SETTING("retain.bytes", retain_bytes),
	{0},
};

/* Open files, promises to the gate, what was announced. */
static const struct quoin_conf_setting fixed[] = {
	QUOIN_CONF_SETTING("namespace", namespace_name),
	QUOIN_CONF_SETTING("root", root),
	QUOIN_CONF_SETTING("identity", identity),
	QUOIN_CONF_SETTING("state", state),
	QUOIN_CONF_SETTING("parts", parts),
	QUOIN_CONF_SETTING("ready.listen", ready_listen),
	QUOIN_CONF_SETTING("metrics.listen", metrics_listen),
	QUOIN_CONF_SETTING("lease.ms", lease_ms),
	QUOIN_CONF_SETTING("lease.on_expiry", lease_refuse),
	QUOIN_CONF_SETTING("limit.bytes", limit_bytes),
	QUOIN_CONF_SETTING("limit.objectives", limit_objectives),
	QUOIN_CONF_SETTING("limit.models", limit_models),
	QUOIN_CONF_SETTING("limit.attributes", limit_attributes),
	{0},
};

/* Whether models are validated or checked at all was decided when they were loaded. */
static void
keep_kind(const char *key, const char *before, char after[QUOIN_PATH_BYTES_MAX])
{
	if ((before[0] == '\0') == (after[0] == '\0'))
		return;
	quoin_log_setting(NULL, key, false);
	memcpy(after, before, QUOIN_PATH_BYTES_MAX);
}

static void
take(struct quoin_agent *agent, struct quoin_conf *fresh)
{
	struct quoin_conf *settings = &agent->settings;

	keep_kind("hook.validate", settings->hook_validate, fresh->hook_validate);
	keep_kind("hook.check", settings->hook_check, fresh->hook_check);
	quoin_conf_take(settings, fresh, live, fixed, quoin_log_setting, NULL);
	quoin_agent_core_retune(&agent->core, settings->status_interval_ms, settings->hook_retries,
	    settings->hook_parallel, settings->hook_check_ms);
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
