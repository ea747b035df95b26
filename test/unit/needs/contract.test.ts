import assert from "node:assert/strict";
import fc from "fast-check";
import { offers } from "../../../core/service/contract";
import { inNeedOrder, needCircles } from "../../../core/service/needs";

const number = fc.nat({ max: 20 });

describe("a contract version", () => {
  for (const [offered, needed, met] of [
    [["1.0"], "1.0", true],
    [["1.4"], "1.0", true],
    [["1.10"], "1.9", true],
    [["1.0"], "1.1", false],
    [["2.0"], "1.0", false],
    [["1.4", "2.0"], "1.2", true],
    [["1.4", "2.0"], "2.0", true],
    [["1.4", "2.0"], "2.1", false],
    [undefined, "1.0", false],
    [undefined, undefined, true],
  ] as const) {
    it(`${needed ?? "none"} is ${met ? "" : "not "}met by ${offered?.join(" and ") ?? "none"}`, () => {
      assert.equal(offers(offered, needed), met);
    });
  }

  it("stays met when the second number rises, and never across the first", () => {
    fc.assert(
      fc.property(number, number, number, number, (major, minor, more, other) => {
        assert.ok(offers([`${major}.${minor + more}`], `${major}.${minor}`));
        assert.equal(offers([`${other}.${minor + more}`], `${major}.${minor}`), other === major);
      }),
    );
  });
});

/** Needs among up to eight services, each only of services before it: no circle can be. */
const graphs = fc
  .array(fc.array(fc.nat({ max: 7 }), { maxLength: 3 }), { maxLength: 8 })
  .map((rows) => new Map(rows.map((row, index) => [`s${index}`, row.filter((n) => n < index).map((n) => `s${n}`)])));

describe("the order of needs", () => {
  it("has every service once, and each after all that it needs", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const order = inNeedOrder(graph);
        assert.deepEqual([...order].sort(), [...graph.keys()].sort());
        for (const [name, needs] of graph)
          for (const needed of needs) assert.ok(order.indexOf(needed) < order.indexOf(name));
        assert.deepEqual(needCircles(graph), []);
      }),
    );
  });

  it("leaves services that need nothing as they stand", () => {
    const none: readonly string[] = [];
    assert.deepEqual(inNeedOrder(new Map(["c", "a", "b"].map((name) => [name, none] as const))), ["c", "a", "b"]);
  });

  it("names a circle, wherever it hangs on", () => {
    fc.assert(
      fc.property(graphs, fc.integer({ min: 1, max: 5 }), (graph, length) => {
        const circle = Array.from({ length }, (_, index) => `z${index}`);
        const bent = new Map(graph);
        circle.forEach((name, index) => bent.set(name, [circle[(index + 1) % length] ?? ""]));
        assert.deepEqual(needCircles(bent), [circle]);
      }),
    );
  });
});
