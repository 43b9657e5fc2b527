/*
 * Publish run: the ways by which a release comes to its number: new, signed here or prepared for a signer elsewhere; the
 * same as what is asked for; or signed elsewhere. Each tells what became of it.
 */
#ifndef QUOIN_PUBLISHER_PUBLISH_RUN_H
#define QUOIN_PUBLISHER_PUBLISH_RUN_H

#include "publisher/material.h"
#include "publisher/publish_request.h"

/* Publish the material on top of the release "expected", or prepare it, or (--dry-run) say what would be. 0, or an error to
 * be told. */
int quoin_publish_material(const struct quoin_cli *cli, struct quoin_session *session,
    const struct quoin_publish_request *request, struct quoin_material *material, const struct quoin_docref *expected,
    struct quoin_error *err);
/* Announce what the directory request->from has, signed. */
int quoin_publish_signed(const struct quoin_cli *cli, struct quoin_session *session,
    const struct quoin_publish_request *request, struct quoin_error *err);

#endif
