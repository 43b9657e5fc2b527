// Push and mail. A message too many costs more than a message too few.

function definePushSelection() {
  return new AbTest(60002)
    .on(Objectives.PushNotificationSelection)
    .types(constants.MESSAGE_INPUT_TYPE, "SCORER")
    .cell(1, model("push-selection"))
    .cell(2, model("push-selection-causal"))
    .cell(3, model("push-selection-incremental"))
    .allocate({1: 33.333, 2: 33.333, 3: 33.334})
    .rule();
}

function defineEmailContent() {
  return new AbTest(60014)
    .on(Objectives.EmailContentRanking)
    .cell(1, model("email-content"))
    .cell(2, model("email-content-two-tower"))
    .cell(3, model("email-content-llm-subject"))
    .rule();
}

function defineEmailPerRegion() {
  const {latam, apac} = Regions;
  return oneModelPer("email-content", Objectives.EmailContentRanking, {latam, apac});
}

// Half the members each: the decision about the winner is due at the end of the quarter.
function definePushTiming() {
  return {
    targetObjectives: [Objectives.PushNotificationTiming],
    split: [
      {model: model("push-timing"), percent: 50},
      {model: model("push-timing-survival"), percent: 50},
    ],
  };
}

// A small group never gets the fatigue model, so that its effect stays measurable.
function defineFatigueHoldback() {
  return {
    targetObjectives: [Objectives.MessageFatiguePrediction],
    split: [
      {model: model("message-fatigue-constant"), percent: constants.HOLDBACK_PERCENT},
      {model: model("message-fatigue"), percent: 100 - constants.HOLDBACK_PERCENT},
    ],
    salt: "fatigue-holdback-year",
  };
}

function defineMessageFatigueDefault() {
  return {
    targetObjectives: [Objectives.MessageFatiguePrediction],
    defaultModel: model("message-fatigue"),
  };
}
