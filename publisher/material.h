/*
 * Material: what a command is about to publish, checks or plans: a compiled directory or files, the base it stands on, the
 * hosts it is for, and the problems that guards and tests found. What publish, check and plan share.
 */
#ifndef QUOIN_PUBLISHER_MATERIAL_H
#define QUOIN_PUBLISHER_MATERIAL_H

#include "publisher/base.h"
#include "publisher/cli.h"
#include "publisher/publish.h"
#include "publisher/testfile.h"

struct quoin_material {
	struct quoin_base base;
	struct quoin_fleet fleet;
	bool has_fleet;
	struct quoin_compiled compiled; /* of a directory */
	bool is_compiled;
	struct quoin_testfile_result tests;
	struct quoin_problems problems;
	struct quoin_buf files[QUOIN_PARTS_MAX]; /* of files */
	struct quoin_publish_part parts[QUOIN_PARTS_MAX];
	struct quoin_publication publication; /* parts, policy and base are filled in; borrows from the rest */
};

/* Large: allocate it. All zero before; clear it also after a failure. */
void quoin_material_init(struct quoin_material *material);
void quoin_material_clear(struct quoin_material *material);

/* Read what hosts announced on the status topic, for the guard of their limits. */
int quoin_material_read_fleet(struct quoin_session *session, struct quoin_material *material, struct quoin_error *err);

/* Compile the directory against the material's base; "may_overcommit": models may be placed beyond the capacity of a shard,
 * as the guard is waived. Console lines are told. Returns 0; QUOIN_EREFUSED with problems;
 * what quoin_compile returns. */
int quoin_material_compile(const struct quoin_cli *cli, const char *dir, bool may_overcommit,
    struct quoin_material *material, struct quoin_error *err);

/* Read parts from files: "NAME=FILE" texts, which are sorted and cut in two. "policy_file" may be NULL. */
int quoin_material_read_files(char **texts, size_t count, const char *schema, const char *policy_file,
    struct quoin_material *material, struct quoin_error *err);

/* Try the guards on what was compiled or read, and run a directory's own tests whatever guards say: an author wants to know
 * all of it. "conf" (thresholds) may be NULL. 0; QUOIN_EREFUSED: guards object or tests failed, and are problems; the codes of
 * quoin_guard. */
int quoin_material_vet(const struct quoin_conf *conf, const char *const *waived, size_t waived_count,
    struct quoin_material *material, struct quoin_error *err);

#endif
