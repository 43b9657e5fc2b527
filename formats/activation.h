/*
 * Activation: the whole truth about what is live (PROTOCOL.md section 2). Key "activation/<seq>" on the gate topic,
 * hash-chained, signed by the gate role. From it and the labels in its certificate every host computes the one release
 * that it must run.
 */
#ifndef QUOIN_FORMATS_ACTIVATION_H
#define QUOIN_FORMATS_ACTIVATION_H

#include "formats/document.h"

/* A position in the order of activations. All comparisons are by (epoch, seq). */
struct quoin_position {
	uint64_t epoch;
	uint64_t seq;
	struct quoin_hash hash; /* of the activation document */
};
/* <0, 0, >0 by (epoch, seq); the hash is not compared. */
int quoin_position_compare(const struct quoin_position *a, const struct quoin_position *b);

/* A position in a line of a document: " <epoch> <seq> <hash>", or " 0 0 -" for none (seq 0). */
struct quoin_line_reader;
void quoin_position_print(const struct quoin_position *position, struct quoin_buf *out);
void quoin_position_read(struct quoin_line_reader *reader, struct quoin_position *ret);

struct quoin_pin {
	uint64_t intent; /* its number: the highest matching pin wins */
	uint64_t release;
	struct quoin_labels labels; /* none: every host */
};

struct quoin_live {
	struct quoin_docref release;
	uint64_t since; /* the seq at which it last entered */
	uint64_t last;	/* the latest seq in which it was selectable; 0: never yet */
};

struct quoin_failure {
	uint64_t release;
	char host[QUOIN_NAME_BYTES_MAX + 1]; /* "": not by a host */
	char reason[QUOIN_REASON_BYTES_MAX + 1];
};

struct quoin_kept {
	char host[QUOIN_NAME_BYTES_MAX + 1];
	uint64_t releases[QUOIN_HELD_MAX];
	size_t release_count;
};

struct quoin_exclusion {
	char host[QUOIN_NAME_BYTES_MAX + 1];
	int64_t until_ms; /* 0: until included */
	bool by_operator; /* false: by the gate, for a policy that allows fewer than all hosts */
};

/*
 * quoin-activation-v1
 * system <32 hex>
 * namespace <name>
 * activation <epoch> <seq>				seq from 1 in every epoch
 * prev <epoch> <seq> <hash>				of the one before; "0 0 -" for the first
 * created_ms <u64>
 * gate <32 hex: id of the gate process>
 * intent <docref of the last intent consumed>
 * head <docref of the newest release consumed>
 * asked <n>  (line)  from <n> (line)  target <n> (line)	0: none
 * step <seq> <threshold> <index>			the present step: when it was entered, thousandths of a
 *							percent, its place in the policy's reach (0 and everyone
 *							when nothing is on its way)
 * step-label <key=value>…				repeated: the label steps so far
 * pin <intent> <release> <key=value>…			repeated, ascending by intent
 * live <n> <hash> <since> <last>			repeated, ascending by n
 * active <n>						repeated, ascending: the releases once fully active
 * revoked <n>						repeated, ascending
 * failed <n> <host|-> <text>				repeated, ascending by n; one per release
 * frozen <0|1>
 * excluded <host> <until_ms> <operator|gate>		repeated, ascending by host
 * kept <host> <n>…					repeated, ascending by host; releases ascending
 * end
 *
 * prev is the seq before in the same epoch; for seq 1 one of a lower epoch, or none.
 */
struct quoin_activation {
	struct quoin_origin origin;
	uint64_t epoch;
	uint64_t seq;
	struct quoin_position prev;
	int64_t created_ms;
	uint8_t gate[16];
	struct quoin_docref intent;
	struct quoin_docref head;
	uint64_t asked, from, target;
	uint64_t step_seq;
	uint32_t step_threshold; /* 100000: everyone */
	uint32_t step_index;
	struct quoin_labels *step_labels; /* owned */
	size_t step_label_count;
	struct quoin_pin *pins; /* owned, as all below */
	size_t pin_count;
	struct quoin_live *live;
	size_t live_count;
	uint64_t *active;
	size_t active_count;
	uint64_t *revoked;
	size_t revoked_count;
	struct quoin_failure *failed;
	size_t failed_count;
	bool frozen;
	struct quoin_exclusion *excluded;
	size_t excluded_count;
	struct quoin_kept *kept;
	size_t kept_count;
};

int quoin_activation_print(const struct quoin_activation *activation, struct quoin_buf *out);
int quoin_activation_parse(struct quoin_span text, struct quoin_activation *ret, struct quoin_error *err);
void quoin_activation_clear(struct quoin_activation *activation);
/* A deep copy; "ret" must be clear. 0 or QUOIN_ENOMEM. */
int quoin_activation_copy(const struct quoin_activation *activation, struct quoin_activation *ret);

/* The release that the host must run: the matching pin with the highest intent; else target if in reach; else from.
 * 0: none. Without a target (0) nobody is in its reach. In reach: bucket(host, "reach:<namespace>") < threshold, or
 * one of the label steps matches. */
uint64_t quoin_activation_selects(const struct quoin_activation *activation, const char *host,
    const struct quoin_labels *labels);
/* Whether some router may compute this release from it: from, target, every pin. */
bool quoin_activation_may_select(const struct quoin_activation *activation, uint64_t release);
const struct quoin_live *quoin_activation_live(const struct quoin_activation *activation, uint64_t release);
bool quoin_activation_has_active(const struct quoin_activation *activation, uint64_t release);
bool quoin_activation_has_revoked(const struct quoin_activation *activation, uint64_t release);
const struct quoin_failure *quoin_activation_failure(const struct quoin_activation *activation, uint64_t release);
const struct quoin_exclusion *quoin_activation_exclusion(const struct quoin_activation *activation, const char *host);

#endif
