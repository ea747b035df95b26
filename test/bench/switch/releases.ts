import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { stringify, parse } from "yaml";
import { defaultGates } from "../../../core/gates/defaults";
import { CLUSTER } from "../../../platform/local/layout";

/**
 * How a release answers: at once; with an error for one request in twenty; or so that one request in five takes 150 ms,
 * and three times as long: the 95th percentile lies among those.
 */
export type Manner = "well" | "with errors" | "steadily" | "three times as slowly";

/** How often gates look, and what they ask for. */
export interface Looks {
  readonly every: string;
  readonly within: string;
  readonly consecutive: number;
  readonly minSamples: number;
}

const STEADY_MS = 150;
const SLOW_REQUEST_MS = 1000;

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

/** Makes releases of the example service that differ in how they answer the load, and nothing else. */
export class Releases {
  private version = 0;
  private readonly silent: string;

  /** @param folder of the service. @param server that waits are made with. */
  constructor(
    private readonly folder: string,
    server: net.Server,
  ) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the silent server does not listen");
    this.silent = `http://${address.address}:${address.port}/`;
  }

  /** Another release in the service's folder; the next deploy brings it up. */
  next(manner: Manner): void {
    const lines = ["package load", "import rego.v1", `# release ${this.version++}`, ...this.rules(manner)];
    writeFileSync(path.join(this.folder, "policy", "load.rego"), `${lines.join("\n")}\n`);
  }

  /** The gates that every service has, looked at as the harness needs it; large bodies need memory to be read into. */
  looks(looks: Looks): void {
    const file = path.join(this.folder, "service.yaml");
    const document = parse(readFileSync(file, "utf8")) as { kpis: unknown; resources: { memory: string } };
    document.resources.memory = "256Mi";
    document.kpis = defaultGates().map(({ name, query, comparison, limit, relativeTo, kind, floor }) => ({
      ...{ name, query, comparison, limit, relativeTo, kind },
      ...(floor === undefined ? {} : { floor }),
      ...looks,
    }));
    writeFileSync(file, stringify(document));
  }

  private rules(manner: Manner): readonly string[] {
    const slow = `slow := ${this.wait(SLOW_REQUEST_MS)}`;
    switch (manner) {
      case "well":
        return ["answer := 1", slow];
      case "with errors":
        // Two values for one rule are an error of the evaluation: status 500, from the release itself.
        return ["answer := 1", 'answer := 2 if rand.intn("request", 20) == 0', slow];
      case "steadily":
        return [...this.sometimes(STEADY_MS), slow];
      case "three times as slowly":
        return [...this.sometimes(3 * STEADY_MS), slow];
    }
  }

  private sometimes(ms: number): readonly string[] {
    return [`answer := ${this.wait(ms)} if rand.intn("request", 5) == 0`, "else := 1"];
  }

  private wait(ms: number): string {
    return `http.send({"method": "get", "url": "${this.silent}", "timeout": "${ms}ms", "raise_error": false}).status_code`;
  }
}
