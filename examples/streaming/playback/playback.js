// Before, during and after playing. These models answer to devices, so most of them are divided by deviceId.

function defineBitrateStart() {
  return new AbTest(50003)
    .on(Objectives.AdaptiveBitrateInitialization)
    .types(constants.PLAYBACK_INPUT_TYPE, "PREDICTOR")
    .cell(1, model("abr-init"))
    .cell(2, model("abr-init-quantile"))
    .cell(3, model("abr-init-rl"))
    .allocate({1: 1, 2: 1, 3: 0.5}, "deviceId")
    .rule();
}

function defineBitrateStartOnCellular() {
  return {
    targetObjectives: [Objectives.AdaptiveBitrateInitialization],
    model: model("abr-init-cellular"),
    when: {networkType: ["4g", "5g"], ...Segments.MOBILE},
    priority: 10,
  };
}

function defineAutoplayNext() {
  return new AbTest(50011)
    .on(Objectives.NextEpisodeAutoplay)
    .cell(1, model("next-episode"))
    .cell(2, model("next-episode-attention"))
    .cell(3, model("next-episode-attention", {askAfterHours: 3}))
    .rule();
}

function definePostPlay() {
  return new AbTest(50020)
    .on(Objectives.PostPlayRanking)
    .cell(1, model("post-play"))
    .cell(2, model("post-play-sequence"))
    .cell(3, model("post-play-franchise"))
    .rule();
}

function defineStartupDelayCanary() {
  return canary(
    Objectives.StartupDelayPrediction,
    model("startup-delay"),
    pinned("startup-delay", "22"),
    25,
    {by: "deviceId"},
  );
}

// Caches fill at night; a candidate tries it where the network owner agreed.
function definePredictiveCachingCanary() {
  return canary(
    Objectives.PredictiveCachingPriority,
    model("predictive-caching"),
    pinned("predictive-caching", "2"),
    12.5,
    {by: "deviceId", when: {asn: [3320, 7922, 28573], localHour: {gte: 1, lt: 6}}},
  );
}

function definePredictiveCachingPerRegion() {
  return oneModelPer("predictive-caching", Objectives.PredictiveCachingPriority, Regions);
}

function defineSubtitlesCanary() {
  return canary(
    Objectives.SubtitleLanguageSelection,
    model("subtitle-language"),
    pinned("subtitle-language", "9"),
    20,
    {by: "profileId"},
  );
}

// Languages where dubbing is the custom, and the others.
function defineAudioInDubbingCountries() {
  return {
    targetObjectives: [Objectives.AudioLanguageSelection],
    model: model("audio-language-dubbing"),
    when: {country: ["DE", "FR", "ES", "IT", "BR", "JP"], originalLanguage: {exists: true}},
  };
}

function defineAudioForListeners() {
  return {
    targetObjectives: [Objectives.AudioLanguageSelection],
    model: model("audio-language-described"),
    when: {audioDescription: true},
    priority: 50,
  };
}

function defineSkipIntro() {
  return {
    targetObjectives: [Objectives.SkipSegmentDetection],
    model: model("skip-segments-anime"),
    when: {originalLanguage: "ja", contentType: {notIn: ["film", "live"]}},
  };
}
