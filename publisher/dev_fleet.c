#include "publisher/dev_fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/text.h"
#include "publisher/enrol.h"
#include "publisher/genesis.h"
#include "publisher/topics.h"

#define DAY_MS	     (24ll * 3600 * 1000)
#define CERT_DAYS    365
#define SKEW_MS	     (10ll * 60 * 1000)
#define STOP_MS	     10000
#define AGAIN_MS     1000
#define EARLY_MS     10000 /* a process that lived shorter than this died early */
#define EARLY_DEATHS 3

/* ---- The namespace ---- */

static int
read_conf(const struct quoin_dev_site *site, struct quoin_conf *ret, struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES_MAX];
	struct quoin_buf text;
	int r;

	quoin_buf_init(&text, QUOIN_CONF_BYTES_MAX);
	r = quoin_dev_site_path(site, path, sizeof path, err, "quoin.conf");
	if (r == 0)
		r = quoin_file_read(path, &text, err);
	if (r == 0)
		r = quoin_conf_parse(quoin_buf_span(&text), path, ret, err);
	quoin_buf_clear(&text);
	return r;
}

static int
begin_namespace(struct quoin_dev_fleet *fleet, struct quoin_error *err)
{
	struct quoin_bus_conf bus = {fleet->conf.properties, fleet->conf.property_count, "quoin-dev"};
	char root[QUOIN_PATH_BYTES_MAX];
	struct quoin_keyring keys = {0};
	int r;

	r = quoin_dev_site_path(fleet->site, root, sizeof root, err, "root");
	if (r == 0)
		r = quoin_dir_make(root, 0700, err);
	if (r == 0 && !quoin_file_exists(fleet->conf.root))
		r = quoin_genesis(&fleet->conf, true, err);
	if (r == 0)
		r = quoin_control_init(&fleet->control, &fleet->conf, err);
	if (r == 0)
		r = quoin_bus_reader_open(&bus, &fleet->reader, err);
	if (r == 0)
		r = quoin_control_read(&fleet->control, fleet->reader, QUOIN_SESSION_TIMEOUT_MS, err);
	if (r == 0)
		r = quoin_keyring_load(&fleet->conf, QUOIN_ROLE_ROOT, false, &keys, err);
	if (r == 0)
		r = quoin_topics_begin(&fleet->conf, &fleet->control, fleet->reader, &keys, err);
	quoin_keyring_clear(&keys);
	return r;
}

int
quoin_dev_fleet_open(struct quoin_dev_fleet *fleet, const struct quoin_cli *cli, const struct quoin_dev_site *site,
    struct quoin_error *err)
{
	ssize_t bytes;
	char *slash;
	int r;

	memset(fleet, 0, sizeof *fleet);
	fleet->cli = cli;
	fleet->site = site;
	bytes = readlink("/proc/self/exe", fleet->bin, sizeof fleet->bin - 1);
	if (bytes <= 0)
		return quoin_error_sys(err, QUOIN_ESYSTEM, "cannot tell where this program is");
	fleet->bin[bytes] = '\0';
	slash = strrchr(fleet->bin, '/');
	if (slash != NULL)
		*slash = '\0';
	r = read_conf(site, &fleet->conf, err);
	if (r == 0)
		r = begin_namespace(fleet, err);
	if (r == 0)
		r = quoin_keyring_load(&fleet->conf, QUOIN_ROLE_ENROL, false, &fleet->enrol_keys, err);
	return r;
}

/* ---- Hosts and shards ---- */

static void
clear_shards(struct quoin_dev_shard *shards, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		quoin_dev_child_clear(&shards[i].child);
		free(shards[i].hosts);
	}
	free(shards);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b); /* both structures begin with their name */
}

