// Artwork, trailers and words: the evidence that a title is worth watching.

// Two rules of one test: the member is in one cell everywhere, and each place has candidates of its own.
function defineArtworkContextual() {
  return new AbTest(40007)
    .on(Objectives.ArtworkPersonalization)
    .types(constants.ARTWORK_INPUT_TYPE, "SCORER")
    .cell(1, model("artwork-bandit"))
    .cell(2, model("artwork-contextual"))
    .cell(3, model("artwork-contextual-clip"))
    .rule();
}

function defineBillboardArtworkContextual() {
  return new AbTest(40007)
    .on(Objectives.BillboardArtworkSelection)
    .types(constants.ARTWORK_INPUT_TYPE, "SCORER")
    .cell(1, model("billboard-artwork"))
    .cell(2, model("billboard-artwork-contextual"))
    .cell(3, model("billboard-artwork-contextual"))
    .rule();
}

// Members who asked for the same picture every time get it.
function defineArtworkOptOut() {
  return {
    targetObjectives: [Objectives.ArtworkPersonalization, Objectives.BillboardArtworkSelection],
    model: model("artwork-editorial"),
    when: {personalizationOptOut: true},
    priority: 200,
  };
}

function defineTrailers() {
  return new AbTest(40019)
    .on(Objectives.TrailerSelection)
    .cell(1, model("trailer-selector"))
    .cell(2, model("trailer-selector-mood"))
    .cell(3, model("trailer-selector-multimodal"))
    .rule();
}

function defineSynopsis() {
  return new AbTest(40023)
    .on(Objectives.SynopsisSelection)
    .among({locale: {prefix: ["en", "es", "pt"]}})
    .cell(1, model("synopsis-selector"))
    .cell(2, model("synopsis-selector-short"))
    .allocate({1: 25, 2: 25})
    .rule();
}

function defineEvidencePerRegion() {
  const {amer, ...elsewhere} = Regions;
  return oneModelPer("evidence-selector", Objectives.EvidenceSelection, elsewhere);
}

// A preview needs a line that carries it.
function definePreviewClips() {
  return [
    {
      name: "previewClipsOnSlowLines",
      targetObjectives: [Objectives.PreviewClipSelection],
      model: model("preview-clips-still"),
      when: {anyOf: [Segments.LOW_BANDWIDTH, {dataSaver: true}]},
      priority: 10,
    },
    {
      name: "previewClipsOnTv",
      targetObjectives: [Objectives.PreviewClipSelection],
      model: model("preview-clips-long"),
      when: {...Segments.TV, autoplay: {in: [true]}},
    },
  ];
}
