/*
 * A client of routers for tests: resolves all the time, and sends each request to a host of the shard that the decision
 * names, as a VIP would: each of its hosts in turn.
 *
 *	toy_client STATE RATE OBJECTIVE... -- SHARD HOST... [-- SHARD HOST...]...
 *
 * RATE is in requests per second. A HOST is the port of a toy_server; or, in a health_checked shard, PORT=SOCKET, where
 * SOCKET answers /ready: the host gets requests while that says 200, asked every 50 ms. A shard without ready hosts
 * answers nobody (unsent), as a VIP would not.
 *
 * Until SIGTERM; then one line of counts. A resolve that fails, and a host that has not loaded the model, are told when
 * they happen.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "subscriber/quoin.h"

#define SHARDS_MAX     8
#define HOSTS_MAX      8
#define OBJECTIVES_MAX 8
#define TOLD_MAX       10
#define POLL_MS	       50

struct host {
	unsigned port;
	const char *ready; /* NULL: every host of the shard gets requests */
	atomic_bool is_ready;
	int fd;
};

struct shard {
	const char *name;
	struct host hosts[HOSTS_MAX];
	size_t count, next;
};

struct counts {
	unsigned long resolves, failed, answered, refused, unreachable, unsent, stale, releases;
};

static struct shard shards[SHARDS_MAX];
static size_t shard_count;
static struct counts counts;
static volatile sig_atomic_t is_ending;

static void
end(int number)
{
	(void)number;
	is_ending = 1;
}

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* ---- What a VIP does ---- */

static bool
asks_ready(const char *path)
{
	static const char request[] = "GET /ready HTTP/1.0\r\n\r\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_usec = 200000};
	char answer[64] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return false;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	    send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0)
		(void)!read(fd, answer, sizeof answer - 1);
	close(fd);
	return strncmp(answer, "HTTP/1.", 7) == 0 && strncmp(answer + 8, " 200", 4) == 0;
}

static void *
look(void *unused)
{
	(void)unused;
	for (;; pause_ms(POLL_MS))
		for (size_t i = 0; i < shard_count; i++)
			for (size_t j = 0; j < shards[i].count; j++)
				if (shards[i].hosts[j].ready != NULL)
					atomic_store(&shards[i].hosts[j].is_ready, asks_ready(shards[i].hosts[j].ready));
	return NULL;
}

static struct host *
choose(const char *name)
{
	for (size_t i = 0; i < shard_count; i++) {
		struct shard *shard = &shards[i];

		for (size_t tries = 0; strcmp(shard->name, name) == 0 && tries < shard->count; tries++) {
			struct host *host = &shard->hosts[shard->next++ % shard->count];

			if (host->ready == NULL || atomic_load(&host->is_ready))
				return host;
		}
	}
	return NULL;
}

/* ---- Requests ---- */

/* Whether the host answered; the model's answer is in *ret_served. */
static bool
ask(struct host *host, const char *line, bool *ret_served)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)host->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char reply[16] = "";

	if (host->fd < 0) {
		host->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(host->fd, (struct sockaddr *)&address, sizeof address) != 0)
			goto gone;
	}
	if (send(host->fd, line, strlen(line), MSG_NOSIGNAL) < 0 || read(host->fd, reply, sizeof reply - 1) <= 0)
		goto gone;
	*ret_served = strncmp(reply, "200", 3) == 0;
	return true;
gone:
	close(host->fd);
	host->fd = -1;
	return false;
}

static void
send_request(const char *shard, const char *line, uint64_t release)
{
	struct host *host = choose(shard);
	bool served;

	if (host == NULL)
		counts.unsent++;
	else if (!ask(host, line, &served))
		counts.unreachable++;
	else if (served)
		counts.answered++;
	else if (counts.refused++ < TOLD_MAX)
		fprintf(stderr, "not loaded: release %llu, shard %s, port %u: %s", (unsigned long long)release, shard,
		    host->port, line);
}

