#include "subscriber/ready.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX 2048

struct client {
	int fd; /* -1: free */
	char request[REQUEST_BYTES_MAX];
	size_t bytes;
};

struct quoin_ready {
	int fd;
	char unix_path[sizeof((struct sockaddr_un *)0)->sun_path]; /* "" for a port */
	struct client clients[QUOIN_READY_CLIENTS_MAX];
	size_t next; /* the client that makes room when all places are taken */
};

static int
fail(const char *address, const char *what, struct quoin_error *err)
{
	const int code = errno == EADDRINUSE ? QUOIN_ECONFLICT : errno == EACCES ? QUOIN_EPERM : QUOIN_ESYSTEM;

	return quoin_error_sys(err, code, "cannot %s at %s (ready.listen)", what, address);
}

static int
open_unix(struct quoin_ready *ready, const char *address, const char *path, struct quoin_error *err)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	if (path[0] == '\0' || strlen(path) >= sizeof name.sun_path)
		return quoin_error_set(err, QUOIN_ECONFIG, "ready.listen is %s: the path is empty or too long", address);
	memcpy(name.sun_path, path, strlen(path));
	/* The store's lock already says that no other agent is here. */
	(void)unlink(path);
	ready->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ready->fd == -1 || bind(ready->fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
	    listen(ready->fd, QUOIN_READY_CLIENTS_MAX) != 0)
		return fail(address, "listen", err);
	memcpy(ready->unix_path, name.sun_path, sizeof ready->unix_path);
	return 0;
}

/* "host:port" into its halves; brackets around the host are taken off. */
static bool
split(const char *address, char *host, size_t host_bytes, const char **ret_port)
{
	const char *colon = strrchr(address, ':');
	size_t bytes;

	if (colon == NULL || colon[1] == '\0')
		return false;
	bytes = (size_t)(colon - address);
	if (bytes >= 2 && address[0] == '[' && address[bytes - 1] == ']') {
		address++;
		bytes -= 2;
	}
	if (bytes == 0) {
		address = "127.0.0.1";
		bytes = strlen(address);
	}
	if (bytes >= host_bytes)
		return false;
	memcpy(host, address, bytes);
	host[bytes] = '\0';
	*ret_port = colon + 1;
	return true;
}

static int
open_port(struct quoin_ready *ready, const char *address, struct quoin_error *err)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM};
	struct addrinfo *info = NULL;
	char host[64];
	const char *port;
	const int one = 1;
	int r = 0;

	if (!split(address, host, sizeof host, &port) || getaddrinfo(host, port, &hints, &info) != 0)
		return quoin_error_set(err, QUOIN_ECONFIG,
		    "ready.listen is %s; give an address and a port (127.0.0.1:8080) or unix:/path", address);
	ready->fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ready->fd == -1 || setsockopt(ready->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(ready->fd, info->ai_addr, info->ai_addrlen) != 0 || listen(ready->fd, QUOIN_READY_CLIENTS_MAX) != 0)
		r = fail(address, "listen", err);
	freeaddrinfo(info);
	return r;
}

int
quoin_ready_open(const char *address, struct quoin_ready **ret, struct quoin_error *err)
{
	struct quoin_ready *ready = calloc(1, sizeof *ready);
	int r;

	if (ready == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	ready->fd = -1;
	for (size_t i = 0; i < QUOIN_READY_CLIENTS_MAX; i++)
		ready->clients[i].fd = -1;
	if (strncmp(address, "unix:", 5) == 0)
		r = open_unix(ready, address, address + 5, err);
	else
		r = open_port(ready, address, err);
	if (r == 0)
		*ret = ready;
	else
		quoin_ready_close(ready);
	return r;
}

static void
drop(struct client *client)
{
	if (client->fd != -1)
		(void)close(client->fd);
	client->fd = -1;
	client->bytes = 0;
}

void
quoin_ready_close(struct quoin_ready *ready)
{
	if (ready == NULL)
		return;
	for (size_t i = 0; i < QUOIN_READY_CLIENTS_MAX; i++)
		drop(&ready->clients[i]);
	if (ready->fd != -1)
		(void)close(ready->fd);
	if (ready->unix_path[0] != '\0')
		(void)unlink(ready->unix_path);
	free(ready);
}

size_t
quoin_ready_poll(const struct quoin_ready *ready, struct pollfd *fds)
{
	size_t count = 0;

	fds[count++] = (struct pollfd){.fd = ready->fd, .events = POLLIN};
	for (size_t i = 0; i < QUOIN_READY_CLIENTS_MAX; i++)
		if (ready->clients[i].fd != -1)
			fds[count++] = (struct pollfd){.fd = ready->clients[i].fd, .events = POLLIN};
	return count;
}

static void
accept_clients(struct quoin_ready *ready)
{
	int fd;

	while ((fd = accept4(ready->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1) {
		struct client *client = NULL;

		for (size_t i = 0; i < QUOIN_READY_CLIENTS_MAX && client == NULL; i++)
			if (ready->clients[i].fd == -1)
				client = &ready->clients[i];
		/* One that never asks must not keep others out. */
		if (client == NULL) {
			client = &ready->clients[ready->next++ % QUOIN_READY_CLIENTS_MAX];
			drop(client);
		}
		client->fd = fd;
		client->bytes = 0;
	}
}

static void
answer(struct client *client, bool is_ready, const char *text)
{
	const bool is_head = strncmp(client->request, "HEAD ", 5) == 0;
	const char *path = strchr(client->request, ' ');
	const char *status;
	char reply[768];
	int bytes;

	if (!is_head && strncmp(client->request, "GET ", 4) != 0) {
		status = "405 Method Not Allowed";
		text = "only GET";
	} else if (path == NULL || strncmp(path + 1, "/ready", 6) != 0 || (path[7] != ' ' && path[7] != '?')) {
		status = "404 Not Found";
		text = "only /ready";
	} else {
		status = is_ready ? "200 OK" : "503 Service Unavailable";
	}
	bytes = snprintf(reply, sizeof reply,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s%s", status,
	    strlen(text) + 1, is_head ? "" : text, is_head ? "" : "\n");
	if (bytes > 0 && (size_t)bytes < sizeof reply)
		(void)!send(client->fd, reply, (size_t)bytes, MSG_NOSIGNAL);
	drop(client);
}

void
quoin_ready_serve(struct quoin_ready *ready, bool is_ready, const char *text)
{
	accept_clients(ready);
	for (size_t i = 0; i < QUOIN_READY_CLIENTS_MAX; i++) {
		struct client *client = &ready->clients[i];
		ssize_t n;

		if (client->fd == -1)
			continue;
		n = recv(client->fd, client->request + client->bytes, sizeof client->request - 1 - client->bytes, 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			drop(client);
			continue;
		}
		client->bytes += (size_t)n;
		client->request[client->bytes] = '\0';
		if (strstr(client->request, "\r\n\r\n") != NULL || strstr(client->request, "\n\n") != NULL)
			answer(client, is_ready, text);
		else if (client->bytes == sizeof client->request - 1)
			drop(client);
	}
}

unsigned
quoin_ready_port(const struct quoin_ready *ready)
{
	struct sockaddr_storage name = {0};
	socklen_t bytes = sizeof name;

	if (getsockname(ready->fd, (struct sockaddr *)&name, &bytes) != 0)
		return 0;
	if (name.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)&name)->sin_port);
	if (name.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)&name)->sin6_port);
	return 0;
}
