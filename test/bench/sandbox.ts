import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client } from "pg";
import { z } from "zod";
import type { Io } from "../../cli/command";
import { CancelledError, RefusedError } from "../../platform/errors";
import { tryExec } from "../../platform/exec";
import { projectRoot } from "../../platform/home";
import { KubeClient } from "../../platform/kube/client";
import { sandboxServer } from "../../provider/sandbox/server";

export interface SandboxBenchSettings {
  /** Made and unmade one after the other. */
  readonly count: number;
  /** Made at the same moment afterwards. */
  readonly atOnce: number;
  /** In the database that the snapshot is taken of. */
  readonly people: number;
}

/** Seconds, of whole commands: a creation ends when its address answers. */
interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly each: readonly number[];
}

export interface SandboxBenchDocument {
  readonly machine: { readonly cores: number; readonly node: string; readonly load: number };
  readonly snapshot: { readonly id: string; readonly megabytes: number };
  readonly create: Times;
  readonly destroy: Times;
  readonly together: {
    readonly count: number;
    readonly created: number;
    readonly create: Times;
    readonly destroy: Times;
  };
  /** What was left in the world of any of them; nothing, if all is well. */
  readonly left: readonly string[];
  readonly ok: boolean;
}

const created = z.object({ name: z.string(), url: z.string() });
const filled = z.object({ environment: z.record(z.string(), z.string()) });
const loaded = z.object({ name: z.string(), snapshot: z.string() });

/** A person's way through it, by the commands that people use, on the local platform with `--sandboxes`. */
export async function benchSandbox(
  { count, atOnce, people }: SandboxBenchSettings,
  io: Io,
  env: NodeJS.ProcessEnv,
): Promise<SandboxBenchDocument> {
  const say = (text: string) => void io.err.write(`${text}\n`);
  const command = commandsOf(env, io);
  const service = ["--service", SERVICE];
  const source = await command(
    "hms",
    ["local", "fill", ...service, "--rows", String(people), "--anew", "--json"],
    filled,
  );
  await command("hms", ["snapshot", "take", ...service, "--json"], z.unknown(), source.value.environment);
  const template = await command("hms", ["snapshot", "load", ...service, "--json"], loaded);
  const world = new World();
  const megabytes = (await world.bytesOf(template.value.name)) / 1e6;
  say(`${template.value.snapshot}: ${megabytes.toFixed(0)} MB`);

  const name = (index: number): string => `sbx-bench-${index}`;
  const create = (one: string) => command("hms-sbx", ["create", "--name", one, "--ttl", "1h", "--json"], created);
  const destroy = (one: string) => command("hms-sbx", ["destroy", one, "--json"], z.unknown());
  const left: string[] = [];
  const unmake = async (one: string): Promise<number> => {
    const { seconds } = await destroy(one);
    left.push(...(await world.traces(one)));
    return seconds;
  };

  const [creations, removals]: [number[], number[]] = [[], []];
  for (let index = 0; index < count; index++) {
    const { seconds } = await create(name(index));
    creations.push(seconds);
    removals.push(await unmake(name(index)));
    say(`${name(index)}: created in ${seconds.toFixed(1)} s, destroyed in ${(removals.at(-1) ?? 0).toFixed(1)} s`);
  }
  const names = Array.from({ length: atOnce }, (_, index) => name(count + index));
  const together = await Promise.allSettled(names.map(create));
  for (const one of together) if (one.status === "rejected") say(String(one.reason));
  const times = together.flatMap((one) => (one.status === "fulfilled" ? [one.value.seconds] : []));
  const gone = await Promise.all(names.map(unmake));
  const machine = { cores: os.availableParallelism(), node: process.version, load: os.loadavg()[0] ?? 0 };
  return {
    machine,
    snapshot: { id: template.value.snapshot, megabytes },
    ...{ create: timesOf(creations), destroy: timesOf(removals) },
    together: { count: atOnce, created: times.length, create: timesOf(times), destroy: timesOf(gone) },
    left,
    ok: left.length === 0 && times.length === atOnce,
  };
}

const SERVICE = "drought-benefit";

/** Runs a program of the project, as somebody at a shell does. @throws RefusedError with all that it said */
const commandsOf =
  (env: NodeJS.ProcessEnv, io: Io) =>
  async <T>(
    program: string,
    words: readonly string[],
    answer: z.ZodType<T>,
    more: Readonly<Record<string, string>> = {},
  ) => {
    if (io.signal.aborted) throw new CancelledError();
    const begun = performance.now();
    const file = path.join(projectRoot(), "bin", program);
    const ran = await tryExec(file, words, { env: { ...env, ...more }, signal: io.signal });
    const seconds = (performance.now() - begun) / 1000;
    if (ran.code !== 0) throw new RefusedError(`${program} ${words.join(" ")} failed:\n${ran.stderr}${ran.stdout}`);
    return { seconds, value: answer.parse(JSON.parse(ran.stdout)) };
  };

/** Looks for itself, past the commands that are measured. */
class World {
  private readonly kube = KubeClient.load({ context: "hms-local" });

  async bytesOf(database: string): Promise<number> {
    const { rows } = await this.ask("select pg_database_size($1)::float8 as n", [database]);
    return Number(rows[0]?.n);
  }

  /** Whatever there is of a sandbox: namespace (and with it route and pods), database, role, grants, stack, file. */
  async traces(sandbox: string): Promise<string[]> {
    const role = sandbox.replaceAll("-", "_");
    const { rows } = await this.ask(
      "select (select count(*) from pg_database where datname = $1)::int + (select count(*) from pg_roles where rolname = $1)::int as n",
      [role],
    );
    const namespace = await this.kube.get({ apiVersion: "v1", kind: "Namespace", name: sandbox });
    const grants = { apiVersion: "v1", kind: "ConfigMap", namespace: "hms-sandboxes", name: `grants-${sandbox}` };
    const backend = process.env.PULUMI_BACKEND_URL?.replace(/^file:\/\//, "") ?? "";
    const state = path.join(backend, ".pulumi", "stacks", "hms", `${sandbox}.json`);
    return [
      ...(namespace ? [`${sandbox}: its namespace`] : []),
      ...(Number(rows[0]?.n) > 0 ? [`${sandbox}: its database or its role`] : []),
      ...((await this.kube.get(grants)) ? [`${sandbox}: its grants`] : []),
      ...(existsSync(state) ? [`${sandbox}: its stack`] : []),
      ...(existsSync(path.join(projectRoot(), `Pulumi.${sandbox}.yaml`)) ? [`${sandbox}: its stack's file`] : []),
    ];
  }

  private async ask(text: string, values: readonly string[]) {
    const { host, port, user, password } = await sandboxServer(this.kube);
    const client = new Client({ host, port, user, password, database: "postgres" });
    await client.connect();
    try {
      return await client.query<{ n: number }>(text, [...values]);
    } finally {
      await client.end();
    }
  }
}

function timesOf(seconds: readonly number[]): Times {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN);
  return { p50: at(0.5), p95: at(0.95), max: at(1), each: seconds.map(round) };
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100;
