/*
 * Export: a release as files that stock tools can check (quoin-export(5)):
 *
 *	OUT/release.txt	release.txt.minisig [release.txt.<keyid>.minisig]
 *	OUT/root.txt	OUT/activation.txt	OUT/intents/<n>.txt	likewise
 *	OUT/keys/<keyid>.pub	OUT/parts/<name>
 */
#ifndef QUOIN_PUBLISHER_EXPORT_H
#define QUOIN_PUBLISHER_EXPORT_H

#include "formats/trust.h"
#include "lib/detached.h"
#include "publisher/activations.h"
#include "publisher/control.h"

/* Write release "number" into "out", which must not exist or be empty (QUOIN_EEXISTS). The newest activation goes with it
 * if there is one. Every part is fetched and verified first; the release document is written last, so that a directory
 * with release.txt is whole. */
int quoin_export_write(const struct quoin_conf *conf, const struct quoin_control *control,
    const struct quoin_activations *activations, uint64_t number, const char *out, struct quoin_error *err);

/*
 * Check an exported directory. "pinned" (may be NULL) is the root that is trusted; without it the root in the directory
 * must at least be signed by itself, and the caller says so. Checks root, release, activation if there is one, key files,
 * and every part's bytes. *ret_number is the release's. Returns 0, QUOIN_ENOENT (no export there), the trust's codes,
 * QUOIN_ECORRUPT (a part's bytes are not what was signed), QUOIN_EMISSING (a part's file is missing).
 */
int quoin_export_verify(const char *dir, const struct quoin_trust *pinned, uint64_t *ret_number,
    struct quoin_error *err);

/* The same of an export of a host's store, which may lack parts: those that are there are checked. */
int quoin_export_verify_held(const char *dir, const struct quoin_trust *pinned, uint64_t *ret_number,
    struct quoin_error *err);

/* Read a detached document as an envelope; the spans borrow from "detached". */
struct quoin_envelope quoin_export_envelope(const struct quoin_detached *detached);

#endif