/* What is not a list of host names is check's business; here it is left out. */
static int
read_hosts(const struct quoin_json *record, struct quoin_dev_shard *shard)
{
	const struct quoin_json *hosts =
	    quoin_json_kind(record) == QUOIN_JSON_OBJECT ? quoin_json_get(record, "hosts") : NULL;

	if (hosts == NULL || quoin_json_kind(hosts) != QUOIN_JSON_ARRAY || quoin_json_count(hosts) == 0)
		return 0;
	shard->hosts = calloc(quoin_json_count(hosts), sizeof shard->hosts[0]);
	if (shard->hosts == NULL)
		return QUOIN_ENOMEM;
	for (const struct quoin_json *host = quoin_json_first(hosts); host != NULL; host = quoin_json_next(host))
		if (quoin_json_kind(host) == QUOIN_JSON_STRING &&
		    quoin_name_is_valid(quoin_span_str(quoin_json_string(host))))
			snprintf(shard->hosts[shard->host_count++], sizeof shard->hosts[0], "%s",
			    quoin_json_string(host));
	qsort(shard->hosts, shard->host_count, sizeof shard->hosts[0], compare_names);
	return 0;
}

static int
read_shards(const char *rules, struct quoin_dev_shard **ret, size_t *ret_count, struct quoin_error *err)
{
	struct quoin_dev_shard *shards = NULL;
	const struct quoin_json *root;
	struct quoin_json_doc *doc = NULL;
	char path[QUOIN_PATH_BYTES_MAX];
	struct quoin_buf text;
	size_t count = 0;
	int r;

	quoin_buf_init(&text, QUOIN_JSON_BYTES_MAX);
	r = quoin_path_join(rules, "shards.json", path, sizeof path);
	if (r == 0)
		r = quoin_file_read(path, &text, err);
	if (r == 0 && quoin_json_parse(quoin_buf_span(&text), &doc, err) != 0)
		r = quoin_error_at(err, path, err->line, err->column);
	if (r != 0)
		goto out;
	root = quoin_json_root(doc);
	if (quoin_json_kind(root) != QUOIN_JSON_OBJECT) {
		r = quoin_error_set(err, QUOIN_ESYNTAX, "%s is not an object of shards", path);
		goto out;
	}
	shards = calloc(quoin_json_count(root) + 1, sizeof *shards);
	if (shards == NULL)
		r = quoin_error_set(err, QUOIN_ENOMEM, "no memory for shards");
	for (const struct quoin_json *record = quoin_json_first(root); r == 0 && record != NULL;
	    record = quoin_json_next(record)) {
		if (!quoin_name_is_valid(quoin_span_str(quoin_json_key(record))))
			continue;
		snprintf(shards[count].name, sizeof shards[count].name, "%s", quoin_json_key(record));
		r = read_hosts(record, &shards[count++]);
	}
	if (r != 0)
		goto out;
	qsort(shards, count, sizeof *shards, compare_names);
	*ret = shards;
	*ret_count = count;
	shards = NULL;
out:
	clear_shards(shards, shards != NULL ? count : 0);
	quoin_json_free(doc);
	quoin_buf_clear(&text);
	return r;
}

/* A certificate and a configuration, unless the host has them from before. Returns the configuration's path. */
static int
make_host(struct quoin_dev_fleet *fleet, const char *host, const char *shard, char conf[QUOIN_PATH_BYTES_MAX],
    struct quoin_error *err)
{
	const struct quoin_control_cert *known = quoin_control_cert(&fleet->control, host);
	char identity[QUOIN_PATH_BYTES_MAX];
	struct quoin_cert cert = {0};
	int r;

	r = quoin_dev_site_path(fleet->site, identity, sizeof identity, err, "hosts/%s/identity", host);
	if (r == 0)
		r = quoin_dev_site_path(fleet->site, conf, QUOIN_PATH_BYTES_MAX, err, "hosts/%s/quoin.conf", host);
	if (r != 0)
		return r;
	if (known == NULL || known->is_expired || strcmp(known->cert.shard, shard != NULL ? shard : "") != 0) {
		cert.role = shard != NULL ? QUOIN_HOST_SERVING : QUOIN_HOST_ROUTER;
		snprintf(cert.host, sizeof cert.host, "%s", host);
		snprintf(cert.shard, sizeof cert.shard, "%s", shard != NULL ? shard : "");
		cert.not_before_ms = quoin_clock_wall_ms() - SKEW_MS;
		cert.not_after_ms = quoin_clock_wall_ms() + CERT_DAYS * DAY_MS;
		r = quoin_enrol(&fleet->conf, &fleet->control, fleet->reader, &fleet->enrol_keys, identity, &cert,
		    QUOIN_SESSION_TIMEOUT_MS, err);
	}
	if (r == 0)
		r = quoin_dev_site_write_host(fleet->site, host, shard != NULL, (unsigned)fleet->host_count, err);
	return r;
}

