import { strict as assert } from "node:assert";
import fc from "fast-check";
import { environmentOf, jobName, migrationJob } from "../../../core/migrations/job";
import { linesAfter, parseLog, secretTexts, withoutSecrets } from "../../../core/migrations/logLines";
import { begun, notesWith, parseNotes } from "../../../core/migrations/note";
import { LABEL } from "../../../core/rollout/names";
import { note, work } from "./support";

const RUN = { service: "web", namespace: "n", release: "0123456789ab", direction: "up", run: 1 } as const;

describe("the Job of a migration", () => {
  it("has a name that follows from service, release, direction and run, and fits into a label", () => {
    assert.equal(jobName(RUN), "web-up-0123456789ab-1");
    assert.ok(jobName({ ...RUN, service: "a".repeat(40), direction: "down", run: 9999 }).length <= 63);
  });

  it("runs the command of its direction, once, with the image as it is named", () => {
    const both = (["up", "down"] as const).map((direction) => migrationJob({ ...RUN, direction, work: work() }));
    const [up, down] = both.map(({ spec }) => spec.template.spec.containers[0]);
    assert.deepEqual([up?.command, down?.command], [work().up, work().down]);
    assert.deepEqual([up?.image, both[0]?.spec.backoffLimit], [work().image, 0]);
    assert.ok(!("ttlSecondsAfterFinished" in (both[0]?.spec ?? {})), "it stands until its end is noted");
  });

  it("has no pod that a Service of the service would take for its own", () => {
    const { labels } = migrationJob({ ...RUN, work: work() }).spec.template.metadata;
    assert.deepEqual(labels, { [LABEL.migrates]: "web" });
  });

  it("names Secrets and never holds a value of them", () => {
    const secrets = { PGPASSWORD: { secret: "db", key: "owner" } };
    const { env } =
      migrationJob({ ...RUN, work: work({ env: { PGHOST: "db" }, secrets }) }).spec.template.spec.containers[0] ?? {};
    assert.deepEqual(env, [
      { name: "PGHOST", value: "db" },
      { name: "PGPASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "owner" } } },
    ]);
  });

  it("has the variables of the release, and before them its own, of whichever kind", () => {
    const [own, other] = [
      { secret: "own", key: "k" },
      { secret: "app", key: "k" },
    ];
    const release = { env: { A: "1", B: "1", C: "1" }, secrets: { D: other, E: other } };
    const both = environmentOf(release, { env: { B: "2", D: "2" }, secrets: { C: own } });
    assert.deepEqual(both, { env: { A: "1", B: "2", D: "2" }, secrets: { C: own, E: other } });
  });
});

describe("notes of migrations", () => {
  it("come back from their ConfigMap as they were", () => {
    const notes = new Map([["a", note()]]);
    const data = notesWith(notes, "b", note({ serial: 2, state: "down" }));
    assert.deepEqual(
      [...parseNotes(data, "here")],
      [
        ["a", note()],
        ["b", note({ serial: 2, state: "down" })],
      ],
    );
  });

  it("are never taken for nothing when they cannot be read", () => {
    assert.throws(() => parseNotes({ a: "{" }, "ConfigMap n/web-migrations"), /web-migrations, key a is not JSON/);
    assert.throws(() => parseNotes({ a: '{"tag":"v1"}' }, "here"), /here, key a is not a note of a migration \(work: /);
  });

  it("are kept of the last fifty", () => {
    const many = new Map(Array.from({ length: 50 }, (_, index) => [`r${index}`, note({ serial: index + 1 })]));
    const kept = Object.keys(notesWith(many, "new", note({ serial: 51 })));
    assert.deepEqual([kept.length, kept.includes("r0"), kept.includes("r1"), kept.at(-1)], [50, false, true, "new"]);
  });

  it("begin after all others, and go on counting the runs of their release", () => {
    const notes = new Map([
      ["a", note({ serial: 4, run: 2, state: "down" })],
      ["b", note({ serial: 7 })],
    ]);
    const fresh = begun(notes, { id: "a", tag: "v1" }, work(), 3, "now");
    assert.deepEqual([fresh.state, fresh.run, fresh.serial, fresh.since], ["begun", 2, 8, 3]);
    assert.deepEqual(begun(new Map(), { id: "a", tag: "v1" }, work(), 0, "now").serial, 1);
  });
});

describe("the log of a run", () => {
  const LOG = [
    "2026-11-21T20:00:00.000000001Z one",
    "2026-11-21T20:00:00.000000002Z ",
    "2026-11-21T20:00:01.000000000Z two words",
  ].join("\n");

  it("is read line by line, and only what is new", () => {
    const lines = parseLog(LOG);
    assert.deepEqual(
      lines.map(({ text }) => text),
      ["one", "", "two words"],
    );
    assert.deepEqual(linesAfter(lines, lines[1]), lines.slice(2));
    assert.deepEqual(linesAfter(lines, undefined), lines);
  });

  it("shows no value of a Secret: whole, line by line, or as a URL has it", () => {
    const secrets = secretTexts(["p@ss word", "first line\nsecond line", "abc"]);
    const shown = (text: string) => withoutSecrets(text, secrets);
    assert.equal(shown("login with p@ss word"), "login with …");
    assert.equal(shown("postgres://app:p%40ss%20word@db"), "postgres://app:…@db");
    assert.equal(shown("second line"), "…");
    assert.equal(shown("abc stands in any log"), "abc stands in any log");
  });

  it("never holds a value, wherever it stands", () => {
    const value = fc.string({ minLength: 4, maxLength: 12 }).filter((text) => text.trim().length >= 4);
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 4 }),
        fc.string(),
        fc.string(),
        (values, before, after) => {
          for (const one of values) {
            const shown = withoutSecrets(`${before}${one}${after}`, secretTexts(values));
            assert.ok(!values.some((text) => shown.includes(text.trim())));
          }
        },
      ),
    );
  });
});
