import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { LedgerEntry } from "../../core/ledger/entry";
import { entryLine, verdictText } from "../../core/ledger/text";
import { SANDBOX_LEDGER } from "../../core/sharing/facts";
import { RefusedError } from "../../platform/errors";
import { currentBundle } from "../../platform/toolchain/launcher";
import { LEDGER_PARTS } from "../../provider/ledger/folder";
import type { OpenReading } from "../../provider/ledger/open";
import { isDamage, readWhole } from "../../provider/ledger/reading";
import { openStackLedger } from "../ledger";
import { askForSandboxes, askOnStack, SANDBOXES } from "../permission";
import { sandboxPlace } from "../sandbox/place";
import { answer, JSON_OPTION, UsageError, type Command, type Invocation, type Io } from "../command";
import { openStack, stackOf } from "../stack";
import { ACCOUNT_OPTION, SERVICE_OPTION, STACK_OPTION } from "./status";

const open = (invocation: Invocation, io: Io): Promise<OpenReading> =>
  openStackLedger(
    {
      stack: stackOf(invocation.required("stack")),
      account: invocation.text("account"),
      offline: invocation.flag("offline"),
    },
    io.env,
  );

const OFFLINE_OPTION = {
  flags: "--offline",
  description: "asks neither the cluster nor other accounts for the newest checkpoint that they know",
};
const LEDGER_OPTIONS = [STACK_OPTION, ACCOUNT_OPTION] as const;

/** `hms ledger list`: what the ledger says, oldest first. */
const list: Command = {
  name: "ledger list",
  summary: "What was recorded of a stack, oldest first.",
  options: [
    ...LEDGER_OPTIONS,
    SERVICE_OPTION,
    { flags: "--last <count>", description: "only the newest" },
    OFFLINE_OPTION,
    JSON_OPTION,
  ],
  examples: [
    "hms ledger list --stack prod",
    "hms ledger list --stack prod --service drought-benefit --last 20",
    "hms ledger list --stack prod --json",
  ],
  async run(invocation, io) {
    const { parts } = await open(invocation, io);
    const service = invocation.text("service");
    const last = countOf(invocation.text("last"));
    const { entries, verdict } = await readWhole(parts);
    const some = entries.filter((entry) => service === undefined || entry.service === service).slice(-last);
    answer(io, invocation.flag("json"), { ledger: verdict.ledger, entries: some }, () =>
      some.length === 0 ? `nothing is recorded of ${verdict.ledger}` : some.map(entryLine).join("\n"),
    );
    if (verdict.findings.some(isDamage)) io.err.write(`${verdictText(verdict)}\n`);
  },
};

/** `hms ledger show ID`: one entry whole. */
const show: Command = {
  name: "ledger show",
  summary: "One entry whole, by its number or the beginning of its id.",
  arguments: [{ syntax: "<entry>", description: "number or id" }],
  options: [...LEDGER_OPTIONS, OFFLINE_OPTION],
  examples: ["hms ledger show 12 --stack prod", "hms ledger show 3fa9c1 --stack prod"],
  async run(invocation, io) {
    const asked = invocation.argument(0) ?? "";
    const { parts } = await open(invocation, io);
    const { entries } = await readWhole(parts);
    const found = entries.filter((entry) => isMeant(entry, asked));
    const [only, other] = found;
    if (!only)
      throw new RefusedError(
        `there is no entry ${asked} in ${parts.sink.where}; allowed are 1 to ${entries.length}, or the beginning of an id (hms ledger list)`,
      );
    if (other) throw new RefusedError(`${asked} begins the ids of ${found.length} entries; write more of it`);
    io.out.write(`${JSON.stringify(only, null, 2)}\n`);
  },
};

