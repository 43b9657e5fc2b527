#define rand	pan_rand
#define pthread_equal(a,b)	((a)==(b))
#if defined(HAS_CODE) && defined(VERBOSE)
	#ifdef BFS_PAR
		bfs_printf("Pr: %d Tr: %d\n", II, t->forw);
	#else
		cpu_printf("Pr: %d Tr: %d\n", II, t->forw);
	#endif
#endif
	switch (t->forw) {
	default: Uerror("bad forward move");
	case 0:	/* if without executable clauses */
		continue;
	case 1: /* generic 'goto' or 'skip' */
		IfNotBlocked
		_m = 3; goto P999;
	case 2: /* generic 'else' */
		IfNotBlocked
		if (trpt->o_pm&1) continue;
		_m = 3; goto P999;

		 /* PROC :init: */
	case 3: // STATE 1 - life.pml:322 - [target[0] = 1] (0:17:15 - 1)
		IfNotBlocked
		reached[4][1] = 1;
		(trpt+1)->bup.ovals = grab_ints(15);
		(trpt+1)->bup.ovals[0] = ((int)now.target[0]);
		now.target[0] = 1;
#ifdef VAR_RANGES
		logval("target[0]", ((int)now.target[0]));
#endif
		;
		/* merge: from[0] = 1(17, 2, 17) */
		reached[4][2] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.from[0]);
		now.from[0] = 1;
#ifdef VAR_RANGES
		logval("from[0]", ((int)now.from[0]));
#endif
		;
		/* merge: live[0] = 1(17, 3, 17) */
		reached[4][3] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.live[0]);
		now.live[0] = 1;
#ifdef VAR_RANGES
		logval("live[0]", ((int)now.live[0]));
#endif
		;
		/* merge: h_loaded[0] = 1(17, 4, 17) */
		reached[4][4] = 1;
		(trpt+1)->bup.ovals[3] = ((int)now.h_loaded[0]);
		now.h_loaded[0] = 1;
#ifdef VAR_RANGES
		logval("h_loaded[0]", ((int)now.h_loaded[0]));
#endif
		;
		/* merge: h_loaded[1] = 1(17, 5, 17) */
		reached[4][5] = 1;
		(trpt+1)->bup.ovals[4] = ((int)now.h_loaded[1]);
		now.h_loaded[1] = 1;
#ifdef VAR_RANGES
		logval("h_loaded[1]", ((int)now.h_loaded[1]));
#endif
		;
		/* merge: hs_ready[0] = 1(17, 6, 17) */
		reached[4][6] = 1;
		(trpt+1)->bup.ovals[5] = ((int)now.hs_ready[0]);
		now.hs_ready[0] = 1;
#ifdef VAR_RANGES
		logval("hs_ready[0]", ((int)now.hs_ready[0]));
#endif
		;
		/* merge: hs_ready[1] = 1(17, 7, 17) */
		reached[4][7] = 1;
		(trpt+1)->bup.ovals[6] = ((int)now.hs_ready[1]);
		now.hs_ready[1] = 1;
#ifdef VAR_RANGES
		logval("hs_ready[1]", ((int)now.hs_ready[1]));
#endif
		;
		/* merge: h_bound[0] = 1(17, 8, 17) */
		reached[4][8] = 1;
		(trpt+1)->bup.ovals[7] = ((int)now.h_bound[0]);
		now.h_bound[0] = 1;
#ifdef VAR_RANGES
		logval("h_bound[0]", ((int)now.h_bound[0]));
#endif
		;
		/* merge: h_bound[1] = 1(17, 9, 17) */
		reached[4][9] = 1;
		(trpt+1)->bup.ovals[8] = ((int)now.h_bound[1]);
		now.h_bound[1] = 1;
#ifdef VAR_RANGES
		logval("h_bound[1]", ((int)now.h_bound[1]));
#endif
		;
		/* merge: r_runs[0] = 1(17, 10, 17) */
		reached[4][10] = 1;
		(trpt+1)->bup.ovals[9] = ((int)now.r_runs[0]);
		now.r_runs[0] = 1;
#ifdef VAR_RANGES
		logval("r_runs[0]", ((int)now.r_runs[0]));
#endif
		;
		/* merge: r_runs[1] = 1(17, 11, 17) */
		reached[4][11] = 1;
		(trpt+1)->bup.ovals[10] = ((int)now.r_runs[1]);
		now.r_runs[1] = 1;
#ifdef VAR_RANGES
		logval("r_runs[1]", ((int)now.r_runs[1]));
#endif
		;
		/* merge: rs_runs[0] = 1(17, 12, 17) */
		reached[4][12] = 1;
		(trpt+1)->bup.ovals[11] = ((int)now.rs_runs[0]);
		now.rs_runs[0] = 1;
#ifdef VAR_RANGES
		logval("rs_runs[0]", ((int)now.rs_runs[0]));
#endif
		;
		/* merge: rs_runs[1] = 1(17, 13, 17) */
		reached[4][13] = 1;
		(trpt+1)->bup.ovals[12] = ((int)now.rs_runs[1]);
		now.rs_runs[1] = 1;
#ifdef VAR_RANGES
		logval("rs_runs[1]", ((int)now.rs_runs[1]));
#endif
		;
		/* merge: heard[0] = 3(17, 14, 17) */
		reached[4][14] = 1;
		(trpt+1)->bup.ovals[13] = ((int)now.heard[0]);
		now.heard[0] = 3;
#ifdef VAR_RANGES
		logval("heard[0]", ((int)now.heard[0]));
#endif
		;
		/* merge: heard[1] = 3(17, 15, 17) */
		reached[4][15] = 1;
		(trpt+1)->bup.ovals[14] = ((int)now.heard[1]);
		now.heard[1] = 3;
#ifdef VAR_RANGES
		logval("heard[1]", ((int)now.heard[1]));
#endif
		;
		_m = 3; goto P999; /* 14 */
	case 4: // STATE 17 - life.pml:327 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[4][17] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC operator */
	case 5: // STATE 1 - life.pml:314 - [((asks<2))] (7:0:2 - 1)
		IfNotBlocked
		reached[3][1] = 1;
		if (!((((int)now.asks)<2)))
			continue;
		/* merge: asks = (asks+1)(7, 2, 7) */
		reached[3][2] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.asks);
		now.asks = (((int)now.asks)+1);
#ifdef VAR_RANGES
		logval("asks", ((int)now.asks));
#endif
		;
		/* merge: asked = (3-asked)(7, 3, 7) */
		reached[3][3] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.asked);
		now.asked = (3-((int)now.asked));
#ifdef VAR_RANGES
		logval("asked", ((int)now.asked));
#endif
		;
		/* merge: .(goto)(0, 8, 7) */
		reached[3][8] = 1;
		;
		_m = 3; goto P999; /* 3 */
	case 6: // STATE 5 - life.pml:315 - [((asks==2))] (0:0:0 - 1)
		IfNotBlocked
		reached[3][5] = 1;
		if (!((((int)now.asks)==2)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 7: // STATE 10 - life.pml:317 - [-end-] (0:0:0 - 3)
		IfNotBlocked
		reached[3][10] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC gate */
	case 8: // STATE 1 - life.pml:228 - [(((fence!=me)&&(takeovers<1)))] (146:0:3 - 1)
		IfNotBlocked
		reached[2][1] = 1;
		if (!(((((int)now.fence)!=((int)((P2 *)_this)->me))&&(((int)now.takeovers)<1))))
			continue;
		/* merge: takeovers = (takeovers+1)(146, 2, 146) */
		reached[2][2] = 1;
		(trpt+1)->bup.ovals = grab_ints(3);
		(trpt+1)->bup.ovals[0] = ((int)now.takeovers);
		now.takeovers = (((int)now.takeovers)+1);
#ifdef VAR_RANGES
		logval("takeovers", ((int)now.takeovers));
#endif
		;
		/* merge: fence = me(146, 3, 146) */
		reached[2][3] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.fence);
		now.fence = ((int)((P2 *)_this)->me);
#ifdef VAR_RANGES
		logval("fence", ((int)now.fence));
#endif
		;
		/* merge: heard[me] = 0(146, 4, 146) */
		reached[2][4] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.heard[ Index(((int)((P2 *)_this)->me), 2) ]);
		now.heard[ Index(((P2 *)_this)->me, 2) ] = 0;
#ifdef VAR_RANGES
		logval("heard[gate:me]", ((int)now.heard[ Index(((int)((P2 *)_this)->me), 2) ]));
