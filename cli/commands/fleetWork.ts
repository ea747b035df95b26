import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { NOT_BEGUN, STACKS_FOLDER, WORK_VARIABLE, type FleetWork } from "../../core/fleet/job";
import { asNumber, path as at } from "../../core/json";
import { hmsHome, projectRoot } from "../../platform/home";
import { KubeClient } from "../../platform/kube/client";
import { DEPLOYER } from "../../platform/local/deployerImage";
import { stateOf } from "../../provider/podState";
import { EXIT, UsageError, type Command } from "../command";
import { deployStack } from "../deploy";

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

const workSchema: z.ZodType<FleetWork> = z.object({
  job: z.string(),
  context: z.string(),
  stacks: z.array(z.string()),
  mayFail: z.number(),
});

/** `hms fleet work`: what a pod of a fleet's Job does. */
export const fleetWork: Command = {
  name: "fleet work",
  summary: "Updates one stack in a pod of a fleet's Job; hms fleet up --runner kubernetes starts it.",
  examples: ["JOB_COMPLETION_INDEX=0 hms fleet work        # in a pod: which stack that is says its environment"],
  async run(_invocation, io) {
    const { job, context, stacks, mayFail } = workOf(io.env);
    const index = Number(io.env.JOB_COMPLETION_INDEX ?? NaN);
    const stack = stacks[index];
    if (stack === undefined)
      throw new UsageError(
        `JOB_COMPLETION_INDEX: got "${io.env.JOB_COMPLETION_INDEX ?? ""}"; allowed is a number from 0 to ${stacks.length - 1}`,
      );
    const kubeconfig = writeKubeconfig(context, io.env);
    const failed = await failedOf(KubeClient.load({ kubeconfig, context }), job);
    if (failed > mayFail) {
      io.err.write(`${stack} is not begun: ${failed} of its wave failed, ${mayFail} may\n`);
      return NOT_BEGUN;
    }
    const file = `Pulumi.${stack}.yaml`;
    copyFileSync(path.join(STACKS_FOLDER, file), path.join(projectRoot(), file));
    const env = { ...io.env, KUBECONFIG: kubeconfig, PULUMI_HOME: engineHome() };
    mkdirSync(hmsHome(env), { recursive: true, mode: 0o700 });
    await deployStack(stack, {}, { ...io, env }, { env });
    return EXIT.done;
  },
};

function workOf(env: NodeJS.ProcessEnv): FleetWork {
  const text = env[WORK_VARIABLE];
  if (text === undefined)
    throw new UsageError(
      `${WORK_VARIABLE} is not set: this runs in pods; start them with hms fleet up --runner kubernetes`,
    );
  return workSchema.parse(JSON.parse(text));
}

/** The cluster that the pod is in, under the name by which stack files know it, as the pod's account. */
function writeKubeconfig(context: string, env: NodeJS.ProcessEnv): string {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = env;
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const file = path.join("/tmp", "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": context,
    clusters: [{ name: context, cluster: { server, "certificate-authority": `${ACCOUNT}/ca.crt` } }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    users: [{ name: context, user: { tokenFile: `${ACCOUNT}/token` } }],
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** The engine writes beside its plugins, and in an image nobody may. */
function engineHome(): string {
  const home = path.join("/tmp", "pulumi");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const plugins = path.join(home, "plugins");
  if (!existsSync(plugins)) symlinkSync(DEPLOYER.plugins, plugins);
  return home;
}

/** How many pods of the Job have failed: asked before anything is begun, for the Job itself counts nothing. */
async function failedOf(kube: KubeClient, job: string): Promise<number> {
  const namespace = readFileSync(path.join(ACCOUNT, "namespace"), "utf8").trim();
  const of = { apiVersion: "v1", kind: "Pod", namespace };
  const pods = await kube.list(of, { labelSelector: `batch.kubernetes.io/job-name=${job}` });
  const codes = pods.map((pod) => asNumber(at(stateOf(pod), "terminated", "exitCode")));
  return codes.filter((code) => code !== undefined && ![EXIT.done, EXIT.cancelled, NOT_BEGUN].includes(code)).length;
}