/** `hms ledger verify`: exit 0 when nothing is wrong with the whole of it. */
const verify: Command = {
  name: "ledger verify",
  summary: "Computes the whole ledger anew from its bytes and the public key, and names all that is wrong with it.",
  options: [...LEDGER_OPTIONS, OFFLINE_OPTION, JSON_OPTION],
  examples: [
    "hms ledger verify --stack prod",
    "hms ledger verify --stack prod --account usda --json  # where each account has its own",
  ],
  async run(invocation, io) {
    const { parts } = await open(invocation, io);
    const { verdict } = await readWhole(parts);
    answer(io, invocation.flag("json"), verdict, () => verdictText(verdict));
    return verdict.findings.length === 0 ? 0 : 1;
  },
};

/** `hms ledger export`: all that an auditor needs, in one folder. */
const exportAll: Command = {
  name: "ledger export",
  summary:
    "Copies ledger, checkpoints, public keys and the verifier into a new folder, for whoever checks it elsewhere.",
  options: [
    ...LEDGER_OPTIONS,
    { flags: "--to <folder>", description: "a folder that does not exist yet, or is empty" },
    OFFLINE_OPTION,
  ],
  examples: ["hms ledger export --stack prod --to audit-2026-q3", "node audit-2026-q3/verify.cjs"],
  async run(invocation, io) {
    await askForLedger(stackOf(invocation.required("stack")), io);
    const { parts, keys } = await open(invocation, io);
    const { sink, witness } = parts;
    const to = path.resolve(invocation.required("to"));
    await mkdir(to, { recursive: true });
    if ((await readdir(to)).length > 0) throw new RefusedError(`${to} is not empty; name a new folder`);
    const { verdict } = await readWhole(parts);
    if (verdict.head.count === 0)
      throw new RefusedError(`nothing is recorded in ${sink.where}; there is nothing to export`);
    for (const part of LEDGER_PARTS) {
      await mkdir(path.join(to, "ledger", part), { recursive: true });
      for (const { name, text } of await sink.list(part)) await writeFile(path.join(to, "ledger", name), text);
    }
    await mkdir(path.join(to, "keys"));
    for (const [index, pem] of keys.entries()) await writeFile(path.join(to, "keys", `${index + 1}.pem`), pem);
    const known = await witness?.read();
    if (known) await writeFile(path.join(to, "checkpoint.json"), known.text);
    await writeFile(path.join(to, "verify.cjs"), await readFile(currentBundle("verify")));
    await writeFile(path.join(to, "README.md"), guide(verdict.ledger));
    io.err.write(`${verdictText(verdict)}\n`);
    io.out.write(`${to}\n`);
  },
};

/** A ledger tells of every service of its stack. */
const askForLedger = (stack: string, io: Io): Promise<string | undefined> =>
  stack === SANDBOX_LEDGER
    ? askForSandboxes("ledger-export", sandboxPlace(io.env), [SANDBOXES], io)
    : askOnStack("ledger-export", stack, servicesOf(stack, io), io);

const servicesOf = (stack: string, io: Io): readonly string[] =>
  openStack(stack, undefined, io.env).services.map(({ name }) => name);

const guide = (ledger: string): string => `# The ledger of ${ledger}

\`node verify.cjs\` in this folder computes it anew and names all that is wrong with it; exit 0 means nothing. It needs
Node.js 20 or newer and nothing else, asks nobody, and writes nothing.

- \`ledger/entries\`, \`ledger/checkpoints\`: signed, in canonical JSON (RFC 8785), each entry with the SHA-256 of the one before.
- \`checkpoint.json\`: the newest checkpoint that the cluster or another account knew of when this was made.
- \`keys\`: public keys. Compare them with what you were given by another way: whoever made this folder chose them.
`;

const isMeant = (entry: LedgerEntry, asked: string): boolean =>
  /^\d+$/.test(asked) && asked.length < 8 ? entry.sequence === Number(asked) : entry.id.startsWith(asked.toLowerCase());

function countOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--last: got "${text}"; allowed is a whole number above zero; say how many entries you want`);
}

export const ledgerCommands: readonly Command[] = [list, show, verify, exportAll];
