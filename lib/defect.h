/*
 * Seeded defects: places in the cores where the simulator's own build can break a rule on purpose, one at a time, to show
 * that the judge sees it (tests/sim). In every other build QUOIN_DEFECT is a constant false and leaves nothing behind.
 */
#ifndef QUOIN_LIB_DEFECT_H
#define QUOIN_LIB_DEFECT_H

/* name, word, what is broken */
#define QUOIN_DEFECT_TABLE(X)                                                                                          \
	X(FLIP_BEFORE_GATE, "flip-before-gate", "a host runs what is asked for before the gate selects it")		\
	X(ACK_BEFORE_COMMIT, "ack-before-commit", "a host reports and serves before it has committed")			\
	X(RATCHET_LATER, "ratchet-in-second-transaction", "an activation is committed without its ratchet")		\
	X(LIVE_EARLY, "live-set-shrunk-early", "a release leaves the live set while routers hold it")			\
	X(STALE_EVIDENCE, "stale-evidence", "a report counts however old it is")					\
	X(EVIDENCE_RESTART, "evidence-from-before-a-restart", "a host that was ready once stays ready")		\
	X(EVIDENCE_SINCE, "evidence-of-an-earlier-stay", "a report counts that obeys less than since")			\
	X(ENTERS_SELECTABLE, "selected-as-it-enters", "a release with models is selected by the activation it enters with") \
	X(BY_NUMBER, "evidence-by-number", "a report counts for a release of its number, whatever its hash")		\
	X(DOUBLE_GATE, "double-gate", "a fenced gate commits all the same")						\
	X(REVOKED_IS_GOOD, "unpin-to-revoked", "the gate returns to a revoked release")				\
	X(REVOKED_STARTS, "host-forgets-revocation", "a host starts what it knows to be revoked")			\
	X(LEASE_NEVER_ENDS, "lease-without-end", "a router goes on with a lease that has ended")			\
	X(LEASE_RECEIPT, "lease-counted-from-receipt", "a router counts its lease from when it hears the acknowledgement") \
	X(REACH_MOVES, "in-reach-not-monotone", "each step of a rollout draws its hosts anew")				\
	X(RUN_1, "run-1-retire-by-old-status", "a router that obeys an old activation is believed not to hold")	\
	X(RUN_2, "run-2-only-the-oldest-held", "a router reports one of the releases that its readers hold")		\
	X(RUN_3, "run-3-pin-as-a-brake", "a pin to any release needs the brake's condition only")			\
	X(RUN_4, "run-4-ready-over-selectable", "/ready looks at selectable releases only")				\
	X(RUN_5A, "run-5-start-on-acknowledgement", "a joining router does not read the gate topic to its end")	\
	X(RUN_5B, "run-5-refused-resolves-again", "a lapsed router's readers resolve on its acknowledgement")		\
	X(RUN_6, "run-6-decide-without-reading", "the gate does not read the statuses to their end")			\
	X(RUN_8, "run-8-back-to-revoked", "a revoked from is replaced by what is revoked, too")			\
	X(RUN_9, "run-9-fuse-to-retired", "a host whose fuse blew goes to any release that it has")			\
	X(RUN_10, "run-10-no-room", "releases enter the live set whether they fit or not")				\
	X(RUN_14A, "run-14-new-store-is-ready", "a new store answers 200 for the first activation that it meets")	\
	X(NEW_FORGOTTEN, "new-store-forgotten", "a restart makes a host forget that its store is new")			\
	X(RUN_14B, "run-14-statuses-from-zero", "a host with a new store numbers its statuses from 1")			\
	X(RUN_14C, "run-14-kept-as-reported", "what was selectable since a router was heard is not kept")		\
	X(NO_GRANT, "takeover-grants-nothing", "a new gate retires before it has heard the routers")			\
	X(NO_FUSE, "no-crash-fuse", "attempts that killed the agent are not counted")					\
	X(COLLECT_ALL, "collect-what-runs", "the content of what runs is collected")					\
	X(UNVERIFIED, "unverified-activation", "an activation is obeyed whoever signed it")				\
	X(REPLAY, "replayed-activation", "an older activation is obeyed again")					\
	X(UNLOAD_OLD_NEWS, "unload-on-old-news", "a host that was cut off unloads by the first activation it meets") \
	X(JOIN_WAITING, "join-while-activation-waits", "a router joins although the newest activation waits")		\
	X(EMPTY_END, "end-of-another-topic", "the end of a gate topic that was made anew and is empty counts")		\
	X(EPOCH_ENDED, "end-of-another-epoch", "the end counts though what came before it was refused for its epoch")	\
	X(RUN_12, "run-12-pin-without-intent", "gc removes the intent behind a standing pin")				\
	X(RUN_13, "run-13-acts-behind-the-fleet", "a gate acts though hosts obey more than its log has")		\
	X(IMPORT_BEHIND, "run-13-import-behind-the-fleet", "an import writes an activation older than hosts obey")	\
	X(LEFTOVERS, "leftovers-after-a-crash", "what was to be unloaded when the agent died stays loaded")

enum quoin_defect {
	QUOIN_DEFECT_NONE,
#define X(name, word, what) QUOIN_DEFECT_##name,
	QUOIN_DEFECT_TABLE(X)
#undef X
	QUOIN_DEFECTS_COUNT,
};

#ifdef QUOIN_DEFECTS
extern enum quoin_defect quoin_defect; /* of the simulator: the one that is in */
#define QUOIN_DEFECT(name) (quoin_defect == QUOIN_DEFECT_##name)
#else
#define QUOIN_DEFECT(name) 0
#endif

#endif
