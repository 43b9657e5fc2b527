#include "subscriber/audit.h"

#include "subscriber/child.h"
#include "subscriber/store.h"

/* A store at its limits (256 MiB a release, a few of them) is read in a few seconds from a slow disk. */
#define AUDIT_TIMEOUT_MS 120000

struct audit {
	const char *state;
	const char *namespace_name;
};

static int
verify(void *ctx, struct quoin_error *err)
{
	const struct audit *audit = ctx;

	return quoin_store_verify(audit->state, audit->namespace_name, err);
}

int
quoin_audit(const char *state, const char *namespace_name, bool *ret_quarantined, struct quoin_error *err)
{
	struct audit audit = {state, namespace_name};
	int r, moved;

	*ret_quarantined = false;
	r = quoin_child_run(verify, &audit, AUDIT_TIMEOUT_MS, err);
	if (r == 0 || r == QUOIN_ENOENT)
		return 0;
	/* EREFUSED: the child crashed or hung. A store of another format is no use to this program either. */
	if (r != QUOIN_ECORRUPT && r != QUOIN_EREFUSED && r != QUOIN_EVERSION)
		return r;
	moved = quoin_store_quarantine(state, namespace_name, NULL);
	if (moved != 0)
		return quoin_error_set(err, moved, "the store is damaged and cannot be moved aside");
	*ret_quarantined = true;
	if (err != NULL)
		err->code = QUOIN_ECORRUPT;
	return QUOIN_ECORRUPT;
}
