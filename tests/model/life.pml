/*
 * The life of a release (PROTOCOL.md), small and exhaustive: two serving hosts, two routers (or one of each), two gates, two releases and a
 * rollback. Release 1 is active at the start; somebody asks for 2, and later for 1 again, or for 2 once more.
 *
 * What is modelled: activations as an ordered log that everybody reads in order but late; statuses as a compacted topic
 * (only the newest of each host is there) that a gate reads at one moment and decides by at a later one; transactions with
 * fencing; gate takeover at any moment; crash and restart of serving hosts (models gone, store kept) and of routers (store
 * kept, readers gone); readers that hold a release as long as they like; models that load late and unload when allowed.
 *
 * Both releases have models on both hosts. One that has none, and asks no router, is selected by the activation it enters with:
 * its ALL_READY is true at once, there is nothing to bind or to unload, so preparing and selecting it may be one step of these two.
 *
 * What is left out: steps, pins, exclusion, lease ends (every router has its lease), failed models, revocation, signatures,
 * clocks and drains (a drain only delays), erased statuses (the simulator has them).
 *
 * The invariants carry the numbers of PROTOCOL.md section 9. A mutation is a macro M_…; tests/model/run tries them all.
 */

#ifndef HOSTS
#define HOSTS 2
#endif
#ifndef ROUTERS
#define ROUTERS 2
#endif
#define GATES 2
#define ALL_ROUTERS ((1 << ROUTERS) - 1)

#ifndef SEQS
#define SEQS 7 /* activations after the first */
#endif
#ifndef ASKS
#define ASKS 2 /* words of the operator: publish 2, roll back, ... */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef TAKEOVERS
#define TAKEOVERS 1
#endif

#define BIT(release) (1 << ((release) - 1))
#define OTHER(release) (3 - (release))

/* The log of activations. Index 0 is the one at the start. */
byte newest = 0;
byte target[SEQS + 1] = 1;
byte from[SEQS + 1] = 1;
byte live[SEQS + 1] = 1; /* bits */
byte since1[SEQS + 1], since2[SEQS + 1];
byte last1[SEQS + 1], last2[SEQS + 1];

/* What is asked for, on the control log. */
byte asked = 1;
byte asks = 0;

/* Serving hosts: what is loaded, what is obeyed; the newest status on the topic. */
byte h_loaded[HOSTS] = 1;
byte h_obeyed[HOSTS];
byte hs_obeyed[HOSTS];
byte hs_ready[HOSTS] = 1;
byte crashes = 0;

/* Whether the host was ready for the release when a gate counted on it and has not crashed since: what it is bound by. */
byte h_bound[HOSTS] = 1;

/* Routers. */
byte r_runs[ROUTERS] = 1;
byte r_holds[ROUTERS];	/* bits, of readers; not what it runs */
byte r_obeyed[ROUTERS];
byte rs_obeyed[ROUTERS], rs_holds[ROUTERS];
byte rs_runs[ROUTERS] = 1;

/* Gates: who was the last to fence; what each read of the statuses. */
byte fence = 0;
byte takeovers = 0;
byte heard[GATES] = ALL_ROUTERS;		/* bits of routers whose status came since this gate took over */

#define SELECTABLE(seq, release) (target[seq] == (release) || from[seq] == (release))
#define SINCE(seq, release)	 ((release) == 1 -> since1[seq] : since2[seq])
#define LAST(seq, release)	 ((release) == 1 -> last1[seq] : last2[seq])

/* A router may still start the release: some activation that it has yet to act upon selects it. */
inline check_unload(host, release)
{
	/* I5 unroute before unload */
	r_ = 0;
	do
	:: r_ < ROUTERS ->
		assert(r_runs[r_] != release);
		assert(!(r_holds[r_] & BIT(release)));
		s_ = r_obeyed[r_];
		do
		:: s_ <= h_obeyed[host] ->
			assert(target[s_] != release || !(live[s_] & BIT(release)));
			s_++
		:: else -> break
		od;
		r_++
	:: else -> break
	od;
	r_ = 0;
	s_ = 0
}

