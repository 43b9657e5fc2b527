/*
 * The embedded broker's port. librdkafka's mock cluster always asks the system for any port; "quoin dev --port" needs a
 * certain one. This program defines bind(2) itself, librdkafka finds that definition first, and while a port is wanted,
 * binding 127.0.0.1 to any port binds it to that one. Only the program that links this file is concerned.
 */
#ifndef QUOIN_PUBLISHER_DEV_BIND_H
#define QUOIN_PUBLISHER_DEV_BIND_H

#include <stdint.h>

/* From now on the wanted port; 0: none, bind(2) is the system's again. */
void quoin_dev_bind_want(uint16_t port);

#endif
