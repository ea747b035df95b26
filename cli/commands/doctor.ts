import { diagnose, type Finding } from "../../platform/doctor";
import { loadLayout } from "../../platform/local/layout";
import { answer, EXIT, JSON_OPTION, type Command } from "../command";
import { RefusedError } from "../../platform/errors";

export const doctor: Command = {
  name: "doctor",
  summary: "Check that a cluster has what a delivery needs, and name what it lacks.",
  options: [
    { flags: "--context <name>", description: "context of the kubeconfig; without it the local platform" },
    { flags: "--namespace <name>", description: "where the services go", default: "default" },
    { flags: "--prometheus <url>", description: "where Prometheus answers; without it the local one" },
    { flags: "--registry <host>", description: "host and port of the image registry; without it the local one" },
    JSON_OPTION,
  ],
  examples: [
    "hms doctor",
    "hms doctor --context prod-east --prometheus http://127.0.0.1:9091 --registry 127.0.0.1:5001",
  ],
  async run(invocation, io) {
    const context = invocation.text("context");
    const prometheus = invocation.text("prometheus");
    const registry = invocation.text("registry");
    const findings = await diagnose({
      layout: loadLayout(io.env),
      namespace: invocation.text("namespace") ?? "default",
      ...(context === undefined ? {} : { context }),
      ...(prometheus === undefined ? {} : { prometheus }),
      ...(registry === undefined ? {} : { registry }),
    });
    const lacking = findings.filter(({ lacks }) => lacks !== undefined);
    const asJson = invocation.flag("json");
    answer(io, asJson, { ok: lacking.length === 0, findings }, () => findings.map(line).join("\n"));
    if (lacking.length === 0) return EXIT.done;
    throw new RefusedError(`the cluster lacks ${lacking.map(({ name }) => name).join(", ")}`);
  },
};

function line({ name, lacks, advice }: Finding): string {
  if (lacks === undefined) return `✓ ${name}`;
  return `✗ ${name}: ${lacks}${advice === undefined ? "" : `\n    ${advice}`}`;
}
