import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson";

/** What happens to a sandbox that others may want to know, as the last word of a CloudEvent's type. */
export const SANDBOX_EVENTS = ["created", "shared", "opened", "approved", "rejected", "extended", "destroyed"] as const;

export type SandboxEventKind = (typeof SANDBOX_EVENTS)[number];

/** What a producer says of one happening. No value of a database, no key, and of people only who they are to the platform. */
export interface Happening {
  readonly kind: SandboxEventKind;
  /** Name of the sandbox. */
  readonly sandbox: string;
  readonly at: Date;
  /** Who did it, as the platform knows them; `reaper` where nobody did. */
  readonly by: string;
  readonly data?: Readonly<Record<string, string | number | boolean | readonly string[] | null>>;
}

/** CloudEvents 1.0, JSON format. */
export interface CloudEvent {
  readonly specversion: "1.0";
  /** Of one happening always the same, so that a consumer that gets it twice can tell. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** RFC 3339. */
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: Readonly<Record<string, unknown>>;
}

const TYPE_PREFIX = "delivery.hms.sandbox";

/** Digits of the id: 128 bits of a digest. */
const ID_LENGTH = 32;

/** @param source URI reference of the producer, such as `/hms/clusters/hms-local`. */
export function eventOf(happening: Happening, source: string): CloudEvent {
  const { kind, sandbox, at, by } = happening;
  const said = {
    type: `${TYPE_PREFIX}.${kind}`,
    source,
    subject: sandbox,
    time: at.toISOString(),
    data: { sandbox, by, ...happening.data },
  };
  const id = createHash("sha256").update(canonicalJson(said)).digest("hex").slice(0, ID_LENGTH);
  return { specversion: "1.0", id, ...said, datacontenttype: "application/json" };
}
