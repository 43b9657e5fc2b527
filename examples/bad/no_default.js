// PaymentFraudDetection has no default in objectives.json, and this one is switched off: there is none at all.
function defineFraudDefault() {
  return {
    targetObjectives: [Objectives.PaymentFraudDetection],
    defaultModel: {name: "payment-fraud"},
    enabled: false,
  };
}
