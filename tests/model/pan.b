	switch (t->back) {
	default: Uerror("bad return move");
	case  0: goto R999; /* nothing to undo */

		 /* PROC :init: */

	case 3: // STATE 15
		;
		now.heard[1] = trpt->bup.ovals[14];
		now.heard[0] = trpt->bup.ovals[13];
		now.rs_runs[1] = trpt->bup.ovals[12];
		now.rs_runs[0] = trpt->bup.ovals[11];
		now.r_runs[1] = trpt->bup.ovals[10];
		now.r_runs[0] = trpt->bup.ovals[9];
		now.h_bound[1] = trpt->bup.ovals[8];
		now.h_bound[0] = trpt->bup.ovals[7];
		now.hs_ready[1] = trpt->bup.ovals[6];
		now.hs_ready[0] = trpt->bup.ovals[5];
		now.h_loaded[1] = trpt->bup.ovals[4];
		now.h_loaded[0] = trpt->bup.ovals[3];
		now.live[0] = trpt->bup.ovals[2];
		now.from[0] = trpt->bup.ovals[1];
		now.target[0] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 15);
		goto R999;

	case 4: // STATE 17
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC operator */

	case 5: // STATE 3
		;
		now.asked = trpt->bup.ovals[1];
		now.asks = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;
;
		;
		
	case 7: // STATE 10
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC gate */

	case 8: // STATE 4
		;
		now.heard[ Index(((P2 *)_this)->me, 2) ] = trpt->bup.ovals[2];
		now.fence = trpt->bup.ovals[1];
		now.takeovers = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 3);
		goto R999;
;
		;
		
	case 10: // STATE 15
		;
		now.live[ Index((now.newest+1), 8) ] = trpt->bup.ovals[7];
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[6];
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[5];
		now.since2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[4];
		now.since1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[3];
		now.live[ Index((now.newest+1), 8) ] = trpt->bup.ovals[2];
		now.from[ Index((now.newest+1), 8) ] = trpt->bup.ovals[1];
		now.target[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 8);
		goto R999;

	case 11: // STATE 18
		;
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[1];
		now.since1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 12: // STATE 21
		;
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[1];
		now.since2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 13: // STATE 25
		;
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.oval;
		;
		goto R999;

	case 14: // STATE 34
		;
		now.newest = trpt->bup.ovals[1];
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 15: // STATE 34
		;
		now.newest = trpt->bup.oval;
		;
		goto R999;

	case 16: // STATE 40
		;
		((P2 *)_this)->ready = trpt->bup.ovals[2];
		((P2 *)_this)->release = trpt->bup.ovals[1];
		((P2 *)_this)->saw = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 3);
		goto R999;

	case 17: // STATE 43
		;
		now.h_bound[1] = trpt->bup.ovals[1];
		now.h_bound[0] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;
;
		
	case 18: // STATE 46
		goto R999;

	case 19: // STATE 48
		;
	/* 1 */	((P2 *)_this)->saw = trpt->bup.ovals[1];
	/* 0 */	((P2 *)_this)->ready = trpt->bup.ovals[0];
		;
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 20: // STATE 57
		;
		now.target[ Index((now.newest+1), 8) ] = trpt->bup.ovals[7];
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[6];
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[5];
		now.since2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[4];
		now.since1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[3];
		now.live[ Index((now.newest+1), 8) ] = trpt->bup.ovals[2];
		now.from[ Index((now.newest+1), 8) ] = trpt->bup.ovals[1];
		now.target[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 8);
		goto R999;

	case 21: // STATE 59
		;
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.oval;
		;
		goto R999;

	case 22: // STATE 72
		;
		((P2 *)_this)->ready = trpt->bup.ovals[4];
		((P2 *)_this)->release = trpt->bup.ovals[3];
		((P2 *)_this)->saw = trpt->bup.ovals[2];
		now.newest = trpt->bup.ovals[1];
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 5);
		goto R999;

	case 23: // STATE 72
		;
		((P2 *)_this)->ready = trpt->bup.ovals[3];
		((P2 *)_this)->release = trpt->bup.ovals[2];
		((P2 *)_this)->saw = trpt->bup.ovals[1];
		now.newest = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 4);
		goto R999;

	case 24: // STATE 77
		;
		((P2 *)_this)->ready = trpt->bup.ovals[2];
		((P2 *)_this)->release = trpt->bup.ovals[1];
		((P2 *)_this)->saw = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 3);
		goto R999;
