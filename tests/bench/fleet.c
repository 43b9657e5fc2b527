/* The clients of the fleet: what they read is kept, and every host goes through it. */
#include "tests/bench/fleet.h"

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/bench/bench.h"
#include "tests/bench/fleet_shell.h"

#define TIMEOUT_MS 120000
#define TURN_MS	   50
#define YEAR_MS	   31536000000

struct client {
	struct fleet *fleet;
	pthread_t thread;
	struct quoin_bus_reader *reader;
	struct quoin_bus_writer *writer;
	struct fleet_log logs[QUOIN_TOPICS];
	struct fleet_host *hosts;
	size_t host_count;
};

struct fleet {
	struct site *site;
	struct client *clients;
	unsigned client_count;
	struct fleet_host *hosts; /* routers first */
	unsigned router_count, host_count;
	struct fleet_library library;
	_Atomic bool is_over;
	pthread_mutex_t lock; /* of what follows */
	uint64_t expected;
	struct fleet_seen seen;
};

void
fleet_serving_name(unsigned host, char out[FLEET_NAME_BYTES])
{
	snprintf(out, FLEET_NAME_BYTES, "serving-%04u", host);
}

void
fleet_shard_name(unsigned shard, char out[FLEET_NAME_BYTES])
{
	snprintf(out, FLEET_NAME_BYTES, "shard-%02u", shard);
}

/* ---- Reading ---- */

/* When what everybody waits for reached the fleet first. */
static void
note(struct fleet *fleet, enum quoin_topic topic, const struct quoin_bus_record *record)
{
	bool is_intent =
	    topic == QUOIN_TOPIC_CONTROL && record->key.len > 7 && memcmp(record->key.data, "intent/", 7) == 0;
	bool is_activation =
	    topic == QUOIN_TOPIC_GATE && record->key.len > 11 && memcmp(record->key.data, "activation/", 11) == 0;
	struct quoin_activation activation = {0};
	double now = bench_wall_ns();

	if (!is_intent && !is_activation)
		return;
	if (is_activation && quoin_activation_parse(record->value, &activation, NULL) != 0)
		bench_die("an activation that is none");
	(void)pthread_mutex_lock(&fleet->lock);
	if (is_intent && fleet->seen.intent_ns == 0)
		fleet->seen.intent_ns = now;
	if (is_activation && activation.target == fleet->expected && fleet->seen.selected_ns == 0)
		fleet->seen.selected_ns = now;
	(void)pthread_mutex_unlock(&fleet->lock);
	quoin_activation_clear(&activation);
}

static void
keep(struct fleet_log *log, struct quoin_bus_event *event)
{
	if (log->count == log->cap) {
		log->cap = log->cap == 0 ? 1024 : 2 * log->cap;
		log->events = realloc(log->events, log->cap * sizeof log->events[0]);
		if (log->events == NULL)
			bench_die("out of memory");
	}
	log->position = event->record.offset + 1;
	log->events[log->count++] = *event;
}

/* Whether anything came that hosts must see. */
static bool
take(struct client *client)
{
	struct quoin_bus_event event;
	bool any = false;

	while (quoin_bus_reader_next(client->reader, 0, &event) == 1) {
		enum quoin_topic topic = event.topic != NULL && strcmp(event.topic, "bench.gate") == 0
		    ? QUOIN_TOPIC_GATE
		    : QUOIN_TOPIC_CONTROL;
		struct fleet_log *log = &client->logs[topic];

		any = true;
		if (event.kind == QUOIN_BUS_RECORD) {
			note(client->fleet, topic, &event.record);
			keep(log, &event);
			continue;
		}
		if (event.kind != QUOIN_BUS_END)
			bench_die("the fleet cannot read: %s", event.text);
		if (event.offset > log->position)
			log->position = event.offset;
		log->ends++;
		quoin_bus_event_clear(&event);
	}
	return any;
}

