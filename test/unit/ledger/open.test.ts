import { strict as assert } from "node:assert";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LedgerFact } from "../../../core/ledger/entry";
import type { LedgerWish } from "../../../core/ledger/wish";
import { makeOnce, makeSigningKey, publicHalf, publicKeyFile } from "../../../provider/keyFiles";
import { openLedger, placeOf, publicKeys } from "../../../provider/ledger/open";
import type { Witness } from "../../../provider/ledger/reading";

const fact: LedgerFact = {
  event: "deployed",
  at: "2026-01-01T00:00:00.000Z",
  by: "ann@build-7 (pid 4711)",
  service: "web",
  namespace: "hms-dev",
  release: { id: "r1", tag: "v1", image: null },
  weights: { before: null, after: { blue: 100, green: 0 } },
  gates: [],
  decisions: [],
  reason: null,
  origin: "record 1",
};

describe("opening a ledger", () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(path.join(os.tmpdir(), "hms-home-"))));
  afterEach(() => {
    rmSync(home, { recursive: true });
  });
  const env = () => ({ HMS_HOME: home });
  const file = (name: string, content: string): string => {
    writeFileSync(path.join(home, name), content);
    return path.join(home, name);
  };
  const configured = (key: string, trust: readonly string[] = []): LedgerWish => ({
    name: "prod",
    store: { folder: path.join(home, "shared"), key, trust: [...trust] },
  });
  const secret = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();
  const open = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
  const onCurve = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });

  it("makes a key that only its user reads, and of many makers at once there is one", async () => {
    const ledgers = await Promise.all(Array.from({ length: 8 }, () => openLedger({ name: "dev" }, undefined, env())));
    const { key, folder } = placeOf(undefined, env());
    assert.equal(statSync(key).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder).sort(), ["key.pem", "key.pub.pem"]);
    for (const [index, ledger] of ledgers.entries()) await ledger.add([{ ...fact, origin: `record ${index}` }]);
    const { verdict } = await (await openLedger({ name: "dev" }, undefined, env())).read();
    assert.deepEqual([verdict.head.count, verdict.findings], [8, []]);
  });

  it("makes a key once, wherever one maker is while another one makes it, and all see the same", async () => {
    for (let lead = 0; lead < 40; lead++) {
      const key = path.join(home, `lead-${lead}`, "key.pem");
      let over = false;
      const make = async (name: string) => {
        await makeOnce(key, () => name);
        return readFileSync(key, "utf8");
      };
      const first = make("first").finally(() => (over = true));
      for (let turn = 0; turn < lead && !over; turn++) await new Promise((next) => setImmediate(next));
      const second = make("second");
      assert.equal(await first, await second);
      assert.equal(await first, readFileSync(key, "utf8"));
      assert.deepEqual(readdirSync(path.dirname(key)), ["key.pem"]);
    }
  });

  it("finishes the pair of a maker that was killed after the private half, and leaves a whole pair as it is", async () => {
    const key = path.join(home, "ledger", "key.pem");
    await makeSigningKey(key);
    const pair = [readFileSync(key, "utf8"), readFileSync(publicKeyFile(key), "utf8")];
    rmSync(publicKeyFile(key));
    await Promise.all(Array.from({ length: 8 }, () => makeSigningKey(key)));
    assert.deepEqual([readFileSync(key, "utf8"), readFileSync(publicKeyFile(key), "utf8")], pair);
    assert.equal(pair[1], publicHalf(pair[0] ?? ""));
    assert.equal(statSync(publicKeyFile(key)).mode & 0o444, 0o444);
    assert.deepEqual(readdirSync(path.dirname(key)).sort(), ["key.pem", "key.pub.pem"]);
  });

  it("does without the public half's file where nothing may be written", async () => {
    const folder = path.join(home, "secret");
    const key = path.join(folder, "key.pem");
    await makeSigningKey(key);
    rmSync(publicKeyFile(key));
    for (const [name, mode] of [
      [key, 0o444],
      [folder, 0o555],
      [home, 0o755],
    ] as const)
      chmodSync(name, mode);
    // The superuser may write anywhere.
    const superuser = process.geteuid?.() === 0;
    if (superuser) process.seteuid?.(65534);
    try {
      await makeSigningKey(key);
    } finally {
      if (superuser) process.seteuid?.(0);
      chmodSync(folder, 0o755);
    }
    assert.deepEqual(readdirSync(folder), ["key.pem"]);
  });

  it("keeps the stacks of one machine apart", async () => {
    await (await openLedger({ name: "dev" }, undefined, env())).add([fact]);
    const other = await (await openLedger({ name: "prod" }, undefined, env())).read();
    assert.equal(other.verdict.head.count, 0);
  });

  it("counts what another writer signed whose key is trusted, and nothing that others sign", async () => {
    const [ann, ben] = [onCurve("P-256"), onCurve("P-256")];
    const [annFile, benFile] = [file("ann.pem", secret(ann.privateKey)), file("ben.pem", secret(ben.privateKey))];
    const trusted = [file("ann.pub", open(ann.publicKey)), file("ben.pub", open(ben.publicKey))];
    await (await openLedger(configured(annFile, trusted), undefined)).add([fact]);
    await (await openLedger(configured(benFile, trusted), undefined)).add([{ ...fact, origin: "record 2" }]);
    const { verdict } = await (await openLedger(configured(benFile, trusted), undefined)).read();
    assert.deepEqual([verdict.head.count, verdict.findings], [2, []]);
    const alone = await openLedger(configured(benFile), undefined);
    assert.deepEqual((await alone.read()).verdict.findings[0]?.kind, "unknown-key");
    await assert.rejects(alone.add([fact]), /does not verify: entries\/000000000001.json: signed by a key that is not/);
  });

  it("needs no private key for reading", async () => {
    await openLedger({ name: "dev" }, undefined, env());
    const place = placeOf(undefined, env());
    rmSync(place.key);
    assert.equal((await publicKeys(place)).length, 1);
  });

  for (const [what, make, why] of [
    [
      "a key that is not there",
      () => "/nowhere/key.pem",
      /private key \/nowhere\/key.pem cannot be read .*nothing is moved/,
    ],
    ["a key on another curve", () => file("k", secret(onCurve("P-384").privateKey)), /P-256, got secp384r1.*openssl/],
    [
      "an RSA key",
      () => file("k", secret(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey)),
      /P-256, got rsa/,
    ],
    ["a public key in its place", () => file("k", open(onCurve("P-256").publicKey)), /the ledger's key .*openssl/],
    ["something else", () => file("k", "no key"), /the ledger's key .*openssl/],
  ] as const)
    it(`is refused for ${what}, and nothing is made`, async () => {
      await assert.rejects(openLedger(configured(make()), undefined), why);
      assert.ok(!existsSync(path.join(home, "shared")));
    });
  it("is refused for a trusted key that is not there", async () => {
    const key = file("k", secret(onCurve("P-256").privateKey));
    await assert.rejects(
      openLedger(configured(key, ["/nowhere.pub"]), undefined),
      /public key \/nowhere.pub cannot be/,
    );
  });
});

