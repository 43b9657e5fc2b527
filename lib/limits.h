/*
 * Every bound in one place. Each is checked before memory is taken or work is begun; what exceeds one is refused with
 * its name. Relations between bounds are asserted at the end.
 */
#ifndef QUOIN_LIB_LIMITS_H
#define QUOIN_LIB_LIMITS_H

/* The columns are aligned by hand. */
/* clang-format off */

/* Text. */
#define QUOIN_NAME_BYTES_MAX         64	/* names of namespaces, objectives, models, versions, shards, hosts, rules */
#define QUOIN_ROUTING_KEY_BYTES_MAX  (QUOIN_NAME_BYTES_MAX + 1 + QUOIN_NAME_BYTES_MAX) /* model@version */
#define QUOIN_LINE_BYTES_MAX         4096	/* one line of a line document, without its newline */
#define QUOIN_TEXT_BYTES_MAX         1024	/* messages and reasons inside documents, before escaping */
#define QUOIN_REASON_BYTES_MAX       200	/* the reason of a hook or a rejection, made printable */

/* Signed documents. */
#define QUOIN_DOCUMENT_BYTES_MAX     (256u << 10)
#define QUOIN_SIGNATURES_MAX         16	/* signatures on one document */
#define QUOIN_MINISIG_BYTES_MAX      1024	/* one .minisig text on the bus */
#define QUOIN_ENVELOPE_BYTES_MAX     (QUOIN_DOCUMENT_BYTES_MAX + QUOIN_SIGNATURES_MAX * QUOIN_MINISIG_BYTES_MAX + 256)
#define QUOIN_KEYS_MAX               64	/* keys in one root */
#define QUOIN_REVOKED_HOSTS_MAX      1024

/* Releases. */
#define QUOIN_PARTS_MAX              32	/* parts of a release */
#define QUOIN_ENCODINGS_MAX          5	/* encodings of a part: full and four deltas */
#define QUOIN_CHUNK_BYTES_MAX        (512u << 10)
#define QUOIN_CHUNKS_MAX             1024	/* chunks of one encoding */
#define QUOIN_SEGMENT_BYTES_MAX      (16u << 20)
#define QUOIN_SEGMENTS_MAX           16	/* segments of one part */
#define QUOIN_PART_BYTES_MAX         (256u << 20)
#define QUOIN_RELEASE_BYTES_MAX      (256u << 20)	/* all parts of one release, decompressed */
#define QUOIN_META_MAX               32	/* meta lines of a release */
#define QUOIN_REACH_STEPS_MAX        32
#define QUOIN_LABELS_MAX             16	/* labels of one host, shard, pin or step */

/* Activations. */
#define QUOIN_PINS_MAX               64
#define QUOIN_LIVE_MAX               64	/* releases in the live set */
#define QUOIN_HISTORY_MAX            1024	/* releases once fully active, revoked, failed: each */
#define QUOIN_HOSTS_MAX              16384	/* hosts of one namespace */
#define QUOIN_HELD_MAX               64	/* releases held by one router's readers */
#define QUOIN_KEPT_MAX               1024

/* The rules language (RULES.md section 7). */
#define QUOIN_OBJECTIVES_MAX         4096
#define QUOIN_MODELS_MAX             16384
#define QUOIN_SHARDS_MAX             1024
#define QUOIN_SHARD_HOSTS_MAX        1024
#define QUOIN_RULES_PER_OBJECTIVE_MAX 64
#define QUOIN_LEAVES_PER_RULE_MAX    64
#define QUOIN_NESTING_MAX            8
#define QUOIN_ATTRIBUTES_MAX         64
#define QUOIN_CONSTANTS_PER_ATTRIBUTE_MAX 4096
#define QUOIN_CELLS_MAX              256
#define QUOIN_SPLIT_MAX              64
#define QUOIN_CONDITION_BYTES_MAX    256
#define QUOIN_CONFIG_BYTES_MAX       (16u << 10)
#define QUOIN_CONTEXT_BYTES_MAX      (64u << 10)
#define QUOIN_SHADOWS_MAX            4	/* shadows in one decision */
#define QUOIN_RESOURCES_MAX          32	/* resource names in a namespace */

/* Authoring input. */
#define QUOIN_JSON_DEPTH_MAX         64
#define QUOIN_JSON_BYTES_MAX         (64u << 20)
#define QUOIN_JSON_NODES_MAX         (8u << 20)	/* values of one text: a short one takes 80 bytes of memory */
#define QUOIN_SCRIPT_BYTES_MAX       (4u << 20)	/* one .js file */
#define QUOIN_SCRIPTS_BYTES_MAX      (32u << 20)	/* all .js files of a directory */
#define QUOIN_FILES_MAX              4096	/* files of a directory */
#define QUOIN_PROBLEMS_MAX           1000	/* problems reported in one run */
#define QUOIN_EVAL_REPLY_BYTES_MAX   (64u << 20)

/* The host. */
#define QUOIN_STORE_MAP_BYTES        (64ull << 30)	/* LMDB map: address space, the same in every process */
#define QUOIN_STORE_READERS_MAX      1024
#define QUOIN_CONF_BYTES_MAX         (64u << 10)
#define QUOIN_KEYFILE_BYTES_MAX      4096

/* clang-format on */

_Static_assert(QUOIN_PART_BYTES_MAX <= (unsigned long long)QUOIN_SEGMENT_BYTES_MAX * QUOIN_SEGMENTS_MAX,
    "a part fits its segments");
_Static_assert(QUOIN_PART_BYTES_MAX <= QUOIN_RELEASE_BYTES_MAX, "a release holds at least its largest part");
_Static_assert((unsigned long long)QUOIN_CHUNK_BYTES_MAX * QUOIN_CHUNKS_MAX >= QUOIN_PART_BYTES_MAX + (1u << 20),
    "an incompressible part fits its chunks");
_Static_assert(QUOIN_CHUNK_BYTES_MAX <= 900000, "a chunk fits every broker's default message size");
_Static_assert(QUOIN_TEXT_BYTES_MAX * 3 < QUOIN_LINE_BYTES_MAX, "an escaped text fits its line");
_Static_assert(QUOIN_SHADOWS_MAX <= 8, "the decision has room for them");

#endif
