#include "subscriber/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "subscriber/agent_shell.h"
#include "subscriber/audit.h"

#define LOOKUP_MS     2000 /* for what a host without a store said before */
#define LOCK_WAIT_MS  5000 /* for the agent before this one to be gone */
#define LOCK_PAUSE_MS 20

/* ---- Opening ---- */

static int
read_origin(const struct quoin_conf *conf, const struct quoin_envelope *root, struct quoin_origin *ret,
    struct quoin_error *err)
{
	struct quoin_trust *trust = calloc(1, sizeof *trust);
	int r;

	if (trust == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = quoin_trust_init(trust, root, err);
	if (r == 0 && strcmp(trust->root.origin.name, conf->namespace_name) != 0)
		r = quoin_error_set(err, QUOIN_ENAMESPACE, "the root %s is of the namespace %s, not of %s", conf->root,
		    trust->root.origin.name, conf->namespace_name);
	*ret = trust->root.origin;
	free(trust);
	return r;
}

static int
check_conf(const struct quoin_conf *conf, struct quoin_error *err)
{
	if (conf->namespace_name[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "\"namespace\" is not set; name the namespace of this host");
	if (conf->state[0] == '\0')
		return quoin_error_set(err, QUOIN_ECONFIG, "\"state\" is not set; name the directory of the store");
	if (conf->property_count == 0)
		return quoin_error_set(err, QUOIN_ECONFIG, "no \"kafka.\" property is set; kafka.bootstrap.servers is needed");
	return 0;
}

static int
read_files(struct quoin_agent *agent, struct quoin_error *err)
{
	const struct quoin_conf *conf = agent->conf;
	int r;

	r = check_conf(conf, err);
	if (r == 0)
		r = quoin_pinned_root_read(conf->root, &agent->root_files, &agent->root, err);
	if (r == 0)
		r = read_origin(conf, &agent->root, &agent->origin, err);
	if (r == 0)
		r = quoin_identity_read(conf->identity, &agent->identity, err);
	return r;
}

/* A hook that cannot be run would only show with the first release, as a model that does not load. */
static int
check_hooks(const struct quoin_conf *conf, struct quoin_error *err)
{
	const struct {
		const char *key, *path;
	} hooks[] = {{"hook.load", conf->hook_load}, {"hook.unload", conf->hook_unload},
		{"hook.validate", conf->hook_validate}, {"hook.check", conf->hook_check}};
	struct stat st;

	for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
		if (hooks[i].path[0] == '\0')
			continue;
		if (stat(hooks[i].path, &st) != 0 || access(hooks[i].path, X_OK) != 0)
			return quoin_error_sys(err, QUOIN_ECONFIG, "%s in %s: %s cannot be run", hooks[i].key, conf->file,
			    hooks[i].path);
		if (!S_ISREG(st.st_mode))
			return quoin_error_set(err, QUOIN_ECONFIG, "%s in %s: %s is not a program", hooks[i].key, conf->file,
			    hooks[i].path);
	}
	return 0;
}

int
quoin_agent_check(const struct quoin_conf *conf, struct quoin_cert *ret, struct quoin_error *err)
{
	struct quoin_agent *agent;
	struct quoin_trust *trust;
	struct quoin_cert cert;
	int r;

	r = check_hooks(conf, err);
	if (r != 0)
		return r;
	r = quoin_crypto_init();
	agent = calloc(1, sizeof *agent);
	trust = calloc(1, sizeof *trust);
	if (r != 0 || agent == NULL || trust == NULL) {
		free(agent);
		free(trust);
		return quoin_error_set(err, r != 0 ? r : QUOIN_ENOMEM, "cannot begin");
	}
	agent->conf = conf;
	r = read_files(agent, err);
	if (r == 0)
		r = quoin_trust_init(trust, &agent->root, err);
	/* The pinned root may be older than the one that the certificate needs: only its form is judged here. */
	if (r == 0) {
		r = quoin_cert_parse(agent->identity.cert.envelope.document, &cert, err);
		if (r != 0)
			(void)quoin_error_prefix(err, "the certificate in %s", conf->identity);
	}
	if (r == 0)
		r = quoin_origin_check(&cert.origin, &agent->origin, err);
	if (r == 0)
		r = quoin_identity_check(&agent->identity, &cert, err);
	if (r == 0)
		*ret = cert;
	quoin_identity_clear(&agent->identity);
	quoin_detached_clear(&agent->root_files);
	free(agent);
	free(trust);
	return r;
}

/* ---- The core from the store ---- */

/* Walk the documents of one kind. */
static int
for_documents(struct quoin_store_snapshot *snapshot, enum quoin_store_kind kind,
    int (*take)(void *ctx, enum quoin_store_kind kind, struct quoin_span bytes, struct quoin_error *err), void *ctx,
    struct quoin_error *err)
{
	struct quoin_span bytes;
	uint64_t number = 0;
	int r;

