/*
 * Topics: the four topics of a namespace, made with the right settings, or checked; and their incarnations.
 */
#ifndef QUOIN_PUBLISHER_TOPICS_H
#define QUOIN_PUBLISHER_TOPICS_H

#include "formats/conf.h"
#include "formats/incarnation.h"
#include "publisher/control.h"
#include "publisher/keyring.h"

/*
 * Make the missing topics (replicas -1: the broker's default) and check the settings of those that exist. Returns 0;
 * QUOIN_ECONFLICT (a topic has wrong settings: err names topic, setting, value and the wanted one); QUOIN_ENOENT (the
 * embedded broker does not have it); QUOIN_EPERM, QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE. "made" says which were made.
 */
int quoin_topics_make(const struct quoin_conf *conf, int replicas, bool made[QUOIN_TOPICS], struct quoin_error *err);

/* Write a signed incarnation document as the first record of every topic that is empty, and the pinned root on the control
 * topic. "root_keys" must meet the root role's threshold. */
int quoin_topics_begin(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *root_keys, struct quoin_error *err);

#endif
