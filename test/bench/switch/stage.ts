import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Io } from "../../../cli/command";
import type { Color } from "../../../core/rollout/color";
import type { Journal } from "../../../core/rollout/journal";
import type { ActualRollout } from "../../../core/rollout/plan";
import { CancelledError, reasonOf } from "../../../platform/errors";
import type { KubeClient } from "../../../platform/kube/client";
import { localClient } from "../../../platform/local/cluster";
import type { Layout } from "../../../platform/local/layout";
import { readJournal } from "../../../provider/rollout/journal";
import { RolloutStore } from "../../../provider/rollout/store";
import { GATEWAY } from "../../support/cluster";
import { finished, TestProject, type Ran } from "../../support/project";
import { Faults } from "./faults";
import { GatewayPair } from "./gatewayPair";
import { Releases, silentServer } from "./releases";
import type { Settings } from "./settings";
import { Traffic, type Aim } from "./traffic";

const SERVICE = "drought-benefit";
const POLL_MS = 50;

/** One step of a strategy, as a stack file says it. */
export interface StepText {
  readonly weight: number;
  readonly hold?: string;
  readonly gates?: "none" | readonly string[];
  readonly pause?: string;
}

/** An `hms-deploy` under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

/** A stack of the harness's own with the example service in it, and everything that scenarios do to it. */
export class Stage {
  private pair: GatewayPair | undefined;
  private readonly running = new Map<ChildProcess, Promise<Ran>>();

  private constructor(
    readonly settings: Settings,
    readonly layout: Layout,
    readonly project: TestProject,
    readonly releases: Releases,
    readonly kube: KubeClient,
    readonly store: RolloutStore,
    readonly faults: Faults,
    private readonly io: Io,
  ) {}

  /** A fresh stack with a first release live; `close` takes it away. */
  static async open(settings: Settings, layout: Layout, io: Io): Promise<Stage> {
    const server = await silentServer();
    const project = new TestProject("switch");
    const kube = localClient(layout);
    const stage = new Stage(
      settings,
      layout,
      project,
      new Releases(project, server),
      kube,
      new RolloutStore(kube, SERVICE, project.namespace),
      new Faults(layout, kube, project.namespace, io),
      io,
    );
    try {
      stage.releases.looks(stage.looks);
      await project.init();
      stage.releases.next("well");
      const first = await stage.deploy();
      if (first.code !== 0) throw new Error(`the first release did not go live:\n${first.output}`);
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Puts the platform right and takes the stack away, whatever state it is in. */
  async close(): Promise<void> {
    for (const child of this.running.keys()) child.kill("SIGINT");
    await Promise.allSettled(this.running.values());
    try {
      await this.faults.mendAll();
      await this.closePair();
    } finally {
      this.say("taking the harness's stack away");
      this.project.remove();
    }
  }

  get signal(): AbortSignal {
    return this.io.signal;
  }

  say(text: string): void {
    this.io.err.write(`${text}\n`);
  }

  /** From here on two gateways of the harness's own serve the load, and prove the moves. */
  async openPair(): Promise<void> {
    const { namespace, host, stack } = this.project;
    const aim = { name: `gateways-${stack}`, host, healthPath: "/health", namespace };
    this.pair = await GatewayPair.start(this.kube, this.layout, aim, this.signal);
    this.askAt(this.pair.address);
  }

  /** Back to the gateway of the local platform. */
  async closePair(): Promise<void> {
    if (this.pair === undefined) return;
    this.askAt(GATEWAY.address);
    await this.pair.remove();
    this.pair = undefined;
  }

  /** @throws Error unless a pair is open. */
  get gateways(): GatewayPair {
    if (this.pair === undefined) throw new Error("no pair of gateways is open");
    return this.pair;
  }

  /** Where the service answers. */
  get aim(): Aim {
    return { address: this.pair?.address ?? GATEWAY.address, host: this.project.host };
  }

  /** Where movers of this stack ask who answers. */
  private askAt(address: string): void {
    this.project.configure((config) => {
      config["hms:gateway"] = { ...GATEWAY, address };
    });
  }

  startTraffic(maxSeconds: number, perSecond = this.settings.rate): Traffic {
    return new Traffic(this.aim, perSecond, maxSeconds);
  }

  /** How the gates of the harness look: quick runs have a larger share of the traffic to look at. */
  get looks() {
    return this.settings.quick
      ? { every: "2s", within: "40s", consecutive: 2, minSamples: 60 }
      : { every: "3s", within: "120s", consecutive: 3, minSamples: 100 };
  }

  /** The first step of a watched move: 1 %, or 10 % where there is no time to see enough at 1 %. */
  get canary(): StepText {
    return this.settings.quick ? { weight: 10, hold: "4s" } : { weight: 1, hold: "20s" };
  }

  /** @param steps empty: all the traffic at once. */
  strategy(steps: readonly StepText[]): void {
    this.project.service((service) => {
      if (steps.length === 0) delete service.strategy;
      else service.strategy = steps;
    });
  }

  /** `hms-deploy --env …` to its end. */
  deploy(...args: readonly string[]): Promise<Ran> {
    return this.command("--env", this.project.stack, ...args);
  }

  /** Any `hms-deploy` of this stack to its end. Ctrl-C is handed on, and its restore waited for. */
  command(...args: readonly string[]): Promise<Ran> {
    return this.start(...args).ended;
  }

  /** Begins an `hms-deploy`. Whoever does not wait for its end, because something else failed, leaves that to `close`. */
  start(...args: readonly string[]): Running {
    this.signal.throwIfAborted();
    const child = this.project.startDeploy(...args);
    const interrupt = () => void child.kill("SIGINT");
    this.signal.addEventListener("abort", interrupt, { once: true });
    const over = finished(child);
    this.running.set(child, over);
    const ended = over.then((ran) => {
      this.running.delete(child);
      this.signal.removeEventListener("abort", interrupt);
      if (this.signal.aborted) throw new CancelledError();
      return ran;
    });
    ended.catch(() => undefined);
    return { child, ended };
  }

  async actual(): Promise<ActualRollout> {
    return (await this.store.read()).actual;
  }

  async live(): Promise<Color> {
    const { live } = await this.actual();
    if (live === null) throw new Error("nothing is live");
    return live;
  }

  journal(): Promise<Journal> {
    return readJournal(this.kube, this.store);
  }

  /** Where scenarios begin: every part there, no move under way, the last release wanted and live. */
  async settle(): Promise<void> {
    await this.faults.mendAll();
    if ((await this.actual()).record.move) await this.command("abort", "--env", this.project.stack);
    this.strategy([]);
    this.releases.next("well");
    const ran = await this.deploy();
    if (ran.code !== 0) throw new Error(`the stack could not be put right: ${ran.lastLine}`);
  }

  /** Waits until the rollout is so. @throws Error when it is not within the time. */
  async until(what: string, isSo: (actual: ActualRollout) => boolean, withinMs = 60_000): Promise<ActualRollout> {
    const giveUp = performance.now() + withinMs;
    let trouble = "";
    while (performance.now() < giveUp) {
      this.signal.throwIfAborted();
      try {
        const actual = await this.actual();
        if (isSo(actual)) return actual;
      } catch (error) {
        trouble = ` (${reasonOf(error)})`;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`${what}: not seen within ${withinMs / 1000} s${trouble}`);
  }

  /** Time for gates and counters to see what there is. */
  pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.signal });
  }
}