/* The ends that assignments of the last turn are answered by: one question for all of them. Whether there were any. */
static bool
ask_ends(struct client *client)
{
	static const enum quoin_topic topics[] = {QUOIN_TOPIC_CONTROL, QUOIN_TOPIC_GATE};
	static const char *const names[] = {"bench.control", "bench.gate"};
	struct quoin_error err = {0};
	bool any = false;

	for (size_t t = 0; t < 2; t++) {
		int64_t end = -1;

		for (size_t i = 0; i < client->host_count; i++) {
			struct fleet_host *host = &client->hosts[i];

			if (!host->tails[topics[t]].must_ask)
				continue;
			if (end < 0 && quoin_bus_reader_end(client->reader, names[t], TIMEOUT_MS, &end, &err) != 0)
				bench_die("%s", err.message);
			host->tails[topics[t]].must_ask = false;
			host->tails[topics[t]].has_wanted = true;
			host->tails[topics[t]].wanted = end;
			any = true;
		}
	}
	return any;
}

static void *
run(void *ctx)
{
	struct client *client = ctx;
	struct pollfd fd = {.fd = quoin_bus_reader_fd(client->reader), .events = POLLIN};
	int64_t due_ms = 0;
	bool is_news = true;

	for (size_t i = 0; i < client->host_count; i++)
		fleet_host_start(&client->hosts[i]);
	while (!atomic_load(&client->fleet->is_over)) {
		due_ms -= quoin_clock_mono_ms();
		(void)poll(&fd, 1, is_news || due_ms <= 0 ? 0 : due_ms < TURN_MS ? (int)due_ms : TURN_MS);
		is_news = take(client) || is_news;
		quoin_bus_writer_poll(client->writer);
		due_ms = INT64_MAX;
		for (size_t i = 0; i < client->host_count; i++) {
			if (is_news || client->hosts[i].due_ms <= quoin_clock_mono_ms())
				fleet_host_turn(&client->hosts[i]);
			if (client->hosts[i].due_ms < due_ms)
				due_ms = client->hosts[i].due_ms;
		}
		/* Ends that were read already are told at once. */
		is_news = ask_ends(client);
	}
	return NULL;
}

/* ---- Beginning ---- */

static char stores[256];
static pid_t stores_owner;

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

