#ifdef PEG
struct T_SRC {
	char *fl; int ln;
} T_SRC[NTRANS];

void
tr_2_src(int m, char *file, int ln)
{	T_SRC[m].fl = file;
	T_SRC[m].ln = ln;
}

void
putpeg(int n, int m)
{	printf("%5d	trans %4d ", m, n);
	printf("%s:%d\n",
		T_SRC[n].fl, T_SRC[n].ln);
}
#endif

void
settable(void)
{	Trans *T;
	Trans *settr(int, int, int, int, int, char *, int, int, int);

	trans = (Trans ***) emalloc(6*sizeof(Trans **));

	/* proctype 4: :init: */

	trans[4] = (Trans **) emalloc(18*sizeof(Trans *));

	T = trans[ 4][16] = settr(263,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(263,2,1,0,0,"ATOMIC", 1, 2, 0);
	trans[4][1]	= settr(248,4,17,3,3,"target[0] = 1", 1, 2, 0); /* m: 2 -> 0,17 */
	reached4[2] = 1;
	trans[4][2]	= settr(0,0,0,0,0,"from[0] = 1",0,0,0);
	trans[4][3]	= settr(0,0,0,0,0,"live[0] = 1",0,0,0);
	trans[4][4]	= settr(0,0,0,0,0,"h_loaded[0] = 1",0,0,0);
	trans[4][5]	= settr(0,0,0,0,0,"h_loaded[1] = 1",0,0,0);
	trans[4][6]	= settr(0,0,0,0,0,"hs_ready[0] = 1",0,0,0);
	trans[4][7]	= settr(0,0,0,0,0,"hs_ready[1] = 1",0,0,0);
	trans[4][8]	= settr(0,0,0,0,0,"h_bound[0] = 1",0,0,0);
	trans[4][9]	= settr(0,0,0,0,0,"h_bound[1] = 1",0,0,0);
	trans[4][10]	= settr(0,0,0,0,0,"r_runs[0] = 1",0,0,0);
	trans[4][11]	= settr(0,0,0,0,0,"r_runs[1] = 1",0,0,0);
	trans[4][12]	= settr(0,0,0,0,0,"rs_runs[0] = 1",0,0,0);
	trans[4][13]	= settr(0,0,0,0,0,"rs_runs[1] = 1",0,0,0);
	trans[4][14]	= settr(0,0,0,0,0,"heard[0] = 3",0,0,0);
	trans[4][15]	= settr(0,0,0,0,0,"heard[1] = 3",0,0,0);
	trans[4][17]	= settr(264,0,0,4,4,"-end-", 0, 3500, 0);

	/* proctype 3: operator */

	trans[3] = (Trans **) emalloc(11*sizeof(Trans *));

	trans[3][8]	= settr(245,0,7,1,0,".(goto)", 0, 2, 0);
	T = trans[3][7] = settr(244,0,0,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(244,0,4,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(244,0,5,0,0,"DO", 0, 2, 0);
	T = trans[ 3][4] = settr(241,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(241,2,1,0,0,"ATOMIC", 1, 2, 0);
	trans[3][1]	= settr(238,0,7,5,5,"((asks<2))", 1, 2, 0); /* m: 2 -> 7,0 */
	reached3[2] = 1;
	trans[3][2]	= settr(0,0,0,0,0,"asks = (asks+1)",0,0,0);
	trans[3][3]	= settr(0,0,0,0,0,"asked = (3-asked)",0,0,0);
	trans[3][5]	= settr(242,0,10,6,0,"((asks==2))", 1, 2, 0);
	trans[3][6]	= settr(243,0,10,1,0,"goto :b6", 0, 2, 0);
	trans[3][9]	= settr(246,0,10,1,0,"break", 0, 2, 0);
	trans[3][10]	= settr(247,0,0,7,7,"-end-", 0, 3500, 0);

	/* proctype 2: gate */

	trans[2] = (Trans **) emalloc(150*sizeof(Trans *));

	trans[2][147]	= settr(235,0,146,1,0,".(goto)", 0, 2, 0);
	T = trans[2][146] = settr(234,0,0,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(234,0,5,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(234,0,36,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(234,0,47,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(234,0,103,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(234,0,112,0,0,"DO", 0, 2, 0);
	T = trans[ 2][5] = settr(93,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(93,2,1,0,0,"ATOMIC", 1, 2, 0);
	trans[2][1]	= settr(89,0,146,8,8,"(((fence!=me)&&(takeovers<1)))", 1, 2, 0); /* m: 2 -> 146,0 */
	reached2[2] = 1;
	trans[2][2]	= settr(0,0,0,0,0,"takeovers = (takeovers+1)",0,0,0);
	trans[2][3]	= settr(0,0,0,0,0,"fence = me",0,0,0);
	trans[2][4]	= settr(0,0,0,0,0,"heard[me] = 0",0,0,0);
	T = trans[ 2][36] = settr(124,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(124,2,6,0,0,"ATOMIC", 1, 2, 0);
	trans[2][6]	= settr(94,2,14,9,0,"(((((fence==me)&&(newest<7))&&!((live[newest]&(1<<(asked-1)))))&&(target[newest]==from[newest])))", 1, 2, 0);
	T = trans[ 2][14] = settr(102,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(102,0,7,0,0,"sub-sequence", 1, 2, 0);
	trans[2][7]	= settr(95,2,22,10,10,"target[(newest+1)] = target[newest]", 1, 2, 0); /* m: 8 -> 0,22 */
	reached2[8] = 1;
	trans[2][8]	= settr(0,0,0,0,0,"from[(newest+1)] = from[newest]",0,0,0);
	trans[2][9]	= settr(0,0,0,0,0,"live[(newest+1)] = live[newest]",0,0,0);
	trans[2][10]	= settr(0,0,0,0,0,"since1[(newest+1)] = since1[newest]",0,0,0);
	trans[2][11]	= settr(0,0,0,0,0,"since2[(newest+1)] = since2[newest]",0,0,0);
	trans[2][12]	= settr(0,0,0,0,0,"last1[(newest+1)] = last1[newest]",0,0,0);
	trans[2][13]	= settr(0,0,0,0,0,"last2[(newest+1)] = last2[newest]",0,0,0);
	trans[2][15]	= settr(0,0,0,0,0,"live[(newest+1)] = (live[(newest+1)]|(1<<(asked-1)))",0,0,0);
	T = trans[2][22] = settr(110,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(110,2,16,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(110,2,19,0,0,"IF", 1, 2, 0);
	trans[2][16]	= settr(104,2,35,11,11,"((asked==1))", 1, 2, 0); /* m: 17 -> 35,0 */
	reached2[17] = 1;
	trans[2][17]	= settr(0,0,0,0,0,"since1[(newest+1)] = (newest+1)",0,0,0);
	trans[2][18]	= settr(0,0,0,0,0,"last1[(newest+1)] = 0",0,0,0);
	trans[2][23]	= settr(111,2,35,1,0,".(goto)", 1, 2, 0);
	trans[2][19]	= settr(107,2,20,2,0,"else", 1, 2, 0);
	trans[2][20]	= settr(108,2,35,12,12,"since2[(newest+1)] = (newest+1)", 1, 2, 0); /* m: 21 -> 0,35 */
	reached2[21] = 1;
	trans[2][21]	= settr(0,0,0,0,0,"last2[(newest+1)] = 0",0,0,0);
	T = trans[ 2][35] = settr(123,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(123,0,27,0,0,"sub-sequence", 1, 2, 0);
	T = trans[2][27] = settr(115,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(115,2,24,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(115,2,26,0,0,"IF", 1, 2, 0);
	trans[2][24]	= settr(112,2,32,13,13,"(((target[(newest+1)]==1)||(from[(newest+1)]==1)))", 1, 2, 0); /* m: 25 -> 32,0 */
	reached2[25] = 1;
	trans[2][25]	= settr(0,0,0,0,0,"last1[(newest+1)] = (newest+1)",0,0,0);
	trans[2][28]	= settr(116,2,32,1,0,".(goto)", 1, 2, 0);
	trans[2][26]	= settr(114,2,32,2,0,"else", 1, 2, 0);
	T = trans[2][32] = settr(120,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(120,2,29,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(120,2,31,0,0,"IF", 1, 2, 0);
	trans[2][29]	= settr(117,0,146,14,14,"(((target[(newest+1)]==2)||(from[(newest+1)]==2)))", 1, 2, 0); /* m: 30 -> 146,0 */
	reached2[30] = 1;
	trans[2][30]	= settr(0,0,0,0,0,"last2[(newest+1)] = (newest+1)",0,0,0);
	trans[2][33]	= settr(121,0,146,15,15,".(goto)", 1, 2, 0); /* m: 34 -> 0,146 */
	reached2[34] = 1;
	trans[2][31]	= settr(119,2,33,2,0,"else", 1, 2, 0);
	trans[2][34]	= settr(0,0,0,0,0,"newest = (newest+1)",0,0,0);
	T = trans[ 2][47] = settr(135,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(135,2,37,0,0,"ATOMIC", 1, 2, 0);
	trans[2][37]	= settr(125,2,45,16,16,"(((((fence==me)&&(newest<7))&&(live[newest]&(1<<(asked-1))))&&(target[newest]!=asked)))", 1, 2, 0); /* m: 38 -> 45,0 */
	reached2[38] = 1;
	trans[2][38]	= settr(0,0,0,0,0,"saw = newest",0,0,0);
	trans[2][39]	= settr(0,0,0,0,0,"release = asked",0,0,0);
	trans[2][40]	= settr(0,0,0,0,0,"ready = (((hs_ready[0]&(1<<(release-1)))&&(hs_obeyed[0]>=( ((release==1)) -> (since1[newest]) : (since2[newest]) )))&&((hs_ready[1]&(1<<(release-1)))&&(hs_obeyed[1]>=( ((release==1)) -> (since1[newest]) : (since2[newest]) ))))",0,0,0);
	T = trans[2][45] = settr(133,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(133,2,41,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(133,2,44,0,0,"IF", 1, 2, 0);
	trans[2][41]	= settr(129,4,79,17,17,"(ready)", 1, 2, 0); /* m: 42 -> 79,0 */
	reached2[42] = 1;
	trans[2][42]	= settr(0,0,0,0,0,"h_bound[0] = (h_bound[0]|(h_loaded[0]&(1<<(release-1))))",0,0,0);
	trans[2][43]	= settr(0,0,0,0,0,"h_bound[1] = (h_bound[1]|(h_loaded[1]&(1<<(release-1))))",0,0,0);
	trans[2][46]	= settr(134,0,79,18,18,".(goto)", 1, 2, 0);
	trans[2][44]	= settr(132,2,46,2,0,"else", 1, 2, 0);
	T = trans[2][79] = settr(167,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(167,0,73,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(167,0,78,0,0,"IF", 0, 2, 0);
	T = trans[ 2][73] = settr(161,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(161,2,48,0,0,"ATOMIC", 1, 2, 0);
	trans[2][48]	= settr(136,2,56,19,19,"((((ready&&(newest<7))&&(asked==release))&&((fence==me)&&(saw==newest))))", 1, 2, 0);
	T = trans[ 2][56] = settr(144,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(144,0,49,0,0,"sub-sequence", 1, 2, 0);
	trans[2][49]	= settr(137,2,69,20,20,"target[(newest+1)] = target[newest]", 1, 2, 0); /* m: 50 -> 0,69 */
	reached2[50] = 1;
	trans[2][50]	= settr(0,0,0,0,0,"from[(newest+1)] = from[newest]",0,0,0);
	trans[2][51]	= settr(0,0,0,0,0,"live[(newest+1)] = live[newest]",0,0,0);
	trans[2][52]	= settr(0,0,0,0,0,"since1[(newest+1)] = since1[newest]",0,0,0);
	trans[2][53]	= settr(0,0,0,0,0,"since2[(newest+1)] = since2[newest]",0,0,0);
	trans[2][54]	= settr(0,0,0,0,0,"last1[(newest+1)] = last1[newest]",0,0,0);
	trans[2][55]	= settr(0,0,0,0,0,"last2[(newest+1)] = last2[newest]",0,0,0);
	trans[2][57]	= settr(0,0,0,0,0,"target[(newest+1)] = release",0,0,0);
	T = trans[ 2][69] = settr(157,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(157,0,61,0,0,"sub-sequence", 1, 2, 0);
	T = trans[2][61] = settr(149,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(149,2,58,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(149,2,60,0,0,"IF", 1, 2, 0);
	trans[2][58]	= settr(146,2,66,21,21,"(((target[(newest+1)]==1)||(from[(newest+1)]==1)))", 1, 2, 0); /* m: 59 -> 66,0 */
	reached2[59] = 1;
	trans[2][59]	= settr(0,0,0,0,0,"last1[(newest+1)] = (newest+1)",0,0,0);
	trans[2][62]	= settr(150,2,66,1,0,".(goto)", 1, 2, 0);
	trans[2][60]	= settr(148,2,66,2,0,"else", 1, 2, 0);
	T = trans[2][66] = settr(154,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(154,2,63,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(154,2,65,0,0,"IF", 1, 2, 0);
	trans[2][63]	= settr(151,0,146,22,22,"(((target[(newest+1)]==2)||(from[(newest+1)]==2)))", 1, 2, 0); /* m: 64 -> 146,0 */
	reached2[64] = 1;
	trans[2][64]	= settr(0,0,0,0,0,"last2[(newest+1)] = (newest+1)",0,0,0);
	trans[2][67]	= settr(155,2,68,1,0,".(goto)", 1, 2, 0); /* m: 68 -> 0,146 */
	reached2[68] = 1;
	trans[2][65]	= settr(153,2,68,2,0,"else", 1, 2, 0);
	trans[2][68]	= settr(156,0,146,23,23,"newest = (newest+1)", 1, 2, 0); /* m: 70 -> 0,146 */
	reached2[70] = 1;
	trans[2][70]	= settr(0,0,0,0,0,"saw = 0",0,0,0);
	trans[2][71]	= settr(0,0,0,0,0,"release = 0",0,0,0);
	trans[2][72]	= settr(0,0,0,0,0,"ready = 0",0,0,0);
	trans[2][80]	= settr(168,0,146,1,0,".(goto)", 0, 2, 0);
	T = trans[ 2][78] = settr(166,2,0,0,0,"ATOMIC", 0, 2, 0);
	T->nxt	= settr(166,2,74,0,0,"ATOMIC", 0, 2, 0);
	trans[2][74]	= settr(162,2,75,2,0,"else", 0, 2, 0);
	trans[2][75]	= settr(163,0,146,24,24,"saw = 0", 0, 2, 0); /* m: 76 -> 0,146 */
	reached2[76] = 1;
	trans[2][76]	= settr(0,0,0,0,0,"release = 0",0,0,0);
	trans[2][77]	= settr(0,0,0,0,0,"ready = 0",0,0,0);
	T = trans[ 2][103] = settr(191,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(191,2,81,0,0,"ATOMIC", 1, 2, 0);
	trans[2][81]	= settr(169,2,89,25,0,"((((((fence==me)&&(newest<7))&&(target[newest]!=from[newest]))&&(rs_runs[0]==target[newest]))&&(rs_runs[1]==target[newest])))", 1, 2, 0);
	T = trans[ 2][89] = settr(177,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(177,0,82,0,0,"sub-sequence", 1, 2, 0);
	trans[2][82]	= settr(170,2,102,26,26,"target[(newest+1)] = target[newest]", 1, 2, 0); /* m: 83 -> 0,102 */
	reached2[83] = 1;
	trans[2][83]	= settr(0,0,0,0,0,"from[(newest+1)] = from[newest]",0,0,0);
	trans[2][84]	= settr(0,0,0,0,0,"live[(newest+1)] = live[newest]",0,0,0);
	trans[2][85]	= settr(0,0,0,0,0,"since1[(newest+1)] = since1[newest]",0,0,0);
	trans[2][86]	= settr(0,0,0,0,0,"since2[(newest+1)] = since2[newest]",0,0,0);
	trans[2][87]	= settr(0,0,0,0,0,"last1[(newest+1)] = last1[newest]",0,0,0);
	trans[2][88]	= settr(0,0,0,0,0,"last2[(newest+1)] = last2[newest]",0,0,0);
	trans[2][90]	= settr(0,0,0,0,0,"from[(newest+1)] = target[newest]",0,0,0);
	T = trans[ 2][102] = settr(190,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(190,0,94,0,0,"sub-sequence", 1, 2, 0);
	T = trans[2][94] = settr(182,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(182,2,91,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(182,2,93,0,0,"IF", 1, 2, 0);
	trans[2][91]	= settr(179,2,99,27,27,"(((target[(newest+1)]==1)||(from[(newest+1)]==1)))", 1, 2, 0); /* m: 92 -> 99,0 */
	reached2[92] = 1;
	trans[2][92]	= settr(0,0,0,0,0,"last1[(newest+1)] = (newest+1)",0,0,0);
	trans[2][95]	= settr(183,2,99,1,0,".(goto)", 1, 2, 0);
	trans[2][93]	= settr(181,2,99,2,0,"else", 1, 2, 0);
	T = trans[2][99] = settr(187,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(187,2,96,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(187,2,98,0,0,"IF", 1, 2, 0);
	trans[2][96]	= settr(184,0,146,28,28,"(((target[(newest+1)]==2)||(from[(newest+1)]==2)))", 1, 2, 0); /* m: 97 -> 146,0 */
	reached2[97] = 1;
	trans[2][97]	= settr(0,0,0,0,0,"last2[(newest+1)] = (newest+1)",0,0,0);
	trans[2][100]	= settr(188,0,146,29,29,".(goto)", 1, 2, 0); /* m: 101 -> 0,146 */
	reached2[101] = 1;
	trans[2][98]	= settr(186,2,100,2,0,"else", 1, 2, 0);
	trans[2][101]	= settr(0,0,0,0,0,"newest = (newest+1)",0,0,0);
	T = trans[ 2][112] = settr(200,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(200,2,104,0,0,"ATOMIC", 1, 2, 0);
	trans[2][104]	= settr(192,2,107,30,0,"(((fence==me)&&(newest<7)))", 1, 2, 0);
	T = trans[2][107] = settr(195,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(195,2,105,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(195,2,106,0,0,"IF", 1, 2, 0);
	trans[2][105]	= settr(193,2,109,31,31,"release = 1", 1, 2, 0);
	trans[2][108]	= settr(196,2,109,1,0,".(goto)", 1, 2, 0);
	trans[2][106]	= settr(194,2,109,32,32,"release = 2", 1, 2, 0);
	trans[2][109]	= settr(197,4,144,33,33,"(((((live[newest]&(1<<(release-1)))&&(release!=asked))&&!(((target[newest]==release)||(from[newest]==release))))&&(heard[me]==3)))", 1, 2, 0); /* m: 110 -> 144,0 */
	reached2[110] = 1;
	trans[2][110]	= settr(0,0,0,0,0,"saw = newest",0,0,0);
	trans[2][111]	= settr(0,0,0,0,0,"free = ((((rs_runs[0]!=release)&&!((rs_holds[0]&(1<<(release-1)))))&&(rs_obeyed[0]>( ((release==1)) -> (last1[newest]) : (last2[newest]) )))&&(((rs_runs[1]!=release)&&!((rs_holds[1]&(1<<(release-1)))))&&(rs_obeyed[1]>( ((release==1)) -> (last1[newest]) : (last2[newest]) ))))",0,0,0);
	T = trans[2][144] = settr(232,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(232,0,138,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(232,0,143,0,0,"IF", 0, 2, 0);
	T = trans[ 2][138] = settr(226,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(226,2,113,0,0,"ATOMIC", 1, 2, 0);
	trans[2][113]	= settr(201,2,121,34,34,"(((free&&(newest<7))&&((fence==me)&&(saw==newest))))", 1, 2, 0);
	T = trans[ 2][121] = settr(209,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(209,0,114,0,0,"sub-sequence", 1, 2, 0);
	trans[2][114]	= settr(202,2,134,35,35,"target[(newest+1)] = target[newest]", 1, 2, 0); /* m: 115 -> 0,134 */
	reached2[115] = 1;
	trans[2][115]	= settr(0,0,0,0,0,"from[(newest+1)] = from[newest]",0,0,0);
	trans[2][116]	= settr(0,0,0,0,0,"live[(newest+1)] = live[newest]",0,0,0);
	trans[2][117]	= settr(0,0,0,0,0,"since1[(newest+1)] = since1[newest]",0,0,0);
	trans[2][118]	= settr(0,0,0,0,0,"since2[(newest+1)] = since2[newest]",0,0,0);
	trans[2][119]	= settr(0,0,0,0,0,"last1[(newest+1)] = last1[newest]",0,0,0);
	trans[2][120]	= settr(0,0,0,0,0,"last2[(newest+1)] = last2[newest]",0,0,0);
	trans[2][122]	= settr(0,0,0,0,0,"live[(newest+1)] = (live[(newest+1)]&~((1<<(release-1))))",0,0,0);
	T = trans[ 2][134] = settr(222,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(222,0,126,0,0,"sub-sequence", 1, 2, 0);
	T = trans[2][126] = settr(214,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(214,2,123,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(214,2,125,0,0,"IF", 1, 2, 0);
	trans[2][123]	= settr(211,2,131,36,36,"(((target[(newest+1)]==1)||(from[(newest+1)]==1)))", 1, 2, 0); /* m: 124 -> 131,0 */
	reached2[124] = 1;
	trans[2][124]	= settr(0,0,0,0,0,"last1[(newest+1)] = (newest+1)",0,0,0);
	trans[2][127]	= settr(215,2,131,1,0,".(goto)", 1, 2, 0);
	trans[2][125]	= settr(213,2,131,2,0,"else", 1, 2, 0);
	T = trans[2][131] = settr(219,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(219,2,128,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(219,2,130,0,0,"IF", 1, 2, 0);
	trans[2][128]	= settr(216,0,146,37,37,"(((target[(newest+1)]==2)||(from[(newest+1)]==2)))", 1, 2, 0); /* m: 129 -> 146,0 */
	reached2[129] = 1;
	trans[2][129]	= settr(0,0,0,0,0,"last2[(newest+1)] = (newest+1)",0,0,0);
	trans[2][132]	= settr(220,2,133,1,0,".(goto)", 1, 2, 0); /* m: 133 -> 0,146 */
	reached2[133] = 1;
	trans[2][130]	= settr(218,2,133,2,0,"else", 1, 2, 0);
	trans[2][133]	= settr(221,0,146,38,38,"newest = (newest+1)", 1, 2, 0); /* m: 135 -> 0,146 */
	reached2[135] = 1;
	trans[2][135]	= settr(0,0,0,0,0,"saw = 0",0,0,0);
	trans[2][136]	= settr(0,0,0,0,0,"release = 0",0,0,0);
	trans[2][137]	= settr(0,0,0,0,0,"free = 0",0,0,0);
	trans[2][145]	= settr(233,0,146,1,0,".(goto)", 0, 2, 0);
	T = trans[ 2][143] = settr(231,2,0,0,0,"ATOMIC", 0, 2, 0);
	T->nxt	= settr(231,2,139,0,0,"ATOMIC", 0, 2, 0);
	trans[2][139]	= settr(227,2,140,2,0,"else", 0, 2, 0);
	trans[2][140]	= settr(228,0,146,39,39,"saw = 0", 0, 2, 0); /* m: 141 -> 0,146 */
	reached2[141] = 1;
	trans[2][141]	= settr(0,0,0,0,0,"release = 0",0,0,0);
	trans[2][142]	= settr(0,0,0,0,0,"free = 0",0,0,0);
	trans[2][148]	= settr(236,0,149,1,0,"break", 0, 2, 0);
	trans[2][149]	= settr(237,0,0,40,40,"-end-", 0, 3500, 0);

	/* proctype 1: router */

	trans[1] = (Trans **) emalloc(34*sizeof(Trans *));

	trans[1][31]	= settr(86,0,30,1,0,".(goto)", 0, 2, 0);
	T = trans[1][30] = settr(85,0,0,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(85,0,3,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(85,0,19,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(85,0,22,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(85,0,29,0,0,"DO", 0, 2, 0);
	T = trans[ 1][3] = settr(58,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(58,2,1,0,0,"ATOMIC", 1, 2, 0);
	trans[1][1]	= settr(56,0,30,41,41,"((r_obeyed[me]<newest))", 1, 2, 0); /* m: 2 -> 30,0 */
	reached1[2] = 1;
	trans[1][2]	= settr(0,0,0,0,0,"r_obeyed[me] = (r_obeyed[me]+1)",0,0,0);
	T = trans[ 1][19] = settr(74,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(74,2,4,0,0,"ATOMIC", 1, 2, 0);
	trans[1][4]	= settr(59,2,5,42,42,"wanted = target[r_obeyed[me]]", 1, 2, 0);
	trans[1][5]	= settr(60,2,12,43,43,"(((wanted!=r_runs[me])&&(live[r_obeyed[me]]&(1<<(wanted-1)))))", 1, 2, 0); /* m: 6 -> 12,0 */
	reached1[6] = 1;
	trans[1][6]	= settr(0,0,0,0,0,"host = 0",0,0,0);
	trans[1][13]	= settr(68,2,12,1,0,".(goto)", 1, 2, 0);
	T = trans[1][12] = settr(67,2,0,0,0,"DO", 1, 2, 0);
	T = T->nxt	= settr(67,2,7,0,0,"DO", 1, 2, 0);
	    T->nxt	= settr(67,2,10,0,0,"DO", 1, 2, 0);
	trans[1][7]	= settr(62,2,12,44,44,"((host<2))", 1, 2, 0); /* m: 8 -> 12,0 */
	reached1[8] = 1;
	trans[1][8]	= settr(0,0,0,0,0,"assert((!((h_bound[host]&(1<<(wanted-1))))||(h_loaded[host]&(1<<(wanted-1)))))",0,0,0);
	trans[1][9]	= settr(0,0,0,0,0,"host = (host+1)",0,0,0);
	trans[1][10]	= settr(65,2,15,2,0,"else", 1, 2, 0);
	trans[1][11]	= settr(66,2,15,1,0,"goto :b4", 1, 2, 0); /* m: 15 -> 0,30 */
	reached1[15] = 1;
	trans[1][14]	= settr(69,2,15,1,0,"break", 1, 2, 0);
	trans[1][15]	= settr(70,0,30,45,45,"r_holds[me] = ((r_holds[me]|(1<<(r_runs[me]-1)))&~((1<<(wanted-1))))", 1, 2, 0); /* m: 16 -> 0,30 */
	reached1[16] = 1;
	trans[1][16]	= settr(0,0,0,0,0,"r_runs[me] = wanted",0,0,0);
	trans[1][17]	= settr(0,0,0,0,0,"wanted = 0",0,0,0);
	trans[1][18]	= settr(0,0,0,0,0,"host = 0",0,0,0);
	T = trans[ 1][22] = settr(77,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(77,2,20,0,0,"ATOMIC", 1, 2, 0);
	trans[1][20]	= settr(75,0,30,46,46,"((r_holds[me]!=0))", 1, 2, 0); /* m: 21 -> 30,0 */
	reached1[21] = 1;
	trans[1][21]	= settr(0,0,0,0,0,"r_holds[me] = 0",0,0,0);
	T = trans[ 1][29] = settr(84,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(84,2,23,0,0,"ATOMIC", 1, 2, 0);
	trans[1][23]	= settr(78,0,30,47,47,"(((((rs_obeyed[me]!=r_obeyed[me])||(rs_runs[me]!=r_runs[me]))||(rs_holds[me]!=r_holds[me]))||!((heard[fence]&(1<<me)))))", 1, 2, 0); /* m: 24 -> 30,0 */
	reached1[24] = 1;
	trans[1][24]	= settr(0,0,0,0,0,"rs_obeyed[me] = r_obeyed[me]",0,0,0);
	trans[1][25]	= settr(0,0,0,0,0,"rs_runs[me] = r_runs[me]",0,0,0);
	trans[1][26]	= settr(0,0,0,0,0,"rs_holds[me] = r_holds[me]",0,0,0);
	trans[1][27]	= settr(0,0,0,0,0,"heard[0] = (heard[0]|(1<<me))",0,0,0);
	trans[1][28]	= settr(0,0,0,0,0,"heard[1] = (heard[1]|(1<<me))",0,0,0);
	trans[1][32]	= settr(87,0,33,1,0,"break", 0, 2, 0);
	trans[1][33]	= settr(88,0,0,48,48,"-end-", 0, 3500, 0);

	/* proctype 0: serving */

	trans[0] = (Trans **) emalloc(57*sizeof(Trans *));

	trans[0][54]	= settr(53,0,53,1,0,".(goto)", 0, 2, 0);
	T = trans[0][53] = settr(52,0,0,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(52,0,3,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(52,0,11,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(52,0,43,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(52,0,47,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(52,0,52,0,0,"DO", 0, 2, 0);
	T = trans[ 0][3] = settr(2,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(2,2,1,0,0,"ATOMIC", 1, 2, 0);
	trans[0][1]	= settr(0,0,53,49,49,"((h_obeyed[me]<newest))", 1, 2, 0); /* m: 2 -> 53,0 */
	reached0[2] = 1;
	trans[0][2]	= settr(0,0,0,0,0,"h_obeyed[me] = (h_obeyed[me]+1)",0,0,0);
	T = trans[ 0][11] = settr(10,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(10,2,6,0,0,"ATOMIC", 1, 2, 0);
	T = trans[0][6] = settr(5,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(5,2,4,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(5,2,5,0,0,"IF", 1, 2, 0);
	trans[0][4]	= settr(3,2,8,50,50,"release = 1", 1, 2, 0);
	trans[0][7]	= settr(6,2,8,1,0,".(goto)", 1, 2, 0);
	trans[0][5]	= settr(4,2,8,51,51,"release = 2", 1, 2, 0);
	trans[0][8]	= settr(7,0,53,52,52,"(((live[h_obeyed[me]]&(1<<(release-1)))&&!((h_loaded[me]&(1<<(release-1))))))", 1, 2, 0); /* m: 9 -> 53,0 */
	reached0[9] = 1;
	trans[0][9]	= settr(0,0,0,0,0,"h_loaded[me] = (h_loaded[me]|(1<<(release-1)))",0,0,0);
	trans[0][10]	= settr(0,0,0,0,0,"release = 0",0,0,0);
	T = trans[ 0][43] = settr(42,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(42,2,14,0,0,"ATOMIC", 1, 2, 0);
	T = trans[0][14] = settr(13,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(13,2,12,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(13,2,13,0,0,"IF", 1, 2, 0);
	trans[0][12]	= settr(11,2,16,53,53,"release = 1", 1, 2, 0);
	trans[0][15]	= settr(14,2,16,1,0,".(goto)", 1, 2, 0);
	trans[0][13]	= settr(12,2,16,54,54,"release = 2", 1, 2, 0);
	trans[0][16]	= settr(15,2,39,55,0,"((!((live[h_obeyed[me]]&(1<<(release-1))))&&(h_loaded[me]&(1<<(release-1)))))", 1, 2, 0);
	T = trans[ 0][39] = settr(38,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(38,0,17,0,0,"sub-sequence", 1, 2, 0);
	trans[0][17]	= settr(16,2,34,56,56,"r_ = 0", 1, 2, 0); /* m: 18 -> 0,34 */
	reached0[18] = 1;
	trans[0][18]	= settr(0,0,0,0,0,"s_ = 0",0,0,0);
	trans[0][35]	= settr(34,2,34,1,0,".(goto)", 1, 2, 0);
	T = trans[0][34] = settr(33,2,0,0,0,"DO", 1, 2, 0);
	T = T->nxt	= settr(33,2,19,0,0,"DO", 1, 2, 0);
	    T->nxt	= settr(33,2,32,0,0,"DO", 1, 2, 0);
	trans[0][19]	= settr(18,2,28,57,57,"((r_<2))", 1, 2, 0); /* m: 20 -> 28,0 */
	reached0[20] = 1;
	trans[0][20]	= settr(0,0,0,0,0,"assert((r_runs[r_]!=release))",0,0,0);
	trans[0][21]	= settr(0,0,0,0,0,"assert(!((r_holds[r_]&(1<<(release-1)))))",0,0,0);
	trans[0][22]	= settr(0,0,0,0,0,"s_ = r_obeyed[r_]",0,0,0);
	trans[0][29]	= settr(28,2,28,1,0,".(goto)", 1, 2, 0);
	T = trans[0][28] = settr(27,2,0,0,0,"DO", 1, 2, 0);
	T = T->nxt	= settr(27,2,23,0,0,"DO", 1, 2, 0);
	    T->nxt	= settr(27,2,26,0,0,"DO", 1, 2, 0);
	trans[0][23]	= settr(22,2,28,58,58,"((s_<=h_obeyed[me]))", 1, 2, 0); /* m: 24 -> 28,0 */
	reached0[24] = 1;
	trans[0][24]	= settr(0,0,0,0,0,"assert(((target[s_]!=release)||!((live[s_]&(1<<(release-1))))))",0,0,0);
	trans[0][25]	= settr(0,0,0,0,0,"s_ = (s_+1)",0,0,0);
	trans[0][26]	= settr(25,2,31,2,0,"else", 1, 2, 0);
	trans[0][27]	= settr(26,2,31,1,0,"goto :b2", 1, 2, 0); /* m: 31 -> 0,34 */
	reached0[31] = 1;
	trans[0][30]	= settr(29,2,31,1,0,"break", 1, 2, 0);
	trans[0][31]	= settr(30,2,34,59,59,"r_ = (r_+1)", 1, 2, 0);
	trans[0][32]	= settr(31,2,37,2,0,"else", 1, 2, 0);
	trans[0][33]	= settr(32,2,37,1,0,"goto :b1", 1, 2, 0); /* m: 37 -> 0,53 */
	reached0[37] = 1;
	trans[0][36]	= settr(35,2,37,1,0,"break", 1, 2, 0);
	trans[0][37]	= settr(36,0,53,60,60,"r_ = 0", 1, 2, 0); /* m: 38 -> 0,53 */
	reached0[38] = 1;
	trans[0][38]	= settr(0,0,0,0,0,"s_ = 0",0,0,0);
	trans[0][40]	= settr(0,0,0,0,0,"h_loaded[me] = (h_loaded[me]&~((1<<(release-1))))",0,0,0);
	trans[0][41]	= settr(0,0,0,0,0,"h_bound[me] = (h_bound[me]&~((1<<(release-1))))",0,0,0);
	trans[0][42]	= settr(0,0,0,0,0,"release = 0",0,0,0);
	T = trans[ 0][47] = settr(46,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(46,2,44,0,0,"ATOMIC", 1, 2, 0);
	trans[0][44]	= settr(43,0,53,61,61,"(((hs_obeyed[me]!=h_obeyed[me])||(hs_ready[me]!=h_loaded[me])))", 1, 2, 0); /* m: 45 -> 53,0 */
	reached0[45] = 1;
	trans[0][45]	= settr(0,0,0,0,0,"hs_obeyed[me] = h_obeyed[me]",0,0,0);
	trans[0][46]	= settr(0,0,0,0,0,"hs_ready[me] = h_loaded[me]",0,0,0);
	T = trans[ 0][52] = settr(51,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(51,2,48,0,0,"ATOMIC", 1, 2, 0);
	trans[0][48]	= settr(47,0,53,62,62,"((crashes<1))", 1, 2, 0); /* m: 49 -> 53,0 */
	reached0[49] = 1;
	trans[0][49]	= settr(0,0,0,0,0,"crashes = (crashes+1)",0,0,0);
	trans[0][50]	= settr(0,0,0,0,0,"h_loaded[me] = 0",0,0,0);
	trans[0][51]	= settr(0,0,0,0,0,"h_bound[me] = 0",0,0,0);
	trans[0][55]	= settr(54,0,56,1,0,"break", 0, 2, 0);
	trans[0][56]	= settr(55,0,0,63,63,"-end-", 0, 3500, 0);
	/* np_ demon: */
	trans[_NP_] = (Trans **) emalloc(3*sizeof(Trans *));
	T = trans[_NP_][0] = settr(9997,0,1,_T5,0,"(np_)", 1,2,0);
	    T->nxt	  = settr(9998,0,0,_T2,0,"(1)",   0,2,0);
	T = trans[_NP_][1] = settr(9999,0,1,_T5,0,"(np_)", 1,2,0);
}

Trans *
settr(	int t_id, int a, int b, int c, int d,
	char *t, int g, int tpe0, int tpe1)
{	Trans *tmp = (Trans *) emalloc(sizeof(Trans));

	tmp->atom  = a&(6|32);	/* only (2|8|32) have meaning */
	if (!g) tmp->atom |= 8;	/* no global references */
	tmp->st    = b;
	tmp->tpe[0] = tpe0;
	tmp->tpe[1] = tpe1;
	tmp->tp    = t;
	tmp->t_id  = t_id;
	tmp->forw  = c;
	tmp->back  = d;
	return tmp;
}

Trans *
cpytr(Trans *a)
{	Trans *tmp = (Trans *) emalloc(sizeof(Trans));

	int i;
	tmp->atom  = a->atom;
	tmp->st    = a->st;
#ifdef HAS_UNLESS
	tmp->e_trans = a->e_trans;
	for (i = 0; i < HAS_UNLESS; i++)
		tmp->escp[i] = a->escp[i];
#endif
	tmp->tpe[0] = a->tpe[0];
	tmp->tpe[1] = a->tpe[1];
	for (i = 0; i < 6; i++)
	{	tmp->qu[i] = a->qu[i];
		tmp->ty[i] = a->ty[i];
	}
	tmp->tp    = (char *) emalloc(strlen(a->tp)+1);
	strcpy(tmp->tp, a->tp);
	tmp->t_id  = a->t_id;
	tmp->forw  = a->forw;
	tmp->back  = a->back;
	return tmp;
}

#ifndef NOREDUCE
int
srinc_set(int n)
{	if (n <= 2) return LOCAL;
	if (n <= 2+  DELTA) return Q_FULL_F; /* 's' or nfull  */
	if (n <= 2+2*DELTA) return Q_EMPT_F; /* 'r' or nempty */
	if (n <= 2+3*DELTA) return Q_EMPT_T; /* empty */
	if (n <= 2+4*DELTA) return Q_FULL_T; /* full  */
	if (n ==   5*DELTA) return GLOBAL;
	if (n ==   6*DELTA) return TIMEOUT_F;
	if (n ==   7*DELTA) return ALPHA_F;
	Uerror("cannot happen srinc_class");
	return BAD;
}
int
srunc(int n, int m)
{	switch(m) {
	case Q_FULL_F: return n-2;
	case Q_EMPT_F: return n-2-DELTA;
	case Q_EMPT_T: return n-2-2*DELTA;
	case Q_FULL_T: return n-2-3*DELTA;
	case ALPHA_F:
	case TIMEOUT_F: return 257; /* non-zero, and > MAXQ */
	}
	Uerror("cannot happen srunc");
	return 0;
}
#endif
int cnt;
#ifdef HAS_UNLESS
int
isthere(Trans *a, int b)
{	Trans *t;
	for (t = a; t; t = t->nxt)
		if (t->t_id == b)
			return 1;
	return 0;
}
#endif
#ifndef NOREDUCE
int
mark_safety(Trans *t) /* for conditional safety */
{	int g = 0, i, j, k;

	if (!t) return 0;
	if (t->qu[0])
		return (t->qu[1])?2:1;	/* marked */

	for (i = 0; i < 2; i++)
	{	j = srinc_set(t->tpe[i]);
		if (j >= GLOBAL && j != ALPHA_F)
			return -1;
		if (j != LOCAL)
		{	k = srunc(t->tpe[i], j);
			if (g == 0
			||  t->qu[0] != k
			||  t->ty[0] != j)
			{	t->qu[g] = k;
				t->ty[g] = j;
				g++;
	}	}	}
	return g;
}
#endif
void
retrans(int n, int m, int is, short srcln[], uchar reach[], uchar lpstate[])
	/* process n, with m states, is=initial state */
{	Trans *T0, *T1, *T2, *T3;
	Trans *T4, *T5; /* t_reverse or has_unless */
	int i;
#if defined(HAS_UNLESS) || !defined(NOREDUCE)
	int k;
#endif
#ifndef NOREDUCE
	int g, h, j, aa;
#endif
#ifdef HAS_UNLESS
	int p;
#endif
	if (state_tables >= 4)
	{	printf("STEP 1 %s\n", 
			procname[n]);
		for (i = 1; i < m; i++)
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			crack(n, i, T0, srcln);
		return;
	}
	do {
		for (i = 1, cnt = 0; i < m; i++)
		{	T2 = trans[n][i];
			T1 = T2?T2->nxt:(Trans *)0;
/* prescan: */		for (T0 = T1; T0; T0 = T0->nxt)
/* choice in choice */	{	if (T0->st && trans[n][T0->st]
				&&  trans[n][T0->st]->nxt)
					break;
			}
#if 0
		if (T0)
		printf("\tstate %d / %d: choice in choice\n",
		i, T0->st);
#endif
			if (T0)
			for (T0 = T1; T0; T0 = T0->nxt)
			{	T3 = trans[n][T0->st];
				if (!T3->nxt)
				{	T2->nxt = cpytr(T0);
					T2 = T2->nxt;
					imed(T2, T0->st, n, i);
					continue;
				}
				do {	T3 = T3->nxt;
					T2->nxt = cpytr(T3);
					T2 = T2->nxt;
					imed(T2, T0->st, n, i);
				} while (T3->nxt);
				cnt++;
			}
		}
	} while (cnt);
	if (state_tables >= 3)
	{	printf("STEP 2 %s\n", 
			procname[n]);
		for (i = 1; i < m; i++)
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			crack(n, i, T0, srcln);
		return;
	}
	for (i = 1; i < m; i++)
	{	if (trans[n][i] && trans[n][i]->nxt) /* optimize */
		{	T1 = trans[n][i]->nxt;
#if 0
			printf("\t\tpull %d (%d) to %d\n",
			T1->st, T1->forw, i);
#endif
			srcln[i] = srcln[T1->st];	/* Oyvind Teig, 5.2.0 */

			if (!trans[n][T1->st]) continue;
			T0 = cpytr(trans[n][T1->st]);
			trans[n][i] = T0;
			reach[T1->st] = 1;
			imed(T0, T1->st, n, i);
			for (T1 = T1->nxt; T1; T1 = T1->nxt)
			{
#if 0
			printf("\t\tpull %d (%d) to %d\n",
				T1->st, T1->forw, i);
#endif
		/*		srcln[i] = srcln[T1->st];  gh: not useful */
				if (!trans[n][T1->st]) continue;
				T0->nxt = cpytr(trans[n][T1->st]);
				T0 = T0->nxt;
				reach[T1->st] = 1;
				imed(T0, T1->st, n, i);
	}	}	}
	if (state_tables >= 2)
	{	printf("STEP 3 %s\n", 
			procname[n]);
		for (i = 1; i < m; i++)
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			crack(n, i, T0, srcln);
		return;
	}
#ifdef HAS_UNLESS
	for (i = 1; i < m; i++)
	{	if (!trans[n][i]) continue;
		/* check for each state i if an
		 * escape to some state p is defined
		 * if so, copy and mark p's transitions
		 * and prepend them to the transition-
		 * list of state i
		 */
	 if (!like_java) /* the default */
	 {	for (T0 = trans[n][i]; T0; T0 = T0->nxt)
		for (k = HAS_UNLESS-1; k >= 0; k--)
		{	if (p = T0->escp[k])
			for (T1 = trans[n][p]; T1; T1 = T1->nxt)
			{	if (isthere(trans[n][i], T1->t_id))
					continue;
				T2 = cpytr(T1);
				T2->e_trans = p;
				T2->nxt = trans[n][i];
				trans[n][i] = T2;
		}	}
	 } else /* outermost unless checked first */
	 {	T4 = T3 = (Trans *) 0;
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
		for (k = HAS_UNLESS-1; k >= 0; k--)
		{	if (p = T0->escp[k])
			for (T1 = trans[n][p]; T1; T1 = T1->nxt)
			{	if (isthere(trans[n][i], T1->t_id))
					continue;
				T2 = cpytr(T1);
				T2->nxt = (Trans *) 0;
				T2->e_trans = p;
				if (T3)	T3->nxt = T2;
				else	T4 = T2;
				T3 = T2;
		}	}
		if (T4)
		{	T3->nxt = trans[n][i];
			trans[n][i] = T4;
		}
	 }
	}
#endif
#ifndef NOREDUCE
	for (i = 1; i < m; i++)
	{	if (a_cycles)
		{ /* moves through these states are visible */
	#if PROG_LAB>0 && defined(HAS_NP)
			if (progstate[n][i])
				goto degrade;
			for (T1 = trans[n][i]; T1; T1 = T1->nxt)
				if (progstate[n][T1->st])
					goto degrade;
	#endif
			if (accpstate[n][i] || visstate[n][i])
				goto degrade;
			for (T1 = trans[n][i]; T1; T1 = T1->nxt)
				if (accpstate[n][T1->st])
					goto degrade;
		}
		T1 = trans[n][i];
		if (!T1) continue;
		g = mark_safety(T1);	/* V3.3.1 */
		if (g < 0) goto degrade; /* global */
		/* check if mixing of guards preserves reduction */
		if (T1->nxt)
		{	k = 0;
			for (T0 = T1; T0; T0 = T0->nxt)
			{	if (!(T0->atom&8))
					goto degrade;
				for (aa = 0; aa < 2; aa++)
				{	j = srinc_set(T0->tpe[aa]);
					if (j >= GLOBAL && j != ALPHA_F)
						goto degrade;
					if (T0->tpe[aa]
					&&  T0->tpe[aa]
					!=  T1->tpe[0])
						k = 1;
			}	}
			/* g = 0;	V3.3.1 */
			if (k)	/* non-uniform selection */
			for (T0 = T1; T0; T0 = T0->nxt)
			for (aa = 0; aa < 2; aa++)
			{	j = srinc_set(T0->tpe[aa]);
				if (j != LOCAL)
				{	k = srunc(T0->tpe[aa], j);
					for (h = 0; h < 6; h++)
						if (T1->qu[h] == k
						&&  T1->ty[h] == j)
							break;
					if (h >= 6)
					{	T1->qu[g%6] = k;
						T1->ty[g%6] = j;
						g++;
			}	}	}
			if (g > 6)
			{	T1->qu[0] = 0;	/* turn it off */
				printf("pan: warning, line %d, ",
					srcln[i]);
			 	printf("too many stmnt types (%d)",
					g);
			  	printf(" in selection\n");
			  goto degrade;
			}
		}
		/* mark all options global if >=1 is global */
		for (T1 = trans[n][i]; T1; T1 = T1->nxt)
			if (!(T1->atom&8)) break;
		if (T1)
degrade:	for (T1 = trans[n][i]; T1; T1 = T1->nxt)
			T1->atom &= ~8;	/* mark as unsafe */
		/* can only mix 'r's or 's's if on same chan */
		/* and not mixed with other local operations */
		T1 = trans[n][i];
		if (!T1 || T1->qu[0]) continue;
		j = T1->tpe[0];
		if (T1->nxt && T1->atom&8)
		{ if (j == 5*DELTA)
		  {	printf("warning: line %d ", srcln[i]);
			printf("mixed condition ");
			printf("(defeats reduction)\n");
			goto degrade;
		  }
		  for (T0 = T1; T0; T0 = T0->nxt)
		  for (aa = 0; aa < 2; aa++)
		  if  (T0->tpe[aa] && T0->tpe[aa] != j)
		  {	printf("warning: line %d ", srcln[i]);
			printf("[%d-%d] mixed %stion ",
				T0->tpe[aa], j, 
				(j==5*DELTA)?"condi":"selec");
			printf("(defeats reduction)\n");
			printf("	'%s' <-> '%s'\n",
				T1->tp, T0->tp);
			goto degrade;
		} }
	}
#endif
	for (i = 1; i < m; i++)
	{	T2 = trans[n][i];
		if (!T2
		||  T2->nxt
		||  strncmp(T2->tp, ".(goto)", 7)
		||  !stopstate[n][i])
			continue;
		stopstate[n][T2->st] = 1;
	}
	if (state_tables && !verbose)
	{	if (dodot)
		{	char buf[256], *q = buf, *p = procname[n];
			while (*p != '\0')
			{	if (*p != ':')
				{	*q++ = *p;
				}
				p++;
			}
			*q = '\0';
			printf("digraph ");
			switch (Btypes[n]) {
			case I_PROC:  printf("init {\n"); break;
			case N_CLAIM: printf("claim_%s {\n", buf); break;
			case E_TRACE: printf("notrace {\n"); break;
			case N_TRACE: printf("trace {\n"); break;
			default:      printf("p_%s {\n", buf); break;
			}
			printf("size=\"8,10\";\n");
			printf("  GT [shape=box,style=dotted,label=\"%s\"];\n", buf);
			printf("  GT -> S%d;\n", is);
		} else
		{	switch (Btypes[n]) {
			case I_PROC:  printf("init\n"); break;
			case N_CLAIM: printf("claim %s\n", procname[n]); break;
			case E_TRACE: printf("notrace assertion\n"); break;
			case N_TRACE: printf("trace assertion\n"); break;
			default:      printf("proctype %s\n", procname[n]); break;
		}	}
		for (i = 1; i < m; i++)
		{	reach[i] = 1;
		}
		tagtable(n, m, is, srcln, reach);
		if (dodot) printf("}\n");
	} else
	for (i = 1; i < m; i++)
	{	int nrelse;
		if (Btypes[n] != N_CLAIM)
		{	for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			{	if (T0->st == i
				&& strcmp(T0->tp, "(1)") == 0)
				{	printf("error: proctype '%s' ",
						procname[n]);
		  			printf("line %d, state %d: has un",
						srcln[i], i);
					printf("conditional self-loop\n");
					pan_exit(1);
		}	}	}
		nrelse = 0;
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
		{	if (strcmp(T0->tp, "else") == 0)
				nrelse++;
		}
		if (nrelse > 1)
		{	printf("error: proctype '%s' state",
				procname[n]);
		  	printf(" %d, inherits %d", i, nrelse);
		  	printf(" 'else' stmnts\n");
			pan_exit(1);
	}	}
#if !defined(LOOPSTATE) && !defined(BFS_PAR)
	if (state_tables)
#endif
	do_dfs(n, m, is, srcln, reach, lpstate);

	if (!t_reverse)
	{	return;
	}
	/* process n, with m states, is=initial state -- reverse list */
	if (!state_tables && Btypes[n] != N_CLAIM)
	{	for (i = 1; i < m; i++)
		{	Trans *Tx = (Trans *) 0; /* list of escapes */
			Trans *Ty = (Trans *) 0; /* its tail element */
			T1 = (Trans *) 0; /* reversed list */
			T2 = (Trans *) 0; /* its tail */
			T3 = (Trans *) 0; /* remembers possible 'else' */

			/* find unless-escapes, they should go first */
			T4 = T5 = T0 = trans[n][i];
	#ifdef HAS_UNLESS
			while (T4 && T4->e_trans) /* escapes are first in orig list */
			{	T5 = T4;	  /* remember predecessor */
				T4 = T4->nxt;
			}
	#endif
			/* T4 points to first non-escape, T5 to its parent, T0 to original list */
			if (T4 != T0)		 /* there was at least one escape */
			{	T3 = T5->nxt;		 /* start of non-escapes */
				T5->nxt = (Trans *) 0;	 /* separate */
				Tx = T0;		 /* start of the escapes */
				Ty = T5;		 /* its tail */
				T0 = T3;		 /* the rest, to be reversed */
			}
			/* T0 points to first non-escape, Tx to the list of escapes, Ty to its tail */

			/* first tail-add non-escape transitions, reversed */
			T3 = (Trans *) 0;
			for (T5 = T0; T5; T5 = T4)
			{	T4 = T5->nxt;
	#ifdef HAS_UNLESS
				if (T5->e_trans)
				{	printf("error: cannot happen!\n");
					continue;
				}
	#endif
				if (strcmp(T5->tp, "else") == 0)
				{	T3 = T5;
					T5->nxt = (Trans *) 0;
				} else
				{	T5->nxt = T1;
					if (!T1) { T2 = T5; }
					T1 = T5;
			}	}
			/* T3 points to a possible else, which is removed from the list */
			/* T1 points to the reversed list so far (without escapes) */
			/* T2 points to the tail element -- where the else should go */
			if (T2 && T3)
			{	T2->nxt = T3;	/* add else */
			} else
			{	if (T3) /* there was an else, but there's no tail */
				{	if (!T1)	/* and no reversed list */
					{	T1 = T3; /* odd, but possible */
					} else		/* even stranger */
					{	T1->nxt = T3;
			}	}	}

			/* add in the escapes, to that they appear at the front */
			if (Tx && Ty) { Ty->nxt = T1; T1 = Tx; }

			trans[n][i] = T1;
			/* reversed, with escapes first and else last */
	}	}
	if (state_tables && verbose)
	{	printf("FINAL proctype %s\n", 
			procname[n]);
		for (i = 1; i < m; i++)
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			crack(n, i, T0, srcln);
	}
}
void
imed(Trans *T, int v, int n, int j)	/* set intermediate state */
{	progstate[n][T->st] |= progstate[n][v];
	accpstate[n][T->st] |= accpstate[n][v];
	stopstate[n][T->st] |= stopstate[n][v];
	mapstate[n][j] = T->st;
}
void
tagtable(int n, int m, int is, short srcln[], uchar reach[])
{	Trans *z;

	if (is >= m || !trans[n][is]
	||  is <= 0 || reach[is] == 0)
		return;
	reach[is] = 0;
	if (state_tables)
	for (z = trans[n][is]; z; z = z->nxt)
	{	if (dodot)
			dot_crack(n, is, z);
		else
			crack(n, is, z, srcln);
	}

	for (z = trans[n][is]; z; z = z->nxt)
	{
#ifdef HAS_UNLESS
		int i, j;
#endif
		tagtable(n, m, z->st, srcln, reach);
#ifdef HAS_UNLESS
		for (i = 0; i < HAS_UNLESS; i++)
		{	j = trans[n][is]->escp[i];
			if (!j) break;
			tagtable(n, m, j, srcln, reach);
		}
#endif
	}
}

extern Trans *t_id_lkup[];

void
dfs_table(int n, int m, int is, short srcln[], uchar reach[], uchar lpstate[])
{	Trans *z;

	if (is >= m || is <= 0 || !trans[n][is])
		return;
	if ((reach[is] & (4|8|16)) != 0)
	{	if ((reach[is] & (8|16)) == 16)	/* on stack, not yet recorded */
		{	lpstate[is] = 1;
			reach[is] |= 8; /* recorded */
			if (state_tables && verbose)
			{	printf("state %d line %d is a loopstate\n", is, srcln[is]);
		}	}
		return;
	}
	reach[is] |= (4|16);	/* visited | onstack */
	for (z = trans[n][is]; z; z = z->nxt)
	{	t_id_lkup[z->t_id] = z;
#ifdef HAS_UNLESS
		int i, j;
#endif
		dfs_table(n, m, z->st, srcln, reach, lpstate);
#ifdef HAS_UNLESS
		for (i = 0; i < HAS_UNLESS; i++)
		{	j = trans[n][is]->escp[i];
			if (!j) break;
			dfs_table(n, m, j, srcln, reach, lpstate);
		}
#endif
	}
	reach[is] &= ~16; /* no longer on stack */
}
void
do_dfs(int n, int m, int is, short srcln[], uchar reach[], uchar lpstate[])
{	int i;
	dfs_table(n, m, is, srcln, reach, lpstate);
	for (i = 0; i < m; i++)
		reach[i] &= ~(4|8|16);
}
void
crack(int n, int j, Trans *z, short srcln[])
{	int i;

	if (!z) return;
	printf("	state %3d -(tr %3d)-> state %3d  ",
		j, z->forw, z->st);
	printf("[id %3d tp %3d", z->t_id, z->tpe[0]);
	if (z->tpe[1]) printf(",%d", z->tpe[1]);
#ifdef HAS_UNLESS
	if (z->e_trans)
		printf(" org %3d", z->e_trans);
	else if (state_tables >= 2)
	for (i = 0; i < HAS_UNLESS; i++)
	{	if (!z->escp[i]) break;
		printf(" esc %d", z->escp[i]);
	}
#endif
	printf("]");
	printf(" [%s%s%s%s%s] %s:%d => ",
		z->atom&6?"A":z->atom&32?"D":"-",
		accpstate[n][j]?"a" :"-",
		stopstate[n][j]?"e" : "-",
		progstate[n][j]?"p" : "-",
		z->atom & 8 ?"L":"G",
		PanSource, srcln[j]);
	for (i = 0; z->tp[i]; i++)
		if (z->tp[i] == '\n')
			printf("\\n");
		else
			putchar(z->tp[i]);
	if (verbose && z->qu[0])
	{	printf("\t[");
		for (i = 0; i < 6; i++)
			if (z->qu[i])
				printf("(%d,%d)",
				z->qu[i], z->ty[i]);
		printf("]");
	}
	printf("\n");
	fflush(stdout);
}
/* spin -a m.pml; cc -o pan pan.c; ./pan -D | dot -Tps > foo.ps; ps2pdf foo.ps */
void
dot_crack(int n, int j, Trans *z)
{	int i;

	if (!z) return;
	printf("	S%d -> S%d  [color=black", j, z->st);

	if (z->atom&6) printf(",style=dashed");
	else if (z->atom&32) printf(",style=dotted");
	else if (z->atom&8) printf(",style=solid");
	else printf(",style=bold");

	printf(",label=\"");
	for (i = 0; z->tp[i]; i++)
	{	if (z->tp[i] == '\\'
		&&  z->tp[i+1] == 'n')
		{	i++; printf(" ");
		} else
		{	putchar(z->tp[i]);
	}	}
	printf("\"];\n");
	if (accpstate[n][j]) printf("  S%d [color=red,style=bold];\n", j);
	else if (progstate[n][j]) printf("  S%d [color=green,style=bold];\n", j);
	if (stopstate[n][j]) printf("  S%d [color=blue,style=bold,shape=box];\n", j);
}

#ifdef VAR_RANGES
#define BYTESIZE	32	/* 2^8 : 2^3 = 256:8 = 32 */

typedef struct Vr_Ptr {
	char	*nm;
	uchar	vals[BYTESIZE];
	struct Vr_Ptr *nxt;
} Vr_Ptr;
Vr_Ptr *ranges = (Vr_Ptr *) 0;

void
logval(char *s, int v)
{	Vr_Ptr *tmp;

	if (v<0 || v > 255) return;
	for (tmp = ranges; tmp; tmp = tmp->nxt)
		if (!strcmp(tmp->nm, s))
			goto found;
	tmp = (Vr_Ptr *) emalloc(sizeof(Vr_Ptr));
	tmp->nxt = ranges;
	ranges = tmp;
	tmp->nm = s;
found:
	tmp->vals[(v)/8] |= 1<<((v)%8);
}

void
dumpval(uchar X[], int range)
{	int w, x, i, j = -1;

	for (w = i = 0; w < range; w++)
	for (x = 0; x < 8; x++, i++)
	{
from:		if ((X[w] & (1<<x)))
		{	printf("%d", i);
			j = i;
			goto upto;
	}	}
	return;
	for (w = 0; w < range; w++)
	for (x = 0; x < 8; x++, i++)
	{
upto:		if (!(X[w] & (1<<x)))
		{	if (i-1 == j)
				printf(", ");
			else
				printf("-%d, ", i-1);
			goto from;
	}	}
	if (j >= 0 && j != 255)
		printf("-255");
}

void
dumpranges(void)
{	Vr_Ptr *tmp;
	printf("\nValues assigned within ");
	printf("interval [0..255]:\n");
	for (tmp = ranges; tmp; tmp = tmp->nxt)
	{	printf("\t%s\t: ", tmp->nm);
		dumpval(tmp->vals, BYTESIZE);
		printf("\n");
	}
}
#endif
