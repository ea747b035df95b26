import * as fs from "node:fs";
import { RefusedError } from "../errors";
import { claimHome } from "../home";
import { withLock } from "../lock";
import type { Progress } from "../progress";
import { ensureDebianPackages } from "../toolchain/debian";
import { ensureTools } from "../toolchain/install";
import { ensureMoto } from "../toolchain/moto";
import { CONTROL_PLANE } from "../toolchain/tools";
import { foundAwsAccounts, wantAws, wantsAws } from "./aws";
import { applyPlatform, applyRights, clusterChecks, localClient, retryWaitingPods } from "./cluster";
import { compiledFolder, trimCompiled } from "./compiledCode";
import { trimLogs } from "./daemon";
import { ensureDatabaseServers, wantsDatabaseServers } from "./databaseServers";
import { chooseDocker } from "./docker";
import { ensureImage, IMAGE_NAMES } from "./images";
import type { Layout } from "./layout";
import { ensureNetwork } from "./network";
import type { Part } from "./part";
import { platformParts } from "./parts";
import { ensurePki, kubeconfigText } from "./pki";
import { preflight, removeStaleDockerPid } from "./preflight";
import { bootId } from "./procfs";
import { becomesHealthy, examine, forgetEarlierBoot, inOrder, repair } from "./reconcile";

export interface UpOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Also brings up what scrubbed snapshots and sandboxes stand on. @default as once said on this platform */
  readonly sandboxes?: boolean;
  /** Also brings up the emulator of AWS and a registry for each emulated account. @default as once said on this platform */
  readonly aws?: boolean;
}

/** Tools that the cluster itself is made of. */
export const CLUSTER_TOOLS = [...CONTROL_PLANE, "etcd", "coredns", "prometheus", "traefik", "gateway-api", "opa"];

/** Time for everything inside the cluster to become ready, images included. */
const READY_MS = 180_000;

/**
 * Brings the local platform up, or what is missing of it: installs tools, starts what does not run, restarts what does
 * not answer, and returns when all of it works. Safe to run at any time, also twice at once.
 */
export async function bringUp(layout: Layout, options: UpOptions): Promise<void> {
  const { progress, signal, sandboxes = false, aws = false } = options;
  claimHome(layout.home);
  const waiting = (holder: string) => {
    progress.line(`… ${holder} is working on ${layout.home}; waiting for it`);
  };
  await withLock(`platform:${layout.home}`, waiting, signal, async () => {
    for (const folder of [layout.bin, layout.log, layout.etc, layout.data, `${layout.home}/toolchain`])
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    forgetEarlierBoot(layout, bootId());
    if (aws) wantAws(layout);
    await preflight(layout);
    const context = { home: layout.home, progress, signal };
    await ensureDebianPackages(context);
    await ensureTools(CLUSTER_TOOLS, context);
    if (wantsAws(layout)) await ensureMoto(context);
    await Promise.all([ensureNetwork(layout), ensurePki(layout)]);
    ensureKubeconfig(layout);
    const docker = await chooseDocker(layout);
    if (docker.ours) removeStaleDockerPid(layout);
    const parts = platformParts(layout, docker.ours);
    // Beside the first look at everything, which mostly waits.
    const [healthy] = await Promise.all([allHealthy(layout, parts), trimCompiled(compiledFolder(layout.home))]);
    if (!healthy) {
      await bringPartsUp(layout, parts, { progress, signal });
      trimLogs(layout);
    }
    if (wantsAws(layout)) await foundAwsAccounts(layout, signal);
    if (sandboxes || wantsDatabaseServers(layout)) await ensureDatabaseServers(layout, { progress, signal });
  });
}

/** One look at everything at once: the whole work of an `up` that has nothing to do. */
async function allHealthy(layout: Layout, parts: readonly Part[]): Promise<boolean> {
  const findings = await Promise.all(parts.map((part) => examine(layout, part)));
  if (findings.some((finding) => finding !== "healthy")) return false;
  const checks = clusterChecks(layout, localClient(layout));
  const verdicts = await Promise.all(checks.map(({ probe }) => probe()));
  if (verdicts.some((verdict) => verdict !== undefined)) return false;
  const images = await Promise.all(IMAGE_NAMES.map((name) => ensureImage(layout, name)));
  if (images.some((image) => image === "pushed")) return false;
  await applyRights(localClient(layout));
  await applyPlatform(layout, localClient(layout));
  return true;
}

async function bringPartsUp(layout: Layout, parts: readonly Part[], { progress, signal }: UpOptions): Promise<void> {
  const client = () => localClient(layout);
  const tasks = [
    ...byNeed(parts).map((part) => ({
      name: part.name,
      needs: part.needs,
      run: () => repair(layout, part, progress, signal),
    })),
    {
      name: "images",
      needs: ["registry"],
      run: () =>
        progress.during("push the platform's images", async () => {
          for (const name of IMAGE_NAMES) await ensureImage(layout, name);
        }),
    },
    { name: "rights", needs: ["kube-apiserver"], run: () => untilAccepted(() => applyRights(client()), signal) },
    {
      name: "manifests",
      needs: ["rights", "images"],
      run: () =>
        progress.during("apply the gateway and the name service", async () => {
          await untilAccepted(() => applyPlatform(layout, client()), signal);
          await retryWaitingPods(client());
        }),
    },
  ];
  await inOrder(tasks, (names) => {
    progress.next(names);
  });
  progress.next([]);
  await progress.during("wait for node, name service and gateway", async (step) => {
    for (const { name, probe } of clusterChecks(layout, client())) {
      step.note(name);
      const verdict = await becomesHealthy(probe, READY_MS, signal);
      if (verdict !== undefined)
        throw new RefusedError(`the cluster's ${name} did not become ready: ${verdict} (see: hms local status)`);
    }
  });
}

/** Parts in an order in which each comes after what it needs. */
function byNeed(parts: readonly Part[]): Part[] {
  const ordered: Part[] = [];
  const visit = (part: Part) => {
    if (ordered.includes(part)) return;
    for (const name of part.needs) {
      const needed = parts.find((candidate) => candidate.name === name);
      if (needed !== undefined) visit(needed);
    }
    ordered.push(part);
  };
  parts.forEach(visit);
  return ordered;
}

/** A server that has just started refuses writes for a moment, while its built-in roles are being made. */
async function untilAccepted(apply: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  let failure: unknown;
  const verdict = await becomesHealthy(
    () =>
      apply().then(
        () => undefined,
        (error: unknown) => {
          failure = error;
          return "refused";
        },
      ),
    20_000,
    signal,
  );
  if (verdict !== undefined) throw failure;
}

function ensureKubeconfig(layout: Layout): void {
  const text = kubeconfigText(layout, "admin");
  if (fs.existsSync(layout.kubeconfig) && fs.readFileSync(layout.kubeconfig, "utf8") === text) return;
  fs.writeFileSync(layout.kubeconfig, text, { mode: 0o600 });
}
