import { fail, describeValue, succeed, type Result } from "../service/problem";

/**
 * A sandbox has ONE name: its Pulumi stack, its namespace and the first label of its host. Its database and role have
 * the same with `_` for `-`, which no name contains, so both tell the same sandbox.
 */
const PATTERN = /^sbx-[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** Words that no name may hold: whoever reads `sbx-prod` in a list must not have to think about it. */
const RESERVED: readonly string[] = ["prod", "production", "preprod", "staging", "stage", "live"];

const ALLOWED =
  "sbx- and an id of at most 32 lower-case letters, digits and hyphens, such as sbx-42, without the name of a lasting stack in it";

const isLasting = (given: string): boolean => RESERVED.includes(given) || given === "dev";

/** The name, or why it is none. What is no sandbox's name is never created and never destroyed. */
export function parseSandboxName(given: unknown): Result<string> {
  const wrong = (got: string, advice: string) => fail([{ path: ["name"], got, allowed: ALLOWED, advice }]);
  if (typeof given !== "string") return wrong(describeValue(given), "write the name of a sandbox");
  if (!PATTERN.test(given)) {
    const lasting = isLasting(given);
    return wrong(
      JSON.stringify(given.slice(0, 60)),
      lasting ? "that is a lasting stack, which is never handled as a sandbox" : "write the name of a sandbox",
    );
  }
  const reserved = given.split("-").find((word) => RESERVED.includes(word));
  return reserved === undefined
    ? succeed(given)
    : wrong(JSON.stringify(given), `leave ${JSON.stringify(reserved)} out of it`);
}

export const isSandboxName = (given: unknown): given is string => parseSandboxName(given).ok;

/** `42` and `sbx-42` mean the same where a person names a sandbox. */
export const sandboxNamed = (given: string): Result<string> =>
  parseSandboxName(given.startsWith("sbx-") || isLasting(given) ? given : `sbx-${given}`);

/** Name of its database and of its role: `sbx_42`. */
export const databaseOf = (name: string): string => name.replaceAll("-", "_");

/** The sandbox whose database that is, if it is one's. */
export function sandboxOfDatabase(database: string): string | undefined {
  if (database.includes("-")) return undefined;
  const name = database.replaceAll("_", "-");
  return isSandboxName(name) ? name : undefined;
}

/** Letters and digits that nobody takes for one another. */
const LETTERS = "23456789abcdefghjkmnpqrstuvwxyz";
const LENGTH = 6;

/** A name that nobody has yet, of at least six random bytes. */
export function freshName(random: Uint8Array): string {
  if (random.length < LENGTH) throw new RangeError(`${LENGTH} random bytes are needed, got ${random.length}`);
  return `sbx-${[...random.subarray(0, LENGTH)].map((byte) => LETTERS[byte % LETTERS.length] ?? "2").join("")}`;
}

/** Where it answers: `sbx-42.<domain>`. */
export const sandboxHost = (name: string, domain: string): string => `${name}.${domain}`;
