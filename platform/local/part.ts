import type { DaemonSpec } from "./daemon";
import type { Verdict } from "./probe";

/** A process of the platform: what it waits for, how it starts, how it shows that it works. */
export interface Part {
  readonly name: string;
  /** Parts that must be healthy before this one starts. */
  readonly needs: readonly string[];
  /** What must be on disk before the first start. */
  readonly prepare?: () => Promise<void>;
  readonly spec: () => DaemonSpec;
  readonly probe: () => Promise<Verdict>;
}

/** Command-line flags by name. */
export const flags = (values: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);