;
		;
		
	case 26: // STATE 90
		;
		now.from[ Index((now.newest+1), 8) ] = trpt->bup.ovals[7];
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[6];
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[5];
		now.since2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[4];
		now.since1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[3];
		now.live[ Index((now.newest+1), 8) ] = trpt->bup.ovals[2];
		now.from[ Index((now.newest+1), 8) ] = trpt->bup.ovals[1];
		now.target[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 8);
		goto R999;

	case 27: // STATE 92
		;
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.oval;
		;
		goto R999;

	case 28: // STATE 101
		;
		now.newest = trpt->bup.ovals[1];
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 29: // STATE 101
		;
		now.newest = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 31: // STATE 105
		;
		((P2 *)_this)->release = trpt->bup.oval;
		;
		goto R999;

	case 32: // STATE 106
		;
		((P2 *)_this)->release = trpt->bup.oval;
		;
		goto R999;

	case 33: // STATE 111
		;
		((P2 *)_this)->free = trpt->bup.ovals[1];
		((P2 *)_this)->saw = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 34: // STATE 113
		;
	/* 1 */	((P2 *)_this)->saw = trpt->bup.ovals[1];
	/* 0 */	((P2 *)_this)->free = trpt->bup.ovals[0];
		;
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 35: // STATE 122
		;
		now.live[ Index((now.newest+1), 8) ] = trpt->bup.ovals[7];
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[6];
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[5];
		now.since2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[4];
		now.since1[ Index((now.newest+1), 8) ] = trpt->bup.ovals[3];
		now.live[ Index((now.newest+1), 8) ] = trpt->bup.ovals[2];
		now.from[ Index((now.newest+1), 8) ] = trpt->bup.ovals[1];
		now.target[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 8);
		goto R999;

	case 36: // STATE 124
		;
		now.last1[ Index((now.newest+1), 8) ] = trpt->bup.oval;
		;
		goto R999;

	case 37: // STATE 137
		;
		((P2 *)_this)->free = trpt->bup.ovals[4];
		((P2 *)_this)->release = trpt->bup.ovals[3];
		((P2 *)_this)->saw = trpt->bup.ovals[2];
		now.newest = trpt->bup.ovals[1];
		now.last2[ Index((now.newest+1), 8) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 5);
		goto R999;

	case 38: // STATE 137
		;
		((P2 *)_this)->free = trpt->bup.ovals[3];
		((P2 *)_this)->release = trpt->bup.ovals[2];
		((P2 *)_this)->saw = trpt->bup.ovals[1];
		now.newest = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 4);
		goto R999;

	case 39: // STATE 142
		;
		((P2 *)_this)->free = trpt->bup.ovals[2];
		((P2 *)_this)->release = trpt->bup.ovals[1];
		((P2 *)_this)->saw = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 3);
		goto R999;

	case 40: // STATE 149
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC router */

	case 41: // STATE 2
		;
		now.r_obeyed[ Index(((P1 *)_this)->me, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 42: // STATE 4
		;
		((P1 *)_this)->wanted = trpt->bup.oval;
		;
		goto R999;

	case 43: // STATE 6
		;
		((P1 *)_this)->host = trpt->bup.oval;
		;
		goto R999;

	case 44: // STATE 9
		;
		((P1 *)_this)->host = trpt->bup.oval;
		;
		goto R999;

	case 45: // STATE 18
		;
		((P1 *)_this)->host = trpt->bup.ovals[3];
		((P1 *)_this)->wanted = trpt->bup.ovals[2];
		now.r_runs[ Index(((P1 *)_this)->me, 2) ] = trpt->bup.ovals[1];
		now.r_holds[ Index(((P1 *)_this)->me, 2) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 4);
		goto R999;

	case 46: // STATE 21
		;
		now.r_holds[ Index(((P1 *)_this)->me, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 47: // STATE 28
		;
		now.heard[1] = trpt->bup.ovals[4];
		now.heard[0] = trpt->bup.ovals[3];
		now.rs_holds[ Index(((P1 *)_this)->me, 2) ] = trpt->bup.ovals[2];
		now.rs_runs[ Index(((P1 *)_this)->me, 2) ] = trpt->bup.ovals[1];
		now.rs_obeyed[ Index(((P1 *)_this)->me, 2) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 5);
		goto R999;

	case 48: // STATE 33
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC serving */

	case 49: // STATE 2
		;
		now.h_obeyed[ Index(((P0 *)_this)->me, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 50: // STATE 4
		;
		((P0 *)_this)->release = trpt->bup.oval;
		;
		goto R999;

	case 51: // STATE 5
		;
		((P0 *)_this)->release = trpt->bup.oval;
		;
		goto R999;

	case 52: // STATE 10
		;
		((P0 *)_this)->release = trpt->bup.ovals[1];
		now.h_loaded[ Index(((P0 *)_this)->me, 2) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 53: // STATE 12
		;
		((P0 *)_this)->release = trpt->bup.oval;
		;
		goto R999;

	case 54: // STATE 13
		;
		((P0 *)_this)->release = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 56: // STATE 18
		;
		((P0 *)_this)->_1_3_1_s_ = trpt->bup.ovals[1];
		((P0 *)_this)->_1_3_1_r_ = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 57: // STATE 22
		;
		((P0 *)_this)->_1_3_1_s_ = trpt->bup.oval;
		;
		goto R999;

	case 58: // STATE 25
		;
		((P0 *)_this)->_1_3_1_s_ = trpt->bup.oval;
		;
		goto R999;

	case 59: // STATE 31
		;
		((P0 *)_this)->_1_3_1_r_ = trpt->bup.oval;
		;
		goto R999;

	case 60: // STATE 42
		;
		((P0 *)_this)->release = trpt->bup.ovals[4];
		now.h_bound[ Index(((P0 *)_this)->me, 2) ] = trpt->bup.ovals[3];
		now.h_loaded[ Index(((P0 *)_this)->me, 2) ] = trpt->bup.ovals[2];
		((P0 *)_this)->_1_3_1_s_ = trpt->bup.ovals[1];
		((P0 *)_this)->_1_3_1_r_ = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 5);
		goto R999;

	case 61: // STATE 46
		;
		now.hs_ready[ Index(((P0 *)_this)->me, 2) ] = trpt->bup.ovals[1];
		now.hs_obeyed[ Index(((P0 *)_this)->me, 2) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;

	case 62: // STATE 51
		;
		now.h_bound[ Index(((P0 *)_this)->me, 2) ] = trpt->bup.ovals[2];
		now.h_loaded[ Index(((P0 *)_this)->me, 2) ] = trpt->bup.ovals[1];
		now.crashes = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 3);
		goto R999;

	case 63: // STATE 56
		;
		p_restor(II);
		;
		;
		goto R999;
	}

