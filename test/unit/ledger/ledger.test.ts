import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { BEGINNING, canonicalBytes, idOf, nextEntry, type LedgerFact } from "../../../core/ledger/entry";
import { fileSigner, seal, trust, unseal } from "../../../core/ledger/seal";
import { readLedger, type FindingKind, type LedgerText } from "../../../core/ledger/verify";
import { FolderSink } from "../../../provider/ledger/folder";
import { Ledger } from "../../../provider/ledger/ledger";

function keyPair(curve = "P-256") {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
  return {
    secret: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    open: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

const OURS = keyPair();
const THEIRS = keyPair();
const keys = trust([OURS.open]);
const signer = fileSigner(OURS.secret);

const fact = (number: number, change: Partial<LedgerFact> = {}): LedgerFact => ({
  event: "deployed",
  at: new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString(),
  by: "ann@build-7 (pid 4711)",
  service: "web",
  namespace: "hms-dev",
  release: { id: `r${number}`, tag: `v${number}`, image: null },
  weights: { before: { blue: 100, green: 0 }, after: { blue: 0, green: 100 } },
  gates: [{ gate: "error-share", value: 0.0025, samples: 400 }],
  decisions: [],
  reason: null,
  origin: `record ${number}`,
  ...change,
});

/** A folder with the ledgers of some stacks, removed with the test. */
class Shelf {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), "hms-ledger-"));
  ledger(name: string): Ledger {
    return new Ledger({ ledger: name, sink: new FolderSink(this.folder, name), signer, keys });
  }
  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

describe("the bytes that a ledger signs", () => {
  // RFC 8785, sections 3.2.2 and 3.2.3, and appendix B.
  for (const [value, text] of [
    [{ b: 1, a: [true, null, "\u20ac$\u000f\nA'B\"\\/"] }, `{"a":[true,null,"\u20ac$\\u000f\\nA'B\\"\\\\/"],"b":1}`],
    [{ "\ufb33": 1, "\ud83d\ude00": 2, "\u20ac": 3, "1": 4 }, `{"1":4,"\u20ac":3,"\ud83d\ude00":2,"\ufb33":1}`],
    [[Number("333333333.33333329"), 1e30, 4.5, 2e-3, 1e-27, -0], "[333333333.3333333,1e+30,4.5,0.002,1e-27,0]"],
  ] as const) {
    it(`of ${text} are RFC 8785's`, () => {
      assert.equal(canonicalBytes(value).toString(), text);
    });
  }
  it("are refused for numbers that JSON has not, and that reading would round", () => {
    assert.throws(() => canonicalBytes({ a: Number.NaN }));
    const huge = fact(1, { gates: [{ gate: "g", value: 2 ** 53, samples: 1 }] });
    assert.throws(() => nextEntry("s", { count: 0, hash: BEGINNING }, huge));
  });
});

describe("a seal", () => {
  it("is of a key on P-256 only", () => {
    assert.throws(() => fileSigner(keyPair("P-384").secret), /P-256, got secp384r1/);
    assert.throws(() => trust([keyPair("secp256k1").open]), /P-256, got secp256k1/);
  });
  it("breaks with any change of one character", async () => {
    const text = await seal({ a: "one", b: [1, 2] }, signer);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom("0", "z", " ", '"'), (at, by) => {
        fc.pre(text[at] !== by);
        const other = text.slice(0, at) + by + text.slice(at + 1);
        const opened = unseal(other, keys);
        assert.equal(opened.ok, false, other);
      }),
    );
  });
  it("breaks when its signature is spelled otherwise, though it means the same bytes", async () => {
    // One key's signatures differ in length, and only those of some lengths have another spelling.
    const spare = async (): Promise<string> => {
      const text = await seal({ a: "one" }, signer);
      return /[AQgw]=="/.test(text) ? text : spare();
    };
    const text = await spare();
    const other = text.replace(/(.)(?===")/, (last) => String.fromCharCode(last.charCodeAt(0) + 1));
    const [one, two] = [text, other].map((each) => (JSON.parse(each) as { signature: string }).signature);
    assert.notEqual(one, two);
    assert.deepEqual(Buffer.from(two ?? "", "base64"), Buffer.from(one ?? "", "base64"));
    assert.deepEqual(unseal(other, keys), { ok: false, problem: "altered" });
  });
});

