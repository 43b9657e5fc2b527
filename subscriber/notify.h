/*
 * Notify: a word to systemd (sd_notify(3)) without its library.
 */
#ifndef QUOIN_SUBSCRIBER_NOTIFY_H
#define QUOIN_SUBSCRIBER_NOTIFY_H

/* Send "text" ("READY=1") to $NOTIFY_SOCKET, if there is one. Never fails loudly: nobody may be listening. */
void quoin_notify(const char *text);

#endif
