// Rows of the home page: which ones, in which order, and what is in them.

function defineTopPicksTransformer() {
  return new AbTest(20101)
    .on(Objectives.TopPicksRanking)
    .types(constants.TITLE_INPUT_TYPE, "SCORER")
    .cell(1, model("top-picks-ranker"))
    .cell(2, model("top-picks-transformer-s"))
    .cell(3, model("top-picks-transformer-m"))
    .cell(4, model("top-picks-transformer-l", {timeoutMs: 120}))
    .rule();
}

// New members have no history to rank by.
function defineTopPicksForNewMembers() {
  return {
    targetObjectives: [Objectives.TopPicksRanking],
    model: model("top-picks-cold-start"),
    when: Segments.NEW_MEMBERS,
    priority: 10,
  };
}

// One test over two objectives: a row is chosen and placed by the same candidate, or by neither.
function defineRowListwise() {
  return new AbTest(20117)
    .on(Objectives.HomeRowSelection, Objectives.HomeRowOrdering)
    .types(constants.ROW_INPUT_TYPE, "SCORER")
    .cell(1, model("row-ranker"))
    .cell(2, model("row-ranker-listwise"))
    .cell(3, model("row-ranker-listwise", {diversity: 0.3}))
    .cell(4, model("row-ranker-bandit"))
    .rule();
}

function defineHomeRowSelectionDefault() {
  return {
    targetObjectives: [Objectives.HomeRowSelection, Objectives.HomeRowOrdering],
    defaultModel: model("row-ranker"),
  };
}

function defineTrendingDecay() {
  return new AbTest(20133)
    .on(Objectives.TrendingNowRanking)
    .cell(1, model("trending-now"))
    .cell(2, model("trending-now-fast-decay"))
    .cell(3, model("trending-now-social"))
    .allocate({1: 10, 2: 10, 3: 10})
    .rule();
}

function defineTrendingPerRegion() {
  return oneModelPer("trending-now", Objectives.TrendingNowRanking, Regions);
}

function defineBecauseYouWatched() {
  return new AbTest(20150)
    .on(Objectives.BecauseYouWatchedRanking)
    .cell(1, pinned("because-you-watched", "11"))
    .cell(2, pinned("because-you-watched", "12"))
    .cell(3, model("because-you-watched-graph"))
    .rule();
}

function defineMyListOnTv() {
  return new AbTest(20162)
    .on(Objectives.MyListRanking)
    .among(Segments.TV)
    .cell(1, model("my-list-ranker"))
    .cell(2, model("my-list-recency"))
    .cell(3, model("my-list-mood"))
    .rule();
}

function defineNewReleases() {
  return new AbTest(20178)
    .on(Objectives.NewReleasesRanking)
    .among({allOf: [Segments.ADULTS, {not: Segments.NEW_MEMBERS}]})
    .cell(1, model("new-releases-ranker"))
    .cell(2, model("new-releases-two-tower"))
    .allocate({1: 50, 2: 12.5})
    .rule();
}

// Clips exist only in some versions of the mobile app.
function defineClipsFeed() {
  return new AbTest(20185)
    .on(Objectives.ShortVideoFeedRanking)
    .among({...Segments.MOBILE, appVersion: {version: constants.MOBILE_APP_WITH_CLIPS}})
    .cell(1, model("clips-feed"))
    .cell(2, model("clips-feed-sequence"))
    .cell(3, model("clips-feed-sequence-xl", {timeoutMs: 150}))
    .rule();
}

function defineKidsHome() {
  return new AbTest(20204)
    .on(Objectives.KidsHomeRanking)
    .cell(1, model("kids-home"))
    .cell(2, model("kids-home-characters"))
    .cell(3, model("kids-home-learning"))
    .allocate({1: 34, 2: 33, 3: 33}, "profileId")
    .rule();
}

function defineGenreRowCanary() {
  return canary(Objectives.GenreRowRanking, model("genre-row-ranker"), pinned("genre-row-ranker", "5"), 10);
}

// The ten most watched titles of a country, put in order for the member. Both versions ran for a month and are
// equally good; the split keeps them comparable.
function defineTopTenSplit() {
  return {
    targetObjectives: [Objectives.TopTenRanking],
    split: [
      {model: pinned("top-ten-ranker", "3"), percent: 50},
      {model: pinned("top-ten-ranker", "4"), percent: 50},
    ],
    salt: "top-ten-2",
  };
}

// Live events have their own people around the world, hence their own models.
function defineLiveEventsPerRegion() {
  return oneModelPer("live-events", Objectives.LiveEventRanking, Regions);
}
