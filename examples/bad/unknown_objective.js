// There is no such objective; a name that is nearly one is meant.
function defineUnknownObjective() {
  return {
    targetObjectives: [Objectives.ContinueWatchingRankin],
    model: {name: "continue-watching"},
    when: {deviceType: "tv"},
  };
}