#define MAY_LOAD(release) ((live[h_obeyed[me]] & BIT(release)) && !(h_loaded[me] & BIT(release)))
#ifdef M_UNLOAD_EARLY
#define MAY_UNLOAD(release) (!SELECTABLE(h_obeyed[me], release) && (h_loaded[me] & BIT(release)))
#else
#define MAY_UNLOAD(release) (!(live[h_obeyed[me]] & BIT(release)) && (h_loaded[me] & BIT(release)))
#endif
inline unload(release)
{
	check_unload(me, release);
	h_loaded[me] = h_loaded[me] & ~BIT(release);
	h_bound[me] = h_bound[me] & ~BIT(release)
}

active [HOSTS] proctype serving()
{
	byte me = _pid;
	byte r_, s_;

	do
	:: atomic { h_obeyed[me] < newest -> h_obeyed[me]++ }
	:: atomic { MAY_LOAD(1) -> h_loaded[me] = h_loaded[me] | BIT(1) }
	:: atomic { MAY_LOAD(2) -> h_loaded[me] = h_loaded[me] | BIT(2) }
	:: atomic { MAY_UNLOAD(1) -> unload(1) }
	:: atomic { MAY_UNLOAD(2) -> unload(2) }
	:: atomic {
		(hs_obeyed[me] != h_obeyed[me] || hs_ready[me] != h_loaded[me]);
		hs_obeyed[me] = h_obeyed[me];
		hs_ready[me] = h_loaded[me]
	   }
	:: atomic {
		crashes < CRASHES ->
		crashes++;
		h_loaded[me] = 0;
		h_bound[me] = 0
	   }
	od
}

#ifdef M_FLIP_BEFORE_GATE
#define WANTED ((live[r_obeyed[me]] & 2) -> 2 : target[r_obeyed[me]])
#else
#define WANTED target[r_obeyed[me]]
#endif

active [ROUTERS] proctype router()
{
	byte me = _pid - HOSTS;
	byte wanted, host;

	do
	:: atomic { r_obeyed[me] < newest -> r_obeyed[me]++ }
	:: atomic { /* flip: what the obeyed activation selects, if it lists it as live */
		WANTED != r_runs[me] && (live[r_obeyed[me]] & BIT(WANTED)) ->
		wanted = WANTED;
		/* I4 ready before route: every host either is bound to the release or has crashed since it was counted */
		host = 0;
		do
		:: host < HOSTS ->
			assert(!(h_bound[host] & BIT(wanted)) || (h_loaded[host] & BIT(wanted)));
			host++
		:: else -> break
		od;
#ifdef M_FLIP_BEFORE_GATE
		assert(SELECTABLE(r_obeyed[me], wanted));
#endif
		r_holds[me] = (r_holds[me] | BIT(r_runs[me])) & ~BIT(wanted);
		r_runs[me] = wanted;
		wanted = 0;
		host = 0
	   }
	:: atomic { r_holds[me] != 0 -> r_holds[me] = 0 }
	:: atomic {
		(rs_obeyed[me] != r_obeyed[me] || rs_runs[me] != r_runs[me] || rs_holds[me] != r_holds[me] ||
		 !(heard[fence] & (1 << me)));
		rs_obeyed[me] = r_obeyed[me];
		rs_runs[me] = r_runs[me];
#ifdef M_REPORT_RUNS_ONLY
		rs_holds[me] = 0;
#else
		rs_holds[me] = r_holds[me];
#endif
		heard[0] = heard[0] | (1 << me);
		heard[1] = heard[1] | (1 << me)
	   }
	od
}

/* Copy the newest activation into the next, with "selectable" noted in last. */
#define NEXT (newest + 1)
inline begin_activation()
{
	target[NEXT] = target[newest];
	from[NEXT] = from[newest];
	live[NEXT] = live[newest];
	since1[NEXT] = since1[newest];
	since2[NEXT] = since2[newest];
	last1[NEXT] = last1[newest];
	last2[NEXT] = last2[newest]
}
inline end_activation()
{
	/* What may be selected is live: hosts keep it loaded. */
	assert((live[NEXT] & BIT(target[NEXT])) && (live[NEXT] & BIT(from[NEXT])));
	if :: SELECTABLE(NEXT, 1) -> last1[NEXT] = NEXT :: else fi;
	if :: SELECTABLE(NEXT, 2) -> last2[NEXT] = NEXT :: else fi;
	newest = NEXT
}

