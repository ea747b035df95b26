/** Entry of the agent's bundle: one word, the file of its configuration. */
import * as fs from "node:fs";
import { runAgent, type AgentConfig } from "./agent";

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => {
    stop.abort(new Error("stopped"));
  });

const log = (line: string) => {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
};

const config = JSON.parse(fs.readFileSync(process.argv[2] ?? "", "utf8")) as AgentConfig;
runAgent(config, { log, signal: stop.signal }).then(
  () => process.exit(0),
  (error: unknown) => {
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  },
);
