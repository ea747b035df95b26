import assert from "node:assert/strict";
import type { Properties, Value } from "../../../platform/rpc";
import {
  inputsFromLive,
  outputsFromLive,
  project,
  sameButForNoise,
} from "../../../platform/plugins/kubernetes/projection";
import { sameQuantity } from "../../../platform/plugins/kubernetes/quantity";

/** Name, inputs, the object as applied, the object now, the inputs that describe it. */
type Row = readonly [string, Properties, Value, Value, Properties];

const container = (more: Properties) =>
  ({ spec: { containers: [{ name: "a", image: "x" }, ...Object.values(more)] } }) as Properties;

const ROWS: readonly Row[] = [
  ["defaults are no drift", { a: 1 }, { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }],
  ["a changed value is", { a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }],
  ["a value that is gone is left out", { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }, { a: 1 }],
  [
    "an empty value the server does not store stays",
    { a: {}, b: false, c: 1 },
    { c: 1 },
    { c: 1 },
    { a: {}, b: false, c: 1 },
  ],
  [
    "another spelling of a quantity stays",
    { cpu: "1000m", m: "0.5Gi" },
    null,
    { cpu: "1", m: "512Mi" },
    { cpu: "1000m", m: "0.5Gi" },
  ],
  ["the server's own spelling, seen before, stays", { t: "A" }, { t: "a" }, { t: "a" }, { t: "A" }],
  ["but a new one is drift", { t: "A" }, { t: "a" }, { t: "b" }, { t: "b" }],
  ["a number as text", { p: 80 }, { p: "80" }, { p: "80" }, { p: 80 }],
  [
    "an injected sidecar is not ours",
    container({}),
    container({}),
    container({ b: { name: "side", image: "y" } }),
    container({}),
  ],
  [
    "items are matched by name, not by place",
    {
      c: [
        { name: "a", v: 1 },
        { name: "b", v: 2 },
      ],
    },
    {
      c: [
        { name: "a", v: 1 },
        { name: "b", v: 2 },
      ],
    },
    {
      c: [
        { name: "z", v: 0 },
        { name: "b", v: 3 },
        { name: "a", v: 1 },
      ],
    },
    {
      c: [
        { name: "a", v: 1 },
        { name: "b", v: 3 },
      ],
    },
  ],
  ["an added item of a plain list is drift", { l: ["a"] }, { l: ["a"] }, { l: ["a", "b"] }, { l: ["a", "b"] }],
  ["a removed one, too", { l: ["a", "b"] }, { l: ["a", "b"] }, { l: ["a"] }, { l: ["a"] }],
  ["items the server added at once are its own", { l: ["a"] }, { l: ["a", "s"] }, { l: ["a", "s"] }, { l: ["a"] }],
  [
    "weighted backends count every one",
    { b: [{ name: "x", weight: 1 }] },
    { b: [{ name: "x", weight: 1 }] },
    {
      b: [
        { name: "x", weight: 1 },
        { name: "y", weight: 9 },
      ],
    },
    {
      b: [
        { name: "x", weight: 1 },
        { name: "y", weight: 9 },
      ],
    },
  ],
];

describe("the world in the words of the inputs", () => {
  for (const [name, inputs, before, now, expected] of ROWS) {
    it(name, () => {
      assert.deepEqual(project(inputs, { before, now }), expected);
    });
  }

  it("says of an imported object what a program would write", () => {
    const metadata = { name: "a", uid: "1", resourceVersion: "2", labels: { a: "b" } };
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}" };
    assert.deepEqual(
      inputsFromLive({ kind: "X", metadata: { ...metadata, annotations }, spec: {}, status: { a: 1 } }),
      {
        kind: "X",
        metadata: { name: "a", labels: { a: "b" } },
        spec: {},
      },
    );
    assert.deepEqual(outputsFromLive({ metadata: { name: "a", managedFields: [] } }), { metadata: { name: "a" } });
  });

  it("has nothing to tell when only counters and times moved", () => {
    const seen = (time: string, ready: number) => ({
      metadata: { name: "a", resourceVersion: time },
      status: { ready, conditions: [{ type: "Ready", lastTransitionTime: time }] },
    });
    assert.ok(sameButForNoise(seen("1", 1), seen("2", 1)));
    assert.ok(!sameButForNoise(seen("1", 1), seen("1", 2)));
  });

  for (const [a, b, same] of [
    ["500m", "0.5", true],
    ["1Gi", "1024Mi", true],
    [1, "1000m", true],
    ["1G", "1Gi", false],
    ["abc", "abc", false],
    ["", "0", false],
  ] as const) {
    it(`${a} ${same ? "is" : "is not"} the quantity ${b}`, () => {
      assert.equal(sameQuantity(a, b), same);
    });
  }
});
