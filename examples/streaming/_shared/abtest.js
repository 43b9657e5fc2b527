// An A/B test, written as a sentence:
//
//   new AbTest(20101).on(Objectives.TopPicksRanking)
//     .cell(1, model("top-picks-ranker"))
//     .cell(2, model("top-picks-transformer-s"))
//     .rule()
//
// The cell of a member comes with the request (the experimentation platform knows it), unless the test allocates.
class AbTest {
  constructor(id) {
    if (!Number.isInteger(id)) throw new TypeError(`a test id is an integer, not ${id}`);
    this.fields = {abTestId: id, cellToModel: {}, targetObjectives: []};
  }

  on(...objectives) {
    this.fields.targetObjectives.push(...objectives);
    return this;
  }

  types(inputType, modelType) {
    this.fields.modelInputType = inputType;
    this.fields.modelType = modelType;
    return this;
  }

  cell(number, reference) {
    if (number in this.fields.cellToModel) throw new Error(`cell ${number} of ${this.fields.abTestId} is there twice`);
    this.fields.cellToModel[number] = reference;
    return this;
  }

  // Only members in this segment take part.
  among(when) {
    this.fields.when = when;
    return this;
  }

  // For tests that the experimentation platform does not know: percentages per cell, by a unit of the context.
  allocate(cells, by = "userId") {
    this.fields.allocation = {by, cells};
    return this;
  }

  rule(more = {}) {
    return {...this.fields, ...more};
  }
}
