// A model for titles cannot answer a query.
function defineWrongTypes() {
  return {
    targetObjectives: [Objectives.SearchRanking],
    model: {name: "continue-watching-transformer"},
    when: {surface: "search"},
  };
}
