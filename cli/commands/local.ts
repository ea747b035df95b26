import * as fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { reasonOf, RefusedError } from "../../platform/errors";
import { CLUSTER, loadLayout, type Layout } from "../../platform/local/layout";
import { GATEWAY } from "../../platform/local/manifests/gateway";
import { bringDown } from "../../platform/local/down";
import { localClient } from "../../platform/local/cluster";
import { logFile } from "../../platform/local/daemon";
import { DATABASE_SERVERS } from "../../platform/local/databaseServers";
import { PART_NAMES } from "../../platform/local/parts";
import { platformStatus, type PlatformStatus } from "../../platform/local/status";
import { bringUp } from "../../platform/local/up";
import { elapsed, Progress } from "../../platform/progress";
import { answer, EXIT, JSON_OPTION, UsageError, type Command, type Io } from "../command";
import { sandboxPlace } from "../sandbox/place";
import { ensureReaper } from "../sandbox/reaper";
import { ensureReviewGate } from "../sandbox/reviewGate";
import { localFill } from "./localFill";

const up: Command = {
  name: "local up",
  summary: "Start the local platform, or repair what of it does not work.",
  options: [
    { flags: "--sandboxes", description: "also the database servers and the review gate of sandboxes, from now on" },
    {
      flags: "--aws",
      description: "also an emulator of AWS with three GovCloud accounts and a registry for each, from now on",
    },
    JSON_OPTION,
  ],
  examples: [
    "hms local up    # once takes minutes (tools are built), later a second",
    "hms local up --sandboxes",
    "hms local up --aws    # what the emulator holds ends with it: a later start is an empty cloud",
  ],
  async run(invocation, io) {
    const began = Date.now();
    const layout = loadLayout(io.env);
    const sandboxes = invocation.flag("sandboxes");
    await bringUp(layout, {
      progress: new Progress(io.err),
      signal: io.signal,
      sandboxes,
      aws: invocation.flag("aws"),
    });
    if (sandboxes) await bringUpGate(io);
    const asJson = invocation.flag("json");
    if (asJson) {
      answer(io, true, await platformStatus(layout), () => "");
      return EXIT.done;
    }
    const lines = [
      `The local platform is up (${elapsed(Date.now() - began)}): context ${CLUSTER.context}, gateway http://127.0.0.1:${layout.ports.gateway}, registry ${layout.registry}.`,
      'For plain kubectl, docker and pulumi: eval "$(bin/hms env)"',
    ];
    io.out.write(`${lines.join("\n")}\n`);
    return EXIT.done;
  },
};

/** With the images and the people of today, where sandboxes are on this machine. */
async function bringUpGate(io: Io): Promise<void> {
  const place = sandboxPlace(io.env);
  if (place.common.kubeContext !== CLUSTER.context) return;
  await ensureReviewGate(place, io, true);
  await ensureReaper(place, io, true);
}

const down: Command = {
  name: "local down",
  summary: "Stop the local platform and take back what it did to the machine.",
  options: [
    { flags: "--purge", description: "also remove all its files: images, databases, Pulumi state, built tools" },
    JSON_OPTION,
  ],
  examples: [
    "hms local down            # the next `hms local up` goes on where this one stopped",
    "hms local down --purge    # leaves nothing",
  ],
  async run(invocation, io) {
    const layout = loadLayout(io.env);
    const purge = invocation.flag("purge");
    const left = await bringDown(layout, { progress: new Progress(io.err), signal: io.signal, purge });
    answer(io, invocation.flag("json"), { ...left, purged: purge }, () =>
      purge
        ? `The local platform is gone, with ${layout.home}.`
        : `The local platform is down; its data stays in ${layout.home}.`,
    );
    if (left.processes + left.mounts === 0) return EXIT.done;
    throw new RefusedError(`${left.processes} processes and ${left.mounts} mounts of it are still there; run it again`);
  },
};

const status: Command = {
  name: "local status",
  summary: "Show how each part of the local platform is.",
  options: [JSON_OPTION],
  examples: ["hms local status", "hms local status --json"],
  async run(invocation, io) {
    const seen = await platformStatus(loadLayout(io.env));
    answer(io, invocation.flag("json"), seen, () => statusText(seen));
    return seen.up ? EXIT.done : EXIT.refused;
  },
};