#endif
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 4 */
	case 9: // STATE 6 - life.pml:240 - [(((((fence==me)&&(newest<7))&&!((live[newest]&(1<<(asked-1)))))&&(target[newest]==from[newest])))] (0:0:0 - 1)
		IfNotBlocked
		reached[2][6] = 1;
		if (!(((((((int)now.fence)==((int)((P2 *)_this)->me))&&(((int)now.newest)<7))&& !((((int)now.live[ Index(((int)now.newest), 8) ])&(1<<(((int)now.asked)-1)))))&&(((int)now.target[ Index(((int)now.newest), 8) ])==((int)now.from[ Index(((int)now.newest), 8) ])))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 10: // STATE 7 - life.pml:184 - [target[(newest+1)] = target[newest]] (0:22:8 - 1)
		IfNotBlocked
		reached[2][7] = 1;
		(trpt+1)->bup.ovals = grab_ints(8);
		(trpt+1)->bup.ovals[0] = ((int)now.target[ Index((((int)now.newest)+1), 8) ]);
		now.target[ Index((now.newest+1), 8) ] = ((int)now.target[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("target[(newest+1)]", ((int)now.target[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: from[(newest+1)] = from[newest](22, 8, 22) */
		reached[2][8] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.from[ Index((((int)now.newest)+1), 8) ]);
		now.from[ Index((now.newest+1), 8) ] = ((int)now.from[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("from[(newest+1)]", ((int)now.from[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: live[(newest+1)] = live[newest](22, 9, 22) */
		reached[2][9] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.live[ Index((((int)now.newest)+1), 8) ]);
		now.live[ Index((now.newest+1), 8) ] = ((int)now.live[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("live[(newest+1)]", ((int)now.live[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: since1[(newest+1)] = since1[newest](22, 10, 22) */
		reached[2][10] = 1;
		(trpt+1)->bup.ovals[3] = ((int)now.since1[ Index((((int)now.newest)+1), 8) ]);
		now.since1[ Index((now.newest+1), 8) ] = ((int)now.since1[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("since1[(newest+1)]", ((int)now.since1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: since2[(newest+1)] = since2[newest](22, 11, 22) */
		reached[2][11] = 1;
		(trpt+1)->bup.ovals[4] = ((int)now.since2[ Index((((int)now.newest)+1), 8) ]);
		now.since2[ Index((now.newest+1), 8) ] = ((int)now.since2[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("since2[(newest+1)]", ((int)now.since2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last1[(newest+1)] = last1[newest](22, 12, 22) */
		reached[2][12] = 1;
		(trpt+1)->bup.ovals[5] = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = ((int)now.last1[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last2[(newest+1)] = last2[newest](22, 13, 22) */
		reached[2][13] = 1;
		(trpt+1)->bup.ovals[6] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = ((int)now.last2[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: live[(newest+1)] = (live[(newest+1)]|(1<<(asked-1)))(22, 15, 22) */
		reached[2][15] = 1;
		(trpt+1)->bup.ovals[7] = ((int)now.live[ Index((((int)now.newest)+1), 8) ]);
		now.live[ Index((now.newest+1), 8) ] = (((int)now.live[ Index((((int)now.newest)+1), 8) ])|(1<<(((int)now.asked)-1)));
#ifdef VAR_RANGES
		logval("live[(newest+1)]", ((int)now.live[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		_m = 3; goto P999; /* 7 */
	case 11: // STATE 16 - life.pml:244 - [((asked==1))] (35:0:2 - 1)
		IfNotBlocked
		reached[2][16] = 1;
		if (!((((int)now.asked)==1)))
			continue;
		/* merge: since1[(newest+1)] = (newest+1)(35, 17, 35) */
		reached[2][17] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.since1[ Index((((int)now.newest)+1), 8) ]);
		now.since1[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("since1[(newest+1)]", ((int)now.since1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last1[(newest+1)] = 0(35, 18, 35) */
		reached[2][18] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = 0;
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(0, 23, 35) */
		reached[2][23] = 1;
		;
		_m = 3; goto P999; /* 3 */
	case 12: // STATE 20 - life.pml:245 - [since2[(newest+1)] = (newest+1)] (0:35:2 - 1)
		IfNotBlocked
		reached[2][20] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.since2[ Index((((int)now.newest)+1), 8) ]);
		now.since2[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("since2[(newest+1)]", ((int)now.since2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last2[(newest+1)] = 0(35, 21, 35) */
		reached[2][21] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = 0;
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(0, 23, 35) */
		reached[2][23] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 13: // STATE 24 - life.pml:194 - [(((target[(newest+1)]==1)||(from[(newest+1)]==1)))] (32:0:1 - 1)
		IfNotBlocked
		reached[2][24] = 1;
		if (!(((((int)now.target[ Index((((int)now.newest)+1), 8) ])==1)||(((int)now.from[ Index((((int)now.newest)+1), 8) ])==1))))
			continue;
		/* merge: last1[(newest+1)] = (newest+1)(0, 25, 32) */
		reached[2][25] = 1;
		(trpt+1)->bup.oval = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(0, 28, 32) */
		reached[2][28] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 14: // STATE 29 - life.pml:195 - [(((target[(newest+1)]==2)||(from[(newest+1)]==2)))] (146:0:2 - 1)
		IfNotBlocked
		reached[2][29] = 1;
		if (!(((((int)now.target[ Index((((int)now.newest)+1), 8) ])==2)||(((int)now.from[ Index((((int)now.newest)+1), 8) ])==2))))
			continue;
		/* merge: last2[(newest+1)] = (newest+1)(146, 30, 146) */
		reached[2][30] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(146, 33, 146) */
		reached[2][33] = 1;
		;
		/* merge: newest = (newest+1)(146, 34, 146) */
		reached[2][34] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.newest);
		now.newest = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("newest", ((int)now.newest));
#endif
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 4 */
	case 15: // STATE 33 - life.pml:196 - [.(goto)] (0:146:1 - 2)
		IfNotBlocked
		reached[2][33] = 1;
		;
		/* merge: newest = (newest+1)(146, 34, 146) */
		reached[2][34] = 1;
		(trpt+1)->bup.oval = ((int)now.newest);
		now.newest = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("newest", ((int)now.newest));
#endif
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 16: // STATE 37 - life.pml:252 - [(((((fence==me)&&(newest<7))&&(live[newest]&(1<<(asked-1))))&&(target[newest]!=asked)))] (45:0:3 - 1)
		IfNotBlocked
		reached[2][37] = 1;
		if (!(((((((int)now.fence)==((int)((P2 *)_this)->me))&&(((int)now.newest)<7))&&(((int)now.live[ Index(((int)now.newest), 8) ])&(1<<(((int)now.asked)-1))))&&(((int)now.target[ Index(((int)now.newest), 8) ])!=((int)now.asked)))))
			continue;
		/* merge: saw = newest(45, 38, 45) */
		reached[2][38] = 1;
		(trpt+1)->bup.ovals = grab_ints(3);
		(trpt+1)->bup.ovals[0] = ((int)((P2 *)_this)->saw);
		((P2 *)_this)->saw = ((int)now.newest);
#ifdef VAR_RANGES
		logval("gate:saw", ((int)((P2 *)_this)->saw));
#endif
		;
		/* merge: release = asked(45, 39, 45) */
		reached[2][39] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = ((int)now.asked);
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		/* merge: ready = (((hs_ready[0]&(1<<(release-1)))&&(hs_obeyed[0]>=( ((release==1)) -> (since1[newest]) : (since2[newest]) )))&&((hs_ready[1]&(1<<(release-1)))&&(hs_obeyed[1]>=( ((release==1)) -> (since1[newest]) : (since2[newest]) ))))(45, 40, 45) */
		reached[2][40] = 1;
		(trpt+1)->bup.ovals[2] = ((int)((P2 *)_this)->ready);
		((P2 *)_this)->ready = (((((int)now.hs_ready[0])&(1<<(((int)((P2 *)_this)->release)-1)))&&(((int)now.hs_obeyed[0])>=( ((((int)((P2 *)_this)->release)==1)) ? (((int)now.since1[ Index(((int)now.newest), 8) ])) : (((int)now.since2[ Index(((int)now.newest), 8) ])) )))&&((((int)now.hs_ready[1])&(1<<(((int)((P2 *)_this)->release)-1)))&&(((int)now.hs_obeyed[1])>=( ((((int)((P2 *)_this)->release)==1)) ? (((int)now.since1[ Index(((int)now.newest), 8) ])) : (((int)now.since2[ Index(((int)now.newest), 8) ])) ))));
#ifdef VAR_RANGES
		logval("gate:ready", ((int)((P2 *)_this)->ready));
#endif
		;
		_m = 3; goto P999; /* 3 */
	case 17: // STATE 41 - life.pml:257 - [(ready)] (79:0:2 - 1)
		IfNotBlocked
		reached[2][41] = 1;
		if (!(((int)((P2 *)_this)->ready)))
			continue;
		/* merge: h_bound[0] = (h_bound[0]|(h_loaded[0]&(1<<(release-1))))(79, 42, 79) */
		reached[2][42] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.h_bound[0]);
		now.h_bound[0] = (((int)now.h_bound[0])|(((int)now.h_loaded[0])&(1<<(((int)((P2 *)_this)->release)-1))));
#ifdef VAR_RANGES
		logval("h_bound[0]", ((int)now.h_bound[0]));
#endif
		;
		/* merge: h_bound[1] = (h_bound[1]|(h_loaded[1]&(1<<(release-1))))(79, 43, 79) */
		reached[2][43] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.h_bound[1]);
		now.h_bound[1] = (((int)now.h_bound[1])|(((int)now.h_loaded[1])&(1<<(((int)((P2 *)_this)->release)-1))));
#ifdef VAR_RANGES
		logval("h_bound[1]", ((int)now.h_bound[1]));
#endif
		;
		/* merge: .(goto)(79, 46, 79) */
		reached[2][46] = 1;
		;
		_m = 3; goto P999; /* 3 */
	case 18: // STATE 46 - life.pml:263 - [.(goto)] (0:79:0 - 2)
		IfNotBlocked
		reached[2][46] = 1;
		;
		_m = 3; goto P999; /* 0 */
	case 19: // STATE 48 - life.pml:267 - [((((ready&&(newest<7))&&(asked==release))&&((fence==me)&&(saw==newest))))] (0:0:2 - 1)
		IfNotBlocked
		reached[2][48] = 1;
		if (!((((((int)((P2 *)_this)->ready)&&(((int)now.newest)<7))&&(((int)now.asked)==((int)((P2 *)_this)->release)))&&((((int)now.fence)==((int)((P2 *)_this)->me))&&(((int)((P2 *)_this)->saw)==((int)now.newest))))))
			continue;
		if (TstOnly) return 1; /* TT */
		/* dead 1: ready */  (trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((P2 *)_this)->ready;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P2 *)_this)->ready = 0;
		if (TstOnly) return 1; /* TT */
		/* dead 1: saw */  (trpt+1)->bup.ovals[1] = ((P2 *)_this)->saw;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P2 *)_this)->saw = 0;
		_m = 3; goto P999; /* 0 */
	case 20: // STATE 49 - life.pml:184 - [target[(newest+1)] = target[newest]] (0:69:8 - 1)
		IfNotBlocked
		reached[2][49] = 1;
		(trpt+1)->bup.ovals = grab_ints(8);
		(trpt+1)->bup.ovals[0] = ((int)now.target[ Index((((int)now.newest)+1), 8) ]);
		now.target[ Index((now.newest+1), 8) ] = ((int)now.target[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("target[(newest+1)]", ((int)now.target[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: from[(newest+1)] = from[newest](69, 50, 69) */
		reached[2][50] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.from[ Index((((int)now.newest)+1), 8) ]);
		now.from[ Index((now.newest+1), 8) ] = ((int)now.from[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("from[(newest+1)]", ((int)now.from[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: live[(newest+1)] = live[newest](69, 51, 69) */
		reached[2][51] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.live[ Index((((int)now.newest)+1), 8) ]);
		now.live[ Index((now.newest+1), 8) ] = ((int)now.live[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("live[(newest+1)]", ((int)now.live[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: since1[(newest+1)] = since1[newest](69, 52, 69) */
		reached[2][52] = 1;
		(trpt+1)->bup.ovals[3] = ((int)now.since1[ Index((((int)now.newest)+1), 8) ]);
		now.since1[ Index((now.newest+1), 8) ] = ((int)now.since1[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("since1[(newest+1)]", ((int)now.since1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: since2[(newest+1)] = since2[newest](69, 53, 69) */
		reached[2][53] = 1;
		(trpt+1)->bup.ovals[4] = ((int)now.since2[ Index((((int)now.newest)+1), 8) ]);
		now.since2[ Index((now.newest+1), 8) ] = ((int)now.since2[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("since2[(newest+1)]", ((int)now.since2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last1[(newest+1)] = last1[newest](69, 54, 69) */
		reached[2][54] = 1;
		(trpt+1)->bup.ovals[5] = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = ((int)now.last1[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last2[(newest+1)] = last2[newest](69, 55, 69) */
		reached[2][55] = 1;
		(trpt+1)->bup.ovals[6] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = ((int)now.last2[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: target[(newest+1)] = release(69, 57, 69) */
		reached[2][57] = 1;
		(trpt+1)->bup.ovals[7] = ((int)now.target[ Index((((int)now.newest)+1), 8) ]);
		now.target[ Index((now.newest+1), 8) ] = ((int)((P2 *)_this)->release);
#ifdef VAR_RANGES
		logval("target[(newest+1)]", ((int)now.target[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		_m = 3; goto P999; /* 7 */
	case 21: // STATE 58 - life.pml:194 - [(((target[(newest+1)]==1)||(from[(newest+1)]==1)))] (66:0:1 - 1)
		IfNotBlocked
		reached[2][58] = 1;
		if (!(((((int)now.target[ Index((((int)now.newest)+1), 8) ])==1)||(((int)now.from[ Index((((int)now.newest)+1), 8) ])==1))))
			continue;
		/* merge: last1[(newest+1)] = (newest+1)(0, 59, 66) */
		reached[2][59] = 1;
		(trpt+1)->bup.oval = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(0, 62, 66) */
		reached[2][62] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 22: // STATE 63 - life.pml:195 - [(((target[(newest+1)]==2)||(from[(newest+1)]==2)))] (146:0:5 - 1)
		IfNotBlocked
		reached[2][63] = 1;
		if (!(((((int)now.target[ Index((((int)now.newest)+1), 8) ])==2)||(((int)now.from[ Index((((int)now.newest)+1), 8) ])==2))))
			continue;
		/* merge: last2[(newest+1)] = (newest+1)(146, 64, 146) */
		reached[2][64] = 1;
		(trpt+1)->bup.ovals = grab_ints(5);
		(trpt+1)->bup.ovals[0] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(146, 67, 146) */
		reached[2][67] = 1;
		;
		/* merge: newest = (newest+1)(146, 68, 146) */
		reached[2][68] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.newest);
		now.newest = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("newest", ((int)now.newest));
#endif
		;
		/* merge: saw = 0(146, 70, 146) */
		reached[2][70] = 1;
		(trpt+1)->bup.ovals[2] = ((int)((P2 *)_this)->saw);
		((P2 *)_this)->saw = 0;
#ifdef VAR_RANGES
		logval("gate:saw", ((int)((P2 *)_this)->saw));
#endif
		;
		/* merge: release = 0(146, 71, 146) */
		reached[2][71] = 1;
		(trpt+1)->bup.ovals[3] = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = 0;
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		/* merge: ready = 0(146, 72, 146) */
		reached[2][72] = 1;
		(trpt+1)->bup.ovals[4] = ((int)((P2 *)_this)->ready);
		((P2 *)_this)->ready = 0;
#ifdef VAR_RANGES
		logval("gate:ready", ((int)((P2 *)_this)->ready));
#endif
		;
		/* merge: .(goto)(0, 80, 146) */
		reached[2][80] = 1;
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 8 */
	case 23: // STATE 68 - life.pml:196 - [newest = (newest+1)] (0:146:4 - 3)
		IfNotBlocked
		reached[2][68] = 1;
		(trpt+1)->bup.ovals = grab_ints(4);
		(trpt+1)->bup.ovals[0] = ((int)now.newest);
		now.newest = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("newest", ((int)now.newest));
#endif
		;
		/* merge: saw = 0(146, 70, 146) */
		reached[2][70] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P2 *)_this)->saw);
		((P2 *)_this)->saw = 0;
#ifdef VAR_RANGES
		logval("gate:saw", ((int)((P2 *)_this)->saw));
#endif
		;
		/* merge: release = 0(146, 71, 146) */
		reached[2][71] = 1;
		(trpt+1)->bup.ovals[2] = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = 0;
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		/* merge: ready = 0(146, 72, 146) */
		reached[2][72] = 1;
		(trpt+1)->bup.ovals[3] = ((int)((P2 *)_this)->ready);
		((P2 *)_this)->ready = 0;
#ifdef VAR_RANGES
		logval("gate:ready", ((int)((P2 *)_this)->ready));
#endif
		;
		/* merge: .(goto)(0, 80, 146) */
		reached[2][80] = 1;
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 5 */
	case 24: // STATE 75 - life.pml:273 - [saw = 0] (0:146:3 - 1)
		IfNotBlocked
		reached[2][75] = 1;
		(trpt+1)->bup.ovals = grab_ints(3);
		(trpt+1)->bup.ovals[0] = ((int)((P2 *)_this)->saw);
		((P2 *)_this)->saw = 0;
#ifdef VAR_RANGES
		logval("gate:saw", ((int)((P2 *)_this)->saw));
#endif
		;
		/* merge: release = 0(146, 76, 146) */
		reached[2][76] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = 0;
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		/* merge: ready = 0(146, 77, 146) */
		reached[2][77] = 1;
		(trpt+1)->bup.ovals[2] = ((int)((P2 *)_this)->ready);
		((P2 *)_this)->ready = 0;
#ifdef VAR_RANGES
		logval("gate:ready", ((int)((P2 *)_this)->ready));
#endif
		;
		/* merge: .(goto)(0, 80, 146) */
		reached[2][80] = 1;
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 4 */
	case 25: // STATE 81 - life.pml:279 - [((((((fence==me)&&(newest<7))&&(target[newest]!=from[newest]))&&(rs_runs[0]==target[newest]))&&(rs_runs[1]==target[newest])))] (0:0:0 - 1)
		IfNotBlocked
		reached[2][81] = 1;
		if (!((((((((int)now.fence)==((int)((P2 *)_this)->me))&&(((int)now.newest)<7))&&(((int)now.target[ Index(((int)now.newest), 8) ])!=((int)now.from[ Index(((int)now.newest), 8) ])))&&(((int)now.rs_runs[0])==((int)now.target[ Index(((int)now.newest), 8) ])))&&(((int)now.rs_runs[1])==((int)now.target[ Index(((int)now.newest), 8) ])))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 26: // STATE 82 - life.pml:184 - [target[(newest+1)] = target[newest]] (0:102:8 - 1)
		IfNotBlocked
		reached[2][82] = 1;
		(trpt+1)->bup.ovals = grab_ints(8);
		(trpt+1)->bup.ovals[0] = ((int)now.target[ Index((((int)now.newest)+1), 8) ]);
		now.target[ Index((now.newest+1), 8) ] = ((int)now.target[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("target[(newest+1)]", ((int)now.target[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: from[(newest+1)] = from[newest](102, 83, 102) */
		reached[2][83] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.from[ Index((((int)now.newest)+1), 8) ]);
		now.from[ Index((now.newest+1), 8) ] = ((int)now.from[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("from[(newest+1)]", ((int)now.from[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: live[(newest+1)] = live[newest](102, 84, 102) */
		reached[2][84] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.live[ Index((((int)now.newest)+1), 8) ]);
		now.live[ Index((now.newest+1), 8) ] = ((int)now.live[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("live[(newest+1)]", ((int)now.live[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: since1[(newest+1)] = since1[newest](102, 85, 102) */
		reached[2][85] = 1;
		(trpt+1)->bup.ovals[3] = ((int)now.since1[ Index((((int)now.newest)+1), 8) ]);
		now.since1[ Index((now.newest+1), 8) ] = ((int)now.since1[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("since1[(newest+1)]", ((int)now.since1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: since2[(newest+1)] = since2[newest](102, 86, 102) */
		reached[2][86] = 1;
		(trpt+1)->bup.ovals[4] = ((int)now.since2[ Index((((int)now.newest)+1), 8) ]);
		now.since2[ Index((now.newest+1), 8) ] = ((int)now.since2[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("since2[(newest+1)]", ((int)now.since2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last1[(newest+1)] = last1[newest](102, 87, 102) */
		reached[2][87] = 1;
		(trpt+1)->bup.ovals[5] = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = ((int)now.last1[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last2[(newest+1)] = last2[newest](102, 88, 102) */
		reached[2][88] = 1;
		(trpt+1)->bup.ovals[6] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = ((int)now.last2[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: from[(newest+1)] = target[newest](102, 90, 102) */
		reached[2][90] = 1;
		(trpt+1)->bup.ovals[7] = ((int)now.from[ Index((((int)now.newest)+1), 8) ]);
		now.from[ Index((now.newest+1), 8) ] = ((int)now.target[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("from[(newest+1)]", ((int)now.from[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		_m = 3; goto P999; /* 7 */
	case 27: // STATE 91 - life.pml:194 - [(((target[(newest+1)]==1)||(from[(newest+1)]==1)))] (99:0:1 - 1)
		IfNotBlocked
		reached[2][91] = 1;
		if (!(((((int)now.target[ Index((((int)now.newest)+1), 8) ])==1)||(((int)now.from[ Index((((int)now.newest)+1), 8) ])==1))))
			continue;
		/* merge: last1[(newest+1)] = (newest+1)(0, 92, 99) */
		reached[2][92] = 1;
		(trpt+1)->bup.oval = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(0, 95, 99) */
		reached[2][95] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 28: // STATE 96 - life.pml:195 - [(((target[(newest+1)]==2)||(from[(newest+1)]==2)))] (146:0:2 - 1)
		IfNotBlocked
		reached[2][96] = 1;
		if (!(((((int)now.target[ Index((((int)now.newest)+1), 8) ])==2)||(((int)now.from[ Index((((int)now.newest)+1), 8) ])==2))))
			continue;
		/* merge: last2[(newest+1)] = (newest+1)(146, 97, 146) */
		reached[2][97] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(146, 100, 146) */
		reached[2][100] = 1;
		;
		/* merge: newest = (newest+1)(146, 101, 146) */
		reached[2][101] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.newest);
		now.newest = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("newest", ((int)now.newest));
#endif
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 4 */
	case 29: // STATE 100 - life.pml:196 - [.(goto)] (0:146:1 - 2)
		IfNotBlocked
		reached[2][100] = 1;
		;
		/* merge: newest = (newest+1)(146, 101, 146) */
		reached[2][101] = 1;
		(trpt+1)->bup.oval = ((int)now.newest);
		now.newest = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("newest", ((int)now.newest));
#endif
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 30: // STATE 104 - life.pml:287 - [(((fence==me)&&(newest<7)))] (0:0:0 - 1)
		IfNotBlocked
		reached[2][104] = 1;
		if (!(((((int)now.fence)==((int)((P2 *)_this)->me))&&(((int)now.newest)<7))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 31: // STATE 105 - life.pml:288 - [release = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[2][105] = 1;
		(trpt+1)->bup.oval = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = 1;
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 32: // STATE 106 - life.pml:288 - [release = 2] (0:0:1 - 1)
		IfNotBlocked
		reached[2][106] = 1;
		(trpt+1)->bup.oval = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = 2;
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 33: // STATE 109 - life.pml:289 - [(((((live[newest]&(1<<(release-1)))&&(release!=asked))&&!(((target[newest]==release)||(from[newest]==release))))&&(heard[me]==3)))] (144:0:2 - 3)
		IfNotBlocked
		reached[2][109] = 1;
		if (!(((((((int)now.live[ Index(((int)now.newest), 8) ])&(1<<(((int)((P2 *)_this)->release)-1)))&&(((int)((P2 *)_this)->release)!=((int)now.asked)))&& !(((((int)now.target[ Index(((int)now.newest), 8) ])==((int)((P2 *)_this)->release))||(((int)now.from[ Index(((int)now.newest), 8) ])==((int)((P2 *)_this)->release)))))&&(((int)now.heard[ Index(((int)((P2 *)_this)->me), 2) ])==3))))
			continue;
		/* merge: saw = newest(144, 110, 144) */
		reached[2][110] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)((P2 *)_this)->saw);
		((P2 *)_this)->saw = ((int)now.newest);
#ifdef VAR_RANGES
		logval("gate:saw", ((int)((P2 *)_this)->saw));
#endif
		;
		/* merge: free = ((((rs_runs[0]!=release)&&!((rs_holds[0]&(1<<(release-1)))))&&(rs_obeyed[0]>( ((release==1)) -> (last1[newest]) : (last2[newest]) )))&&(((rs_runs[1]!=release)&&!((rs_holds[1]&(1<<(release-1)))))&&(rs_obeyed[1]>( ((release==1)) -> (last1[newest]) : (last2[newest]) ))))(144, 111, 144) */
		reached[2][111] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P2 *)_this)->free);
		((P2 *)_this)->free = ((((((int)now.rs_runs[0])!=((int)((P2 *)_this)->release))&& !((((int)now.rs_holds[0])&(1<<(((int)((P2 *)_this)->release)-1)))))&&(((int)now.rs_obeyed[0])>( ((((int)((P2 *)_this)->release)==1)) ? (((int)now.last1[ Index(((int)now.newest), 8) ])) : (((int)now.last2[ Index(((int)now.newest), 8) ])) )))&&(((((int)now.rs_runs[1])!=((int)((P2 *)_this)->release))&& !((((int)now.rs_holds[1])&(1<<(((int)((P2 *)_this)->release)-1)))))&&(((int)now.rs_obeyed[1])>( ((((int)((P2 *)_this)->release)==1)) ? (((int)now.last1[ Index(((int)now.newest), 8) ])) : (((int)now.last2[ Index(((int)now.newest), 8) ])) ))));
#ifdef VAR_RANGES
		logval("gate:free", ((int)((P2 *)_this)->free));
#endif
		;
		_m = 3; goto P999; /* 2 */
	case 34: // STATE 113 - life.pml:299 - [(((free&&(newest<7))&&((fence==me)&&(saw==newest))))] (0:0:2 - 1)
		IfNotBlocked
		reached[2][113] = 1;
		if (!(((((int)((P2 *)_this)->free)&&(((int)now.newest)<7))&&((((int)now.fence)==((int)((P2 *)_this)->me))&&(((int)((P2 *)_this)->saw)==((int)now.newest))))))
			continue;
		if (TstOnly) return 1; /* TT */
		/* dead 1: free */  (trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((P2 *)_this)->free;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P2 *)_this)->free = 0;
		if (TstOnly) return 1; /* TT */
		/* dead 1: saw */  (trpt+1)->bup.ovals[1] = ((P2 *)_this)->saw;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P2 *)_this)->saw = 0;
		_m = 3; goto P999; /* 0 */
	case 35: // STATE 114 - life.pml:184 - [target[(newest+1)] = target[newest]] (0:134:8 - 1)
		IfNotBlocked
		reached[2][114] = 1;
		(trpt+1)->bup.ovals = grab_ints(8);
		(trpt+1)->bup.ovals[0] = ((int)now.target[ Index((((int)now.newest)+1), 8) ]);
		now.target[ Index((now.newest+1), 8) ] = ((int)now.target[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("target[(newest+1)]", ((int)now.target[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: from[(newest+1)] = from[newest](134, 115, 134) */
		reached[2][115] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.from[ Index((((int)now.newest)+1), 8) ]);
		now.from[ Index((now.newest+1), 8) ] = ((int)now.from[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("from[(newest+1)]", ((int)now.from[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: live[(newest+1)] = live[newest](134, 116, 134) */
		reached[2][116] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.live[ Index((((int)now.newest)+1), 8) ]);
		now.live[ Index((now.newest+1), 8) ] = ((int)now.live[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("live[(newest+1)]", ((int)now.live[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: since1[(newest+1)] = since1[newest](134, 117, 134) */
		reached[2][117] = 1;
		(trpt+1)->bup.ovals[3] = ((int)now.since1[ Index((((int)now.newest)+1), 8) ]);
		now.since1[ Index((now.newest+1), 8) ] = ((int)now.since1[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("since1[(newest+1)]", ((int)now.since1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: since2[(newest+1)] = since2[newest](134, 118, 134) */
		reached[2][118] = 1;
		(trpt+1)->bup.ovals[4] = ((int)now.since2[ Index((((int)now.newest)+1), 8) ]);
		now.since2[ Index((now.newest+1), 8) ] = ((int)now.since2[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("since2[(newest+1)]", ((int)now.since2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last1[(newest+1)] = last1[newest](134, 119, 134) */
		reached[2][119] = 1;
		(trpt+1)->bup.ovals[5] = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = ((int)now.last1[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: last2[(newest+1)] = last2[newest](134, 120, 134) */
		reached[2][120] = 1;
		(trpt+1)->bup.ovals[6] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = ((int)now.last2[ Index(((int)now.newest), 8) ]);
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: live[(newest+1)] = (live[(newest+1)]&~((1<<(release-1))))(134, 122, 134) */
		reached[2][122] = 1;
		(trpt+1)->bup.ovals[7] = ((int)now.live[ Index((((int)now.newest)+1), 8) ]);
		now.live[ Index((now.newest+1), 8) ] = (((int)now.live[ Index((((int)now.newest)+1), 8) ])& ~((1<<(((int)((P2 *)_this)->release)-1))));
#ifdef VAR_RANGES
		logval("live[(newest+1)]", ((int)now.live[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		_m = 3; goto P999; /* 7 */
	case 36: // STATE 123 - life.pml:194 - [(((target[(newest+1)]==1)||(from[(newest+1)]==1)))] (131:0:1 - 1)
		IfNotBlocked
		reached[2][123] = 1;
		if (!(((((int)now.target[ Index((((int)now.newest)+1), 8) ])==1)||(((int)now.from[ Index((((int)now.newest)+1), 8) ])==1))))
			continue;
		/* merge: last1[(newest+1)] = (newest+1)(0, 124, 131) */
		reached[2][124] = 1;
		(trpt+1)->bup.oval = ((int)now.last1[ Index((((int)now.newest)+1), 8) ]);
		now.last1[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("last1[(newest+1)]", ((int)now.last1[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(0, 127, 131) */
		reached[2][127] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 37: // STATE 128 - life.pml:195 - [(((target[(newest+1)]==2)||(from[(newest+1)]==2)))] (146:0:5 - 1)
		IfNotBlocked
		reached[2][128] = 1;
		if (!(((((int)now.target[ Index((((int)now.newest)+1), 8) ])==2)||(((int)now.from[ Index((((int)now.newest)+1), 8) ])==2))))
			continue;
		/* merge: last2[(newest+1)] = (newest+1)(146, 129, 146) */
		reached[2][129] = 1;
		(trpt+1)->bup.ovals = grab_ints(5);
		(trpt+1)->bup.ovals[0] = ((int)now.last2[ Index((((int)now.newest)+1), 8) ]);
		now.last2[ Index((now.newest+1), 8) ] = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("last2[(newest+1)]", ((int)now.last2[ Index((((int)now.newest)+1), 8) ]));
#endif
		;
		/* merge: .(goto)(146, 132, 146) */
		reached[2][132] = 1;
		;
		/* merge: newest = (newest+1)(146, 133, 146) */
		reached[2][133] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.newest);
		now.newest = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("newest", ((int)now.newest));
#endif
		;
		/* merge: saw = 0(146, 135, 146) */
		reached[2][135] = 1;
		(trpt+1)->bup.ovals[2] = ((int)((P2 *)_this)->saw);
		((P2 *)_this)->saw = 0;
#ifdef VAR_RANGES
		logval("gate:saw", ((int)((P2 *)_this)->saw));
#endif
		;
		/* merge: release = 0(146, 136, 146) */
		reached[2][136] = 1;
		(trpt+1)->bup.ovals[3] = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = 0;
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		/* merge: free = 0(146, 137, 146) */
		reached[2][137] = 1;
		(trpt+1)->bup.ovals[4] = ((int)((P2 *)_this)->free);
		((P2 *)_this)->free = 0;
#ifdef VAR_RANGES
		logval("gate:free", ((int)((P2 *)_this)->free));
#endif
		;
		/* merge: .(goto)(0, 145, 146) */
		reached[2][145] = 1;
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 8 */
	case 38: // STATE 133 - life.pml:196 - [newest = (newest+1)] (0:146:4 - 3)
		IfNotBlocked
		reached[2][133] = 1;
		(trpt+1)->bup.ovals = grab_ints(4);
		(trpt+1)->bup.ovals[0] = ((int)now.newest);
		now.newest = (((int)now.newest)+1);
#ifdef VAR_RANGES
		logval("newest", ((int)now.newest));
#endif
		;
		/* merge: saw = 0(146, 135, 146) */
		reached[2][135] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P2 *)_this)->saw);
		((P2 *)_this)->saw = 0;
#ifdef VAR_RANGES
		logval("gate:saw", ((int)((P2 *)_this)->saw));
#endif
		;
		/* merge: release = 0(146, 136, 146) */
		reached[2][136] = 1;
		(trpt+1)->bup.ovals[2] = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = 0;
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		/* merge: free = 0(146, 137, 146) */
		reached[2][137] = 1;
		(trpt+1)->bup.ovals[3] = ((int)((P2 *)_this)->free);
		((P2 *)_this)->free = 0;
#ifdef VAR_RANGES
		logval("gate:free", ((int)((P2 *)_this)->free));
#endif
		;
		/* merge: .(goto)(0, 145, 146) */
		reached[2][145] = 1;
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 5 */
	case 39: // STATE 140 - life.pml:305 - [saw = 0] (0:146:3 - 1)
		IfNotBlocked
		reached[2][140] = 1;
		(trpt+1)->bup.ovals = grab_ints(3);
		(trpt+1)->bup.ovals[0] = ((int)((P2 *)_this)->saw);
		((P2 *)_this)->saw = 0;
#ifdef VAR_RANGES
		logval("gate:saw", ((int)((P2 *)_this)->saw));
#endif
		;
		/* merge: release = 0(146, 141, 146) */
		reached[2][141] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P2 *)_this)->release);
		((P2 *)_this)->release = 0;
#ifdef VAR_RANGES
		logval("gate:release", ((int)((P2 *)_this)->release));
#endif
		;
		/* merge: free = 0(146, 142, 146) */
		reached[2][142] = 1;
		(trpt+1)->bup.ovals[2] = ((int)((P2 *)_this)->free);
		((P2 *)_this)->free = 0;
#ifdef VAR_RANGES
		logval("gate:free", ((int)((P2 *)_this)->free));
#endif
		;
		/* merge: .(goto)(0, 145, 146) */
		reached[2][145] = 1;
		;
		/* merge: .(goto)(0, 147, 146) */
		reached[2][147] = 1;
		;
		_m = 3; goto P999; /* 4 */
	case 40: // STATE 149 - life.pml:308 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[2][149] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC router */
	case 41: // STATE 1 - life.pml:140 - [((r_obeyed[me]<newest))] (30:0:1 - 1)
		IfNotBlocked
		reached[1][1] = 1;
		if (!((((int)now.r_obeyed[ Index(((int)((P1 *)_this)->me), 2) ])<((int)now.newest))))
			continue;
		/* merge: r_obeyed[me] = (r_obeyed[me]+1)(0, 2, 30) */
		reached[1][2] = 1;
		(trpt+1)->bup.oval = ((int)now.r_obeyed[ Index(((int)((P1 *)_this)->me), 2) ]);
		now.r_obeyed[ Index(((P1 *)_this)->me, 2) ] = (((int)now.r_obeyed[ Index(((int)((P1 *)_this)->me), 2) ])+1);
#ifdef VAR_RANGES
		logval("r_obeyed[router:me]", ((int)now.r_obeyed[ Index(((int)((P1 *)_this)->me), 2) ]));
#endif
		;
		/* merge: .(goto)(0, 31, 30) */
		reached[1][31] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 42: // STATE 4 - life.pml:142 - [wanted = target[r_obeyed[me]]] (0:0:1 - 1)
		IfNotBlocked
		reached[1][4] = 1;
		(trpt+1)->bup.oval = ((int)((P1 *)_this)->wanted);
		((P1 *)_this)->wanted = ((int)now.target[ Index(((int)now.r_obeyed[ Index(((int)((P1 *)_this)->me), 2) ]), 8) ]);
#ifdef VAR_RANGES
		logval("router:wanted", ((int)((P1 *)_this)->wanted));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 43: // STATE 5 - life.pml:146 - [(((wanted!=r_runs[me])&&(live[r_obeyed[me]]&(1<<(wanted-1)))))] (12:0:1 - 1)
		IfNotBlocked
		reached[1][5] = 1;
		if (!(((((int)((P1 *)_this)->wanted)!=((int)now.r_runs[ Index(((int)((P1 *)_this)->me), 2) ]))&&(((int)now.live[ Index(((int)now.r_obeyed[ Index(((int)((P1 *)_this)->me), 2) ]), 8) ])&(1<<(((int)((P1 *)_this)->wanted)-1))))))
			continue;
		/* merge: host = 0(0, 6, 12) */
		reached[1][6] = 1;
		(trpt+1)->bup.oval = ((int)((P1 *)_this)->host);
		((P1 *)_this)->host = 0;
#ifdef VAR_RANGES
		logval("router:host", ((int)((P1 *)_this)->host));
#endif
		;
		/* merge: .(goto)(0, 13, 12) */
		reached[1][13] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 44: // STATE 7 - life.pml:150 - [((host<2))] (12:0:1 - 1)
		IfNotBlocked
		reached[1][7] = 1;
		if (!((((int)((P1 *)_this)->host)<2)))
			continue;
		/* merge: assert((!((h_bound[host]&(1<<(wanted-1))))||(h_loaded[host]&(1<<(wanted-1)))))(12, 8, 12) */
		reached[1][8] = 1;
		spin_assert(( !((((int)now.h_bound[ Index(((int)((P1 *)_this)->host), 2) ])&(1<<(((int)((P1 *)_this)->wanted)-1))))||(((int)now.h_loaded[ Index(((int)((P1 *)_this)->host), 2) ])&(1<<(((int)((P1 *)_this)->wanted)-1)))), "( !((h_bound[host]&(1<<(wanted-1))))||(h_loaded[host]&(1<<(wanted-1))))", II, tt, t);
		/* merge: host = (host+1)(12, 9, 12) */
		reached[1][9] = 1;
		(trpt+1)->bup.oval = ((int)((P1 *)_this)->host);
		((P1 *)_this)->host = (((int)((P1 *)_this)->host)+1);
#ifdef VAR_RANGES
		logval("router:host", ((int)((P1 *)_this)->host));
#endif
		;
		/* merge: .(goto)(0, 13, 12) */
		reached[1][13] = 1;
		;
		_m = 3; goto P999; /* 3 */
	case 45: // STATE 15 - life.pml:158 - [r_holds[me] = ((r_holds[me]|(1<<(r_runs[me]-1)))&~((1<<(wanted-1))))] (0:30:4 - 3)
		IfNotBlocked
		reached[1][15] = 1;
		(trpt+1)->bup.ovals = grab_ints(4);
		(trpt+1)->bup.ovals[0] = ((int)now.r_holds[ Index(((int)((P1 *)_this)->me), 2) ]);
		now.r_holds[ Index(((P1 *)_this)->me, 2) ] = ((((int)now.r_holds[ Index(((int)((P1 *)_this)->me), 2) ])|(1<<(((int)now.r_runs[ Index(((int)((P1 *)_this)->me), 2) ])-1)))& ~((1<<(((int)((P1 *)_this)->wanted)-1))));
#ifdef VAR_RANGES
		logval("r_holds[router:me]", ((int)now.r_holds[ Index(((int)((P1 *)_this)->me), 2) ]));
#endif
		;
		/* merge: r_runs[me] = wanted(30, 16, 30) */
		reached[1][16] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.r_runs[ Index(((int)((P1 *)_this)->me), 2) ]);
		now.r_runs[ Index(((P1 *)_this)->me, 2) ] = ((int)((P1 *)_this)->wanted);
#ifdef VAR_RANGES
		logval("r_runs[router:me]", ((int)now.r_runs[ Index(((int)((P1 *)_this)->me), 2) ]));
#endif
		;
		/* merge: wanted = 0(30, 17, 30) */
		reached[1][17] = 1;
		(trpt+1)->bup.ovals[2] = ((int)((P1 *)_this)->wanted);
		((P1 *)_this)->wanted = 0;
#ifdef VAR_RANGES
		logval("router:wanted", ((int)((P1 *)_this)->wanted));
#endif
		;
		/* merge: host = 0(30, 18, 30) */
		reached[1][18] = 1;
		(trpt+1)->bup.ovals[3] = ((int)((P1 *)_this)->host);
		((P1 *)_this)->host = 0;
#ifdef VAR_RANGES
		logval("router:host", ((int)((P1 *)_this)->host));
#endif
		;
		/* merge: .(goto)(0, 31, 30) */
		reached[1][31] = 1;
		;
		_m = 3; goto P999; /* 4 */
	case 46: // STATE 20 - life.pml:163 - [((r_holds[me]!=0))] (30:0:1 - 1)
		IfNotBlocked
		reached[1][20] = 1;
		if (!((((int)now.r_holds[ Index(((int)((P1 *)_this)->me), 2) ])!=0)))
			continue;
		/* merge: r_holds[me] = 0(0, 21, 30) */
		reached[1][21] = 1;
		(trpt+1)->bup.oval = ((int)now.r_holds[ Index(((int)((P1 *)_this)->me), 2) ]);
		now.r_holds[ Index(((P1 *)_this)->me, 2) ] = 0;
#ifdef VAR_RANGES
		logval("r_holds[router:me]", ((int)now.r_holds[ Index(((int)((P1 *)_this)->me), 2) ]));
#endif
		;
		/* merge: .(goto)(0, 31, 30) */
		reached[1][31] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 47: // STATE 23 - life.pml:166 - [(((((rs_obeyed[me]!=r_obeyed[me])||(rs_runs[me]!=r_runs[me]))||(rs_holds[me]!=r_holds[me]))||!((heard[fence]&(1<<me)))))] (30:0:5 - 1)
		IfNotBlocked
		reached[1][23] = 1;
		if (!(((((((int)now.rs_obeyed[ Index(((int)((P1 *)_this)->me), 2) ])!=((int)now.r_obeyed[ Index(((int)((P1 *)_this)->me), 2) ]))||(((int)now.rs_runs[ Index(((int)((P1 *)_this)->me), 2) ])!=((int)now.r_runs[ Index(((int)((P1 *)_this)->me), 2) ])))||(((int)now.rs_holds[ Index(((int)((P1 *)_this)->me), 2) ])!=((int)now.r_holds[ Index(((int)((P1 *)_this)->me), 2) ])))|| !((((int)now.heard[ Index(((int)now.fence), 2) ])&(1<<((int)((P1 *)_this)->me)))))))
			continue;
		/* merge: rs_obeyed[me] = r_obeyed[me](30, 24, 30) */
		reached[1][24] = 1;
		(trpt+1)->bup.ovals = grab_ints(5);
		(trpt+1)->bup.ovals[0] = ((int)now.rs_obeyed[ Index(((int)((P1 *)_this)->me), 2) ]);
		now.rs_obeyed[ Index(((P1 *)_this)->me, 2) ] = ((int)now.r_obeyed[ Index(((int)((P1 *)_this)->me), 2) ]);
#ifdef VAR_RANGES
		logval("rs_obeyed[router:me]", ((int)now.rs_obeyed[ Index(((int)((P1 *)_this)->me), 2) ]));
#endif
		;
		/* merge: rs_runs[me] = r_runs[me](30, 25, 30) */
		reached[1][25] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.rs_runs[ Index(((int)((P1 *)_this)->me), 2) ]);
		now.rs_runs[ Index(((P1 *)_this)->me, 2) ] = ((int)now.r_runs[ Index(((int)((P1 *)_this)->me), 2) ]);
#ifdef VAR_RANGES
		logval("rs_runs[router:me]", ((int)now.rs_runs[ Index(((int)((P1 *)_this)->me), 2) ]));
#endif
		;
		/* merge: rs_holds[me] = r_holds[me](30, 26, 30) */
		reached[1][26] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.rs_holds[ Index(((int)((P1 *)_this)->me), 2) ]);
		now.rs_holds[ Index(((P1 *)_this)->me, 2) ] = ((int)now.r_holds[ Index(((int)((P1 *)_this)->me), 2) ]);
#ifdef VAR_RANGES
		logval("rs_holds[router:me]", ((int)now.rs_holds[ Index(((int)((P1 *)_this)->me), 2) ]));
#endif
		;
		/* merge: heard[0] = (heard[0]|(1<<me))(30, 27, 30) */
		reached[1][27] = 1;
		(trpt+1)->bup.ovals[3] = ((int)now.heard[0]);
		now.heard[0] = (((int)now.heard[0])|(1<<((int)((P1 *)_this)->me)));
#ifdef VAR_RANGES
		logval("heard[0]", ((int)now.heard[0]));
#endif
		;
		/* merge: heard[1] = (heard[1]|(1<<me))(30, 28, 30) */
		reached[1][28] = 1;
		(trpt+1)->bup.ovals[4] = ((int)now.heard[1]);
		now.heard[1] = (((int)now.heard[1])|(1<<((int)((P1 *)_this)->me)));
#ifdef VAR_RANGES
		logval("heard[1]", ((int)now.heard[1]));
#endif
		;
		/* merge: .(goto)(0, 31, 30) */
		reached[1][31] = 1;
		;
		_m = 3; goto P999; /* 6 */
	case 48: // STATE 33 - life.pml:178 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[1][33] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC serving */
	case 49: // STATE 1 - life.pml:101 - [((h_obeyed[me]<newest))] (53:0:1 - 1)
		IfNotBlocked
		reached[0][1] = 1;
		if (!((((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ])<((int)now.newest))))
			continue;
		/* merge: h_obeyed[me] = (h_obeyed[me]+1)(0, 2, 53) */
		reached[0][2] = 1;
		(trpt+1)->bup.oval = ((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]);
		now.h_obeyed[ Index(((P0 *)_this)->me, 2) ] = (((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ])+1);
#ifdef VAR_RANGES
		logval("h_obeyed[serving:me]", ((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]));
#endif
		;
		/* merge: .(goto)(0, 54, 53) */
		reached[0][54] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 50: // STATE 4 - life.pml:103 - [release = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[0][4] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->release);
		((P0 *)_this)->release = 1;
#ifdef VAR_RANGES
		logval("serving:release", ((int)((P0 *)_this)->release));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 51: // STATE 5 - life.pml:103 - [release = 2] (0:0:1 - 1)
		IfNotBlocked
		reached[0][5] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->release);
		((P0 *)_this)->release = 2;
#ifdef VAR_RANGES
		logval("serving:release", ((int)((P0 *)_this)->release));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 52: // STATE 8 - life.pml:104 - [(((live[h_obeyed[me]]&(1<<(release-1)))&&!((h_loaded[me]&(1<<(release-1))))))] (53:0:2 - 3)
		IfNotBlocked
		reached[0][8] = 1;
		if (!(((((int)now.live[ Index(((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]), 8) ])&(1<<(((int)((P0 *)_this)->release)-1)))&& !((((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ])&(1<<(((int)((P0 *)_this)->release)-1)))))))
			continue;
		/* merge: h_loaded[me] = (h_loaded[me]|(1<<(release-1)))(53, 9, 53) */
		reached[0][9] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ]);
		now.h_loaded[ Index(((P0 *)_this)->me, 2) ] = (((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ])|(1<<(((int)((P0 *)_this)->release)-1)));
#ifdef VAR_RANGES
		logval("h_loaded[serving:me]", ((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ]));
#endif
		;
		/* merge: release = 0(53, 10, 53) */
		reached[0][10] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P0 *)_this)->release);
		((P0 *)_this)->release = 0;
#ifdef VAR_RANGES
		logval("serving:release", ((int)((P0 *)_this)->release));
#endif
		;
		/* merge: .(goto)(0, 54, 53) */
		reached[0][54] = 1;
		;
		_m = 3; goto P999; /* 3 */
	case 53: // STATE 12 - life.pml:109 - [release = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[0][12] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->release);
		((P0 *)_this)->release = 1;
#ifdef VAR_RANGES
		logval("serving:release", ((int)((P0 *)_this)->release));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 54: // STATE 13 - life.pml:109 - [release = 2] (0:0:1 - 1)
		IfNotBlocked
		reached[0][13] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->release);
		((P0 *)_this)->release = 2;
#ifdef VAR_RANGES
		logval("serving:release", ((int)((P0 *)_this)->release));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 55: // STATE 16 - life.pml:113 - [((!((live[h_obeyed[me]]&(1<<(release-1))))&&(h_loaded[me]&(1<<(release-1)))))] (0:0:0 - 3)
		IfNotBlocked
		reached[0][16] = 1;
		if (!(( !((((int)now.live[ Index(((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]), 8) ])&(1<<(((int)((P0 *)_this)->release)-1))))&&(((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ])&(1<<(((int)((P0 *)_this)->release)-1))))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 56: // STATE 17 - life.pml:76 - [r_ = 0] (0:34:2 - 1)
		IfNotBlocked
		reached[0][17] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)((P0 *)_this)->_1_3_1_r_);
		((P0 *)_this)->_1_3_1_r_ = 0;
#ifdef VAR_RANGES
		logval("serving:r_", ((int)((P0 *)_this)->_1_3_1_r_));
#endif
		;
		/* merge: s_ = 0(34, 18, 34) */
		reached[0][18] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P0 *)_this)->_1_3_1_s_);
		((P0 *)_this)->_1_3_1_s_ = 0;
#ifdef VAR_RANGES
		logval("serving:s_", ((int)((P0 *)_this)->_1_3_1_s_));
#endif
		;
		/* merge: .(goto)(0, 35, 34) */
		reached[0][35] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 57: // STATE 19 - life.pml:78 - [((r_<2))] (28:0:1 - 1)
		IfNotBlocked
		reached[0][19] = 1;
		if (!((((int)((P0 *)_this)->_1_3_1_r_)<2)))
			continue;
		/* merge: assert((r_runs[r_]!=release))(28, 20, 28) */
		reached[0][20] = 1;
		spin_assert((((int)now.r_runs[ Index(((int)((P0 *)_this)->_1_3_1_r_), 2) ])!=((int)((P0 *)_this)->release)), "(r_runs[r_]!=release)", II, tt, t);
		/* merge: assert(!((r_holds[r_]&(1<<(release-1)))))(28, 21, 28) */
		reached[0][21] = 1;
		spin_assert( !((((int)now.r_holds[ Index(((int)((P0 *)_this)->_1_3_1_r_), 2) ])&(1<<(((int)((P0 *)_this)->release)-1)))), " !((r_holds[r_]&(1<<(release-1))))", II, tt, t);
		/* merge: s_ = r_obeyed[r_](28, 22, 28) */
		reached[0][22] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->_1_3_1_s_);
		((P0 *)_this)->_1_3_1_s_ = ((int)now.r_obeyed[ Index(((int)((P0 *)_this)->_1_3_1_r_), 2) ]);
#ifdef VAR_RANGES
		logval("serving:s_", ((int)((P0 *)_this)->_1_3_1_s_));
#endif
		;
		/* merge: .(goto)(0, 29, 28) */
		reached[0][29] = 1;
		;
		_m = 3; goto P999; /* 4 */
	case 58: // STATE 23 - life.pml:83 - [((s_<=h_obeyed[me]))] (28:0:1 - 1)
		IfNotBlocked
		reached[0][23] = 1;
		if (!((((int)((P0 *)_this)->_1_3_1_s_)<=((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]))))
			continue;
		/* merge: assert(((target[s_]!=release)||!((live[s_]&(1<<(release-1))))))(28, 24, 28) */
		reached[0][24] = 1;
		spin_assert(((((int)now.target[ Index(((int)((P0 *)_this)->_1_3_1_s_), 8) ])!=((int)((P0 *)_this)->release))|| !((((int)now.live[ Index(((int)((P0 *)_this)->_1_3_1_s_), 8) ])&(1<<(((int)((P0 *)_this)->release)-1))))), "((target[s_]!=release)|| !((live[s_]&(1<<(release-1)))))", II, tt, t);
		/* merge: s_ = (s_+1)(28, 25, 28) */
		reached[0][25] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->_1_3_1_s_);
		((P0 *)_this)->_1_3_1_s_ = (((int)((P0 *)_this)->_1_3_1_s_)+1);
#ifdef VAR_RANGES
		logval("serving:s_", ((int)((P0 *)_this)->_1_3_1_s_));
#endif
		;
		/* merge: .(goto)(0, 29, 28) */
		reached[0][29] = 1;
		;
		_m = 3; goto P999; /* 3 */
	case 59: // STATE 31 - life.pml:88 - [r_ = (r_+1)] (0:34:1 - 3)
		IfNotBlocked
		reached[0][31] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->_1_3_1_r_);
		((P0 *)_this)->_1_3_1_r_ = (((int)((P0 *)_this)->_1_3_1_r_)+1);
#ifdef VAR_RANGES
		logval("serving:r_", ((int)((P0 *)_this)->_1_3_1_r_));
#endif
		;
		/* merge: .(goto)(0, 35, 34) */
		reached[0][35] = 1;
		;
		_m = 3; goto P999; /* 1 */
	case 60: // STATE 37 - life.pml:91 - [r_ = 0] (0:53:5 - 3)
		IfNotBlocked
		reached[0][37] = 1;
		(trpt+1)->bup.ovals = grab_ints(5);
		(trpt+1)->bup.ovals[0] = ((int)((P0 *)_this)->_1_3_1_r_);
		((P0 *)_this)->_1_3_1_r_ = 0;
#ifdef VAR_RANGES
		logval("serving:r_", ((int)((P0 *)_this)->_1_3_1_r_));
#endif
		;
		/* merge: s_ = 0(53, 38, 53) */
		reached[0][38] = 1;
		(trpt+1)->bup.ovals[1] = ((int)((P0 *)_this)->_1_3_1_s_);
		((P0 *)_this)->_1_3_1_s_ = 0;
#ifdef VAR_RANGES
		logval("serving:s_", ((int)((P0 *)_this)->_1_3_1_s_));
#endif
		;
		/* merge: h_loaded[me] = (h_loaded[me]&~((1<<(release-1))))(53, 40, 53) */
		reached[0][40] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ]);
		now.h_loaded[ Index(((P0 *)_this)->me, 2) ] = (((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ])& ~((1<<(((int)((P0 *)_this)->release)-1))));
#ifdef VAR_RANGES
		logval("h_loaded[serving:me]", ((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ]));
#endif
		;
		/* merge: h_bound[me] = (h_bound[me]&~((1<<(release-1))))(53, 41, 53) */
		reached[0][41] = 1;
		(trpt+1)->bup.ovals[3] = ((int)now.h_bound[ Index(((int)((P0 *)_this)->me), 2) ]);
		now.h_bound[ Index(((P0 *)_this)->me, 2) ] = (((int)now.h_bound[ Index(((int)((P0 *)_this)->me), 2) ])& ~((1<<(((int)((P0 *)_this)->release)-1))));
#ifdef VAR_RANGES
		logval("h_bound[serving:me]", ((int)now.h_bound[ Index(((int)((P0 *)_this)->me), 2) ]));
#endif
		;
		/* merge: release = 0(53, 42, 53) */
		reached[0][42] = 1;
		(trpt+1)->bup.ovals[4] = ((int)((P0 *)_this)->release);
		((P0 *)_this)->release = 0;
#ifdef VAR_RANGES
		logval("serving:release", ((int)((P0 *)_this)->release));
#endif
		;
		/* merge: .(goto)(0, 54, 53) */
		reached[0][54] = 1;
		;
		_m = 3; goto P999; /* 5 */
	case 61: // STATE 44 - life.pml:121 - [(((hs_obeyed[me]!=h_obeyed[me])||(hs_ready[me]!=h_loaded[me])))] (53:0:2 - 1)
		IfNotBlocked
		reached[0][44] = 1;
		if (!(((((int)now.hs_obeyed[ Index(((int)((P0 *)_this)->me), 2) ])!=((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]))||(((int)now.hs_ready[ Index(((int)((P0 *)_this)->me), 2) ])!=((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ])))))
			continue;
		/* merge: hs_obeyed[me] = h_obeyed[me](53, 45, 53) */
		reached[0][45] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.hs_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]);
		now.hs_obeyed[ Index(((P0 *)_this)->me, 2) ] = ((int)now.h_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]);
#ifdef VAR_RANGES
		logval("hs_obeyed[serving:me]", ((int)now.hs_obeyed[ Index(((int)((P0 *)_this)->me), 2) ]));
#endif
		;
		/* merge: hs_ready[me] = h_loaded[me](53, 46, 53) */
		reached[0][46] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.hs_ready[ Index(((int)((P0 *)_this)->me), 2) ]);
		now.hs_ready[ Index(((P0 *)_this)->me, 2) ] = ((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ]);
#ifdef VAR_RANGES
		logval("hs_ready[serving:me]", ((int)now.hs_ready[ Index(((int)((P0 *)_this)->me), 2) ]));
#endif
		;
		/* merge: .(goto)(0, 54, 53) */
		reached[0][54] = 1;
		;
		_m = 3; goto P999; /* 3 */
	case 62: // STATE 48 - life.pml:126 - [((crashes<1))] (53:0:3 - 1)
		IfNotBlocked
		reached[0][48] = 1;
		if (!((((int)now.crashes)<1)))
			continue;
		/* merge: crashes = (crashes+1)(53, 49, 53) */
		reached[0][49] = 1;
		(trpt+1)->bup.ovals = grab_ints(3);
		(trpt+1)->bup.ovals[0] = ((int)now.crashes);
		now.crashes = (((int)now.crashes)+1);
#ifdef VAR_RANGES
		logval("crashes", ((int)now.crashes));
#endif
		;
		/* merge: h_loaded[me] = 0(53, 50, 53) */
		reached[0][50] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ]);
		now.h_loaded[ Index(((P0 *)_this)->me, 2) ] = 0;
#ifdef VAR_RANGES
		logval("h_loaded[serving:me]", ((int)now.h_loaded[ Index(((int)((P0 *)_this)->me), 2) ]));
#endif
		;
		/* merge: h_bound[me] = 0(53, 51, 53) */
		reached[0][51] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.h_bound[ Index(((int)((P0 *)_this)->me), 2) ]);
		now.h_bound[ Index(((P0 *)_this)->me, 2) ] = 0;
#ifdef VAR_RANGES
		logval("h_bound[serving:me]", ((int)now.h_bound[ Index(((int)((P0 *)_this)->me), 2) ]));
#endif
		;
		/* merge: .(goto)(0, 54, 53) */
		reached[0][54] = 1;
		;
		_m = 3; goto P999; /* 4 */
	case 63: // STATE 56 - life.pml:132 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[0][56] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */
	case  _T5:	/* np_ */
		if (!((!(trpt->o_pm&4) && !(trpt->tau&128))))
			continue;
		/* else fall through */
	case  _T2:	/* true */
		_m = 3; goto P999;
#undef rand
	}

