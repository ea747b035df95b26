/** Names that the program leaves to the provider. */
import { createHash } from "node:crypto";
import { isUnknown, sameValue, type Properties } from "../../rpc";
import type { AutoName } from "./kind";

/** Letters of chance in a name, and after a prefix that is given. */
const SHORT = 7;
const LONG = 26;

/** `inputs` with a name: the one that is there, the one it had, or a new one that the seed decides. */
export function named(
  inputs: Properties,
  olds: Properties,
  { property, prefix, clean = (name) => name }: AutoName,
  logical: string,
  seed: Uint8Array,
): Properties {
  if (inputs[property] !== undefined) return inputs;
  const given = prefix === undefined ? undefined : inputs[prefix];
  const before = olds[property];
  const samePrefix = prefix === undefined || sameValue(olds[prefix] ?? "", given ?? "");
  if (typeof before === "string" && samePrefix) return { ...inputs, [property]: before };
  if (isUnknown(given)) return inputs;
  const chance = createHash("sha256").update(seed).digest("hex");
  const name =
    typeof given === "string" ? given + chance.slice(0, LONG) : clean(`${logical}-${chance.slice(0, SHORT)}`);
  return { ...inputs, [property]: name };
}

/** Whether a name looks like one that `named` has made: another can stand beside it. */
export function isAutonamed(
  inputs: Properties,
  { property, prefix, clean = (name) => name }: AutoName,
  logical: string,
): boolean {
  const name = inputs[property];
  if (typeof name !== "string") return false;
  const start = prefix === undefined ? undefined : inputs[prefix];
  if (typeof start === "string") return name.startsWith(start) && /^[0-9a-f]+$/.test(name.slice(start.length));
  return name.slice(0, -SHORT) === clean(`${logical}-`) && /^[0-9a-f]+$/.test(name.slice(-SHORT));
}