/* Memory that a bench which ends early must not keep. */
static void
remove_stores(void)
{
	if (getpid() == stores_owner)
		(void)nftw(stores, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
make_stores(void)
{
	const char *base = getenv("QUOIN_BENCH_SHM");

	snprintf(stores, sizeof stores, "%.200s/quoin-bench.XXXXXX", base != NULL ? base : "/dev/shm");
	if (mkdtemp(stores) == NULL)
		bench_die("cannot make %s", stores);
	stores_owner = getpid();
	atexit(remove_stores);
}

/* As "quoin enrol" does, but for the files. */
static void
enrol(struct fleet *fleet, struct client *client, const struct quoin_keyring *keys, struct quoin_bus_writer *writer,
    struct fleet_host *host, struct quoin_cert *cert)
{
	struct quoin_bus_record record = {0};
	struct quoin_signing_key key = {0};
	struct quoin_sealed sealed = {0};
	struct quoin_buf text;
	struct quoin_error err = {0};
	char name[64], state[300];

	quoin_buf_init(&text, QUOIN_DOCUMENT_BYTES_MAX);
	cert->origin = fleet->site->control.trust.root.origin;
	cert->not_before_ms = quoin_clock_wall_ms() - 60000;
	cert->not_after_ms = cert->not_before_ms + YEAR_MS;
	if (quoin_signing_key_new(&key) != 0)
		bench_die("no key");
	memcpy(cert->key_id, key.public_key.id, sizeof cert->key_id);
	memcpy(cert->key, key.public_key.key, sizeof cert->key);
	if (quoin_cert_print(cert, &text) != 0 ||
	    quoin_seal(quoin_buf_span(&text), keys->keys, keys->count, &sealed) != 0)
		bench_die("no certificate");
	snprintf(name, sizeof name, "cert/%.48s", cert->host);
	quoin_envelope_to_record(&sealed.envelope, &record);
	record.topic = "bench.control";
	record.key = quoin_span_str(name);
	if (quoin_bus_writer_put(writer, &record, NULL, &err) != 0)
		bench_die("%s", err.message);
	snprintf(state, sizeof state, "%s/%.32s", stores, cert->host);
	if (mkdir(state, 0700) != 0)
		bench_die("cannot make %s", state);
	host->library = &fleet->library;
	host->logs = client->logs;
	fleet_host_open(host, fleet->site, cert, &key, &sealed, state);
	host->agent->writer = client->writer;
	quoin_sealed_clear(&sealed);
	quoin_buf_clear(&text);
}

static void
open_clients(struct fleet *fleet)
{
	struct quoin_error err = {0};
	unsigned first = 0;

	for (unsigned i = 0; i < fleet->client_count; i++) {
		struct client *client = &fleet->clients[i];

		client->fleet = fleet;
		client->hosts = fleet->hosts + first;
		client->host_count = (fleet->host_count - first) / (fleet->client_count - i);
		first += (unsigned)client->host_count;
		if (quoin_bus_reader_open(&fleet->site->bus, &client->reader, &err) != 0 ||
		    quoin_bus_writer_open(&fleet->site->bus, NULL, &client->writer, &err) != 0)
			bench_die("%s", err.message);
	}
}

static void
enrol_all(struct fleet *fleet, unsigned shards)
{
	struct quoin_keyring keys = {0};
	struct quoin_bus_writer *writer;
	struct quoin_error err = {0};
	unsigned done = 0;

	if (quoin_keyring_load(&fleet->site->conf, QUOIN_ROLE_ENROL, false, &keys, &err) != 0 ||
	    quoin_bus_writer_open(&fleet->site->bus, NULL, &writer, &err) != 0)
		bench_die("%s", err.message);
	for (unsigned c = 0; c < fleet->client_count; c++)
		for (size_t i = 0; i < fleet->clients[c].host_count; i++, done++) {
			struct quoin_cert cert = {.role = QUOIN_HOST_ROUTER};

			snprintf(cert.host, sizeof cert.host, "fleet-%04u", done);
			if (done >= fleet->router_count) {
				cert.role = QUOIN_HOST_SERVING;
				fleet_serving_name(done - fleet->router_count, cert.host);
				fleet_shard_name((done - fleet->router_count) % shards, cert.shard);
			}
			enrol(fleet, &fleet->clients[c], &keys, writer, &fleet->hosts[done], &cert);
		}
	if (quoin_bus_writer_flush(writer, TIMEOUT_MS, &err) != 0)
		bench_die("%s", err.message);
	quoin_bus_writer_close(writer);
	quoin_keyring_clear(&keys);
}

static void
open_library(struct fleet *fleet)
{
	struct fleet_library *library = &fleet->library;
	struct quoin_error err = {0};

	(void)pthread_mutex_init(&library->lock, NULL);
	if (quoin_control_init(&library->control, &fleet->site->conf, &err) != 0 ||
	    quoin_bus_reader_open(&fleet->site->bus, &library->reader, &err) != 0 ||
	    quoin_parts_open(&fleet->site->conf, &library->lookup, &err) != 0)
		bench_die("%s", err.message);
}

struct fleet *
fleet_start(struct site *site, unsigned routers, unsigned serving, unsigned shards, unsigned clients)
{
	struct fleet *fleet = calloc(1, sizeof *fleet);
	struct rlimit files;
	struct quoin_error err = {0};

	/* Each store has a handful of descriptors. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (fleet == NULL)
		bench_die("out of memory");
	quoin_log_level_set(QUOIN_LOG_WARN);
	fleet->site = site;
	fleet->router_count = routers;
	fleet->host_count = routers + serving;
	fleet->client_count = clients;
	fleet->hosts = calloc(fleet->host_count, sizeof fleet->hosts[0]);
	fleet->clients = calloc(clients, sizeof fleet->clients[0]);
	if (fleet->hosts == NULL || fleet->clients == NULL)
		bench_die("out of memory");
	make_stores();
	(void)pthread_mutex_init(&fleet->lock, NULL);
	open_library(fleet);
	open_clients(fleet);
	enrol_all(fleet, shards);
	for (unsigned i = 0; i < clients; i++) {
		if (quoin_bus_reader_assign(fleet->clients[i].reader, "bench.control", 0, &err) != 0 ||
		    quoin_bus_reader_assign(fleet->clients[i].reader, "bench.gate", 0, &err) != 0)
			bench_die("%s", err.message);
		if (pthread_create(&fleet->clients[i].thread, NULL, run, &fleet->clients[i]) != 0)
			bench_die("no thread");
	}
	return fleet;
}

/* ---- Ending ---- */

static void
close_client(struct client *client)
{
	quoin_bus_writer_close(client->writer);
	for (size_t t = 0; t < QUOIN_TOPICS; t++) {
		for (size_t i = 0; i < client->logs[t].count; i++)
			quoin_bus_event_clear(&client->logs[t].events[i]);
		free(client->logs[t].events);
	}
	quoin_bus_reader_close(client->reader);
}

void
fleet_stop(struct fleet *fleet)
{
	if (fleet == NULL)
		return;
	atomic_store(&fleet->is_over, true);
	for (unsigned i = 0; i < fleet->client_count; i++)
		(void)pthread_join(fleet->clients[i].thread, NULL);
	for (unsigned i = 0; i < fleet->client_count; i++)
		close_client(&fleet->clients[i]);
	for (unsigned i = 0; i < fleet->host_count; i++)
		fleet_host_close(&fleet->hosts[i]);
	for (size_t i = 0; i < FLEET_RELEASES; i++)
		quoin_parts_clear(&fleet->library.parts[i]);
	quoin_bus_lookup_close(fleet->library.lookup);
	quoin_bus_reader_close(fleet->library.reader);
	quoin_control_clear(&fleet->library.control);
	free(fleet->clients);
	free(fleet->hosts);
	free(fleet);
}

/* ---- Looking ---- */

void
fleet_expect(struct fleet *fleet, uint64_t release)
{
	(void)pthread_mutex_lock(&fleet->lock);
	fleet->expected = release;
	memset(&fleet->seen, 0, sizeof fleet->seen);
	(void)pthread_mutex_unlock(&fleet->lock);
}

double
fleet_work_ns(const struct fleet *fleet)
{
	struct timespec used;
	clockid_t clock;
	double ns = 0;

	for (unsigned i = 0; i < fleet->client_count; i++) {
		if (pthread_getcpuclockid(fleet->clients[i].thread, &clock) != 0 || clock_gettime(clock, &used) != 0)
			bench_die("cannot tell what a thread has used");
		ns += (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
	}
	return ns;
}

void
fleet_wait(struct fleet *fleet, struct fleet_seen *ret)
{
	double deadline = bench_wall_ns() + TIMEOUT_MS * 1e6, *flips;
	unsigned count = 0;

	while (count < fleet->router_count && bench_wall_ns() < deadline) {
		count = 0;
		for (unsigned i = 0; i < fleet->router_count; i++)
			count += atomic_load(&fleet->hosts[i].runs) == fleet->expected;
		if (count < fleet->router_count)
			(void)poll(NULL, 0, 5);
	}
	flips = calloc(fleet->router_count, sizeof *flips);
	if (count < fleet->router_count || flips == NULL)
		bench_die("%u of %u routers run release %llu", count, fleet->router_count,
		    (unsigned long long)fleet->expected);
	for (unsigned i = 0; i < fleet->router_count; i++)
		flips[i] = atomic_load(&fleet->hosts[i].flipped_ns);
	(void)pthread_mutex_lock(&fleet->lock);
	*ret = fleet->seen;
	(void)pthread_mutex_unlock(&fleet->lock);
	ret->median_ns = bench_median(flips, fleet->router_count);
	ret->first_ns = flips[0]; /* the median has sorted them */
	ret->last_ns = flips[fleet->router_count - 1];
	free(flips);
}
