// The page as a whole, and what stands at its top.

function defineHomePageOnSmallScreens() {
  return {
    targetObjectives: [Objectives.HomePageConstruction],
    model: model("page-composer-compact", {rowsMax: 12}),
    when: {anyOf: [Segments.MOBILE, {screenHeight: {lte: 720}}]},
  };
}

function defineHomePageOnSlowLines() {
  return {
    targetObjectives: [Objectives.HomePageConstruction],
    model: model("page-composer-compact", {rowsMax: 8, artwork: "small"}),
    when: Segments.LOW_BANDWIDTH,
    priority: 5,
  };
}

function defineHomePageForKids() {
  return {
    targetObjectives: [Objectives.HomePageConstruction],
    model: model("page-composer-kids"),
    when: Segments.KIDS,
    priority: 100,
  };
}

// How much a bandit explores is a setting of the same model: three arms, one set of weights.
function defineBillboardExploration() {
  return {
    targetObjectives: [Objectives.BillboardSelection],
    split: [0.02, 0.05, 0.1].map((epsilon, i) => ({
      model: model("billboard-bandit", {epsilon}),
      percent: [10, 80, 10][i],
    })),
    when: {surface: "home", not: Segments.KIDS},
  };
}

function defineBillboardForKids() {
  return {
    targetObjectives: [Objectives.BillboardSelection],
    model: model("billboard-kids"),
    when: Segments.KIDS,
    priority: 100,
  };
}

// A genre page is a home page in small.
function defineBillboardOnGenrePages() {
  return {
    targetObjectives: [Objectives.BillboardSelection],
    model: model("billboard-genre"),
    when: {surface: {prefix: ["genre/", "collection/"]}},
  };
}

function defineComingSoonForFans() {
  return {
    targetObjectives: [Objectives.ComingSoonRanking],
    model: model("coming-soon-franchise"),
    when: {remindersSet: {gte: 3}},
  };
}
