// objectives.json already has a default for this objective. Which of the two would answer?
function defineSecondDefault() {
  return {
    targetObjectives: [Objectives.ContinueWatchingRanking],
    defaultModel: {name: "continue-watching-transformer"},
  };
}
