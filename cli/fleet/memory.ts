import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { canonicalJson } from "../../core/canonicalJson";
import { hashContext } from "../../core/release/contextHash";
import { sha256 } from "../../core/sha256";
import { planSources } from "../planSources";
import type { OpenStack } from "../stack";

const memorySchema = z.object({ done: z.record(z.string(), z.string()) });

/** Hash of all that an update of a stack would be made from: program, decisions, and what its services are built from. */
export async function sourcesOf({ config }: OpenStack, root: string): Promise<string> {
  const contexts = await Promise.all(
    config.services.map(({ source }) => (source ? hashContext(source) : Promise.resolve(null))),
  );
  return sha256(canonicalJson([planSources(root, config.stack), JSON.stringify(config.services), contexts]));
}

/** What runs of one fleet remember of each other: which stack was updated from which sources. */
export class FleetMemory {
  private done: Readonly<Record<string, string>>;

  /**
   * @param folder of the fleet; made when something is noted.
   * @param sources of each stack, as they are now.
   */
  constructor(
    private readonly folder: string,
    private readonly sources: ReadonlyMap<string, string>,
  ) {
    this.done = this.read();
  }

  /** Whether an earlier run has updated the stack from the same sources. */
  isDone(stack: string): boolean {
    return this.done[stack] !== undefined && this.done[stack] === this.sources.get(stack);
  }

  note(stack: string, isDone: boolean): void {
    const { [stack]: _before, ...others } = this.done;
    const sources = this.sources.get(stack);
    this.done = isDone && sources !== undefined ? { ...others, [stack]: sources } : others;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${this.file}.new`, `${JSON.stringify({ done: this.done }, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }

  /** Nothing where nothing is, or where it cannot be read: then every stack is updated, which does no harm. */
  private read(): Readonly<Record<string, string>> {
    try {
      return memorySchema.parse(JSON.parse(readFileSync(this.file, "utf8"))).done;
    } catch {
      return {};
    }
  }

  private get file(): string {
    return path.join(this.folder, "done.json");
  }
}
