// Sign-up, payment and staying.

function defineFraudBoosting() {
  return new AbTest(70005)
    .on(Objectives.PaymentFraudDetection)
    .types(constants.PAYMENT_INPUT_TYPE, "CLASSIFIER")
    .cell(1, model("payment-fraud"))
    .cell(2, model("payment-fraud-graph"))
    .cell(3, model("payment-fraud-sequence"))
    .rule();
}

// Large amounts and fresh accounts are looked at twice, in no test.
function defineFraudHighRisk() {
  return {
    targetObjectives: [Objectives.PaymentFraudDetection],
    model: model("payment-fraud-high-risk", {threshold: 0.2, timeoutMs: 400}),
    when: {anyOf: [{amountUsd: {gt: 100}}, {allOf: [{accountAgeDays: {lt: 2}}, {paymentMethod: ["prepaid", "gift"]}]}]},
    priority: 50,
  };
}

function defineFraudPerRegion() {
  const {latam, apac} = Regions;
  return oneModelPer("payment-fraud", Objectives.PaymentFraudDetection, {latam, apac});
}

function defineChurn() {
  return new AbTest(70012)
    .on(Objectives.ChurnPrediction)
    .cell(1, model("churn"))
    .cell(2, model("churn-survival"))
    .cell(3, model("churn-transformer"))
    .rule();
}

function definePlanRecommendation() {
  return {
    targetObjectives: [Objectives.SignupPlanRecommendation],
    split: [
      {model: model("plan-recommender"), percent: 80},
      {model: model("plan-recommender-elastic"), percent: 15},
      {model: model("plan-recommender-elastic", {discount: true}), percent: 5},
    ],
    by: "visitorId",
  };
}

function definePaymentRetry() {
  return canary(
    Objectives.PaymentRetryTiming,
    model("payment-retry"),
    pinned("payment-retry", "14"),
    33.333,
    {by: "accountId"},
  );
}

function defineSharingAbroad() {
  return {
    targetObjectives: [Objectives.AccountSharingDetection],
    model: model("account-sharing-travel"),
    when: {roaming: true, devicesThisWeek: {gt: 4}},
  };
}
