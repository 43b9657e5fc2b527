// "priorty" is no key of a rule. Were it ignored, the rule would silently stand in the wrong place.
function defineTypo() {
  return {
    targetObjectives: [Objectives.SearchRanking],
    model: {name: "search-ranker", config: {safe: true}},
    when: {profileType: "kids"},
    priorty: 100,
  };
}
