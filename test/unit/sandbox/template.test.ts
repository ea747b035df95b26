import assert from "node:assert/strict";
import fc from "fast-check";
import { isTemplateOf, labelText, loadingName, parseLabel, templateName } from "../../../core/sandbox/template";

const ID = "20261122T014400Z-1a2b3c";
const service = fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/);

describe("the name of a template database", () => {
  it("says service and snapshot", () => {
    assert.equal(templateName("drought-benefit", ID), "hms_drought_benefit_20261122t014400z_1a2b3c");
  });

  it("is that of one service alone, and fits however long a service's name is", () => {
    fc.assert(
      fc.property(service, service, (one, other) => {
        const name = templateName(one, ID);
        assert.ok(loadingName(name).length <= 63 && /^[a-z0-9_]+$/.test(name));
        assert.equal(isTemplateOf(one, name), "template");
        assert.equal(isTemplateOf(one, loadingName(name)), "loading");
        assert.equal(isTemplateOf(other, name) !== undefined, one === other);
      }),
    );
    for (const name of ["hms_drought", "postgres", "sbx_42", "hms_drought_benefit_20261122t014400z_1a2b3c"])
      assert.equal(isTemplateOf("drought", name), undefined);
  });
});

describe("the label of a database", () => {
  it("is read as it was written, and nothing else is one", () => {
    const at = "2026-11-22T01:44:00.000Z";
    const template = {
      kind: "template",
      service: "a",
      snapshot: ID,
      takenAt: at,
      loadedAt: at,
      rows: 1,
      bytes: 2,
    } as const;
    assert.deepEqual(parseLabel(labelText(template)), template);
    for (const other of [null, "", "a database", "{}", '{"kind":"template"}', "[1]"])
      assert.equal(parseLabel(other), undefined);
  });
});
