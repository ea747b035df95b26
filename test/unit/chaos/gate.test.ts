import { strict as assert } from "node:assert";
import fc from "fast-check";
import { Tally } from "../../../core/chaos/availability";
import { gateOptions, gateVerdict, proofOf, type ChaosGate } from "../../../core/chaos/gate";
import { MODES } from "../../../core/chaos/options";
import { chaosReport, type Kill } from "../../../core/chaos/report";
import { inputFailures, parseInputs, verificationInputs } from "../../../provider/resources/inputs";

const GATE: ChaosGate = {
  seconds: 20,
  killShare: 0.5,
  everySeconds: 10,
  minAvailability: 0.99,
  requestsPerSecond: 50,
  mode: "crash",
};
const KILL: Kill = { at: "2026-01-01T00:00:02.000Z", pod: "web-green-x", color: "green", recoveredMs: 2300 };

const seen = ({ sent = 1000, lost = 0, kills = [KILL] as readonly Kill[], hindrance = null as string | null } = {}) => {
  const tally = new Tally();
  for (let i = 0; i < sent; i++) tally.add(i / 50, i < lost ? "status 503" : undefined);
  const measured = { name: "web", via: "probe" as const, colors: ["green" as const], tally, kills, hindrance };
  const begun = new Date("2026-01-01T00:00:00.000Z");
  return gateVerdict(chaosReport("web", begun, 20, gateOptions(GATE, 7), [measured]), GATE);
};

describe("the verdict of chaos before a move", () => {
  it("passes a color that was killed in, answered, and came back; the evidence says how it was tried", () => {
    assert.deepEqual(seen({ lost: 5 }), {
      verdict: "pass",
      evidence:
        "chaos: 99.5 % of 1000 requests were answered; 1 pod killed; whole again after 2.3 s (median), 2.3 s " +
        "(longest) (crash, seed 7); worst second 00:00:00 UTC: 5 of 50 lost; lost 5: status 503",
    });
  });

  it("fails one that answered too little, or did not come back", () => {
    const { verdict, evidence } = seen({ lost: 100 });
    assert.equal(verdict, "fail");
    assert.match(evidence, /^chaos: 90 % of 1000 requests were answered, more than 99 % is asked for; 1 pod killed/);
    const gone = seen({ kills: [{ ...KILL, recoveredMs: null }] });
    assert.equal(gone.verdict, "fail");
    assert.match(gone.evidence, /^chaos: green did not get whole again after web-green-x was killed/);
  });

  it("cannot tell where pods had no room to come back, nothing was killed, or the run was cut short", () => {
    const noRoom = seen({ kills: [{ ...KILL, recoveredMs: null }], hindrance: "no node has room for 1 of the pods" });
    assert.deepEqual([noRoom.verdict, seen({ kills: [] }).verdict], ["inconclusive", "inconclusive"]);
    assert.match(noRoom.evidence, /^chaos: no node has room for 1 of the pods; /);
    assert.equal(seen({ hindrance: "cut short: somebody took over" }).verdict, "inconclusive");
  });

  it("cannot tell from less than half of the load that was asked for", () => {
    assert.equal(seen({ sent: 500 }).verdict, "pass");
    const few = seen({ sent: 499 });
    assert.equal(few.verdict, "inconclusive");
    assert.match(few.evidence, /^chaos: only 499 of 1000 requests could be sent, too few to tell; /);
  });

  it("still fails on little load when too much of it is lost", () => {
    assert.equal(seen({ sent: 200, lost: 50 }).verdict, "fail");
  });
});

describe("the proof of chaos", () => {
  const gate = fc.record<ChaosGate>({
    seconds: fc.integer({ min: 10, max: 600 }),
    killShare: fc.constantFrom(0.1, 0.5, 1),
    everySeconds: fc.integer({ min: 1, max: 600 }),
    minAvailability: fc.constantFrom(0.9, 0.99, 1),
    requestsPerSecond: fc.integer({ min: 10, max: 2000 }),
    mode: fc.constantFrom(...MODES),
  });
  const release = fc.stringMatching(/^[0-9a-f]{12}$/);

  it("is the same for the same release tried in the same way, and only then", () => {
    fc.assert(
      fc.property(release, gate, release, gate, (a, how, b, otherwise) => {
        const turned = Object.fromEntries(Object.entries(how).reverse()) as unknown as ChaosGate;
        assert.equal(proofOf(a, how), proofOf(a, { ...turned, startupSeconds: 5 } as ChaosGate));
        const same = a === b && fc.stringify(how) === fc.stringify(otherwise);
        assert.equal(proofOf(a, how) === proofOf(b, otherwise), same);
      }),
    );
  });
});

describe("inputs of a Verification", () => {
  const OLD = {
    ...{ service: "web", namespace: "hms-dev", color: "green", release: "0123456789ab", tag: "v1" },
    ...{ host: "web.dev.localhost", gatewayAddress: "http://127.0.0.1:8080", healthPath: "/health" },
    smoke: [{ name: "up", request: { method: "GET", path: "/", headers: {} }, expect: { status: 200 } }],
  };

  it("reads a state of before there was chaos, as every refresh does after an upgrade", () => {
    assert.equal(parseInputs(verificationInputs, OLD).chaos, undefined);
  });

  it("takes chaos with its settings, and names those that make no sense", () => {
    const chaos = { ...GATE, startupSeconds: 60 };
    assert.deepEqual(inputFailures(verificationInputs, { ...OLD, chaos }), []);
    const wrong = inputFailures(verificationInputs, { ...OLD, chaos: { ...chaos, killShare: 2, mode: "nuke" } });
    assert.deepEqual(
      wrong.map(({ property }) => property),
      ["chaos.killShare", "chaos.mode"],
    );
  });
});
