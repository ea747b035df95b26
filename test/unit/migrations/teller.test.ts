import { strict as assert } from "node:assert";
import { factSchema, type LedgerFact } from "../../../core/ledger/entry";
import { begun, type MigrationNote, type MigrationNotes } from "../../../core/migrations/note";
import { noted } from "../../../core/migrations/step";
import { Teller, type Tell } from "../../../provider/migration/teller";
import { note, work } from "./support";

const BY = "ann@build-7 (pid 4711)";
const at = (second: number) => `2026-11-21T20:00:${String(second).padStart(2, "0")}.000Z`;
const run = (number: number, state: "complete" | "failed", direction: "up" | "down" = "up") => ({
  job: `web-${direction}-r2-${number}`,
  run: number,
  direction,
  state,
});

/** A service with one migration whose runs are told to `tell`. */
function service(tell: Tell | undefined) {
  let notes: MigrationNotes = new Map([["r2", note({ run: 0, state: "begun", at: at(0) })]]);
  const said: string[] = [];
  const store = {
    read: () => Promise.resolve(notes),
    write: (id: string, one: MigrationNote) => {
      notes = new Map(notes).set(id, one);
      return Promise.resolve();
    },
  };
  // Whoever migrates hands in what it has of the rollout, which is more.
  const place = { service: "web", namespace: "n", timeoutMs: Infinity };
  const teller = new Teller(place, store, tell, (message) => said.push(message));
  const known = () => notes.get("r2") ?? assert.fail();
  const ends = (seen: ReturnType<typeof run>, second: number) =>
    store.write("r2", noted(known(), seen, { at: at(second), by: BY }));
  return { teller, known, ends, said, notes: () => notes };
}

const away: Tell = () => Promise.reject(new Error("the disk is full"));

describe("what the ledger is told of migrations", () => {
  it("is each end once, oldest first, and then no more", async () => {
    const told: LedgerFact[] = [];
    const { teller, ends, known } = service((facts) => Promise.resolve(void told.push(...facts)));
    await ends(run(1, "failed"), 1);
    await ends(run(2, "complete"), 2);
    await teller.owed();
    await teller.owed();
    assert.deepEqual(
      told.map((fact) => [fact.event, fact.at, fact.origin]),
      [
        ["migration-failed", at(1), "migration of r2, run 1"],
        ["migrated", at(2), "migration of r2, run 2"],
      ],
    );
    for (const fact of told) assert.deepEqual(factSchema.parse(fact), fact);
    assert.deepEqual(known().ended, []);
  });

  it("waits in the notes while the ledger is away, also when the migration begins again", async () => {
    const { teller, ends, known, said, notes } = service(away);
    await ends(run(1, "failed"), 1);
    await teller.owed();
    assert.match(
      said.join(),
      /the ledger was not told of a migration \(the next command tries again\): the disk is full/,
    );
    assert.equal(begun(notes(), { id: "r2", tag: "v2" }, work(), 1, at(5)).ended.length, 1);
    assert.equal(known().ended.length, 1);
  });

  it("comes before a run begins, and is the condition of an up alone", async () => {
    const told: string[] = [];
    const fine = service((facts) => Promise.resolve(void told.push(...facts.map(({ event }) => event))));
    await fine.ends(run(1, "failed"), 1);
    await fine.teller.beginning("r2", fine.known(), "up", 2, BY);
    assert.deepEqual(told, ["migration-failed", "migrating"]);
    const full = service(away);
    await assert.rejects(
      full.teller.beginning("r2", full.known(), "up", 1, BY),
      /web: the migration cannot be recorded, and none begins without a record: the disk is full/,
    );
    await full.teller.beginning("r2", full.known(), "down", 1, BY);
    assert.match(full.said.join(), /down of v2: going on without the ledger: the disk is full/);
  });

  it("waits for who has a ledger where there is none", async () => {
    const { teller, ends, known } = service(undefined);
    await teller.beginning("r2", known(), "up", 1, BY);
    await ends(run(1, "complete"), 1);
    await teller.owed();
    assert.equal(known().ended.length, 1);
  });
});