/* The program beside this one, with its log. */
static int
make_child(const struct quoin_dev_fleet *fleet, struct quoin_dev_child *child, const char *name, const char *program,
    struct quoin_error *err)
{
	char path[QUOIN_PATH_BYTES_MAX];
	int r;

	snprintf(child->name, sizeof child->name, "%s", name);
	r = quoin_dev_site_path(fleet->site, child->log, sizeof child->log, err, "log/%s.log", name);
	if (r == 0)
		r = quoin_path_join(fleet->bin, program, path, sizeof path);
	if (r == 0)
		r = quoin_dev_child_add(child, path);
	return r;
}

static int
add_conf(struct quoin_dev_child *child, const char *conf)
{
	int r = quoin_dev_child_add(child, "-c");

	return r != 0 ? r : quoin_dev_child_add(child, conf);
}

int
quoin_dev_fleet_start(struct quoin_dev_fleet *fleet, struct quoin_error *err)
{
	char conf[QUOIN_PATH_BYTES_MAX];
	int r;

	r = quoin_dev_site_path(fleet->site, conf, sizeof conf, err, "gate.conf");
	if (r == 0)
		r = make_child(fleet, &fleet->gate, "gate", "quoin-gate", err);
	if (r == 0)
		r = add_conf(&fleet->gate, conf);
	if (r == 0)
		r = quoin_dev_child_start(&fleet->gate, err);
	if (r == 0)
		r = make_host(fleet, QUOIN_DEV_ROUTER, NULL, conf, err);
	if (r == 0)
		r = make_child(fleet, &fleet->router, QUOIN_DEV_ROUTER, "quoind", err);
	if (r == 0)
		r = add_conf(&fleet->router, conf);
	if (r == 0)
		r = quoin_dev_child_start(&fleet->router, err);
	return r;
}

static int
start_shard(struct quoin_dev_fleet *fleet, struct quoin_dev_shard *shard, struct quoin_error *err)
{
	char name[sizeof shard->child.name], conf[QUOIN_PATH_BYTES_MAX];
	int r;

	snprintf(name, sizeof name, "shard-%s", shard->name);
	r = make_child(fleet, &shard->child, name, "quoind", err);
	for (size_t i = 0; r == 0 && i < shard->host_count; i++) {
		r = make_host(fleet, shard->hosts[i], shard->name, conf, err);
		if (r == 0)
			r = add_conf(&shard->child, conf);
	}
	return r == 0 && shard->host_count > 0 ? quoin_dev_child_start(&shard->child, err) : r;
}

static bool
is_same_shard(const struct quoin_dev_shard *a, const struct quoin_dev_shard *b)
{
	return a->host_count == b->host_count &&
	    (a->host_count == 0 || memcmp(a->hosts, b->hosts, a->host_count * sizeof a->hosts[0]) == 0);
}

int
quoin_dev_fleet_follow(struct quoin_dev_fleet *fleet, const char *rules, struct quoin_error *err)
{
	struct quoin_dev_shard *shards;
	size_t count;
	int r;

	r = read_shards(rules, &shards, &count, err);
	if (r != 0)
		return r;
	fleet->host_count = 0;
	for (size_t i = 0; i < count; i++)
		fleet->host_count += shards[i].host_count;
	/* What stays as it is goes on running; it moves to the new array. */
	for (size_t old = 0; old < fleet->shard_count; old++) {
		struct quoin_dev_shard *was = &fleet->shards[old];
		struct quoin_dev_shard *now = bsearch(was->name, shards, count, sizeof *shards, compare_names);

		if (now != NULL && is_same_shard(was, now)) {
			now->child = was->child;
			memset(&was->child, 0, sizeof was->child);
		} else {
			quoin_dev_children_stop(&was->child, 1, STOP_MS);
		}
	}
	clear_shards(fleet->shards, fleet->shard_count);
	fleet->shards = shards;
	fleet->shard_count = count;
	for (size_t i = 0; r == 0 && i < count; i++)
		if (shards[i].child.argc == 0)
			r = start_shard(fleet, &shards[i], err);
	return r;
}

