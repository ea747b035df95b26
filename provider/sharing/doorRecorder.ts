import type { SandboxIdentity } from "../../core/sandbox/identity";
import type { Refusal } from "../../core/sharing/decide";
import type { Happening } from "../../core/events/event";
import { revisionOf, type Verdict } from "../../core/sharing/review";
import { reasonOf } from "../../platform/errors";
import type { DoorBook } from "./book";

/** Why somebody was turned away, beyond what the rules say of grants. */
export type Reason =
  | Refusal
  /** A cookie that names no session of this gate: forged, ended, or signed out. */
  | "unknown-session"
  /** A cookie of another sandbox's host. */
  | "other-host"
  /** A ticket that was used, is too old, or was made for another browser or sandbox. */
  | "bad-ticket"
  /** An answer of the provider that nobody here asked for, or that was used. */
  | "bad-state"
  /** An answer of the provider that does not hold: signature, issuer, audience, nonce, code. */
  | "sign-in-failed"
  /** A form that did not come from the gate's own page. */
  | "bad-form"
  | "may-not-decide";

export type DoorLog = (message: string, fields: Readonly<Record<string, unknown>>) => void;

interface Heap {
  readonly sandbox: SandboxIdentity;
  readonly reason: Reason;
  readonly who: string | null;
  times: number;
}

/** Refusals of one person for one reason within this time are one record. */
const GATHER_MS = 60_000;
/** Between the first of them and its record. */
const FIRST_MS = 1000;
const MOST_HEAPS = 1000;

/**
 * Notes what happens at the doors. Who is let in, and what is decided, is noted before it is in force; who is turned away
 * is noted soon after, and counted where they come again and again.
 */
export class DoorRecorder {
  private readonly heaps = new Map<string, Heap>();
  /** Reasons that have a record of their own already, until when others are gathered. */
  private readonly first = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly book: DoorBook,
    private readonly log: DoorLog,
    /** Told of what was noted; nobody waits for it. */
    private readonly tell: (happening: Happening) => void = () => undefined,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** @throws whatever keeps it from being noted: then it must not happen. */
  async note(
    sandbox: SandboxIdentity,
    fresh: {
      readonly kind: "opened" | Verdict;
      readonly who: string;
      readonly roles: readonly string[];
      readonly comment?: string;
    },
  ): Promise<void> {
    const about = this.about(sandbox);
    await this.book.add(sandbox.name, [{ ...about, ...fresh }]);
    const { kind, who, roles } = fresh;
    const { snapshot, revision, at } = about;
    this.log(kind, { sandbox: sandbox.name, snapshot, who, roles });
    // Comments are for who reads the record: they may say more of people than a bus should carry.
    this.tell({ kind, sandbox: sandbox.name, at: new Date(at), by: who, data: { roles, snapshot, revision } });
  }

  /** @param sandbox absent: there is none that it could be noted with; the log has it. */
  refuse(
    sandbox: SandboxIdentity | undefined,
    reason: Reason,
    who: string | null,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    this.log("refused", {
      ...(sandbox ? { sandbox: sandbox.name, snapshot: sandbox.snapshot } : {}),
      who,
      reason,
      ...fields,
    });
    if (!sandbox) return;
    const key = JSON.stringify([sandbox.name, reason, who]);
    const heap = this.heaps.get(key);
    if (heap) heap.times += 1;
    else if (this.heaps.size < MOST_HEAPS) this.heaps.set(key, { sandbox, reason, who, times: 1 });
    this.wake();
  }

  /** Notes what waits, now. */
  async flush(everything = true): Promise<void> {
    this.writing = this.writing.then(() => this.write(everything));
    await this.writing;
  }

  private wake(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush(false).then(() => {
        if (this.heaps.size > 0) this.wake();
      });
    }, FIRST_MS);
  }

  private async write(everything: boolean): Promise<void> {
    const now = this.now().getTime();
    for (const [key, until] of this.first) if (until <= now) this.first.delete(key);
    const due = [...this.heaps].filter(([key]) => everything || !this.first.has(key));
    for (const [key] of due) {
      this.heaps.delete(key);
      this.first.set(key, now + GATHER_MS);
    }
    for (const sandbox of new Set(due.map(([, heap]) => heap.sandbox.name))) {
      const records = due
        .filter(([, heap]) => heap.sandbox.name === sandbox)
        .map(([, heap]) => {
          const { reason, who, times } = heap;
          const often = times > 1 ? { times } : {};
          return { ...this.about(heap.sandbox), kind: "refused" as const, who, roles: [], reason, ...often };
        });
      // What cannot be noted now is in the log; it must not hold up, or let in, anybody.
      await this.book.add(sandbox, records).catch((error: unknown) => {
        this.log("refusals could not be noted", { sandbox, lost: records.length, why: reasonOf(error) });
      });
    }
  }

  private about(sandbox: SandboxIdentity) {
    const { owner, snapshot } = sandbox;
    return { at: this.now().toISOString(), owner, snapshot, revision: revisionOf(sandbox) };
  }
}
