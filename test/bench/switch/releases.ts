import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { stringify, parse } from "yaml";
import { CLUSTER } from "../../../platform/local/layout";
import { defaultGatesLookedAt, type Looks } from "../../support/gates";
import type { TestProject } from "../../support/project";

/**
 * How a release answers: at once; with an error for one request in twenty; or so that one request in five takes 150 ms,
 * and three times as long: the 95th percentile lies among those.
 */
export type Manner = "well" | "with errors" | "steadily" | "three times as slowly";

interface ServiceFile {
  kpis: unknown;
  readonly resources: { memory: string };
  env: Readonly<Record<string, string | null>>;
}

const STEADY_MS = 150;
const SLOW_REQUEST_MS = 1000;
/** Of these errors, and of these late answers, one in so many. */
const ONE_IN = { errors: 20, late: 5 };

/** Accepts connections and never says a word: who waits for it waits exactly as long as it wants to. */
export async function silentServer(): Promise<net.Server> {
  // Read on, or the end of the other side would never be seen.
  const server = net.createServer((socket) => socket.on("error", () => undefined).resume());
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(0, CLUSTER.address, listening);
  });
  server.unref();
  return server;
}

/**
 * Makes releases of the example service that differ in how they answer the load, and nothing else. The manner is a
 * setting of the release, so that an image is built only where a scenario wants one.
 */
export class Releases {
  private version = 0;
  private images = 0;
  private readonly folder: string;
  private readonly silent: string;

  /** @param project with the service. @param server that waits are made with. */
  constructor(
    private readonly project: TestProject,
    server: net.Server,
  ) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the silent server does not listen");
    this.silent = `http://${address.address}:${address.port}/`;
    this.folder = path.join(project.folder, "examples", "drought-benefit");
  }

  /** Another release; the next deploy brings it up. */
  next(manner: Manner): void {
    const release = `${this.version++}`;
    this.project.service((service) => {
      service.env = { ...(service.env as object), LOAD_MANNER: manner, LOAD_RELEASE: release };
    });
  }

  /** Another release, with an image of its own. */
  nextImage(manner: Manner): void {
    this.writePolicy();
    this.next(manner);
  }

  /** The gates that every service has, looked at as the harness needs it; large bodies need memory to be read into. */
  looks(looks: Looks): void {
    const file = path.join(this.folder, "service.yaml");
    const document = parse(readFileSync(file, "utf8")) as ServiceFile;
    document.resources.memory = "256Mi";
    document.env = { ...document.env, LOAD_MANNER: null, LOAD_RELEASE: null };
    document.kpis = defaultGatesLookedAt(looks);
    writeFileSync(file, stringify(document));
    this.writePolicy();
  }

  private writePolicy(): void {
    const lines = [
      `# image ${this.images++}`,
      "package load",
      "import rego.v1",
      "manner := opa.runtime().env.LOAD_MANNER",
      "answer := 1 if not late",
      "answer := late",
      "# Two values for one rule are an error of the evaluation: status 500, from the release itself.",
      `answer := 2 if { manner == "with errors"; rand.intn("errors", ${ONE_IN.errors}) == 0 }`,
      `late := silence({"steadily": ${STEADY_MS}, "three times as slowly": ${3 * STEADY_MS}}[manner]) if rand.intn("late", ${ONE_IN.late}) == 0`,
      `slow := silence(${SLOW_REQUEST_MS})`,
      `silence(ms) := http.send({"method": "get", "url": "${this.silent}", "timeout": sprintf("%dms", [ms]), "raise_error": false}).status_code`,
    ];
    writeFileSync(path.join(this.folder, "policy", "load.rego"), `${lines.join("\n")}\n`);
  }
}
