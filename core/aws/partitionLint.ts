import type { Partition } from "./arn";

/** An ARN that does not belong where it stands. */
export interface Finding {
  /** Keys and indexes from the root; a step into JSON that is kept as a text is the step `(json)`. */
  readonly path: readonly (string | number)[];
  /** The ARN, as far as it goes without a space or a quote. Nothing else of the value is told. */
  readonly arn: string;
  readonly reason: string;
}

const ARN = /\barn:([^\s:"'\\,]*):([^\s:"'\\,]*):([^\s:"'\\,]*):([^\s:"'\\,]*):[^\s"'\\,]*/g;

/**
 * ARNs of another partition than `partition`, anywhere in what was rendered: values, keys, JSON inside of texts. A
 * wildcard or a variable in the partition's place names no other partition.
 */
export function foreignArns(document: unknown, partition: Partition): Finding[] {
  return lint(document, (found) =>
    /^aws[a-z-]*$/.test(found.partition) && found.partition !== partition
      ? `it is of the partition ${found.partition}, and this is ${partition}`
      : undefined,
  );
}

/** ARNs of accounts other than `accounts`. AWS' own (`aws`), wildcards and variables are nobody's. */
export function foreignAccounts(document: unknown, accounts: readonly string[]): Finding[] {
  return lint(document, ({ account }) =>
    /^\d{12}$/.test(account) && !accounts.includes(account)
      ? `it is of the account ${account}; known here: ${accounts.join(", ")}`
      : undefined,
  );
}

interface Found {
  readonly partition: string;
  readonly account: string;
}

function lint(document: unknown, judge: (found: Found) => string | undefined): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<object>();
  const inText = (text: string, path: Finding["path"]): void => {
    const inner = parsedJson(text);
    if (inner !== undefined) {
      visit(inner, [...path, "(json)"]);
      return;
    }
    for (const [arn, partition = "", , , account = ""] of text.matchAll(ARN)) {
      const reason = judge({ partition, account });
      if (reason !== undefined) findings.push({ path, arn, reason });
    }
  };
  const visit = (value: unknown, path: Finding["path"]): void => {
    if (typeof value === "string") {
      inText(value, path);
      return;
    }
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (Array.isArray(value)) {
      value.forEach((item: unknown, index) => {
        visit(item, [...path, index]);
      });
      return;
    }
    for (const [key, item] of Object.entries(value)) {
      inText(key, [...path, key]);
      visit(item, [...path, key]);
    }
  };
  visit(document, []);
  return findings;
}

/** A text that is a JSON map or list, read; everything else is a text like any other. */
function parsedJson(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