describe("a witness of a ledger", () => {
  /** Like a ConfigMap: keeps the newest, in another place. */
  class Memory implements Witness {
    kept: { readonly text: string; readonly count: number } | undefined;
    read = () => Promise.resolve(this.kept && { name: "elsewhere", text: this.kept.text });
    write = (text: string, count: number) => {
      if (count > (this.kept?.count ?? 0)) this.kept = { text, count };
      return Promise.resolve();
    };
  }
  let home: string;
  beforeEach(() => (home = mkdtempSync(path.join(os.tmpdir(), "hms-home-"))));
  afterEach(() => {
    rmSync(home, { recursive: true });
  });

  it("sees a tail that was cut off together with its checkpoints, and a ledger that is gone; then nothing is added", async () => {
    const witness = new Memory();
    const ledger = await openLedger({ name: "dev" }, witness, { HMS_HOME: home });
    for (let number = 1; number <= 3; number++) {
      await ledger.add([{ ...fact, origin: `record ${number}` }]);
      await ledger.checkpoint();
    }
    assert.equal(witness.kept?.count, 3);
    assert.deepEqual((await ledger.read()).verdict.findings, []);
    for (const part of ["entries", "checkpoints"]) rmSync(path.join(home, "ledger", "dev", part, "000000000003.json"));
    assert.deepEqual(
      (await ledger.read()).verdict.findings.map(({ kind }) => kind),
      ["cut-off"],
    );
    await assert.rejects(ledger.add([fact]), /there are 2 entries; the checkpoint of .* knows of 3/);
    rmSync(path.join(home, "ledger", "dev"), { recursive: true });
    await assert.rejects(ledger.add([fact]), /there are 0 entries; the checkpoint of .* knows of 3/);
  });
});
