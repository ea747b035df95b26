import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { version } from "../../package.json";
import { inputsDigest } from "../../core/policy/verdict";
import { decodeValue } from "../../config/values";
import { reveal } from "../../platform/rpc/values";
import { serveAnalyzer } from "../../platform/rpc/analyzer";
import { forgetEnded, leaveVerdict, verdictFolder } from "../../platform/verdicts";
import { judge, PACK, RULES } from "./pack";
import { known, type Context } from "./rule";

/** Resources that do nothing without a verdict in a stack marked as production. */
const JUDGED_MOVES = new Set(["hms:rollout:TrafficSwitch"]);

const PREFIX = "hms:";
const [address = ""] = process.argv.slice(2);
const run = { pid: process.ppid, address };
const folder = verdictFolder();
/** Of what really runs: the bundle. */
const digest = createHash("sha256").update(readFileSync(__filename)).digest("hex");

let context: Context = { stack: "", config: {}, production: false };
let preview = true;
let examined = 0;
const found: string[] = [];

serveAnalyzer({
  name: PACK,
  version,
  policies: RULES,
  configure(stack) {
    const own = Object.entries(stack.config).flatMap(([key, text]) => {
      const name = key.slice(PREFIX.length);
      return key.startsWith(PREFIX) ? [[name, decodeValue(name, text)] as const] : [];
    });
    const config = Object.fromEntries(own);
    context = { stack: stack.stack, config, production: config.production === true };
    preview = stack.preview;
    forgetEnded(folder);
  },
  analyze({ urn, type, name, inputs, provider }) {
    const violations = judge(
      {
        urn,
        type,
        name,
        inputs: known(inputs),
        ...(provider && { provider: { type: provider.type, inputs: known(provider.inputs) } }),
      },
      context,
    );
    examined += 1;
    found.push(...violations.map(({ rule, message }) => `${rule.name}: ${name}: ${message}`));
    if (JUDGED_MOVES.has(type))
      leaveVerdict(folder, {
        version: 1,
        pack: { name: PACK, version, digest },
        run,
        stack: context.stack,
        preview,
        urn,
        inputs: inputsDigest(reveal(inputs)),
        examined,
        violations: [...found],
        at: new Date().toISOString(),
      });
    return violations.map(({ rule, message }) => ({ policy: rule.name, message }));
  },
});
