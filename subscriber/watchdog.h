/*
 * Watchdog: asks the broker whether it is there, in a thread of its own. Several faults of Kafka raise no event at all;
 * a subscriber that hears nothing must not take that for health.
 */
#ifndef QUOIN_SUBSCRIBER_WATCHDOG_H
#define QUOIN_SUBSCRIBER_WATCHDOG_H

#include "lib/bus.h"

struct quoin_watchdog;

/* "wake_fd" is an eventfd, written when an answer is there. Strings are borrowed while it lives. */
int quoin_watchdog_start(const struct quoin_bus_conf *conf, const char *topic, int wake_fd, struct quoin_watchdog **ret,
    struct quoin_error *err);
/* Waits for a question that is out, at most some seconds. Accepts NULL. */
void quoin_watchdog_stop(struct quoin_watchdog *watchdog);
/* Ask now, unless a question is out already. Does not wait. */
void quoin_watchdog_ask(struct quoin_watchdog *watchdog);
/* The answer to the last question: whether there is a new one; 0 or what quoin_bus_reader_probe returned. */
bool quoin_watchdog_next(struct quoin_watchdog *watchdog, int *ret_code, struct quoin_error *err);

#endif