describe("a ledger", () => {
  let shelf: Shelf;
  beforeEach(() => (shelf = new Shelf()));
  afterEach(() => {
    shelf.remove();
  });

  it("has each fact once, whoever adds it and however often, and verifies", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 }), { minLength: 1, maxLength: 5 }),
        async (writers) => {
          const shelf = new Shelf();
          try {
            await Promise.all(
              writers.map(async (numbers) => {
                for (const number of numbers) await shelf.ledger("dev").add([fact(number), fact(number)].slice(0, 1));
                await shelf.ledger("dev").checkpoint();
              }),
            );
            const { entries, verdict } = await shelf.ledger("dev").read();
            const wanted = new Set(writers.flat().map((number) => idOf("dev", fact(number))));
            assert.deepEqual(new Set(entries.map(({ id }) => id)), wanted);
            assert.equal(entries.length, wanted.size);
            assert.deepEqual(
              verdict.findings.filter(({ kind }) => kind !== "empty"),
              [],
            );
          } finally {
            shelf.remove();
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("takes nothing where nothing can be kept, and leaves no draft behind", async () => {
    writeFileSync(path.join(shelf.folder, "dev"), "a file where the folder should be");
    await assert.rejects(shelf.ledger("dev").add([fact(1)]), /ENOTDIR|EEXIST/);
    rmSync(path.join(shelf.folder, "dev"));
    await shelf.ledger("dev").add([fact(1)]);
    assert.deepEqual(readdirSync(path.join(shelf.folder, "dev", "entries")), ["000000000001.json"]);
  });

  it("is read again by who adds to it, and what was altered since is seen", async () => {
    const writer = shelf.ledger("dev");
    await writer.checkpoint([fact(1), fact(2)]);
    await shelf.ledger("dev").add([fact(3)]);
    await writer.add([fact(3), fact(4)]);
    const { entries, verdict } = await writer.read();
    assert.deepEqual([entries.length, verdict.head.count, verdict.checkpoint?.count], [4, 4, 2]);
    const second = path.join(shelf.folder, "dev", "entries", "000000000002.json");
    writeFileSync(second, readFileSync(second, "utf8").replace('"blue":', '"blue": '));
    await assert.rejects(writer.add([fact(5)]), /000000000002.json: not what its key signed/);
    await assert.rejects(writer.checkpoint(), /000000000002.json: not what its key signed/);
  });

  it("is added to only while it verifies", async () => {
    await shelf.ledger("dev").add([fact(1), fact(2)]);
    rmSync(path.join(shelf.folder, "dev", "entries", "000000000001.json"));
    await assert.rejects(shelf.ledger("dev").add([fact(3)]), /does not verify: entry 1 is not there/);
  });
});