/* ---- Life and death ---- */

static void
tend(struct quoin_dev_fleet *fleet, struct quoin_dev_child *child, int64_t now_ms)
{
	struct quoin_error err = {0};
	char how[64];
	int status;

	if (child->start_again_ms != 0 && now_ms >= child->start_again_ms &&
	    quoin_dev_child_start(child, &err) != 0)
		(void)quoin_cli_fail(fleet->cli, &err);
	if (!quoin_dev_child_ended(child, &status))
		return;
	quoin_dev_child_status_print(status, how, sizeof how);
	child->early_deaths = now_ms - child->started_ms < EARLY_MS ? child->early_deaths + 1 : 1;
	fprintf(stderr, "quoin: %s ended with %s; the end of %s:\n", child->name, how, child->log);
	quoin_dev_child_tail(child);
	if (child->early_deaths < EARLY_DEATHS) {
		child->start_again_ms = now_ms + AGAIN_MS;
		return;
	}
	fleet->has_given_up = true;
	fprintf(stderr, "quoin: %s ended %u times in a row and is not started again\n", child->name,
	    child->early_deaths);
}

void
quoin_dev_fleet_tend(struct quoin_dev_fleet *fleet, int64_t now_ms)
{
	tend(fleet, &fleet->gate, now_ms);
	tend(fleet, &fleet->router, now_ms);
	for (size_t i = 0; i < fleet->shard_count; i++)
		tend(fleet, &fleet->shards[i].child, now_ms);
}

static int64_t
sooner(int64_t due_ms, const struct quoin_dev_child *child)
{
	return child->start_again_ms != 0 && child->start_again_ms < due_ms ? child->start_again_ms : due_ms;
}

int64_t
quoin_dev_fleet_due_ms(const struct quoin_dev_fleet *fleet)
{
	int64_t due_ms = sooner(sooner(INT64_MAX, &fleet->gate), &fleet->router);

	for (size_t i = 0; i < fleet->shard_count; i++)
		due_ms = sooner(due_ms, &fleet->shards[i].child);
	return due_ms;
}

bool
quoin_dev_fleet_is_up(const struct quoin_dev_fleet *fleet, const struct quoin_dev_keep *keep, const char **ret_missing)
{
	*ret_missing = "gate";
	if (!keep->has_heartbeat)
		return false;
	*ret_missing = QUOIN_DEV_ROUTER;
	if (!quoin_dev_keep_has_host(keep, QUOIN_DEV_ROUTER))
		return false;
	for (size_t i = 0; i < fleet->shard_count; i++)
		for (size_t host = 0; host < fleet->shards[i].host_count; host++) {
			*ret_missing = fleet->shards[i].hosts[host];
			if (!quoin_dev_keep_has_host(keep, *ret_missing))
				return false;
		}
	return true;
}

void
quoin_dev_fleet_close(struct quoin_dev_fleet *fleet)
{
	struct quoin_dev_child *agents = calloc(fleet->shard_count + 1, sizeof *agents);

	/* All agents at once. */
	if (agents != NULL) {
		for (size_t i = 0; i < fleet->shard_count; i++)
			agents[i].pid = fleet->shards[i].child.pid;
		agents[fleet->shard_count].pid = fleet->router.pid;
		quoin_dev_children_stop(agents, fleet->shard_count + 1, STOP_MS);
		free(agents);
	}
	quoin_dev_children_stop(&fleet->gate, 1, STOP_MS);
	quoin_dev_child_clear(&fleet->gate);
	quoin_dev_child_clear(&fleet->router);
	clear_shards(fleet->shards, fleet->shard_count);
	quoin_keyring_clear(&fleet->enrol_keys);
	quoin_bus_reader_close(fleet->reader);
	quoin_control_clear(&fleet->control);
	quoin_conf_clear(&fleet->conf);
	memset(fleet, 0, sizeof *fleet);
}
