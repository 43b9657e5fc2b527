/*
 * Enrol: a host's identity. A directory with the host's key (host.key, host.pub) and its certificate (cert.txt with its
 * signature beside it), and the certificate on the control topic.
 */
#ifndef QUOIN_PUBLISHER_ENROL_H
#define QUOIN_PUBLISHER_ENROL_H

#include "formats/cert.h"
#include "publisher/control.h"
#include "publisher/keyring.h"

/*
 * Make or renew the identity in "dir". An existing host.key there is kept: enrolling again gives a new certificate for the
 * same key. "cert" comes with host, role, shard, labels and validity; origin and key are filled in. Files are durable
 * before the certificate is announced.
 */
int quoin_enrol(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *enrol_keys, const char *dir, struct quoin_cert *cert, int timeout_ms,
    struct quoin_error *err);

#endif