	while ((r = quoin_store_snapshot_next(snapshot, kind, number, &number, &bytes, err)) == 1) {
		r = take(ctx, kind, bytes, err);
		if (r != 0 || number == UINT64_MAX)
			break;
		number++;
	}
	return r;
}

static int
advance_trust(void *ctx, enum quoin_store_kind kind, struct quoin_span bytes, struct quoin_error *err)
{
	struct quoin_envelope envelope;
	int r;

	(void)kind;
	r = quoin_envelope_decode(bytes, &envelope, err);
	if (r == 0)
		r = quoin_trust_advance(ctx, &envelope, err);
	return r == QUOIN_EREPLAY ? 0 : r;
}

static int
restore(void *ctx, enum quoin_store_kind kind, struct quoin_span bytes, struct quoin_error *err)
{
	return quoin_agent_core_restore(ctx, kind, bytes, err);
}

/* A certificate that is over still says what this host is: it goes on serving, and nobody counts its statuses. */
static int
verify_cert(const struct quoin_trust *trust, const struct quoin_envelope *envelope, struct quoin_cert *ret,
    struct quoin_error *err)
{
	struct quoin_hash hash;
	int r;

	r = quoin_trust_verify_cert(trust, envelope, quoin_clock_wall_ms(), ret, err);
	if (r != QUOIN_EEXPIRED)
		return r;
	quoin_log_error(QUOIN_LOG_ERROR, "alarm", err, NULL);
	r = quoin_trust_verify(trust, QUOIN_DOCUMENT_CERT, envelope, &hash, err);
	return r != 0 ? r : quoin_cert_parse(envelope->document, ret, err);
}

/* Who this host is: by the certificate in the identity, or a renewed one that was kept and lasts longer. */
static int
choose_cert(struct quoin_agent *agent, struct quoin_store_snapshot *snapshot, struct quoin_cert *ret,
    struct quoin_error *err)
{
	struct quoin_trust *trust = calloc(1, sizeof *trust);
	struct quoin_envelope envelope;
	struct quoin_span bytes;
	struct quoin_cert kept;
	int r;

	if (trust == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	r = quoin_trust_init(trust, &agent->root, err);
	if (r == 0)
		r = for_documents(snapshot, QUOIN_STORE_ROOT, advance_trust, trust, err);
	if (r == 0) {
		r = verify_cert(trust, &agent->identity.cert.envelope, ret, err);
		if (r != 0)
			(void)quoin_error_prefix(err, "the certificate in %s, which the root %s must vouch for",
			    agent->conf->identity, agent->conf->root);
	}
	if (r == 0)
		r = quoin_identity_check(&agent->identity, ret, err);
	quoin_sealed_clear(&agent->cert);
	if (r == 0 && quoin_store_snapshot_document(snapshot, QUOIN_STORE_CERT, 0, &bytes, NULL) == 0 &&
	    quoin_envelope_decode(bytes, &envelope, NULL) == 0 && verify_cert(trust, &envelope, &kept, NULL) == 0 &&
	    memcmp(kept.key, ret->key, sizeof kept.key) == 0 && kept.not_after_ms > ret->not_after_ms &&
	    quoin_sealed_copy(&envelope, &agent->cert) == 0)
		*ret = kept;
	free(trust);
	return r;
}

/* "ret_models": the models in it, the caller's, to free. */
static int
read_stored(struct quoin_agent *agent, struct quoin_store_snapshot *snapshot, struct quoin_agent_stored *ret,
    struct quoin_agent_model_name **ret_models, struct quoin_error *err)
{
	int r;

