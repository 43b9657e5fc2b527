// A function that fails while it is evaluated.
function defineThrows() {
  const segments = undefined;
  return {
    targetObjectives: [Objectives.SearchRanking],
    model: {name: "search-ranker"},
    when: {country: segments.europe},
  };
}
