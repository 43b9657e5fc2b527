// The tier with advertising.

function defineAdRelevance() {
  return new AbTest(80001)
    .on(Objectives.AdRelevanceRanking)
    .types(constants.AD_INPUT_TYPE, "SCORER")
    .among(Segments.WITH_ADS)
    .cell(1, model("ad-relevance"))
    .cell(2, model("ad-relevance-dlrm"))
    .cell(3, model("ad-relevance-dlrm-quantized"))
    .cell(4, model("ad-relevance-creative"))
    .rule();
}

// Half a percent of the requests, whoever sends them, sees the next pod composer.
function defineAdPodCanary() {
  return canary(
    Objectives.AdPodComposition,
    model("ad-pod-composer"),
    pinned("ad-pod-composer", "18"),
    0.5,
    {by: "requestId"},
  );
}

function defineAdPodInLiveEvents() {
  return {
    targetObjectives: [Objectives.AdPodComposition],
    model: model("ad-pod-composer-live", {podSecondsMax: 60}),
    when: {contentType: "live"},
    priority: 10,
  };
}

function defineAdFrequencyPerRegion() {
  return oneModelPer("ad-frequency", Objectives.AdFrequencyPrediction, Regions);
}

// Prepared for the next quarter: checked with everything else, but not in any release until it is enabled.
function defineAdRelevanceUpfront() {
  return {
    targetObjectives: [Objectives.AdRelevanceRanking],
    model: model("ad-relevance-dlrm"),
    when: {campaignType: "upfront"},
    enabled: false,
  };
}
