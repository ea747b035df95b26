import { parentPort, workerData } from "node:worker_threads";
import { withoutValues } from "../../core/scrub/errors";
import { FakeMaker } from "../../core/scrub/fakes/fakeMaker";
import { GroupCounts } from "../../core/scrub/kAnonymity";
import { ScrubKeys } from "../../core/scrub/key";
import type { PlannedTable } from "../../core/scrub/plan";
import { KnownValues } from "../../core/scrub/scan/known";
import { Confirmation } from "../../core/scrub/scan/knownScan";
import { Suspects } from "../../core/scrub/scan/suspects";
import { knownText } from "../../core/scrub/scan/prose";
import type { CrewSetup, Job, PartOf, Told } from "./job";
import { maskPart, readPart } from "./maskParts";
import { proveByCanaries } from "./proof";
import { scanPart, setOf } from "./scanParts";
import { Source } from "./source";

/** Bytes after which a thread tells how far it is. */
const TELL_AFTER = 2 ** 20;

/** A thread that works on one snapshot: does one job after the other, as it is told. */
class Thread {
  readonly #key: Buffer;
  readonly #known: KnownValues;
  readonly #groups: readonly GroupCounts[];
  readonly #keys: ScrubKeys;
  readonly #maker: FakeMaker;
  readonly #told = { rows: 0, bytes: 0 };
  #source: Source | undefined;

  constructor(
    private readonly setup: CrewSetup,
    private readonly tell: (told: Told) => void,
  ) {
    this.#key = Buffer.from(setup.key);
    this.#known = new KnownValues({ key: this.#key, memory: setup.known });
    this.#groups = setup.plan.sets.map((set, index) => new GroupCounts(setOf(set), this.#key, setup.groups[index]));
    this.#keys = new ScrubKeys(setup.masterKey, setup.epoch);
    this.#maker = new FakeMaker(this.#keys);
  }

  async do({ kind, job }: Job): Promise<void> {
    try {
      const answer = await this.answer({ kind, job } as Job);
      // What is shared is complete before anybody hears that it is.
      this.#known.flush();
      for (const counts of this.#groups) counts.flush();
      this.moved(0, 0, true);
      this.tell({ kind: "done", answer });
    } catch (error) {
      const { code, names, numbers } = withoutValues(error);
      this.tell({ kind: "failed", code, names, numbers });
    }
  }

  async end(): Promise<void> {
    await this.#source?.close();
  }

  private async answer({ kind, job }: Job): Promise<unknown> {
    switch (kind) {
      case "read":
        await readPart(this.partOf(job), { ...(await this.reading()), observer: this.#known });
        return null;
      case "mask": {
        const isKnown = job.rewrites ? knownText(this.#key, this.#known) : undefined;
        const reading = {
          ...(await this.reading()),
          observer: this.#known,
          ...(isKnown === undefined ? {} : { isKnown }),
        };
        const { folder, compression } = this.setup;
        const masked = [];
        for (const part of job.parts)
          masked.push({ part, ...(await maskPart(part.table, this.partOf(part), folder, compression, reading)) });
        return masked;
      }
      case "scan": {
        const { folder, plan } = this.setup;
        const shared = { folder, plan, known: this.#known, key: this.#key, groups: this.#groups };
        return scanPart(job, { ...shared, moved: this.moved });
      }
      case "prove":
        // Fakes that depend on those before them start anew, as in the snapshot.
        return proveByCanaries(this.tableOf(job), () => new FakeMaker(this.#keys), this.#key, this.#known);
      case "confirm": {
        const suspects = new Suspects();
        suspects.merge(job.suspects);
        const confirmed: bigint[] = [];
        const observer = new Confirmation({ key: this.#key }, suspects, (digest) => confirmed.push(digest));
        const reading = { ...(await this.reading()), observer };
        for (const part of job.parts) await readPart(this.partOf(part), reading);
        return confirmed;
      }
    }
  }

  private async reading() {
    const { address, moment } = this.setup;
    this.#source ??= await Source.open(address, moment);
    return { source: this.#source, maker: this.#maker, moved: this.moved };
  }

  private partOf(part: PartOf) {
    return { ...part, table: this.tableOf(part.table) };
  }

  private tableOf(index: number): PlannedTable {
    const table = this.setup.plan.tables[index];
    if (table === undefined) throw new RangeError("no such table");
    return table;
  }

  private readonly moved = (rows: number, bytes: number, all = false): void => {
    const told = this.#told;
    told.rows += rows;
    told.bytes += bytes;
    if (told.bytes < TELL_AFTER && !all) return;
    this.tell({ kind: "moved", ...told });
    told.rows = told.bytes = 0;
  };
}

const port = parentPort;
if (port) {
  const thread = new Thread(workerData as CrewSetup, (told) => {
    port.postMessage(told);
  });
  port.on("message", (job: Job | null) => {
    if (job) void thread.do(job);
    else
      void thread.end().then(() => {
        port.close();
      });
  });
}
