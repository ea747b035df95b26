import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { trust, type TrustedKeys } from "../core/ledger/seal";
import { verdictText } from "../core/ledger/text";
import { readLedger, type LedgerText } from "../core/ledger/verify";

/**
 * The verifier of a ledger, on its own: it needs the files and the public keys, asks nobody, and writes nothing. Without
 * arguments it checks the folder that it lies in, as `hms ledger export` makes it.
 * Exit: 0 nothing is wrong, 1 something is, 2 it was called wrongly.
 */
const USAGE = `usage: node verify.cjs [--ledger <stack>] [--key <file>]... [--checkpoint <file>]... [folder]

  folder        with entries/ and checkpoints/       (default: ledger/ beside this file)
  --ledger      name of the stack that it must be of (default: what its first entry says)
  --key         public key (PEM, P-256)              (default: all in keys/ beside this file)
  --checkpoint  a checkpoint that was kept elsewhere (default: checkpoint.json beside this file)
`;

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      ledger: { type: "string" },
      key: { type: "string", multiple: true },
      checkpoint: { type: "string", multiple: true },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const folder = positionals[0] ?? path.join(__dirname, "ledger");
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder}`);
  const beside = path.join(__dirname, "checkpoint.json");
  const carried = values.checkpoint ?? (existsSync(beside) ? [beside] : []);
  const own = textsOf(folder, "checkpoints");
  const others = carried.map((name) => ({ name, text: readFileSync(name, "utf8") }));
  const entries = textsOf(folder, "entries");
  const { verdict } = readLedger({
    ledger: values.ledger ?? nameOf(entries),
    entries,
    checkpoints: [...own, ...others.filter(({ text }) => !own.some((one) => one.text === text))],
    keys: keysOf(values.key),
  });
  process.stdout.write(`${verdictText(verdict)}\n`);
  return verdict.findings.length === 0 ? 0 : 1;
}

/** A bucket may have another version above an entry; it is exported under the name that says so. */
function textsOf(folder: string, part: string): LedgerText[] {
  const where = path.join(folder, part);
  if (!existsSync(where)) return [];
  const names = readdirSync(where).filter((name) => /^\d+\.json( \(version [^)]+\))?$/.test(name));
  return names.sort().map((name) => ({ name: `${part}/${name}`, text: readFileSync(path.join(where, name), "utf8") }));
}

/** Unproven until a signature over it is checked; entries of another ledger are then found. */
function nameOf([first]: readonly LedgerText[]): string {
  try {
    const sealed = JSON.parse(first?.text ?? "") as { readonly content: { readonly ledger: unknown } };
    if (typeof sealed.content.ledger === "string") return sealed.content.ledger;
  } catch {
    // said by the verdict
  }
  return "unknown";
}

function keysOf(files: readonly string[] | undefined): TrustedKeys {
  const folder = path.join(__dirname, "keys");
  const found = files ?? (existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : []);
  if (found.length === 0) throw new Error("no public key: name one with --key");
  return trust(found.map((file) => readFileSync(file, "utf8")));
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
