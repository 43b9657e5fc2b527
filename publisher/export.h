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
#include "publisher/problem.h"

/* Write release "number" into "out", which must not exist or be empty (QUOIN_EEXISTS). The newest activation goes with it
 * if there is one. Every part is fetched and verified first; the release document is written last, so that a directory
 * with release.txt is whole. */
int quoin_export_write(const struct quoin_conf *conf, const struct quoin_control *control,
    const struct quoin_activations *activations, uint64_t number, const char *out, struct quoin_error *err);

/* What a directory was found to hold. */
struct quoin_export_found {
	uint64_t release;
	size_t part_count, part_missing; /* of the release; how many of them have no file */
	size_t intent_count;
	uint64_t epoch, seq; /* of the activation; 0: there is none */
};

/*
 * Check an exported directory. "pinned" (may be NULL) is the root that is trusted; without it the root in the directory
 * must at least be signed by itself, and the caller says so. Checks root, release, activation and intents if there are any,
 * key files, and every part's bytes.
 *
 * What is not there is listed in "missing", a problem of the code "missing" for each file: parts, keys, documents and
 * signatures, among them the intents without which nobody believes the activation. Returns 0 (the directory is whole);
 * QUOIN_EMISSING (something is missing, and what is there is good as far as it can be told); QUOIN_ENOENT (no export there);
 * the trust's codes; QUOIN_ECORRUPT (a file does not have the bytes that were signed).
 */
int quoin_export_verify(const char *dir, const struct quoin_trust *pinned, struct quoin_problems *missing,
    struct quoin_export_found *ret, struct quoin_error *err);

/* The same of an export of a host's store, for who takes what is there: missing parts, keys and intents are no matter, and
 * neither keys nor intents are looked at. *ret_number is the release's. */
int quoin_export_verify_held(const char *dir, const struct quoin_trust *pinned, uint64_t *ret_number,
    struct quoin_error *err);

/* The numbers of the intents of an export, ascending; freed by the caller. None, if it has none. QUOIN_ELIMIT, QUOIN_ENOMEM. */
int quoin_export_intents(const char *dir, uint64_t **ret_numbers, size_t *ret_count, struct quoin_error *err);

/* Read a detached document as an envelope; the spans borrow from "detached". */
struct quoin_envelope quoin_export_envelope(const struct quoin_detached *detached);

#endif
