import { strict as assert } from "node:assert";
import { Tally } from "../../../core/chaos/availability";
import type { ChaosOptions } from "../../../core/chaos/options";
import { asksForCare } from "../../../core/chaos/production";
import { chaosReport, judge, percentText, type Kill, type Measured } from "../../../core/chaos/report";
import { clockText, reportText, soFar } from "../../../core/chaos/text";

const kill = (change: Partial<Kill> = {}): Kill => ({
  at: "2026-01-01T00:00:02.000Z",
  pod: "claims-blue-x",
  color: "blue",
  recoveredMs: 2100,
  ...change,
});

const measured = (
  answers: { readonly sent: number; readonly lost: number },
  change: Partial<Measured> = {},
): Measured => {
  const tally = new Tally();
  for (let i = 0; i < answers.sent; i++) tally.add(i / 50, i < answers.lost ? "status 502" : undefined);
  return { name: "claims", via: "public", colors: ["blue"], tally, kills: [kill()], hindrance: null, ...change };
};

const options: ChaosOptions = {
  seconds: 60,
  killShare: 0.1,
  everySeconds: 20,
  minAvailability: 0.99,
  requestsPerSecond: 50,
  mode: "crash",
  side: "live",
  seed: 7,
  allowProd: false,
};

describe("the verdict of chaos", () => {
  const cases: readonly { name: string; seen: Measured; verdict: string; reason: RegExp | null }[] = [
    { name: "pass when enough was answered", seen: measured({ sent: 1000, lost: 9 }), verdict: "pass", reason: null },
    {
      name: "fail when just the minimum was answered",
      seen: measured({ sent: 1000, lost: 10 }),
      verdict: "fail",
      reason: /^claims: 99 % of 1000 requests were answered, more than 99 % is asked for$/,
    },
    {
      name: "fail when a color did not get whole again",
      seen: measured({ sent: 1000, lost: 0 }, { kills: [kill(), kill({ recoveredMs: null })] }),
      verdict: "fail",
      reason: /^claims: blue did not get whole again after claims-blue-x was killed$/,
    },
    {
      name: "inconclusive when nothing was sent",
      seen: measured({ sent: 0, lost: 0 }),
      verdict: "inconclusive",
      reason: /^claims: no request was sent$/,
    },
    {
      name: "inconclusive when nothing was killed",
      seen: measured({ sent: 1000, lost: 0 }, { kills: [] }),
      verdict: "inconclusive",
      reason: /^claims: no pod of it was killed$/,
    },
    {
      name: "inconclusive when something stood in the way, however much was answered",
      seen: measured({ sent: 1000, lost: 0 }, { hindrance: "its traffic has moved" }),
      verdict: "inconclusive",
      reason: /^claims: its traffic has moved$/,
    },
    {
      name: "inconclusive when a move came between a kill and its recovery",
      seen: measured({ sent: 1000, lost: 0 }, { kills: [kill({ recoveredMs: null })], hindrance: "cut short" }),
      verdict: "inconclusive",
      reason: /^claims: cut short$/,
    },
    {
      name: "fail when too much was lost, though something stood in the way",
      seen: measured({ sent: 1000, lost: 500 }, { hindrance: "its traffic has moved", kills: [] }),
      verdict: "fail",
      reason: /^claims: 50 % of 1000/,
    },
  ];
  for (const { name, seen, verdict, reason } of cases)
    it(`is ${name}`, () => {
      const judged = judge(seen, 0.99);
      assert.equal(judged.verdict, verdict);
      if (reason === null) assert.equal(judged.reason, null);
      else assert.match(judged.reason ?? "", reason);
    });

  it("of a run is the worst of its services', with its reason", () => {
    const good = measured({ sent: 1000, lost: 0 });
    const open = measured({ sent: 0, lost: 0 }, { name: "open" });
    const bad = measured({ sent: 1000, lost: 900 }, { name: "bad" });
    const of = (...all: readonly Measured[]) => chaosReport("dev", new Date(0), 60, options, all);
    assert.equal(of(good, good).verdict, "pass");
    assert.equal(of(good, open).verdict, "inconclusive");
    assert.deepEqual([of(good, open, bad).verdict, of(good, open, bad).reason?.slice(0, 4)], ["fail", "bad:"]);
    assert.equal(of(open, { ...open, name: "other" }).reason, "open: no request was sent; other: no request was sent");
  });
});

describe("the report of chaos", () => {
  const report = chaosReport("dev", new Date("2026-01-01T12:00:00Z"), 60.04, options, [
    measured({ sent: 3000, lost: 3 }),
  ]);

  it("is one document with the keys that scripts rely on", () => {
    assert.deepEqual(report, {
      target: "dev",
      startedAt: "2026-01-01T12:00:00.000Z",
      seconds: 60,
      mode: "crash",
      seed: 7,
      minAvailability: 0.99,
      services: [
        {
          name: "claims",
          via: "public",
          colors: ["blue"],
          sent: 3000,
          lost: 3,
          availability: 0.999,
          losses: [{ why: "status 502", count: 3 }],
          kills: [{ at: "2026-01-01T00:00:02.000Z", pod: "claims-blue-x", color: "blue", recoveredMs: 2100 }],
          worstSecond: { at: "2026-01-01T12:00:00.000Z", sent: 50, lost: 3, availability: 0.94 },
          verdict: "pass",
          reason: null,
        },
      ],
      verdict: "pass",
      reason: null,
    });
  });

  it("reads as a few plain lines", () => {
    assert.deepEqual(reportText(report).split("\n"), [
      "claims (blue)  pass  99.9 % of 3000 requests answered, 3 lost",
      "  1 pod killed; whole again after 2.1 s (median), 2.1 s (longest)",
      "  worst second 12:00:00 UTC: 3 of 50 lost",
      "  lost 3: status 502",
      "chaos on dev: pass",
    ]);
  });

  it("never rounds a loss away", () => {
    assert.equal(percentText(1), "100 %");
    assert.equal(percentText(0.99999), "99.99 %");
    assert.equal(percentText(0.999), "99.9 %");
    assert.equal(percentText(0.07), "7 %");
    assert.equal(soFar(20_000, 1), "99.99 % of 20000 answered so far, 1 lost");
    assert.equal(soFar(0, 0), "nothing answered yet");
  });

  it("tells the time from the beginning of the run", () => {
    assert.deepEqual([0, 9.9, 65, 3599].map(clockText), [" 0:00", " 0:09", " 1:05", "59:59"]);
  });
});

describe("stacks that chaos spares unless told otherwise", () => {
  const cases: readonly [string, boolean, boolean][] = [
    ["dev", false, false],
    ["preprod", false, false],
    ["product-x", false, false],
    ["staging", true, true],
    ["prod", false, true],
    ["Prod", false, true],
    ["prod-east", false, true],
    ["east.production", false, true],
  ];
  for (const [stack, protect, spared] of cases)
    it(`${spared ? "are" : "are not"} such as ${stack}${protect ? ", protected" : ""}`, () => {
      assert.equal(asksForCare({ stack, protect }) !== undefined, spared);
    });
});