describe("what was done to a ledger", () => {
  const shelf = new Shelf();
  let entries: readonly LedgerText[];
  let checkpoints: readonly LedgerText[];
  let foreign: readonly LedgerText[];

  before(async () => {
    for (const [name, count] of [
      ["dev", 5],
      ["prod", 5],
    ] as const) {
      for (let number = 1; number <= count; number++) {
        await shelf.ledger(name).add([fact(number)]);
        if (number % 2 === 1) await shelf.ledger(name).checkpoint();
      }
    }
    entries = await new FolderSink(shelf.folder, "dev").list("entries");
    checkpoints = await new FolderSink(shelf.folder, "dev").list("checkpoints");
    foreign = await new FolderSink(shelf.folder, "prod").list("entries");
    assert.deepEqual([entries.length, checkpoints.length, foreign.length], [5, 3, 5]);
  });
  after(() => {
    shelf.remove();
  });

  const verdictOn = (of: readonly LedgerText[], marks = checkpoints, by = keys) =>
    readLedger({ ledger: "dev", entries: of, checkpoints: marks, keys: by }).verdict;
  const kinds = (of: readonly LedgerText[], marks = checkpoints): FindingKind[] => [
    ...new Set(verdictOn(of, marks).findings.map(({ kind }) => kind)),
  ];
  const at = (number: number): LedgerText => entries[number - 1] ?? { name: "", text: "" };
  const without = (...numbers: readonly number[]) => entries.filter((_, index) => !numbers.includes(index + 1));
  const contentOf = (text: LedgerText) => (JSON.parse(text.text) as { content: Record<string, unknown> }).content;
  const resealed = async (number: number, change: object, by = signer): Promise<LedgerText> => ({
    name: at(number).name,
    text: await seal({ ...contentOf(at(number)), ...change }, by),
  });
  const replacing = (number: number, text: LedgerText) =>
    entries.map((one, index) => (index + 1 === number ? text : one));

  it("is nothing, when nothing was", () => {
    const { head, findings, checkpoint } = verdictOn(entries);
    assert.deepEqual([head.count, findings, checkpoint?.count], [5, [], 5]);
  });
  it("was altering: a word in an entry", () => {
    const text = { ...at(3), text: at(3).text.replace("ann@", "eve@") };
    assert.deepEqual(kinds(replacing(3, text)), ["altered", "missing"]);
  });
  it("was altering: the same entry, written otherwise", () => {
    const text = { ...at(3), text: at(3).text.replace("{", "{ ") };
    assert.deepEqual(kinds(replacing(3, text)), ["altered", "missing"]);
  });
  it("was dropping from the middle", () => {
    assert.deepEqual(kinds(without(3)), ["missing"]);
    assert.match(verdictOn(without(2, 3)).findings[0]?.message ?? "", /entries 2 to 3 are not there/);
  });
  it("was cutting the tail, which no hash tells", () => {
    assert.deepEqual(kinds(without(4, 5)), ["cut-off"]);
    assert.deepEqual(kinds(without(4, 5), []), [], "without a checkpoint nobody can know");
  });
  it("was deleting all of it", () => {
    assert.deepEqual(kinds([]), ["cut-off"]);
    assert.deepEqual(kinds([], []), ["empty"]);
  });
  it("was deleting all but the newest checkpoint", () => {
    assert.deepEqual(kinds(entries, checkpoints.slice(2)), ["missing"]);
  });
  it("was reordering, by whoever has the key", async () => {
    const [second, third] = [await resealed(2, { sequence: 3 }), await resealed(3, { sequence: 2 })];
    const swapped = entries.map((one, index) => (index === 1 ? third : index === 2 ? second : one));
    assert.deepEqual(kinds(swapped), ["reordered", "rewritten"]);
  });
  it("was forking: a second entry under one number", async () => {
    const other = { ...(await resealed(5, { ...fact(9), id: idOf("dev", fact(9)) })), name: "entries/other.json" };
    assert.deepEqual(kinds([...entries, other]), ["forked"]);
  });
  it("was replaying an entry of another stack", () => {
    assert.deepEqual(kinds(replacing(2, foreign[1] ?? at(2))), ["other-ledger", "missing"]);
  });
  it("was replaying an entry of this one", async () => {
    const { previous } = nextEntry("dev", verdictOn(entries).head, fact(9));
    const again = { ...(await resealed(2, { sequence: 6, previous })), name: "entries/000000000006.json" };
    assert.deepEqual(kinds([...entries, again]), ["repeated"]);
  });
  it("was signing it anew with another key", async () => {
    const all = await Promise.all(entries.map((_, index) => resealed(index + 1, {}, fileSigner(THEIRS.secret))));
    assert.deepEqual(kinds(all), ["unknown-key", "cut-off"]);
  });
  it("was writing all of it anew with the key", async () => {
    const other = new Shelf();
    try {
      for (let number = 1; number <= 5; number++) await other.ledger("dev").add([fact(number + 10)]);
      const rewritten = await new FolderSink(other.folder, "dev").list("entries");
      assert.deepEqual(kinds(rewritten), ["rewritten"]);
    } finally {
      other.remove();
    }
  });
  it("was giving an entry the name of another fact", async () => {
    assert.deepEqual(kinds(replacing(5, await resealed(5, { id: BEGINNING }))), ["unreadable", "cut-off"]);
  });
});
