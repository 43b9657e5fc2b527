#include "lib/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

/* "/ready" as "ready" says, "/long" as much as there is room for, "/too-long" more. */
static int
answer(void *ctx, const char *path, struct quoin_buf *body)
{
	const bool *is_ready = ctx;
	size_t bytes = QUOIN_HTTP_BODY_BYTES_MAX + (strcmp(path, "/too-long") == 0);

	if (strcmp(path, "/ready") == 0) {
		(void)quoin_buf_put_str(body, *is_ready ? "ready\n" : "not ready\n");
		return *is_ready ? 200 : 503;
	}
	if (strcmp(path, "/long") != 0 && strcmp(path, "/too-long") != 0)
		return 404;
	for (size_t i = 0; i < bytes; i++)
		(void)quoin_buf_put_byte(body, 'x');
	return 200;
}

static int
ask(struct quoin_http *http, const char *request, char *reply, size_t reply_bytes, bool is_ready)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)quoin_http_port(http)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status;
	size_t have = 0;

	CHECK_INT(connect(fd, (const struct sockaddr *)&name, sizeof name), 0);
	CHECK_INT(send(fd, request, strlen(request), MSG_NOSIGNAL), (long long)strlen(request));
	for (unsigned i = 0; have < reply_bytes - 1 && i < 1000; i++) {
		struct pollfd fds[QUOIN_HTTP_FDS_MAX];
		ssize_t n;

		(void)poll(fds, (nfds_t)quoin_http_poll(http, fds), 10);
		quoin_http_serve(http, answer, &is_ready);
		n = recv(fd, reply + have, reply_bytes - 1 - have, MSG_DONTWAIT);
		if (n > 0)
			have += (size_t)n;
		if (n == 0)
			break;
	}
	reply[have] = '\0';
	close(fd);
	return sscanf(reply, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static void
answers(void)
{
	static const struct {
		const char *request;
		bool is_ready;
		int status; /* 0: nothing */
		const char *says;
	} cases[] = {
	    {"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", true, 200, "\r\n\r\nready\n"},
	    {"GET /ready HTTP/1.0\r\n\r\n", false, 503, "\r\n\r\nnot ready\n"},
	    {"GET /ready?x=1 HTTP/1.1\r\n\r\n", true, 200, "\r\n\r\nready\n"},
	    {"HEAD /ready HTTP/1.1\r\n\r\n", true, 200, "Content-Length: 6\r\n"},
	    {"GET / HTTP/1.1\r\n\r\n", true, 404, "there is nothing here"},
	    {"GET /readyx HTTP/1.1\r\n\r\n", true, 404, ""},
	    {"POST /ready HTTP/1.1\r\n\r\n", true, 405, "only GET"},
	    {"GET /ready\n\n", true, 404, ""},
	    {"GET /too-long HTTP/1.1\r\n\r\n", true, 0, ""},
	};
	struct quoin_http *http = NULL;
	struct quoin_error err = {0};
	char reply[1024];

	CHECK_INT(quoin_http_open("127.0.0.1:0", "ready.listen", &http, &err), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_INT(ask(http, cases[i].request, reply, sizeof reply, cases[i].is_ready), cases[i].status);
		CHECK_CONTAINS(reply, cases[i].says);
	}
	/* The head is not followed by a body. */
	CHECK_INT(ask(http, "HEAD /ready HTTP/1.1\r\n\r\n", reply, sizeof reply, true), 200);
	CHECK(strstr(reply, "ready\n") == NULL);
	quoin_http_close(http);
}

static void
sends_all_that_there_is_room_for(void)
{
	static char reply[QUOIN_HTTP_BODY_BYTES_MAX + 1024];
	struct quoin_http *http = NULL;
	struct quoin_error err = {0};

	CHECK_INT(quoin_http_open("127.0.0.1:0", "metrics.listen", &http, &err), 0);
	CHECK_INT(ask(http, "GET /long HTTP/1.1\r\n\r\n", reply, sizeof reply, true), 200);
	CHECK_INT(strlen(strstr(reply, "\r\n\r\n") + 4), QUOIN_HTTP_BODY_BYTES_MAX);
	quoin_http_close(http);
}

static void
refuses_addresses(void)
{
	struct quoin_http *http = NULL, *other = NULL;
	struct quoin_error err = {0};
	char address[256];
	struct stat st;

	CHECK_INT(quoin_http_open("127.0.0.1:0", "ready.listen", &http, &err), 0);
	(void)snprintf(address, sizeof address, ":%u", quoin_http_port(http));
	CHECK_INT(quoin_http_open(address, "metrics.listen", &other, &err), QUOIN_ECONFLICT);
	CHECK_CONTAINS(err.message, "metrics.listen");
	CHECK_INT(quoin_http_open("nothing", "metrics.listen", &other, &err), QUOIN_ECONFIG);
	CHECK_CONTAINS(err.message, "metrics.listen is nothing");
	CHECK_INT(quoin_http_open("example.org:80", "metrics.listen", &other, &err), QUOIN_ECONFIG);
	CHECK_INT(quoin_http_open("unix:", "metrics.listen", &other, &err), QUOIN_ECONFIG);
	quoin_http_close(http);
	(void)snprintf(address, sizeof address, "unix:%s/socket", check_dir());
	CHECK_INT(quoin_http_open(address, "metrics.listen", &http, &err), 0);
	CHECK_INT(stat(address + 5, &st), 0);
	quoin_http_close(http);
	CHECK(stat(address + 5, &st) != 0);
}

static void
prints_figures(void)
{
	struct quoin_buf text;

	quoin_buf_init(&text, 1024);
	quoin_metric_print(&text, "quoin_gate_acting", "gauge", "Whether it decides.", "search", 1);
	CHECK_STR(quoin_buf_str(&text),
	    "# HELP quoin_gate_acting Whether it decides.\n# TYPE quoin_gate_acting gauge\n"
	    "quoin_gate_acting{namespace=\"search\"} 1\n");
	quoin_buf_clear(&text);
}

static const struct check_case cases[] = {
    {"http answers", answers},
    {"http sends all that there is room for", sends_all_that_there_is_room_for},
    {"http refuses addresses", refuses_addresses},
    {"http prints figures", prints_figures},
};

int
main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