/** The status as a table; the last line says whether all is well and, if not, what to do. */
export function statusText(seen: PlatformStatus): string {
  const width = Math.max(...seen.parts.map(({ name }) => name.length));
  const rows = seen.parts.map(({ name, state, reason, pid }) => {
    const about = [pid === undefined ? undefined : `pid ${pid}`, reason]
      .filter((word) => word !== undefined)
      .join(", ");
    return `${state === "healthy" ? "✓" : "✗"} ${name.padEnd(width)}  ${state}${about === "" ? "" : `  (${about})`}`;
  });
  const places = Object.entries({
    gateway: seen.gateway,
    https: `${seen.https}, vouched for by ${seen.authority}`,
    registry: seen.registry,
    prometheus: seen.prometheus,
    postgres: seen.postgres,
    ...seen.servers,
    ...(seen.aws && {
      aws: `${seen.aws.endpoint} (an emulator; what it holds ends with it)`,
      ...Object.fromEntries(
        Object.entries(seen.aws.registries).map(([account, where]) => [`registry-${account}`, where]),
      ),
    }),
    docker: seen.docker,
    kubeconfig: `${seen.kubeconfig} (context ${seen.context})`,
  }).map(([name, where]) => `${name.padEnd(Math.max(width, 11))} ${where}`);
  const bad = seen.parts.filter(({ state }) => state !== "healthy").length;
  const verdict = seen.up
    ? "all parts are healthy"
    : `${bad} of ${seen.parts.length} parts do not work: run hms local up`;
  return [...rows, "", ...places, "", verdict].join("\n");
}

/** Pods of the platform whose logs are asked for by a short name. */
const POD_LOGS: Readonly<Record<string, { readonly namespace: string; readonly labelSelector: string }>> = {
  gateway: { namespace: GATEWAY.namespace, labelSelector: "app=traefik" },
  dns: { namespace: "kube-system", labelSelector: "k8s-app=kube-dns" },
  ...Object.fromEntries(
    DATABASE_SERVERS.map(({ name, namespace }) => [name, { namespace, labelSelector: `app=${name}` }]),
  ),
};

const logs: Command = {
  name: "local logs",
  summary: "Show the last log lines of a part.",
  arguments: [{ syntax: "<name>", description: `one of ${[...PART_NAMES, ...Object.keys(POD_LOGS)].join(", ")}` }],
  options: [
    { flags: "-n, --lines <count>", description: "how many lines", default: "100" },
    { flags: "-f, --follow", description: "go on as new lines come" },
  ],
  examples: ["hms local logs kubelet", "hms local logs gateway -n 20"],
  async run(invocation, io) {
    const layout = loadLayout(io.env);
    const name = invocation.argument(0) ?? "";
    const lines = Number(invocation.text("lines"));
    if (!Number.isInteger(lines) || lines < 1)
      throw new UsageError(`--lines must be a whole number from 1, got "${invocation.text("lines") ?? ""}"`);
    const pods = POD_LOGS[name];
    if (pods !== undefined) io.out.write(await podLog(layout, pods, lines));
    else if (PART_NAMES.some((part) => part === name))
      await showLog(logFile(layout, name), lines, invocation.flag("follow"), io);
    else
      throw new UsageError(
        `there is no part "${name}"; parts are ${[...PART_NAMES, ...Object.keys(POD_LOGS)].join(", ")}`,
      );
    return EXIT.done;
  },
};

async function podLog(
  layout: Layout,
  pods: { readonly namespace: string; readonly labelSelector: string },
  lines: number,
): Promise<string> {
  const client = localClient(layout);
  const found = await client.list({ apiVersion: "v1", kind: "Pod", namespace: pods.namespace }, pods);
  const texts = await Promise.all(
    found.map(async ({ metadata }) => {
      const where = `/api/v1/namespaces/${pods.namespace}/pods/${metadata.name ?? ""}/log`;
      return (await client.request("GET", where, { query: { tailLines: lines } })).text;
    }),
  );
  if (texts.length === 0) throw new RefusedError("there is no such pod: run hms local up");
  return texts.join("\n");
}

async function showLog(file: string, lines: number, follow: boolean, io: Io): Promise<void> {
  if (!fs.existsSync(file)) throw new RefusedError(`there is no log yet (${file}): run hms local up`);
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new RefusedError(`${file} cannot be read: ${reasonOf(error)}`);
  }
  io.out.write(`${text.trimEnd().split("\n").slice(-lines).join("\n")}\n`);
  for (let seen = fs.statSync(file).size; follow && !io.signal.aborted;) {
    await sleep(250);
    const size = fs.statSync(file).size;
    // Cut or put aside meanwhile: what follows is at its start.
    if (size < seen) seen = 0;
    if (size === seen) continue;
    for await (const chunk of fs.createReadStream(file, { start: seen, end: size - 1, encoding: "utf8" }))
      io.out.write(String(chunk));
    seen = size;
  }
}

export const localCommands: readonly Command[] = [up, down, status, logs, localFill];
