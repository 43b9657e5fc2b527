// Continue Watching beyond the A/B test of ab12345.js.

// Children never see what adults left unfinished, whatever test the account is in: hence the priority.
function defineContinueWatchingKids() {
  return {
    targetObjectives: [Objectives.ContinueWatchingRanking],
    model: model("continue-watching-kids", {maturityMax: 7}),
    when: Segments.KIDS,
    priority: 100,
  };
}

// Browsers from before 4.0 cannot show what version 7 returns, so they keep the version before it.
function defineContinueWatchingOldBrowsers() {
  return {
    targetObjectives: [Objectives.ContinueWatchingRanking],
    model: pinned("netflix-continue-watching-model-default", "6"),
    when: {...Segments.WEB, appVersion: {version: "<4.0"}},
    config: {titlesMax: 10},
  };
}
