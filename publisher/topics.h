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
 * embedded broker does not have it); QUOIN_EPERM, QUOIN_ETIMEOUT, QUOIN_EUNREACHABLE. "made" says which were made. Before
 * a gate topic is made, every gate is fenced: one that still runs would write to it first.
 */
int quoin_topics_make(const struct quoin_conf *conf, int replicas, bool made[QUOIN_TOPICS], struct quoin_error *err);

/* Whether the topics beside the control topic have begun: *ret_has_empty says that one has no record yet. QUOIN_ECONFLICT: the
 * first record of the gate topic is no incarnation (a gate was faster than init; hosts could not tell this topic from another
 * one). On the embedded broker a topic's first records may be gone: then nothing is said of it. */
int quoin_topics_look(const struct quoin_conf *conf, struct quoin_bus_reader *reader, bool *ret_has_empty,
    struct quoin_error *err);

/* Write a signed incarnation document as the first record of every topic that is empty, and the pinned root on the control
 * topic. "root_keys" must meet the root role's threshold. The gate topic is written to behind the gates' fence: none of them
 * comes in between, and one that acted stands by. */
int quoin_topics_begin(const struct quoin_conf *conf, struct quoin_control *control, struct quoin_bus_reader *reader,
    const struct quoin_keyring *root_keys, struct quoin_error *err);

#endif
