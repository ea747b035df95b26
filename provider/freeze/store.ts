import type { FreezeTexts } from "../../core/freeze/book";

/** Where a stack's freeze is kept. A small port: any place that keeps three texts and can tell "not there" will do. */
export interface FreezeStore {
  /** For messages: `ConfigMap hms-prod/hms-freeze`. */
  readonly where: string;
  /** How long it may take to say what is there. @default 5 s */
  readonly patienceMs?: number;
  /** What is there. @throws whatever keeps it from being read; the caller takes that as frozen. */
  read(signal?: AbortSignal): Promise<FreezeTexts>;
  /** Changes what is there; tried again when somebody else wrote in between, so `change` may be called more than once. */
  update(change: (texts: FreezeTexts) => FreezeTexts, signal?: AbortSignal): Promise<void>;
}
