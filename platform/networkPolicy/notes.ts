import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";

/** What the network plugins' library writes of a pod when its network is made: before any of its containers starts. */
const note = z.object({
  networkName: z.string(),
  cniArgs: z.array(z.tuple([z.string(), z.string()])),
  result: z.object({ ips: z.array(z.object({ address: z.string() })) }),
});

/** The pod's uid and its address, by a note of this network. Undefined for other networks, and for half a file. */
export function readNote(
  text: string,
  network: string,
): { readonly uid: string; readonly address: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = note.safeParse(value);
  if (!parsed.success || parsed.data.networkName !== network) return undefined;
  const uid = parsed.data.cniArgs.find(([name]) => name === "K8S_POD_UID")?.[1];
  const address = parsed.data.result.ips
    .map((ip) => ip.address.split("/")[0] ?? "")
    .find((candidate) => /^\d+(\.\d+){3}$/.test(candidate));
  return uid === undefined || address === undefined ? undefined : { uid, address };
}

interface Entry {
  readonly uid: string;
  readonly address: string;
  /** ISO time. */
  readonly since: string;
}

/** Addresses of pods, known sooner than the API server knows them: the kubelet reports them up to a second later. */
export class Notes {
  private entries: ReadonlyMap<string, Entry> = new Map();

  constructor(
    private readonly folder: string,
    private readonly network: string,
  ) {}

  /** By uid. A pod may have notes of several starts, the last of which counts. */
  get addresses(): ReadonlyMap<string, { readonly address: string; readonly since: string }> {
    const entries = [...this.entries.values()].sort((left, right) => (left.since < right.since ? -1 : 1));
    return new Map(entries.map(({ uid, address, since }) => [uid, { address, since }]));
  }

  /** Tells of every change until the signal ends it. */
  follow(signal: AbortSignal, onChange: () => void): void {
    fs.mkdirSync(this.folder, { recursive: true });
    const look = () => {
      if (this.look()) onChange();
    };
    fs.watch(this.folder, { signal }, look).on("error", () => undefined);
    look();
  }

  /** Reads what is new. @returns whether anything changed. */
  look(): boolean {
    const before = this.entries;
    const now = new Map<string, Entry>();
    for (const name of this.names()) {
      const entry = before.get(name) ?? this.read(name);
      if (entry !== undefined) now.set(name, entry);
    }
    this.entries = now;
    return now.size !== before.size || [...now.keys()].some((name) => !before.has(name));
  }

  private names(): readonly string[] {
    try {
      return fs.readdirSync(this.folder).filter((name) => name.startsWith(`${this.network}-`));
    } catch {
      return [];
    }
  }

  private read(name: string): Entry | undefined {
    const file = path.join(this.folder, name);
    try {
      const found = readNote(fs.readFileSync(file, "utf8"), this.network);
      return found && { ...found, since: fs.statSync(file).mtime.toISOString() };
    } catch {
      // Gone meanwhile.
      return undefined;
    }
  }
}
