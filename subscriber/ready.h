/*
 * Ready: the HTTP endpoint of "ready.listen". GET /ready answers 200 or 503; a VIP's health check follows it
 * (PROTOCOL.md section 3). Nothing here blocks; one thread.
 */
#ifndef QUOIN_SUBSCRIBER_READY_H
#define QUOIN_SUBSCRIBER_READY_H

#include <poll.h>

#include "lib/error.h"

#define QUOIN_READY_CLIENTS_MAX 16
#define QUOIN_READY_FDS_MAX	(QUOIN_READY_CLIENTS_MAX + 1)

struct quoin_ready;

/* "address": "host:port" (an IPv4 or [IPv6] address), ":port" for loopback, or "unix:/path". Returns 0, QUOIN_ECONFIG,
 * QUOIN_ECONFLICT (in use), QUOIN_EPERM, QUOIN_ESYSTEM, QUOIN_ENOMEM. */
int quoin_ready_open(const char *address, struct quoin_ready **ret, struct quoin_error *err);
/* Accepts NULL. */
void quoin_ready_close(struct quoin_ready *ready);
/* Descriptors to poll: how many. */
size_t quoin_ready_poll(const struct quoin_ready *ready, struct pollfd *fds);
/* Answer who has asked. "text" is the body: why not, or "ready". */
void quoin_ready_serve(struct quoin_ready *ready, bool is_ready, const char *text);
/* The port that was taken (for port 0), or 0. */
unsigned quoin_ready_port(const struct quoin_ready *ready);

#endif