	quoin_store_ratchets(agent->store, &ret->ratchets, &ret->is_new);
	r = quoin_store_offset_get(agent->store, QUOIN_TOPIC_CONTROL, &ret->offsets[QUOIN_TOPIC_CONTROL], err);
	if (r == 0)
		r = quoin_store_offset_get(agent->store, QUOIN_TOPIC_GATE, &ret->offsets[QUOIN_TOPIC_GATE], err);
	if (r == 0)
		r = quoin_store_fuses_get(agent->store, ret->fuses, &ret->fuse_count, err);
	if (r == 0)
		r = quoin_store_models_get(agent->store, ret_models, &ret->model_count, err);
	ret->models = *ret_models;
	if (r == 0)
		r = quoin_store_holds(agent->store, ret->held, QUOIN_HELD_MAX, &ret->held_count, NULL, err);
	if (r != 0)
		return r;
	memset(&agent->active, 0, sizeof agent->active);
	r = quoin_store_snapshot_active(snapshot, &agent->active, err);
	ret->runs = agent->active.release;
	ret->chosen = agent->active.obeyed;
	return r == QUOIN_ENOENT ? 0 : r;
}

static bool
has_hook(const struct quoin_agent *agent, enum quoin_hook hook, const char *program)
{
	return agent->callbacks != NULL ? quoin_callbacks_has(agent->callbacks, hook) : program[0] != '\0';
}

static void
fill_conf(const struct quoin_agent *agent, struct quoin_agent_conf *ret)
{
	const struct quoin_conf *conf = agent->conf;

	*ret = (struct quoin_agent_conf){.origin = agent->origin, .status_interval_ms = conf->status_interval_ms,
		.lease_ms = conf->lease_ms, .lease_refuse = conf->lease_refuse, .is_inside = agent->callbacks != NULL,
		.has_validate = has_hook(agent, QUOIN_HOOK_VALIDATE, conf->hook_validate),
		.has_check = has_hook(agent, QUOIN_HOOK_CHECK, conf->hook_check), .hook_retries = conf->hook_retries,
		.hook_parallel = conf->hook_parallel, .hook_check_ms = conf->hook_check_ms,
		.limit_bytes = conf->limit_bytes, .limit_objectives = conf->limit_objectives,
		.limit_models = conf->limit_models, .limit_attributes = conf->limit_attributes};
	memcpy(ret->boot, agent->boot, sizeof ret->boot);
}

int
quoin_agent_core_build(struct quoin_agent *agent, struct quoin_error *err)
{
	static const enum quoin_store_kind kinds[] = {QUOIN_STORE_ROOT, QUOIN_STORE_RELEASE, QUOIN_STORE_INTENT,
		QUOIN_STORE_ACTIVATION};
	struct quoin_store_snapshot *snapshot = NULL;
	struct quoin_agent_model_name *models = NULL;
	struct quoin_agent_stored *stored;
	struct quoin_agent_conf conf;
	struct quoin_cert cert;
	int r;

	stored = calloc(1, sizeof *stored);
	if (stored == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	if (agent->has_core)
		quoin_agent_core_clear(&agent->core);
	agent->has_core = true;
	r = quoin_store_snapshot_open(agent->store, &snapshot, err);
	if (r == 0)
		r = read_stored(agent, snapshot, stored, &models, err);
	if (r == 0)
		r = choose_cert(agent, snapshot, &cert, err);
	if (r == 0) {
		fill_conf(agent, &conf);
		r = quoin_agent_core_init(&agent->core, &conf, &cert, &agent->root, stored, err);
	}
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && r == 0; i++)
		r = for_documents(snapshot, kinds[i], restore, &agent->core, err);
	quoin_store_snapshot_close(snapshot);
	free(models);
	free(stored);
	return r;
}

static int
open_store_now(struct quoin_agent *agent, struct quoin_error *err)
{
	const struct quoin_conf *conf = agent->conf;
	bool quarantined = false;
	int r;

	r = quoin_audit(conf->state, conf->namespace_name, &quarantined, err);
	if (quarantined)
		quoin_log_error(QUOIN_LOG_ERROR, "quarantined", err, "state=%s", conf->state);
	else if (r != 0)
		return r;
	r = quoin_store_open(conf->state, &agent->origin, &agent->store, err);
	if (r == 0)
		r = quoin_agent_core_build(agent, err);
	if (r != QUOIN_ECORRUPT && r != QUOIN_EVERSION)
		return r;
	/* Sound in its hashes, and yet not what a store holds: the same cure, once. */
	quoin_log_error(QUOIN_LOG_ERROR, "quarantined", err, "state=%s", conf->state);
	quoin_store_close(agent->store);
	agent->store = NULL;
	r = quoin_store_quarantine(conf->state, conf->namespace_name, err);
	if (r == 0)
		r = quoin_store_open(conf->state, &agent->origin, &agent->store, err);
	return r != 0 ? r : quoin_agent_core_build(agent, err);
}

/* An agent that was killed a moment ago, or is told to end, may not be gone yet: whoever is started in its place waits for it. */
static int
open_store(struct quoin_agent *agent, struct quoin_error *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};
	const int64_t until = quoin_clock_mono_ms() + LOCK_WAIT_MS;
	int r;

