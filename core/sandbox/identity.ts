import { describeValue, fail, succeed, type Problem, type Result } from "../service/problem";
import { LABEL_VALUE } from "../service/names";
import { sha256 } from "../sha256";
import type { Lease } from "./lease";
import { parseSandboxName } from "./name";

/** Who a sandbox is for, and until when; written onto its namespace, and its name onto all that belongs to it. */
export interface SandboxIdentity extends Lease {
  readonly name: string;
  readonly owner: string;
  readonly purpose: string;
  /** Id of the scrubbed snapshot that its database was cloned from. */
  readonly snapshot: string;
  /** What differs from what is live, for its reviewers. */
  readonly changed: string;
}

export const SANDBOX_LABEL = "hms.delivery/sandbox";
export const OWNER = "hms.delivery/owner";
export const CREATED_AT = "hms.delivery/created-at";
export const EXPIRES_AT = "hms.delivery/expires-at";
export const PURPOSE = "hms.delivery/purpose";
export const SNAPSHOT = "hms.delivery/snapshot";
export const WHAT_CHANGED = "hms.delivery/what-changed";

/** Namespace of what sandboxes share: gate, grants, reaper, database server. */
export const SANDBOXES_NAMESPACE = "hms-sandboxes";

/** On every object of a sandbox. */
export const sandboxLabel = (name: string): Readonly<Record<string, string>> => ({ [SANDBOX_LABEL]: name });

/** On its namespace: what is chosen by. */
export const identityLabels = (identity: SandboxIdentity): Readonly<Record<string, string>> => ({
  ...sandboxLabel(identity.name),
  [OWNER]: ownerLabel(identity.owner),
  ...leaseLabels(identity),
});

export const leaseLabels = ({ createdAt, expiresAt }: Lease): Readonly<Record<string, string>> => ({
  [CREATED_AT]: stampOf(createdAt),
  [EXPIRES_AT]: stampOf(expiresAt),
});

/** On its namespace: what is read. */
export const identityAnnotations = ({
  owner,
  purpose,
  snapshot,
  changed,
}: SandboxIdentity): Readonly<Record<string, string>> => ({
  [OWNER]: owner,
  [PURPOSE]: purpose,
  [SNAPSHOT]: snapshot,
  [WHAT_CHANGED]: changed,
});

/** Metadata of an object, as the cluster has it. */
export interface Marked {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a namespace says of the sandbox that it is. */
export function readIdentity({ labels = {}, annotations = {} }: Marked): Result<SandboxIdentity> {
  const name = parseSandboxName(labels[SANDBOX_LABEL]);
  const lease = readLease({ labels });
  if (!name.ok || !lease.ok) return fail([...(name.ok ? [] : name.problems), ...(lease.ok ? [] : lease.problems)]);
  return succeed({
    name: name.value,
    ...lease.value,
    owner: annotations[OWNER] ?? labels[OWNER] ?? "",
    purpose: annotations[PURPOSE] ?? "",
    snapshot: annotations[SNAPSHOT] ?? "",
    changed: annotations[WHAT_CHANGED] ?? "",
  });
}

export function readLease({ labels = {} }: Marked): Result<Lease> {
  const problems: Problem[] = [];
  const read = (label: string): Date => {
    const at = parseStamp(labels[label] ?? "");
    if (at) return at;
    const got = describeValue(labels[label]);
    const allowed = "a time such as 20261122T043000Z (UTC)";
    problems.push({
      path: [label],
      got,
      allowed,
      advice: "such a sandbox is reaped a longest lease after it was made",
    });
    return new Date(NaN);
  };
  const lease = { createdAt: read(CREATED_AT), expiresAt: read(EXPIRES_AT) };
  return problems.length > 0 ? fail(problems) : succeed(lease);
}

/** `20261122T043000Z`: UTC in ISO's basic form, which is a label's value. */
export const stampOf = (at: Date): string => at.toISOString().replace(/\.\d+/, "").replace(/[-:]/g, "");

export function parseStamp(text: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  if (second === undefined) return undefined;
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // 31 February is read as a day of March.
  return !Number.isNaN(at.getTime()) && stampOf(at) === text ? at : undefined;
}

/** An owner as a label: `ada@example.gov` is none, so it becomes a readable part and a digest that keeps two apart. */
export function ownerLabel(owner: string): string {
  const asIs = owner !== "" && owner.length <= 63 && LABEL_VALUE.pattern.test(owner);
  if (asIs && !DIGESTED.test(owner)) return owner;
  const readable = owner.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return `${readable.slice(0, 40).replace(/-+$/, "") || "owner"}-${sha256(owner).slice(0, DIGEST)}`;
}
const DIGEST = 10;
const DIGESTED = /-[0-9a-f]{10}$/;
