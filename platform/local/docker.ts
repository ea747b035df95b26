import * as fs from "node:fs";
import { runningDaemon } from "./daemon";
import type { Layout } from "./layout";
import { probeHttp } from "./probe";

const MACHINE_SOCKET = "/var/run/docker.sock";

/** Which Docker is used: the user's choice, the machine's, or ours. */
export interface DockerChoice {
  readonly ours: boolean;
  /** For DOCKER_HOST; undefined where Docker's own default is right. */
  readonly host: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Ours, if it runs or if no other answers. It never comes beside another one that could do the work. */
export async function chooseDocker(layout: Layout, env: Env = process.env): Promise<DockerChoice> {
  const ours = { ours: true, host: `unix://${layout.dockerSocket}` };
  const chosen = env.DOCKER_HOST;
  if (chosen !== undefined && chosen !== "" && chosen !== ours.host) return { ours: false, host: chosen };
  if (runningDaemon(layout, "dockerd") !== undefined) return ours;
  if (fs.existsSync(MACHINE_SOCKET)) {
    const verdict = await probeHttp({ socketPath: MACHINE_SOCKET, path: "/_ping" });
    if (verdict === undefined) return { ours: false, host: undefined };
  }
  return ours;
}