	while ((r = open_store_now(agent, err)) == QUOIN_ECONFLICT && agent->callbacks == NULL &&
	    quoin_clock_mono_ms() < until)
		(void)nanosleep(&pause, NULL);
	return r;
}

/* Without it only the counts of applications are missing from statuses. */
static void
make_room_for_counts(const struct quoin_agent *agent)
{
	char dir[QUOIN_PATH_BYTES];
	struct quoin_error err = {0};

	if (quoin_store_dir(agent->conf->state, agent->conf->namespace_name, dir) == 0 &&
	    quoin_tally_make_room(dir, &err) != 0)
		quoin_log_error(QUOIN_LOG_WARN, "no-room-for-counts", &err, "state=%s", agent->conf->state);
}

static int
open_bus(struct quoin_agent *agent, struct quoin_error *err)
{
	const struct quoin_conf *conf = agent->conf;
	struct quoin_stager_conf stager = {.bytes_max = conf->limit_bytes, .wake_fd = agent->wake_fd};
	int r;

	for (size_t i = 0; i < QUOIN_TOPICS; i++)
		quoin_topic_name(conf->namespace_name, (enum quoin_topic)i, agent->topics[i]);
	(void)snprintf(agent->status_key, sizeof agent->status_key, "status/%s", agent->core.cert.host);
	agent->bus = (struct quoin_bus_conf){conf->properties, conf->property_count, agent->core.cert.host};
	stager.bus = agent->bus;
	stager.trial = (struct quoin_trial){.state = conf->state, .namespace_name = conf->namespace_name,
		.store = agent->store, .parts = quoin_agent_parts(agent), .shard = agent->core.cert.shard,
		.objectives_max = conf->limit_objectives, .models_max = conf->limit_models,
		.attributes_max = conf->limit_attributes};
	r = quoin_bus_reader_open(&agent->bus, &agent->reader, err);
	if (r == 0)
		r = quoin_bus_writer_open(&agent->bus, NULL, &agent->writer, err);
	if (r == 0)
		r = quoin_stager_start(&stager, &agent->stager, err);
	if (r == 0)
		r = quoin_watchdog_start(&agent->bus, agent->topics[QUOIN_TOPIC_GATE], agent->wake_fd, &agent->watchdog, err);
	if (r == 0)
		r = quoin_proof_start(conf->state, conf->namespace_name, agent->wake_fd, &agent->proof, err);
	return r;
}

/* What this host said last, before its store was lost: the next number must be above it. */
static void
raise_status_number(struct quoin_agent *agent)
{
	struct quoin_bus_lookup *lookup = NULL;
	struct quoin_bus_event event;
	struct quoin_envelope envelope;
	struct quoin_status status = {0};
	struct quoin_hash hash;

	if (quoin_bus_lookup_open(&agent->bus, agent->topics[QUOIN_TOPIC_STATUS], 0, &lookup, NULL) != 0)
		return;
	/* Without a broker nothing is sent either; the wall clock, from which a new store counts, will do then. */
	if (quoin_bus_lookup_get(lookup, quoin_span_str(agent->status_key), -1, 0, LOOKUP_MS, &event, NULL) == 0) {
		if (quoin_envelope_from_record(&event.record, &envelope, NULL) == 0 &&
		    quoin_trust_verify_status(&agent->core.trust, &agent->core.cert, &envelope, &hash, NULL) == 0 &&
		    quoin_status_parse(envelope.document, &status, NULL) == 0 && status.number >= agent->core.status_next)
			agent->core.status_next = status.number + 1;
		quoin_status_clear(&status);
		quoin_bus_event_clear(&event);
	}
	quoin_bus_lookup_close(lookup);
}

static int
open_agent(const struct quoin_conf *conf, const struct quoin_subscriber_hooks *hooks, bool is_inside,
    struct quoin_agent **ret, struct quoin_error *err)
{
	struct quoin_agent *agent;
	int r;

