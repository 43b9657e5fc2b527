// Search: from what a member typed or said to titles, people and games.

const LanguagesWithOwnRanker = ["ja", "ko", "hi", "ar", "th", "zh"];

function defineSearchSemantic() {
  return new AbTest(30011)
    .on(Objectives.SearchRanking)
    .types(constants.QUERY_INPUT_TYPE, "SCORER")
    .among({not: {anyOf: LanguagesWithOwnRanker.map(speaks)}})
    .cell(1, model("search-ranker"))
    .cell(2, model("search-ranker-semantic"))
    .cell(3, model("search-ranker-hybrid"))
    .cell(4, model("search-ranker-hybrid", {semanticWeight: 0.7}))
    .rule();
}

function defineSearchRankerPerLanguage() {
  const segments = Object.fromEntries(LanguagesWithOwnRanker.map((language) => [language, speaks(language)]));
  return oneModelPer("search-ranker", Objectives.SearchRanking, segments);
}

function defineSearchForKids() {
  return {
    targetObjectives: [Objectives.SearchRanking],
    model: model("search-ranker-kids"),
    when: Segments.KIDS,
    priority: 100,
  };
}

function defineSuggestionsFromLanguageModel() {
  return new AbTest(30024)
    .on(Objectives.SearchSuggestions)
    .cell(1, model("search-suggestions"))
    .cell(2, model("search-suggestions-llm", {timeoutMs: 200}))
    .cell(3, model("search-suggestions-llm-distilled"))
    .rule();
}

function defineQueryUnderstanding() {
  return new AbTest(30031)
    .on(Objectives.SearchQueryUnderstanding)
    .cell(1, model("query-understanding"))
    .cell(2, model("query-understanding-multilingual"))
    .allocate({1: 5, 2: 5}, "deviceId")
    .rule();
}

function defineVoiceIntent() {
  return new AbTest(30040)
    .on(Objectives.VoiceQueryIntent)
    .among({...Segments.TV, appVersion: {version: constants.TV_APP_WITH_VOICE}})
    .cell(1, model("voice-intent"))
    .cell(2, model("voice-intent-conformer"))
    .cell(3, model("voice-intent-on-device-assist"))
    .rule();
}

function defineSimilarTitles() {
  return new AbTest(30052)
    .on(Objectives.SimilarTitlesRetrieval)
    .cell(1, model("similar-titles"))
    .cell(2, model("similar-titles-two-tower"))
    .cell(3, model("similar-titles-graph"))
    .rule();
}

function defineEntityRetrievalCanary() {
  return canary(
    Objectives.SearchEntityRetrieval,
    model("entity-retrieval"),
    pinned("entity-retrieval", "10", {index: "hnsw"}),
    5,
  );
}

// Nothing typed yet: what to show depends on the screen.
function defineEmptySearchOnTv() {
  return {
    targetObjectives: [Objectives.SearchEmptyStateRanking],
    model: model("search-empty-state-tv"),
    when: Segments.TV,
  };
}

function defineEmptySearchInTheEvening() {
  return {
    targetObjectives: [Objectives.SearchEmptyStateRanking],
    model: model("search-empty-state-evening"),
    when: {localHour: {gte: 18, lte: 23}},
  };
}
