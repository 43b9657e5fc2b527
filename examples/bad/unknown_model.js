// The model of cell 2 is in nobody's models.json: a request would be sent to a host that cannot have loaded it.
function defineUnknownModel() {
  return {
    targetObjectives: [Objectives.ContinueWatchingRanking],
    abTestId: 12345,
    cellToModel: {
      1: {name: "continue-watching"},
      2: {name: "continue-watching-transfomer"},
    },
  };
}