	r = check_hooks(conf, err);
	if (r != 0)
		return r;
	r = quoin_crypto_init();
	agent = calloc(1, sizeof *agent);
	if (r != 0 || agent == NULL) {
		free(agent);
		return quoin_error_set(err, r != 0 ? r : QUOIN_ENOMEM, "cannot begin");
	}
	agent->settings = *conf;
	agent->conf = &agent->settings;
	quoin_boot_id(agent->boot);
	agent->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	agent->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (agent->wake_fd == -1 || agent->stop_fd == -1)
		r = quoin_error_sys(err, QUOIN_ESYSTEM, "cannot make an eventfd");
	if (r == 0)
		r = read_files(agent, err);
	if (r == 0 && is_inside && (r = quoin_callbacks_new(hooks, agent->wake_fd, &agent->callbacks)) != 0)
		(void)quoin_error_set(err, r, "out of memory");
	if (r == 0)
		r = open_store(agent, err);
	if (r == 0 && is_inside)
		quoin_store_share(agent->store);
	if (r == 0 && (r = quoin_hooks_new(&agent->hooks)) != 0)
		(void)quoin_error_set(err, r, "out of memory");
	if (r == 0 && conf->ready_listen[0] != '\0')
		r = quoin_http_open(conf->ready_listen, "ready.listen", &agent->ready, err);
	if (r == 0 && conf->metrics_listen[0] != '\0')
		r = quoin_http_open(conf->metrics_listen, "metrics.listen", &agent->metrics, err);
	if (r == 0)
		make_room_for_counts(agent);
	if (r == 0)
		r = open_bus(agent, err);
	if (r == 0 && agent->core.ratchets.is_new)
		raise_status_number(agent);
	if (r == 0)
		*ret = agent;
	else
		quoin_agent_close(agent);
	return r;
}

int
quoin_agent_open(const struct quoin_conf *conf, struct quoin_agent **ret, struct quoin_error *err)
{
	return open_agent(conf, NULL, false, ret, err);
}

int
quoin_agent_open_inside(const struct quoin_conf *conf, const struct quoin_subscriber_hooks *hooks,
    struct quoin_agent **ret, struct quoin_error *err)
{
	return open_agent(conf, hooks, true, ret, err);
}

bool
quoin_agent_is_up(const struct quoin_agent *agent)
{
	return atomic_load(&agent->is_up);
}

bool
quoin_agent_is_ready(const struct quoin_agent *agent)
{
	return atomic_load(&agent->is_ready);
}

struct quoin_store *
quoin_agent_store(struct quoin_agent *agent)
{
	return agent->store;
}

void
quoin_agent_close(struct quoin_agent *agent)
{
	if (agent == NULL)
		return;
	quoin_stager_stop(agent->stager);
	quoin_watchdog_stop(agent->watchdog);
	quoin_proof_stop(agent->proof);
	quoin_hooks_free(agent->hooks);
	quoin_callbacks_free(agent->callbacks);
	quoin_http_close(agent->ready);
	quoin_http_close(agent->metrics);
	quoin_bus_writer_close(agent->writer);
	quoin_bus_reader_close(agent->reader);
	if (agent->has_core)
		quoin_agent_core_clear(&agent->core);
	quoin_store_close(agent->store);
	quoin_tally_clear(&agent->ended);
	quoin_sealed_clear(&agent->cert);
	quoin_identity_clear(&agent->identity);
	quoin_detached_clear(&agent->root_files);
	if (agent->wake_fd != -1)
		(void)close(agent->wake_fd);
	if (agent->stop_fd != -1)
		(void)close(agent->stop_fd);
	free(agent);
}

void
quoin_agent_stop(struct quoin_agent *agent)
{
	const int saved = errno;
	const uint64_t one = 1;

	(void)!write(agent->stop_fd, &one, sizeof one);
	errno = saved;
}

void
quoin_agent_hangup(struct quoin_agent *agent)
{
	const int saved = errno;
	const uint64_t one = 1;

	atomic_store(&agent->is_hung_up, true);
	(void)!write(agent->wake_fd, &one, sizeof one);
	errno = saved;
}
