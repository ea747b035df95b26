import { generateKeyPairSync, randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client } from "pg";
import { fileSigner, trust } from "../../core/ledger/seal";
import { signManifest, type SnapshotManifest } from "../../core/scrub/manifest";
import { sha256 } from "../../core/sha256";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { POSTGRES_BIN } from "../../platform/local/postgres";
import { manifestFile, SnapshotStore } from "../../provider/snapshot/store";
import { takeSnapshot, type TakenSnapshot } from "../../provider/snapshot/take";
import { TestDatabase } from "./database";
import { packFile, unpackFile } from "./packed";

/** So many that each year of birth has some of each sex. */
const PEOPLE = 20_000;

/** A snapshot of the example's database, its source beside it, and copies in which something is not as it was. */
export class TestSnapshot {
  readonly source = new TestDatabase("source");
  readonly root = mkdtempSync(path.join(os.tmpdir(), "hms-snapshot-"));
  readonly publicKey: string;
  private readonly signer;
  private taken: TakenSnapshot | undefined;
  private copies = 0;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.signer = fileSigner(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    this.publicKey = publicKey.export({ type: "spki", format: "pem" }).toString();
  }

  /** @param more statements on the filled source, before the snapshot is taken. */
  async take(...more: readonly string[]): Promise<void> {
    await this.source.create();
    const client = new Client(this.source.options);
    await client.connect();
    try {
      await fillDatabase(client, { people: PEOPLE });
      for (const statement of more) await client.query(statement);
    } finally {
      await client.end();
    }
    const rules = path.resolve("examples/drought-benefit/scrub.yaml");
    this.taken = await takeSnapshot({
      service: "drought-benefit",
      store: new SnapshotStore(this.root, "drought-benefit"),
      address: this.source.options,
      rules: { text: readFileSync(rules, "utf8"), file: "scrub.yaml" },
      masterKey: randomBytes(32),
      signer: this.signer,
      tool: "test",
      pgDump: `${POSTGRES_BIN}/pg_dump`,
      progress: () => undefined,
      signal: new AbortController().signal,
    });
  }

  get snapshot(): TakenSnapshot {
    if (!this.taken) throw new Error("none was taken");
    return this.taken;
  }

  get keys() {
    return trust([this.publicKey]);
  }

  /**
   * A copy, changed and signed anew as if it had been made so.
   * @param files new text of COPY files and definitions, by their base name
   */
  async altered(
    files: Readonly<Record<string, (text: string) => string>>,
    change: (manifest: SnapshotManifest) => SnapshotManifest = (manifest) => manifest,
  ): Promise<TakenSnapshot> {
    const { id, manifest } = this.snapshot;
    const folder = path.join(this.root, `copy-${++this.copies}`);
    cpSync(this.snapshot.path, folder, { recursive: true });
    const digests = new Map<string, { readonly bytes: number; readonly sha256: string }>();
    for (const [file, edit] of Object.entries(files)) {
      const bytes = readFileSync(path.join(folder, file));
      const text = edit(unpackFile(file, bytes).toString("utf8"));
      const written = packFile(file, Buffer.from(text));
      writeFileSync(path.join(folder, file), written);
      digests.set(file, { bytes: written.length, sha256: sha256(written) });
    }
    const anew = <T extends { readonly file: string }>(part: T): T => ({ ...part, ...digests.get(part.file) });
    const { preData, postData } = manifest.definitions;
    const signed = change({
      ...manifest,
      definitions: { preData: anew(preData), postData: anew(postData) },
      tables: manifest.tables.map((table) => ({ ...table, parts: table.parts.map(anew) })),
    });
    writeFileSync(manifestFile(folder), await signManifest(signed, this.signer));
    return { id, path: folder, manifest: signed };
  }

  /** Name of the first file of a table. */
  fileOf(table: string): string {
    const found = this.snapshot.manifest.tables.find((one) => one.table === table);
    return found?.parts[0]?.file ?? table;
  }

  async remove(): Promise<void> {
    await this.source.remove();
    rmSync(this.root, { recursive: true, force: true });
  }
}
