/* SIGHUP: what may change while a gate lives is read anew. What else differs is named, and waits for a restart. */
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/log.h"
#include "publisher/gate_shell.h"

static const struct quoin_conf_setting live[] = {
	QUOIN_CONF_SETTING("gate.heartbeat_ms", gate_heartbeat_ms),
	QUOIN_CONF_SETTING("gate.health_hook", gate_health_hook),
	QUOIN_CONF_SETTING("gate.vip_poll_ms", gate_vip_poll_ms),
	QUOIN_CONF_SETTING("hook.timeout_ms", hook_timeout_ms),
	QUOIN_CONF_SETTING("keys", keys),
	QUOIN_CONF_SETTING("passphrase-file", passphrase_file),
	{0},
};

/* Trust, and what routers were promised. */
static const struct quoin_conf_setting fixed[] = {
	QUOIN_CONF_SETTING("namespace", namespace_name),
	QUOIN_CONF_SETTING("root", root),
	QUOIN_CONF_SETTING("lease.ms", lease_ms),
	QUOIN_CONF_SETTING("lease.on_expiry", lease_refuse),
	QUOIN_CONF_SETTING("metrics.listen", metrics_listen),
	{0},
};

static bool
has_same_keys(const struct quoin_keyring *a, const struct quoin_keyring *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (memcmp(a->keys[i].public_key.key, b->keys[i].public_key.key, QUOIN_PUBLIC_KEY_BYTES) != 0)
			return false;
	return true;
}

/* The keys before the rest: a configuration whose keys cannot be read, or that the root does not name, is not taken at
 * all. Before the control topic was read a later root may name them. */
static int
take(struct quoin_gate *gate, const struct quoin_conf *fresh, struct quoin_error *err)
{
	struct quoin_conf *settings = &gate->settings;
	struct quoin_keyring keys = {0};
	int r = quoin_keyring_load(fresh, QUOIN_ROLE_GATE, false, &keys, err);

	if (r == 0 && gate->is_caught_up && !quoin_keyring_is_believed(&keys, &gate->control.trust.root, QUOIN_ROLE_GATE))
		r = quoin_error_set(err, QUOIN_EKEY, "root %llu does not name the gate keys in %s; publish a root that does, first",
		    (unsigned long long)gate->control.trust.root.version, fresh->keys);
	if (r != 0) {
		quoin_keyring_clear(&keys);
		return r;
	}
	if (!has_same_keys(&gate->keys, &keys))
		quoin_log_setting(NULL, "gate.key", true);
	quoin_keyring_clear(&gate->keys);
	gate->keys = keys;
	quoin_conf_take(settings, fresh, live, fixed, quoin_log_setting, NULL);
	quoin_gate_core_retune(gate->core, settings->gate_heartbeat_ms, settings->gate_vip_poll_ms,
	    settings->gate_health_hook[0] != '\0');
	return 0;
}

void
quoin_gate_reload(struct quoin_gate *gate)
{
	struct quoin_conf *fresh = calloc(1, sizeof *fresh);
	struct quoin_error err = {0};
	struct quoin_buf text;
	int r = QUOIN_ENOMEM;

	quoin_buf_init(&text, QUOIN_CONF_BYTES_MAX);
	if (fresh != NULL)
		r = quoin_file_read(gate->settings.file, &text, &err);
	if (r == 0)
		r = quoin_conf_parse(quoin_buf_span(&text), gate->settings.file, fresh, &err);
	if (r == 0)
		r = take(gate, fresh, &err);
	if (r == 0)
		quoin_log(QUOIN_LOG_INFO, "reloaded", NULL);
	else
		quoin_log_error(QUOIN_LOG_ERROR, "not-reloaded", &err, NULL);
	quoin_buf_clear(&text);
	if (fresh != NULL)
		quoin_conf_clear(fresh);
	free(fresh);
}
