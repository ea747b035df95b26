import { strict as assert } from "node:assert";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client } from "pg";
import { fileSigner, trust } from "../../core/ledger/seal";
import { verifyManifest } from "../../core/scrub/manifest";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { POSTGRES_BIN } from "../../platform/local/postgres";
import { manifestFile, SnapshotStore } from "../../provider/snapshot/store";
import { takeSnapshot, type TakeParts } from "../../provider/snapshot/take";
import { TestDatabase } from "../support/database";
import { unpackFile } from "../support/packed";

const RULES = path.resolve("examples/drought-benefit/scrub.yaml");
/** So many that each year of birth has some of each sex. */
const PEOPLE = 20_000;

describe("a snapshot of the example's database", function () {
  this.timeout(240_000);
  const database = new TestDatabase("take");
  const root = mkdtempSync(path.join(os.tmpdir(), "hms-take-"));
  const store = new SnapshotStore(root, "drought-benefit");
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = fileSigner(pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  const keys = trust([pair.publicKey.export({ type: "spki", format: "pem" }).toString()]);
  const masterKey = randomBytes(32);
  let client: Client;
  let people: readonly Record<string, string | null>[] = [];

  const take = (change: Partial<TakeParts> = {}) =>
    takeSnapshot({
      service: "drought-benefit",
      store,
      address: database.options,
      rules: { text: readFileSync(RULES, "utf8"), file: "scrub.yaml" },
      masterKey,
      signer,
      tool: "test",
      pgDump: `${POSTGRES_BIN}/pg_dump`,
      progress: () => undefined,
      signal: new AbortController().signal,
      ...change,
    });
  const textsOf = (folder: string): ReadonlyMap<string, string> =>
    new Map(
      readdirSync(folder).map((file) => {
        const bytes = readFileSync(path.join(folder, file));
        return [file, unpackFile(file, bytes).toString("utf8")];
      }),
    );

  before(async () => {
    await database.create();
    client = new Client(database.options);
    await client.connect();
    await fillDatabase(client, { people: PEOPLE });
    await client.query("analyze");
    people = (
      await client.query<Record<string, string | null>>(
        "select given_name, family_name, ssn, email, phone from benefit.people order by id limit 200",
      )
    ).rows;
  });
  after(async () => {
    await client.end();
    await database.remove();
    rmSync(root, { recursive: true });
  });

  it("has all rows, holds nobody's data, and is signed", async () => {
    const { path: folder, manifest, id } = await take();
    assert.deepEqual(
      (await store.list()).map((one) => one.id),
      [id],
    );
    const rows = (name: string) =>
      manifest.tables.filter(({ table }) => table.startsWith(name)).reduce((sum, table) => sum + table.rowsOut, 0);
    assert.equal(rows("people"), PEOPLE);
    const verdict = verifyManifest(readFileSync(manifestFile(folder), "utf8"), { keys, now: new Date() });
    assert.ok(verdict.ok, JSON.stringify(verdict));
    const texts = textsOf(folder);
    for (const [file, text] of texts) {
      assert.doesNotMatch(text, /\d{3}-\d{2}-\d{4}/, file);
      for (const { given_name: given, family_name: family, ssn, email, phone } of people)
        for (const value of [`${given ?? ""} ${family ?? ""}`, ssn, email, phone])
          assert.ok((value?.length ?? 0) < 6 || !text.includes(value ?? ""), `${file} holds somebody's data`);
    }
  });

  it("is the same byte for byte with the same key and epoch, and another with another key", async () => {
    const [one, two, other] = [
      await take({ epoch: "night-1", store: new SnapshotStore(root, "one") }),
      await take({ epoch: "night-1", store: new SnapshotStore(root, "two") }),
      await take({ epoch: "night-1", store: new SnapshotStore(root, "other"), masterKey: randomBytes(32) }),
    ];
    const digests = ({ manifest }: typeof one) =>
      manifest.tables.flatMap(({ parts }) => parts.map(({ file, sha256 }) => `${file} ${sha256}`));
    assert.deepEqual(digests(one), digests(two));
    assert.deepEqual(one.manifest.definitions, two.manifest.definitions);
    assert.notDeepEqual(digests(one), digests(other));
  });

  it("is the same with any number of threads, also where a fake depends on the rows before it", async () => {
    const text = readFileSync(RULES, "utf8").replace("ssn: gov.ssn", "ssn: { tag: gov.ssn, form: reserved }");
    const shared = { epoch: "night-1", rules: { text, file: "scrub.yaml" }, pagesInPart: 16 };
    const [one, three] = [
      await take({ ...shared, threads: 1, store: new SnapshotStore(root, "single") }),
      await take({ ...shared, threads: 3, store: new SnapshotStore(root, "several") }),
    ];
    assert.ok(one.manifest.tables.some(({ parts }) => parts.length > 5));
    assert.deepEqual(one.manifest.tables, three.manifest.tables);
    assert.deepEqual([one.manifest.scan, one.manifest.k], [three.manifest.scan, three.manifest.k]);
    const whole = await take({ ...shared, pagesInPart: 1_000_000, store: new SnapshotStore(root, "whole") });
    const rowsOf = (folder: string) =>
      createHash("sha256")
        .update([...textsOf(folder)].map(([file, rows]) => (file.includes(".copy") ? rows : "")).join(""))
        .digest("hex");
    assert.equal(rowsOf(three.path), rowsOf(whole.path));
  });

  it("stops in the midst of masking when there are more known values than the scan has room for", async () => {
    const full = new SnapshotStore(root, "full");
    const stages: string[] = [];
    const progress = ({ stage }: { readonly stage: string }) => stages.push(stage);
    await assert.rejects(take({ store: full, pagesInPart: 4, knownBytes: 2 ** 16, progress }), {
      code: "known-values-full",
      message: /more known values than the scan has room for.*give it more/s,
    });
    assert.ok(stages.includes("masking") && !stages.includes("scanning"), [...new Set(stages)].join(", "));
    assert.deepEqual(await full.list(), []);
  });

  it("says in which row a leak is, counted over the parts of a table", async () => {
    await client.query(
      "update benefit.claims_2024 set crop = 'call 202-456-1111' where id = (select max(id) from benefit.claims_2024)",
    );
    try {
      // Its place is not the last one where autovacuum has made room before it.
      const { rows } = await client.query<{ crop: string }>("select crop from benefit.claims_2024 order by ctid");
      const row = rows.findIndex(({ crop }) => crop.startsWith("call")) + 1;
      const leaky = take({
        pagesInPart: 8,
        store: new SnapshotStore(root, "leaky"),
      });
      await assert.rejects(
        leaky,
        new RegExp(`benefit\\.claims_2024\\.crop: 1 x phone, first in row ${row} \\(tag [a-p]{16}\\)`),
      );
    } finally {
      await client.query("update benefit.claims_2024 set crop = 'almonds' where crop like 'call%'");
    }
  });

  it("is not promoted when few people share what may tell who they are", async () => {
    const text = readFileSync(RULES, "utf8").replace("- columns: [born, sex]", "- { columns: [born, sex], k: 900 }");
    const strict = new SnapshotStore(root, "strict");
    await assert.rejects(
      take({ store: strict, rules: { text, file: "scrub.yaml" } }),
      /groups of people in the output are too small.*\n {2}benefit\.people \(born, sex\): smallest group \d+, 900 needed/,
    );
    assert.deepEqual(await strict.list(), []);
  });

  it("is not promoted when nobody can be planted in it, for then its scan proves nothing", async () => {
    const bare = new TestDatabase("bare");
    const unproven = new SnapshotStore(root, "unproven");
    const text = "tables: { public.lots: { columns: { acres: { tag: public, type: integer, reason: of land } } } }";
    await bare.create();
    try {
      const owner = new Client(bare.options);
      await owner.connect();
      await owner.query("create table lots as select acres::integer from generate_series(1, 100) as acres");
      await owner.end();
      const rules = { text: `owner: test\n${text}`, file: "scrub.yaml" };
      const stages = new Set<string>();
      const progress = ({ stage }: { readonly stage: string }) => stages.add(stage);
      await assert.rejects(take({ address: bare.options, store: unproven, rules, progress }), {
        code: "canary-missed",
        numbers: { planted: 0, found: 0, leaked: 0 },
      });
      assert.deepEqual([...stages], ["looking", "masking", "scanning", "proving"]);
      assert.deepEqual(await unproven.list(), []);
    } finally {
      await bare.remove();
    }
  });

  it("leaves nothing behind when it is stopped, or refused", async () => {
    const stop = new AbortController();
    const before = await store.list();
    await assert.rejects(
      take({
        signal: stop.signal,
        progress: ({ stage }) => {
          if (stage === "masking") stop.abort(new Error("stopped by the test"));
        },
      }),
      /stopped by the test/,
    );
    await client.query("alter table benefit.people add column nickname text");
    try {
      await assert.rejects(take(), /benefit\.people\.nickname|nickname/);
    } finally {
      await client.query("alter table benefit.people drop column nickname");
    }
    assert.deepEqual(await store.list(), before);
    assert.deepEqual(
      readdirSync(store.where).filter((name) => name.startsWith(".")),
      [],
    );
  });
});