static void
request(struct quoin_reader *reader, const char *objective, uint32_t number)
{
	static uint64_t last_release;
	struct quoin_shard_route route;
	struct quoin_decision decision;
	struct quoin_view view;
	uint64_t release = 0;
	char user[16], line[160], shard[80];
	int r;

	snprintf(user, sizeof user, "u%u", (unsigned)number);
	const struct quoin_attribute attribute = {.name = "userId", .kind = QUOIN_ATTRIBUTE_STRING, .string = user};

	counts.resolves++;
	r = quoin_view_acquire(reader, &view);
	if (r == 0)
		r = quoin_resolve_strings(&view, objective, &attribute, 1, &decision);
	if (r == 0)
		r = quoin_route_pick(&decision, number, &route);
	if (r == 0) {
		snprintf(line, sizeof line, "ask %s\n", decision.selected.routing_key);
		snprintf(shard, sizeof shard, "%s", route.shard);
		counts.stale += decision.stale;
		release = quoin_view_release_number(&view);
	}
	quoin_view_release(&view);
	if (r != 0) {
		if (counts.failed++ < TOLD_MAX)
			fprintf(stderr, "not resolved: %s: %s\n", objective, quoin_code_text(r));
		return;
	}
	counts.releases += release != last_release;
	last_release = release;
	/* The request is on its way after the view was given back: that is what drain_ms is for. */
	send_request(shard, line, release);
}

/* ---- Beginning and end ---- */

static bool
read_arguments(int argc, char **argv, const char **objectives, size_t *ret_objective_count)
{
	int i = 3;

	for (; i < argc && strcmp(argv[i], "--") != 0 && *ret_objective_count < OBJECTIVES_MAX; i++)
		objectives[(*ret_objective_count)++] = argv[i];
	for (; i < argc; i++) {
		struct shard *shard = &shards[shard_count > 0 ? shard_count - 1 : 0];
		char *equals;

		if (strcmp(argv[i], "--") == 0) {
			if (++i >= argc || shard_count == SHARDS_MAX)
				return false;
			shards[shard_count++].name = argv[i];
			continue;
		}
		if (shard_count == 0 || shard->count == HOSTS_MAX)
			return false;
		equals = strchr(argv[i], '=');
		shard->hosts[shard->count++] = (struct host){.port = (unsigned)atoi(argv[i]),
		    .ready = equals != NULL ? equals + 1 : NULL, .fd = -1};
	}
	return *ret_objective_count > 0 && shard_count > 0;
}

int
main(int argc, char **argv)
{
	const char *objectives[OBJECTIVES_MAX];
	struct quoin_message message;
	struct quoin_reader *reader;
	size_t objective_count = 0;
	struct timespec due;
	pthread_t thread;
	uint32_t number = 1;
	long rate;

	if (argc < 6 || (rate = atol(argv[2])) <= 0 || !read_arguments(argc, argv, objectives, &objective_count)) {
		fprintf(stderr, "usage: toy_client STATE RATE OBJECTIVE... -- SHARD HOST... [-- SHARD HOST...]...\n");
		return 2;
	}
	(void)sigaction(SIGTERM, &(struct sigaction){.sa_handler = end, .sa_flags = SA_RESTART}, NULL);
	if (quoin_reader_open_store(argv[1], NULL, &reader, &message) != 0) {
		fprintf(stderr, "toy_client: %s\n", message.text);
		return 1;
	}
	if (pthread_create(&thread, NULL, look, NULL) != 0)
		return 1;
	pause_ms(2 * POLL_MS); /* every /ready was asked once */
	printf("started\n");
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &due);
	while (!is_ending) {
		number = number * 1664525u + 1013904223u;
		request(reader, objectives[(number >> 16) % objective_count], number);
		due.tv_nsec += 1000000000L / rate;
		due.tv_sec += due.tv_nsec / 1000000000L;
		due.tv_nsec %= 1000000000L;
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	}
	quoin_reader_close(reader);
	printf("resolves=%lu failed=%lu answered=%lu refused=%lu unreachable=%lu unsent=%lu stale=%lu releases=%lu\n",
	    counts.resolves, counts.failed, counts.answered, counts.refused, counts.unreachable, counts.unsent, counts.stale,
	    counts.releases);
	return 0;
}
