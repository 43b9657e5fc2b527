#include "lib/http.h"

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
#define PATH_BYTES	  128

struct client {
	int fd; /* -1: free */
	char request[REQUEST_BYTES_MAX];
	size_t bytes;
};

struct quoin_http {
	const char *setting; /* borrowed: for messages */
	int fd;
	char unix_path[sizeof((struct sockaddr_un *)0)->sun_path]; /* "" for a port */
	struct client clients[QUOIN_HTTP_CLIENTS_MAX];
	size_t next; /* the client that makes room when all places are taken */
};

static int
fail(const struct quoin_http *http, const char *address, struct quoin_error *err)
{
	const int code = errno == EADDRINUSE ? QUOIN_ECONFLICT : errno == EACCES ? QUOIN_EPERM : QUOIN_ESYSTEM;

	return quoin_error_sys(err, code, "cannot listen at %s (%s)", address, http->setting);
}

static int
open_unix(struct quoin_http *http, const char *address, const char *path, struct quoin_error *err)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	if (path[0] == '\0' || strlen(path) >= sizeof name.sun_path)
		return quoin_error_set(err, QUOIN_ECONFIG, "%s is %s: the path is empty or too long", http->setting,
		    address);
	memcpy(name.sun_path, path, strlen(path));
	/* What is left of a process that was killed. */
	(void)unlink(path);
	http->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (http->fd == -1 || bind(http->fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
	    listen(http->fd, QUOIN_HTTP_CLIENTS_MAX) != 0)
		return fail(http, address, err);
	memcpy(http->unix_path, name.sun_path, sizeof http->unix_path);
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
open_port(struct quoin_http *http, const char *address, struct quoin_error *err)
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
		    "%s is %s; give an address and a port (127.0.0.1:8080) or unix:/path", http->setting, address);
	http->fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (http->fd == -1 || setsockopt(http->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(http->fd, info->ai_addr, info->ai_addrlen) != 0 || listen(http->fd, QUOIN_HTTP_CLIENTS_MAX) != 0)
		r = fail(http, address, err);
	freeaddrinfo(info);
	return r;
}

int
quoin_http_open(const char *address, const char *setting, struct quoin_http **ret, struct quoin_error *err)
{
	struct quoin_http *http = calloc(1, sizeof *http);
	int r;

	if (http == NULL)
		return quoin_error_set(err, QUOIN_ENOMEM, "out of memory");
	http->setting = setting;
	http->fd = -1;
	for (size_t i = 0; i < QUOIN_HTTP_CLIENTS_MAX; i++)
		http->clients[i].fd = -1;
	if (strncmp(address, "unix:", 5) == 0)
		r = open_unix(http, address, address + 5, err);
	else
		r = open_port(http, address, err);
	if (r == 0)
		*ret = http;
	else
		quoin_http_close(http);
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
quoin_http_close(struct quoin_http *http)
{
	if (http == NULL)
		return;
	for (size_t i = 0; i < QUOIN_HTTP_CLIENTS_MAX; i++)
		drop(&http->clients[i]);
	if (http->fd != -1)
		(void)close(http->fd);
	if (http->unix_path[0] != '\0')
		(void)unlink(http->unix_path);
	free(http);
}

size_t
quoin_http_poll(const struct quoin_http *http, struct pollfd *fds)
{
	size_t count = 0;

	fds[count++] = (struct pollfd){.fd = http->fd, .events = POLLIN};
	for (size_t i = 0; i < QUOIN_HTTP_CLIENTS_MAX; i++)
		if (http->clients[i].fd != -1)
			fds[count++] = (struct pollfd){.fd = http->clients[i].fd, .events = POLLIN};
	return count;
}

static void
accept_clients(struct quoin_http *http)
{
	int fd;

	while ((fd = accept4(http->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1) {
		struct client *client = NULL;

		for (size_t i = 0; i < QUOIN_HTTP_CLIENTS_MAX && client == NULL; i++)
			if (http->clients[i].fd == -1)
				client = &http->clients[i];
		/* One that never asks must not keep others out. */
		if (client == NULL) {
			client = &http->clients[http->next++ % QUOIN_HTTP_CLIENTS_MAX];
			drop(client);
		}
		client->fd = fd;
		client->bytes = 0;
	}
}

static const char *
name_status(int status)
{
	switch (status) {
	case 200:
		return "200 OK";
	case 503:
		return "503 Service Unavailable";
	case 405:
		return "405 Method Not Allowed";
	default:
		return "404 Not Found";
	}
}

/* The path of the request line, without its query; false: there is none, or too long a one. */
static bool
path_of(const char *request, char path[PATH_BYTES])
{
	const char *from = strchr(request, ' ');
	size_t bytes = from != NULL ? strcspn(from + 1, " ?\r\n") : 0;

	if (bytes == 0 || bytes >= PATH_BYTES || strchr(" ?", from[1 + bytes]) == NULL)
		return false;
	memcpy(path, from + 1, bytes);
	path[bytes] = '\0';
	return true;
}

/* What fits a socket's buffer is sent at once, and all that is ever answered does. */
static void
respond(struct client *client, quoin_http_answer *answer, void *ctx)
{
	bool is_head = strncmp(client->request, "HEAD ", 5) == 0;
	char path[PATH_BYTES];
	struct quoin_buf body, reply;
	int status = 404;

	quoin_buf_init(&body, QUOIN_HTTP_BODY_BYTES_MAX);
	quoin_buf_init(&reply, QUOIN_HTTP_BODY_BYTES_MAX + 512);
	if (!is_head && strncmp(client->request, "GET ", 4) != 0)
		status = 405;
	else if (path_of(client->request, path))
		status = answer(ctx, path, &body);
	if (status == 404 || status == 405) {
		body.len = 0;
		(void)quoin_buf_put_str(&body, status == 405 ? "only GET\n" : "there is nothing here\n");
	}
	(void)quoin_buf_printf(&reply,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
	    name_status(status), body.len);
	if (!is_head)
		(void)quoin_buf_put(&reply, body.data, body.len);
	if (body.error == 0 && reply.error == 0)
		(void)!send(client->fd, reply.data, reply.len, MSG_NOSIGNAL);
	quoin_buf_clear(&body);
	quoin_buf_clear(&reply);
	drop(client);
}

void
quoin_http_serve(struct quoin_http *http, quoin_http_answer *answer, void *ctx)
{
	accept_clients(http);
	for (size_t i = 0; i < QUOIN_HTTP_CLIENTS_MAX; i++) {
		struct client *client = &http->clients[i];
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
			respond(client, answer, ctx);
		else if (client->bytes == sizeof client->request - 1)
			drop(client);
	}
}

unsigned
quoin_http_port(const struct quoin_http *http)
{
	struct sockaddr_storage name = {0};
	socklen_t bytes = sizeof name;

	if (getsockname(http->fd, (struct sockaddr *)&name, &bytes) != 0)
		return 0;
	if (name.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)&name)->sin_port);
	if (name.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)&name)->sin6_port);
	return 0;
}

/* ---- Figures ---- */

void
quoin_metric_print(struct quoin_buf *out, const char *name, const char *kind, const char *help,
    const char *namespace_name, uint64_t value)
{
	(void)quoin_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s{namespace=\"%s\"} %llu\n", name, help, name, kind, name,
	    namespace_name, (unsigned long long)value);
}
