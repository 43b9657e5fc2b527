// Who answers when a payment service asks "is this fraud?".
//
// A client names an objective (objectives.json) and sends the context of its request: who pays, from where, how much.
// The functions below say which model (models.json) answers in which context. Each function whose name starts with
// "define" is called once, when the directory is checked or published, and returns one rule or an array of rules.
// Nothing here runs while requests are answered: a release contains the rules, not the functions.
//
// For one objective the rules are tried by priority, then in the order of this file; the first that matches wins.
// If none does, the objective's default model answers.

// A context rule: a model, and "when" it answers. All members of "when" must hold; anyOf needs one of its own to hold.
// Operators compare numbers (gt, gte, lt, lte), strings (prefix), versions, or look whether an attribute exists.
function defineManualReview() {
  return {
    targetObjectives: [Objectives.PaymentFraudDetection],
    model: {name: "fraud-manual-review", config: {threshold: 0.2}},
    when: {
      anyOf: [
        {amountUsd: {gt: constants.REVIEW_ABOVE_USD}},
        {accountAgeDays: {lt: 2}, paymentMethod: ["prepaid", "gift"]},
      ],
    },
    // Before the A/B test below: what people will look at is in no test.
    priority: 50,
  };
}

// An A/B test: the experimentation platform says in which cell of test 70005 the user is, and the request carries the
// answer as {"ab": {"70005": 2}}. A user without a cell, or in one that is not listed, is not in the test.
// modelInputType and modelType are checked against the objective and every model, so that a test cannot bring a model
// that does not understand the request.
function defineFraudTest() {
  return {
    targetObjectives: [Objectives.PaymentFraudDetection],
    abTestId: 70005,
    cellToModel: {
      1: {name: "fraud-gbdt"},
      2: {name: "fraud-graph"},
      3: {name: "fraud-sequence", config: {timeoutMs: 400}},
    },
    modelInputType: constants.PAYMENT_INPUT_TYPE,
    modelType: "CLASSIFIER",
  };
}

// A split: traffic is divided by a hash of the unit named by "by", so that the same account always gets the same
// model. Percents add up to 100. Here a new version is tried on a tenth of the accounts.
function defineRetryCanary() {
  return {
    targetObjectives: [Objectives.PaymentRetryTiming],
    split: [
      {model: {name: "retry-timing", version: "14"}, percent: 10},
      {model: {name: "retry-timing"}, percent: 90}, // without a version: the current one
    ],
    by: "accountId",
    // Users keep their place as long as the salt stays; by default it is the name of the rule.
    salt: "retry-14",
  };
}

// A default may stand in objectives.json or here, but each objective has exactly one.
function defineTakeoverDefault() {
  return {
    targetObjectives: [Objectives.AccountTakeoverDetection],
    defaultModel: {name: "takeover"},
  };
}

// An array of rules, made from data. Rules from an array are best given names: names are what decisions, logs and
// tests show.
function defineTakeoverForRiskyLogins() {
  const signs = {newDevice: {newDevice: true}, farAway: {kmFromLastLogin: {gte: 500}}};
  return Object.entries(signs).map(([name, when]) => ({
    name: `takeover-${name}`,
    targetObjectives: [Objectives.AccountTakeoverDetection],
    model: {name: "takeover-device-graph"},
    when,
  }));
}
