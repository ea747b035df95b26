import assert from "node:assert/strict";
import { judgeDatabase, type FoundDatabase } from "../../../core/scan/database";
import { DAY, manifestOf, NOW, readDatabase } from "./support";

describe("a database of advisories", () => {
  const week = 7 * DAY;
  const fresh = manifestOf({ npm: { days: 1 }, Debian: { days: 2, critical: false }, Go: { days: 30 } });
  const judge = (found: FoundDatabase, needed: readonly string[] = ["npm", "Debian"]) =>
    judgeDatabase(found, needed, NOW, week);

  it("is fresh when all parts that are needed are, and is as old as the oldest of them", () => {
    const state = judge(readDatabase(fresh));
    assert.equal(state.state, "fresh");
    assert.equal(state.facts?.builtAt, "2026-11-20T12:00:00.000Z");
    assert.match(state.facts?.digest ?? "", /^sha256:[0-9a-f]{64}$/);
  });

  const bad: readonly [name: string, found: FoundDatabase, needed: readonly string[], state: string, why: RegExp][] = [
    [
      "missing",
      { kind: "missing", where: "/advisories" },
      ["npm"],
      "error",
      /there is no database of advisories at \/advisories\. Import one/,
    ],
    [
      "unreadable",
      { kind: "unreadable", where: "/advisories", why: "schema: Invalid" },
      ["npm"],
      "error",
      /cannot be read: schema: Invalid/,
    ],
    [
      "without a part that is needed",
      readDatabase(fresh),
      ["npm", "PyPI"],
      "error",
      /has none for PyPI, and the image has such packages/,
    ],
    [
      "stale",
      readDatabase(manifestOf({ npm: { days: 8 } })),
      ["npm"],
      "stale",
      /is stale: .* 8d old, and 7d is allowed/,
    ],
    ["stale in one part", readDatabase(fresh), ["npm", "Go"], "stale", /30d old/],
    ["from the future", readDatabase(manifestOf({ npm: { days: -3 } })), ["npm"], "error", /from the future/],
    [
      "without anything critical",
      readDatabase(manifestOf({ npm: { days: 1, critical: false } })),
      ["npm"],
      "error",
      /knows nothing critical/,
    ],
    ["empty", readDatabase(manifestOf({})), [], "error", /knows nothing critical/],
    [
      "damaged",
      { ...readDatabase(fresh), actual: { npm: "f".repeat(64), Debian: "1".repeat(64) } } as FoundDatabase,
      ["npm"],
      "error",
      /npm are not what was imported: the archive is damaged/,
    ],
    [
      "without an archive",
      { ...readDatabase(fresh), actual: { npm: null } } as FoundDatabase,
      ["npm"],
      "error",
      /the archive is missing or unreadable/,
    ],
  ];
  for (const [name, found, needed, state, why] of bad)
    it(`that is ${name} is ${state}`, () => {
      const judged = judge(found, needed);
      assert.equal(judged.state, state);
      assert.match("why" in judged ? judged.why : "", why);
    });

  it("lends something critical to find from another part when the needed one has none", () => {
    const state = judge(readDatabase(fresh), ["Debian"]);
    assert.ok(state.state === "fresh");
    assert.deepEqual(state.canaries.map(({ ecosystem }) => ecosystem).sort(), ["Debian", "npm"]);
  });

  it("may be a day ahead of a clock, and as old as is allowed", () => {
    assert.equal(judge(readDatabase(manifestOf({ npm: { days: -0.5 } })), ["npm"]).state, "fresh");
    assert.equal(judge(readDatabase(manifestOf({ npm: { days: 7 } })), ["npm"]).state, "fresh");
  });
});
