/*
 * What is to be evaluated, and its form on the pipe to quoin-eval(8).
 *
 * The frame, all numbers little-endian, no padding, nothing after the last file:
 *
 *	"QEVAL1\0\0"						8 bytes
 *	u32 cpu_ms	u32 memory_mb				both within the bounds below
 *	u32 count of objectives, then per objective		at most QUOIN_OBJECTIVES_MAX
 *		u32 bytes, the name				at most QUOIN_NAME_BYTES_MAX
 *	u32 bytes, the text of constants.json			at most QUOIN_EVAL_CONSTANTS_BYTES_MAX; empty means {}
 *	u32 count of files, then per file			at most QUOIN_FILES_MAX
 *		u32 bytes, the path				1 to QUOIN_EVAL_PATH_BYTES_MAX, ascending by bytes
 *		u32 bytes, the text				at most QUOIN_SCRIPT_BYTES_MAX
 *								all texts at most QUOIN_SCRIPTS_BYTES_MAX
 *
 * The frame is between two programs of one build; it is not an interface for others.
 */
#ifndef QUOIN_PUBLISHER_EVAL_REQUEST_H
#define QUOIN_PUBLISHER_EVAL_REQUEST_H

#include "lib/bytes.h"
#include "lib/error.h"
#include "lib/limits.h"

#define QUOIN_EVAL_CONSTANTS_BYTES_MAX (4u << 20)
#define QUOIN_EVAL_PATH_BYTES_MAX      1024u
#define QUOIN_EVAL_CPU_MS_DEFAULT      6000u
#define QUOIN_EVAL_CPU_MS_MAX	       60000u
#define QUOIN_EVAL_MEMORY_MB_DEFAULT   512u
#define QUOIN_EVAL_MEMORY_MB_MIN       32u
#define QUOIN_EVAL_MEMORY_MB_MAX       4096u

/* The largest frame that the bounds allow. */
#define QUOIN_EVAL_REQUEST_BYTES_MAX                                                                                   \
	(8u + 5u * 4u + QUOIN_OBJECTIVES_MAX * (4u + QUOIN_NAME_BYTES_MAX) + QUOIN_EVAL_CONSTANTS_BYTES_MAX +          \
	    QUOIN_FILES_MAX * (8u + QUOIN_EVAL_PATH_BYTES_MAX) + QUOIN_SCRIPTS_BYTES_MAX)

struct quoin_eval_file {
	struct quoin_span path; /* relative to the authoring directory */
	struct quoin_span text;
};

struct quoin_eval_request {
	const struct quoin_span *objectives; /* their names; spans and arrays are the maker's */
	size_t objective_count;
	struct quoin_span constants;	     /* strict JSON of an object, or empty */
	const struct quoin_eval_file *files; /* ascending by path, no path twice */
	size_t file_count;
	uint32_t cpu_ms;    /* processor time of one evaluation; 0 means the default */
	uint32_t memory_mb; /* memory beyond that of the idle engine; 0 means the default */
};

/* Append the frame to "out". Returns 0, QUOIN_ELIMIT (with the bound in "err", and its file), QUOIN_EUSAGE (paths out
 * of order), or the buffer's error. */
int quoin_eval_request_encode(const struct quoin_eval_request *request, struct quoin_buf *out, struct quoin_error *err);

/* Read a frame. The spans of *ret point into "frame"; its arrays are freed by quoin_eval_request_clear.
 * Returns 0, QUOIN_ESYNTAX, QUOIN_ELIMIT, QUOIN_ENOMEM; *ret is untouched on failure. */
int quoin_eval_request_decode(struct quoin_span frame, struct quoin_eval_request *ret, struct quoin_error *err);

/* Free what decode took. Accepts an all-zero request; never for one that was put together by hand. */
void quoin_eval_request_clear(struct quoin_eval_request *request);

#endif
