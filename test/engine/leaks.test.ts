import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client } from "pg";
import { fillDatabase } from "../../examples/drought-benefit/database/fill";
import { projectRoot } from "../../platform/home";
import { TestDatabase } from "../support/database";
import { plantLeaks, sentenceOf, type Leak } from "../support/leakCorpus";
import { unpackFile } from "../support/packed";

const RULES = readFileSync("examples/drought-benefit/scrub.yaml", "utf8");

const BORN = '{ tag: drop, literal: "1970-01-01", holds: [people_born_plausible] }';
const ZIP = '{ tag: drop, literal: "93200", holds: [zip_code_digits] }';

/** What comes in as it comes: texts, documents with keys of their own, and a document that a text column holds. */
const INTAKE = `
  benefit.intake:
    columns:
      id: id.integer
      caller: person.name
      ssn: gov.ssn
      email: contact.email
      phone: contact.phone
      street: addr.street
      account: fin.account
      card: fin.card
      told: text.free
      kept: { tag: text.free, how: rewrite }
      form:
        tag: json
        paths:
          name: person.name
          "people.*.id": gov.ssn
          remarks: text.free
          "by.*.note": text.free
      fax: text.free
      nowhere: drop
`;

describe("what is planted in a database", function () {
  this.timeout(240_000);
  const database = new TestDatabase("leaks");
  const root = mkdtempSync(path.join(os.tmpdir(), "hms-leaks-"));
  const leaks = plantLeaks(20261122);
  const outputs: string[] = [];
  let client: Client;

  const vault = path.join(root, "vault");
  const rulesFile = path.join(root, "scrub.yaml");
  const ruled = (change: (text: string) => string = (text) => text) => {
    // So few people share no year of birth and no region five times, and this is about values.
    const few = RULES.replace("{ tag: quasi.birthdate, holds: [people_born_plausible] }", BORN)
      .replace("{ tag: quasi.zip, holds: [zip_code_digits] }", ZIP)
      .replace("    sets:\n      - columns: [born, sex]\n", "")
      .replace("    sets:\n      - { columns: [zip], k: 5 }\n", "");
    writeFileSync(rulesFile, change(few.replace("\nleftOut:", `${INTAKE}\nleftOut:`)));
  };
  const start = (command: string, ...words: readonly string[]) => {
    const { host, port, database: name, user, password } = database.options;
    const env = { PGHOST: host, PGPORT: String(port), PGDATABASE: name, PGUSER: user, PGPASSWORD: password };
    const fixed = ["--service", "drought-benefit", "--vault", vault];
    const child = spawn(path.join(projectRoot(), "bin", "hms"), ["snapshot", command, ...words, ...fixed], {
      env: { ...process.env, ...env },
    });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (out += chunk.toString()));
    const ended = new Promise<{ code: number | null; out: string }>((resolve) =>
      child.on("close", (code) => {
        outputs.push(out);
        resolve({ code, out });
      }),
    );
    return { child, ended };
  };
  const hms = (command: string, ...words: readonly string[]) => start(command, ...words).ended;
  const take = () => hms("take", "--rules", rulesFile);
  /** Until a run has written rows. Progress is no sign of it: what is quick is not told. */
  const writing = async ({ ended }: ReturnType<typeof start>): Promise<void> => {
    let over = false;
    void ended.then(() => (over = true));
    const quarantine = path.join(vault, "snapshots", "drought-benefit", ".quarantine");
    while (!filesBelow(quarantine).some((name) => name.includes(".copy"))) {
      assert.ok(!over, "it ended before it wrote");
      await new Promise((done) => setTimeout(done, 2));
    }
  };
  /** A run that was stopped while it wrote; where it was over before it could be stopped, another one. */
  const stoppedWhileWriting = async (stop: (run: ReturnType<typeof start>) => Promise<void>) => {
    for (let tries = 1; ; tries++) {
      const run = start("take", "--rules", rulesFile);
      await writing(run);
      await stop(run);
      const ended = await run.ended;
      if (ended.code !== 0) return ended;
      assert.ok(tries < 5, "it was over each time before it could be stopped");
    }
  };
  /** All that is below a folder, names included. */
  const textsBelow = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      if (!entry.isFile()) return [entry.name];
      const bytes = readFileSync(file);
      return [entry.name, unpackFile(file, bytes).toString("utf8")];
    });
  const assertNone = (texts: readonly string[]) => {
    const folded = texts.map(fold);
    for (const leak of leaks) {
      const found = texts.some((text, index) => stands(leak, text, folded[index] ?? ""));
      assert.ok(!found, `${leak.shape}, ${leak.spelling}, came out`);
    }
  };

  before(async () => {
    await database.create();
    client = new Client(database.options);
    await client.connect();
    await fillDatabase(client, { people: 2_000 });
    await client.query(
      `create table benefit.intake (id bigint primary key, caller text, ssn text, email text, phone text, street text,
         account text, card text, told text, kept text, form jsonb, fax text, nowhere text)`,
    );
    for (const [id, leak] of leaks.entries()) await client.query(INSERT, rowOf(id + 1, leak));
    await client.query("analyze");
    ruled();
  });
  after(async () => {
    await client.end();
    await database.remove();
    rmSync(root, { recursive: true });
  });

  it("is at least 200 items, and found by this test where it stands", async () => {
    assert.ok(leaks.length >= 200, String(leaks.length));
    const { rows } = await client.query<{ row: string }>("select i::text as row from benefit.intake i order by id");
    for (const [index, leak] of leaks.entries()) {
      const text = rows[index]?.row ?? "";
      assert.ok(stands(leak, text, fold(text)), `${leak.shape}, ${leak.spelling}`);
    }
  });

  it("is in no file of a snapshot, in no manifest and in no line that is printed", async () => {
    const { code, out } = await take();
    assert.equal(code, 0, out);
    assert.equal((await hms("verify")).code, 0);
    await hms("list", "--json");
    const texts = textsBelow(vault);
    assert.ok(texts.some((text) => text.includes('"benefit.intake"') || text.includes("intake")));
    assertNone([...texts, ...outputs]);
    for (const text of texts) assert.doesNotMatch(text, /(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)/);
  });

  const WRONG_RULES: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    [
      "a wrong tag",
      (text) => text.replace("told: text.free", 'told: { tag: public, type: text, reason: "thought harmless" }'),
      /intake.*told: got values that look like/s,
    ],
    [
      "a wrong tag that is insisted on",
      (text) =>
        text.replace(
          "told: text.free",
          'told: { tag: public, type: text, reason: "thought harmless", acknowledged: [email, ssn, card, phone, names, prose, distinct] }',
        ),
      /benefit\.intake\.told: \d+ x/,
    ],
    [
      "keys of documents that are data, and that no rule names",
      (text) => text.replace('          "by.*.note": text.free\n', ""),
      /benefit\.intake\.form: \d+ x/,
    ],
  ];
  for (const [what, change, said] of WRONG_RULES)
    it(`is in nothing that is said about ${what}`, async () => {
      ruled(change);
      const before = textsBelow(vault).length;
      const { code, out } = await take();
      assert.equal(code, 1, out);
      assert.match(out, said);
      assertNone([out, ...textsBelow(vault)]);
      assert.equal(textsBelow(vault).length, before);
    });

  it("is in nothing that is said when names of the schema hold it", async () => {
    ruled();
    const ssn = leaks.find(({ shape, spelling }) => shape === "ssn" && spelling === "hyphen-minus");
    const email = leaks.find(({ shape, spelling }) => shape === "email" && spelling === "plain");
    for (const statement of [
      `create table benefit."letters of ${ssn?.text ?? ""}" (id integer)`,
      `alter table benefit.intake add column "${email?.text ?? ""}" text`,
    ])
      await client.query(statement);
    try {
      const { code, out } = await take();
      assert.equal(code, 1, out);
      assertNone([out, ...textsBelow(vault)]);
    } finally {
      await client.query(`drop table benefit."letters of ${ssn?.text ?? ""}"`);
      await client.query(`alter table benefit.intake drop column "${email?.text ?? ""}"`);
    }
  });

  it("is in nothing that is left when a run is killed, or loses its server", async () => {
    ruled();
    const killed = await stoppedWhileWriting(({ child }) => Promise.resolve(void child.kill("SIGKILL")));
    assert.equal(killed.code, null, killed.out);
    assertNone([killed.out, ...textsBelow(vault)]);
    const cut = await stoppedWhileWriting(async ({ ended }) => {
      let over = false;
      void ended.then(() => (over = true));
      // Again and again: a machine that is quick enough would be done before a single cut. Clients alone: an autovacuum that
      // comes by is the server's own, and may not be ended by anybody else.
      while (!over)
        await client.query(
          `select pg_sleep(0.02), pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
        );
    });
    assert.equal(cut.code, 1, cut.out);
    assertNone([cut.out, ...textsBelow(vault)]);
    assert.equal((await take()).code, 0);
  });
});

/** Of a folder that may come and go meanwhile. */
function filesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}

const INSERT = `insert into benefit.intake values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`;

/** The leak in the column that is its own, in sentences, in documents as value and as key, and where nothing keeps it. */
function rowOf(id: number, leak: Leak): unknown[] {
  const { shape, text } = leak;
  const only = (wanted: readonly string[]): string | null => (wanted.includes(shape) ? text : null);
  const form = {
    name: text,
    people: [{ id: text, note: text }],
    by: { [text]: { note: text, "unheard of": text } },
    remarks: sentenceOf(leak),
  };
  return [
    ...[id, only(["name"]) ?? text, only(["ssn"]), only(["email"]), only(["phone"])],
    ...[`${id} ${text} Road`, only(["card", "ssn"]), only(["card"])],
    ...[sentenceOf(leak), sentenceOf(leak), JSON.stringify(form), JSON.stringify([text, { [text]: 1 }]), text],
  ];
}

/** As a reader sees it who looks through spelling: one kind of digit, letters without case, no separators in numbers. */
const fold = (text: string): string =>
  text
    .replace(/\\[tn"\\]/g, " ")
    .normalize("NFKC")
    .replace(/\p{Nd}/gu, (digit) => String(digitOf(digit)))
    .toLowerCase()
    .replace(/[\p{Cf}]/gu, "")
    .replace(/(?<=\d)[\p{Pd}\p{Zs}−._/]+(?=\d)/gu, "");

/** Digits of a script stand in a row of ten that begins at its zero. */
function digitOf(digit: string): number {
  let code = digit.codePointAt(0) ?? 0;
  let steps = 0;
  while (steps < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
    code--;
    steps++;
  }
  return steps;
}

function stands({ shape, text, plain }: Leak, whole: string, folded: string): boolean {
  if (whole.includes(text)) return true;
  const wanted = fold(plain);
  if (shape === "email" || shape === "name") return folded.includes(wanted);
  // With a digit beside it, it is a part of another number.
  return new RegExp(`(?<!\\d)${wanted}(?!\\d)`).test(folded);
}
