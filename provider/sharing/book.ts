import type { SandboxIdentity } from "../../core/sandbox/identity";
import type { Grant } from "../../core/sharing/grant";
import type { NewRecord, RecordBook } from "../../core/sharing/records";
import { grantsOf } from "./grants";
import { addRecords, recordsOf } from "./records";
import { sandboxSeen } from "./sandboxes";
import type { SharingPlace } from "./storedText";

/** What the gate asks and tells. Whatever it throws means: cannot be told, so nobody passes. */
export interface DoorBook {
  /** A sandbox and what is granted of it; unless `anew`, as old as `REMEMBERED_MS` at most. */
  look(sandbox: string, anew?: "anew"): Promise<Looked>;
  records(sandbox: string): Promise<RecordBook | undefined>;
  add(sandbox: string, records: readonly NewRecord[]): Promise<void>;
}

export interface Looked {
  readonly sandbox: SandboxIdentity | undefined;
  readonly grants: readonly Grant[];
}

/** A page asks for dozens of files at once; what is taken back ends within this time. */
export const REMEMBERED_MS = 2000;
const ANSWER_MS = 5000;
const MOST_REMEMBERED = 1000;

/** The cluster as the book. */
export function clusterBook(place: SharingPlace, now: () => number = Date.now): DoorBook {
  const remembered = new Map<string, { readonly at: number; readonly looked: Promise<Looked> }>();
  const look = async (name: string): Promise<Looked> => {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const [sandbox, grants] = await Promise.all([sandboxSeen(place.kube, name, signal), grantsOf(place, name, signal)]);
    return { sandbox, grants };
  };
  return {
    look(name, anew) {
      const known = anew ? undefined : remembered.get(name);
      if (known && now() - known.at < REMEMBERED_MS) return known.looked;
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      const looked = look(name);
      remembered.set(name, { at: now(), looked });
      // What failed is asked again at once: it is no answer.
      looked.catch(() => remembered.delete(name));
      return looked;
    },
    records: (name) => recordsOf(place, name, AbortSignal.timeout(ANSWER_MS)),
    add: (name, records) => addRecords(place, name, records, AbortSignal.timeout(ANSWER_MS)),
  };
}
