/*
 * A model server for tests, which answers for the models it was told to load, and counts the requests for others.
 *
 *	toy_server serve PORT-FILE			listens on loopback, its port in PORT-FILE
 *	toy_server tell PORT DELAY-MS WORD [MODEL VERSION ...]	says "WORD MODEL@VERSION"; exit 0 if it was done
 *
 * One line is one request, one line its answer:
 *
 *	load KEY	200
 *	unload KEY	200
 *	has KEY		200, or 503 if it is not loaded; not counted
 *	ask KEY		the same, counted: what a router's request is
 *	count		asked, refused, and the keys that are loaded
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 32
#define MODELS_MAX  32
#define LINE_BYTES  256
#define REPLY_BYTES (MODELS_MAX * LINE_BYTES)

struct client {
	char line[LINE_BYTES];
	size_t length;
};

struct server {
	struct pollfd fds[CLIENTS_MAX + 1]; /* the last one listens */
	struct client clients[CLIENTS_MAX];
	char models[MODELS_MAX][LINE_BYTES]; /* "": free */
	unsigned long asked, refused;
};

static struct sockaddr_in
loopback(unsigned port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* ---- Serving ---- */

static char *
find(struct server *server, const char *key)
{
	for (size_t i = 0; i < MODELS_MAX; i++)
		if (strcmp(server->models[i], key) == 0)
			return server->models[i];
	return NULL;
}

static void
count(struct server *server, char *reply, size_t reply_bytes)
{
	int used = snprintf(reply, reply_bytes, "asked=%lu refused=%lu loaded=", server->asked, server->refused);

	for (size_t i = 0; i < MODELS_MAX; i++)
		if (server->models[i][0] != '\0')
			used += snprintf(reply + used, reply_bytes - (size_t)used, "%s,", server->models[i]);
}

static void
answer(struct server *server, char *line, char *reply, size_t reply_bytes)
{
	char *key = strchr(line, ' '), *place;
	const char *code = "400";

	if (strcmp(line, "count") == 0) {
		count(server, reply, reply_bytes);
		return;
	}
	if (key != NULL) {
		*key++ = '\0';
		place = find(server, key);
		if (strcmp(line, "load") == 0) {
			if (place == NULL && (place = find(server, "")) != NULL)
				snprintf(place, LINE_BYTES, "%s", key);
			code = place != NULL ? "200" : "507";
		} else if (strcmp(line, "unload") == 0) {
			if (place != NULL)
				place[0] = '\0';
			code = "200";
		} else {
			code = place != NULL ? "200" : "503";
			server->asked += strcmp(line, "ask") == 0;
			server->refused += strcmp(line, "ask") == 0 && place == NULL;
		}
	}
	snprintf(reply, reply_bytes, "%s", code);
}

/* Whether the client is still there. */
static bool
hear(struct server *server, size_t at)
{
	static char reply[REPLY_BYTES + 2];
	struct client *client = &server->clients[at];
	ssize_t bytes = read(server->fds[at].fd, client->line + client->length, sizeof client->line - client->length);
	char *end;

	if (bytes <= 0)
		return false;
	client->length += (size_t)bytes;
	while ((end = memchr(client->line, '\n', client->length)) != NULL) {
		size_t used = (size_t)(end - client->line) + 1;

		*end = '\0';
		answer(server, client->line, reply, REPLY_BYTES);
		strcat(reply, "\n");
		if (send(server->fds[at].fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
			return false;
		client->length -= used;
		memmove(client->line, client->line + used, client->length);
	}
	return client->length < sizeof client->line;
}

static void
take(struct server *server)
{
	int fd = accept(server->fds[CLIENTS_MAX].fd, NULL, NULL);

	for (size_t i = 0; i < CLIENTS_MAX && fd >= 0; i++)
		if (server->fds[i].fd < 0) {
			server->fds[i].fd = fd;
			server->clients[i].length = 0;
			return;
		}
	if (fd >= 0)
		close(fd);
}

static int
serve(const char *port_file)
{
	static struct server server;
	struct sockaddr_in address = loopback(0);
	socklen_t address_bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	FILE *file;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, CLIENTS_MAX) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &address_bytes) != 0)
		return 1;
	for (size_t i = 0; i <= CLIENTS_MAX; i++)
		server.fds[i] = (struct pollfd){.fd = i < CLIENTS_MAX ? -1 : fd, .events = POLLIN};
	file = fopen(port_file, "w");
	if (file == NULL || fprintf(file, "%u\n", (unsigned)ntohs(address.sin_port)) < 0 || fclose(file) != 0)
		return 1;
	while (poll(server.fds, CLIENTS_MAX + 1, -1) >= 0) {
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			if (server.fds[i].fd >= 0 && server.fds[i].revents != 0 && !hear(&server, i)) {
				close(server.fds[i].fd);
				server.fds[i].fd = -1;
			}
		if (server.fds[CLIENTS_MAX].revents != 0)
			take(&server);
	}
	return 1;
}

/* ---- Telling ---- */

static int
tell(const char *port, long delay_ms, const char *word, const char *model, const char *version)
{
	struct sockaddr_in address = loopback((unsigned)atoi(port));
	char line[LINE_BYTES], reply[REPLY_BYTES];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t bytes;

	/* A model takes a while to load. */
	nanosleep(&(struct timespec){.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000}, NULL);
	if (model != NULL)
		snprintf(line, sizeof line, "%s %s@%s\n", word, model, version);
	else
		snprintf(line, sizeof line, "%s\n", word);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 || (bytes = read(fd, reply, sizeof reply - 1)) <= 0) {
		fprintf(stderr, "the model server does not answer\n");
		return 1;
	}
	reply[bytes] = '\0';
	if (model == NULL)
		printf("%s", reply);
	else if (strcmp(reply, "200\n") != 0)
		fprintf(stderr, "the model server says %s", reply);
	return model == NULL || strcmp(reply, "200\n") == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2]);
	if (argc >= 5 && strcmp(argv[1], "tell") == 0)
		return tell(argv[2], atol(argv[3]), argv[4], argc >= 7 ? argv[5] : NULL, argc >= 7 ? argv[6] : NULL);
	fprintf(stderr, "usage: toy_server serve PORT-FILE | tell PORT DELAY-MS WORD [MODEL VERSION ...]\n");
	return 2;
}