/* What a gate read of the statuses, at one moment: bits of hosts and routers. */
#define READY(h, release) ((hs_ready[h] & BIT(release)) && hs_obeyed[h] >= SINCE(newest, release))
#ifdef M_STALE_EVIDENCE
#undef READY
#define READY(h, release) (hs_ready[h] & BIT(release))
#endif
#ifdef M_RETIRE_ON_OLD_REPORT
#define FREE(r, release) (rs_runs[r] != (release) && !(rs_holds[r] & BIT(release)))
#else
#define FREE(r, release) (rs_runs[r] != (release) && !(rs_holds[r] & BIT(release)) && rs_obeyed[r] > LAST(newest, release))
#endif

/* A transaction commits only for the gate that fenced last, and then nothing came between its reading and its writing. */
#ifdef M_NO_FENCE
#define IN_CHARGE true
#else
#define IN_CHARGE (fence == me && saw == newest)
#endif

/* The first and the last host, and router: all there are. */
#define ALL_READY(release) (READY(0, release) && READY(HOSTS - 1, release))
#define ALL_FREE(release)  (FREE(0, release) && FREE(ROUTERS - 1, release))

/* The host is counted upon from here on: it may not drop the release while it is live. */
inline bind(host, release)
{
	h_bound[host] = h_bound[host] | (h_loaded[host] & BIT(release))
}

#define MAY_RETIRE(release) ((live[newest] & BIT(release)) && asked != (release) && !SELECTABLE(newest, release))

active [GATES] proctype gate()
{
	byte me = _pid - HOSTS - ROUTERS;
	byte saw;	 /* the newest activation when the statuses were read */
	bool ready, ran, free;
	byte release;

	do
	/* Take over: fence, read to the end. Nothing is retired before every router has been heard since. */
	:: atomic {
		fence != me && takeovers < TAKEOVERS ->
		takeovers++;
		fence = me;
		heard[me] = 0
	   }

	/* Prepare: what is asked for enters the live set. */
	:: atomic {
		fence == me && newest < SEQS && !(live[newest] & BIT(asked)) && target[newest] == from[newest] ->
		begin_activation();
		live[NEXT] = live[NEXT] | BIT(asked);
		if
		:: asked == 1 -> since1[NEXT] = NEXT; last1[NEXT] = 0
		:: else -> since2[NEXT] = NEXT; last2[NEXT] = 0
		fi;
		end_activation()
	   }

	/* Select: read the statuses at one moment ... */
	:: atomic {
		fence == me && newest < SEQS && (live[newest] & BIT(asked)) && target[newest] != asked ->
		saw = newest;
		release = asked;
		ready = ALL_READY(release);
		if
		:: ready -> bind(0, release); bind(HOSTS - 1, release)
		:: else
		fi
	   }
	   /* ... and decide at a later one. */
	   if
	   :: atomic {
		ready && newest < SEQS && asked == release && IN_CHARGE ->
		begin_activation();
		target[NEXT] = release;
		end_activation();
		saw = 0; release = 0; ready = false
	      }
	   :: atomic { else -> saw = 0; release = 0; ready = false }
	   fi

	/* Complete: every router reported that it runs the target, obeying at least the activation that selected it. */
	:: atomic {
		fence == me && newest < SEQS && target[newest] != from[newest] &&
		rs_runs[0] == target[newest] && rs_runs[ROUTERS - 1] == target[newest] ->
		begin_activation();
		from[NEXT] = target[newest];
		end_activation()
	   }

	/* Retire: read the statuses after the last activation in which it was selectable ... */
	:: atomic {
		fence == me && newest < SEQS && heard[me] == ALL_ROUTERS && (MAY_RETIRE(1) || MAY_RETIRE(2)) ->
		release = (MAY_RETIRE(1) -> 1 : 2);
		saw = newest;
#ifdef M_SHRINK_AT_FLIP
		free = true
#else
		free = ALL_FREE(release)
#endif
	   }
	   if
	   :: atomic {
		free && newest < SEQS && IN_CHARGE ->
		begin_activation();
		live[NEXT] = live[NEXT] & ~BIT(release);
		end_activation();
		saw = 0; release = 0; free = false
	      }
	   :: atomic { else -> saw = 0; release = 0; free = false }
	   fi
	od
}

/* Somebody asks: first for 2, then for the other one, and so on. */
active proctype operator()
{
	do
	:: atomic { asks < ASKS -> asks++; asked = OTHER(asked) }
	:: asks == ASKS -> break
	od
}
