import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { sync } from "../../platform/durable";

/** Where snapshots of one service lie: `<root>/<service>/<id>`, each written once and never changed. */
export interface SnapshotFolder {
  readonly id: string;
  /** Absolute. */
  readonly path: string;
}

const QUARANTINE = ".quarantine";
const MANIFEST = "manifest.json";
/** `20261122T014400Z-1a2b3c`: sorts by time. */
const ID = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;

/** @param taken when the source was as the snapshot shows it. @param epoch id of the key epoch, hex. */
export const snapshotId = (taken: Date, epoch: string): string =>
  `${taken.toISOString().replace(/[-:]|\.\d+/g, "")}-${epoch.slice(0, 6)}`;

/** The moment that an id names, to the second. */
export const takenAt = (id: string): Date =>
  new Date(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, "$1-$2-$3T$4:$5:$6Z"));

/**
 * The snapshots of one service. What is being made lies in a quarantine beside them, in which nobody looks for one, and
 * comes out by one rename when its scan has passed.
 */
export class SnapshotStore {
  constructor(
    private readonly root: string,
    private readonly service: string,
  ) {}

  /** For people. */
  get where(): string {
    return path.join(this.root, this.service);
  }

  /** An empty folder in the quarantine. Left-overs of makers that died are removed first: their source is gone. */
  async begin(id: string): Promise<string> {
    await rm(this.quarantine, { recursive: true, force: true });
    const folder = path.join(this.quarantine, id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await this.give(this.where, this.quarantine, folder);
    return folder;
  }

  /** @throws Error when a snapshot of that id is there already. */
  async promote(id: string): Promise<SnapshotFolder> {
    const to = path.join(this.where, id);
    const made = path.join(this.quarantine, id);
    const files = (await readdir(made)).map((file) => path.join(made, file));
    // Before it is in sight: its name could outlive a power cut that its rows do not.
    for (const file of [...files, made]) await sync(file);
    await this.give(...files);
    // The owner's group may read what was promoted, and nothing that was not.
    for (const file of files) await chmod(file, 0o640);
    for (const folder of [this.where, made]) await chmod(folder, 0o750);
    await rename(made, to);
    await sync(this.where);
    await rm(this.quarantine, { recursive: true, force: true });
    return { id, path: to };
  }

  /** What was begun and is not to be kept. */
  async discard(): Promise<void> {
    await rm(this.quarantine, { recursive: true, force: true });
  }

  /** Oldest first. */
  async list(): Promise<readonly SnapshotFolder[]> {
    const names = await readdir(this.where).catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw error;
    });
    const ids = names.filter((name) => ID.test(name)).sort();
    return ids.map((id) => ({ id, path: path.join(this.where, id) }));
  }

  /** Removes a snapshot: out of sight first, so that nobody finds half of one. */
  async remove(id: string): Promise<void> {
    const going = path.join(this.quarantine, `${id}.removed`);
    await mkdir(this.quarantine, { recursive: true, mode: 0o700 });
    await this.give(this.quarantine);
    await rename(path.join(this.where, id), going);
    await rm(going, { recursive: true, force: true });
  }

  /** To whom the store belongs: what root makes in somebody's store, the owner could neither read nor remove. */
  private async give(...files: readonly string[]): Promise<void> {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = await stat(this.root);
    for (const file of files) await chown(file, uid, gid);
  }

  private get quarantine(): string {
    return path.join(this.where, QUARANTINE);
  }
}

export const manifestFile = (folder: string): string => path.join(folder, MANIFEST);

/** @throws Error when there is none. */
export const readManifestText = (folder: string): Promise<string> => readFile(manifestFile(folder), "utf8");
