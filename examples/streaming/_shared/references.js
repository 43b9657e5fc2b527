// Small builders that all teams use. Every .js file of this directory shares one global scope, and functions whose
// name does not start with "define" are only called by others.

// The current version of a model, with settings for this use of it if there are any.
function model(name, config) {
  return config === undefined ? {name} : {name, config};
}

// One exact version, whatever is current.
function pinned(name, version, config) {
  return config === undefined ? {name, version} : {name, version, config};
}

// A canary: a small share of the traffic goes to the candidate, everybody else stays where they are. The salt
// names the candidate, so that the next canary of the objective meets other members first.
function canary(objective, stable, candidate, percent, more = {}) {
  const id = `${candidate.name}@${candidate.version || "current"}`;
  return {
    targetObjectives: [objective],
    split: [
      {model: candidate, percent},
      {model: stable, percent: 100 - percent},
    ],
    salt: `canary:${id}`,
    ...more,
  };
}

// One context rule per entry of {suffix: when}: the model is prefix + suffix.
function oneModelPer(prefix, objective, segments, more = {}) {
  return Object.entries(segments).map(([suffix, when]) => ({
    name: `${prefix}-for-${suffix}`,
    targetObjectives: [objective],
    model: model(`${prefix}-${suffix}`),
    when,
    ...more,
  }));
}
