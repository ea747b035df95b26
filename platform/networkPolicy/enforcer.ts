import { setTimeout as sleep } from "node:timers/promises";
import { reasonOf } from "../errors";
import { compile } from "./compile";
import type { Cluster, NodeFacts } from "./model";
import type { Nft } from "./nft";
import { render } from "./render";

/** Changes that come together are put into force together. Short, as a new pod waits for it. */
const GATHER_MS = 10;
const RETRY_MS = 1_000;
/** Somebody may have emptied the packet filter. */
const CHECK_MS = 5_000;

export interface EnforcerOptions {
  readonly nft: Nft;
  readonly node: NodeFacts;
  /** Undefined as long as not all of the cluster is known: then nothing is put into force. */
  readonly cluster: () => Cluster | undefined;
  readonly log: (line: string) => void;
}

/** Keeps the kernel's rules as the cluster wants them, one change at a time. */
export class Enforcer {
  private wanted = false;
  private wake: () => void = () => undefined;
  private applied: string | undefined;
  private failure: string | undefined = "nothing is in force yet";

  constructor(private readonly options: EnforcerOptions) {}

  /** Something changed. */
  request(): void {
    this.wanted = true;
    this.wake();
  }

  /** Why the rules may not be what they should be; undefined if they are. Looks at the kernel's. */
  async trouble(): Promise<string | undefined> {
    if (this.failure !== undefined) return this.failure;
    return (await this.isThere()) ? undefined : "the table of rules is gone";
  }

  /** Runs until the signal ends it, and leaves in force what is. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => {
      this.wake();
    });
    for (let wait = 0; ;) {
      if (!this.wanted && !signal.aborted) await this.idle(wait > 0 ? wait : CHECK_MS);
      if (signal.aborted) return;
      if (!this.wanted && this.applied !== undefined && !(await this.isThere())) {
        this.options.log("the table of rules is gone; putting it back");
        this.applied = undefined;
      }
      if (this.wanted) await sleep(GATHER_MS);
      this.wanted = false;
      wait = (await this.enforce()) ? 0 : RETRY_MS;
    }
  }

  private idle(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  private isThere(): Promise<boolean> {
    return this.options.nft.isThere().catch(() => false);
  }

  private async enforce(): Promise<boolean> {
    const { nft, node, cluster, log } = this.options;
    try {
      const given = cluster();
      if (given === undefined) return true;
      const ruleset = compile(given, node);
      const script = render(ruleset);
      if (script !== this.applied) {
        const began = performance.now();
        await nft.apply(script);
        this.applied = script;
        const [inward, outward] = [ruleset.ingress, ruleset.egress].map(
          ({ pods }) => [...pods.values()].filter((isolation) => isolation !== "open").length,
        );
        log(
          `in force: ${given.policies.length} policies; of ${ruleset.ingress.pods.size} pods ${inward ?? 0} are isolated ` +
            `inward, ${outward ?? 0} outward (${(performance.now() - began).toFixed(0)} ms)`,
        );
      }
      this.failure = undefined;
      return true;
    } catch (error) {
      this.failure = reasonOf(error);
      log(`not in force: ${this.failure}`);
      return false;
    }
  }
}
