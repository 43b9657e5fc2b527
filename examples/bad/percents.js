// 90 and 9 are 99: one percent of the members would get nothing.
function definePercents() {
  return {
    targetObjectives: [Objectives.ContinueWatchingRanking],
    split: [
      {model: {name: "continue-watching"}, percent: 90},
      {model: {name: "continue-watching-transformer"}, percent: 9},
    ],
  };
}
