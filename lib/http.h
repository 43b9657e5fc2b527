/*
 * Http: an endpoint that answers GET with a short text, in the loop of whoever owns it: for a VIP's check and a scraper of
 * figures, and just enough HTTP for them. Nothing here blocks; one thread.
 */
#ifndef QUOIN_LIB_HTTP_H
#define QUOIN_LIB_HTTP_H

#include <poll.h>

#include "lib/bytes.h"
#include "lib/error.h"

#define QUOIN_HTTP_CLIENTS_MAX	  16
#define QUOIN_HTTP_FDS_MAX	  (QUOIN_HTTP_CLIENTS_MAX + 1)
#define QUOIN_HTTP_BODY_BYTES_MAX 16384

struct quoin_http;

/* "address": "host:port" (an IPv4 or [IPv6] address), ":port" for loopback, or "unix:/path". "setting" is named in messages;
 * borrowed until close. Returns 0, QUOIN_ECONFIG, QUOIN_ECONFLICT (in use), QUOIN_EPERM, QUOIN_ESYSTEM, QUOIN_ENOMEM. */
int quoin_http_open(const char *address, const char *setting, struct quoin_http **ret, struct quoin_error *err);
/* Accepts NULL. */
void quoin_http_close(struct quoin_http *http);
/* Descriptors to poll, at most QUOIN_HTTP_FDS_MAX: how many. */
size_t quoin_http_poll(const struct quoin_http *http, struct pollfd *fds);
/* Asked for "path" (without its query): returns 200, 503 or 404, and puts the text into "body", which is empty and bounded. */
typedef int quoin_http_answer(void *ctx, const char *path, struct quoin_buf *body);
/* Answer whoever has asked. */
void quoin_http_serve(struct quoin_http *http, quoin_http_answer *answer, void *ctx);
/* The port that was taken (for port 0), or 0. */
unsigned quoin_http_port(const struct quoin_http *http);

/* ---- Figures, as Prometheus reads them ---- */

/* One figure: "# HELP", "# TYPE", and the line with its namespace. "kind": "gauge" or "counter". */
void quoin_metric_print(struct quoin_buf *out, const char *name, const char *kind, const char *help,
    const char *namespace_name, uint64_t value);

#endif
