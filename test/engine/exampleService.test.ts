import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { parseExamples } from "../../core/service/examples";
import { parseService } from "../../core/service/parse";
import { judgeResponse, wireRequest } from "../../core/service/smoke";

const run = promisify(execFile);
const EXAMPLE = resolve(__dirname, "../../examples/drought-benefit");
const CONTRACT = resolve(__dirname, "../../examples/benefits-api/contracts/drought-benefit.yaml");
const HMS_HOME = process.env.HMS_HOME ?? join(homedir(), ".hms");
const OPA = existsSync(join(HMS_HOME, "bin/opa")) ? join(HMS_HOME, "bin/opa") : "opa";
const SOCKET = join(HMS_HOME, "run/docker.sock");
const REGISTRY = process.env.HMS_REGISTRY ?? "127.0.0.1:5000";
const LARGEST_BYTES = 16_000_000;

function definition() {
  const parsed = parseService(readFileSync(join(EXAMPLE, "service.yaml"), "utf8"), "service.yaml");
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.problems.join("\n"));
  return parsed.value;
}

/** Runs the policy as the image does, for as long as `work` takes. */
async function served<T>(work: (address: string) => Promise<T>): Promise<T> {
  const child = execFile(
    OPA,
    ["run", "--server", "--addr=127.0.0.1:0", "--skip-version-check", "--log-level=debug", "policy"],
    {
      cwd: EXAMPLE,
      env: { REGION: "central-valley" },
    },
  );
  let log = "";
  child.stderr?.on("data", (chunk: string) => (log += chunk));
  try {
    for (const giveUp = Date.now() + 60_000; Date.now() < giveUp;) {
      const port = log.includes("Server initialized.") ? await portOf(child.pid ?? 0) : undefined;
      if (port !== undefined) return await work(`http://127.0.0.1:${port}`);
      await new Promise((next) => setTimeout(next, 100));
    }
    throw new Error(`opa did not start: ${log}`);
  } finally {
    child.kill();
  }
}

/** The port a process listens on, by the kernel's own table. */
async function portOf(pid: number): Promise<number | undefined> {
  // One of them may be closed while they are listed.
  const { stdout } = await run("sh", ["-c", `ls -l /proc/${pid}/fd || true`]);
  const inodes = [...stdout.matchAll(/socket:\[(\d+)\]/g)].map(([, inode]) => inode);
  const row = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[3] === "0A" && inodes.includes(fields[9]));
  const port = row?.[1]?.split(":")[1];
  return port === undefined ? undefined : parseInt(port, 16);
}

describe("the example service", () => {
  it("passes the policy's own tests, of which there are some", async () => {
    const { stdout } = await run(OPA, ["test", "policy", "tests", "--format", "json"], { cwd: EXAMPLE });
    const results = JSON.parse(stdout) as readonly { readonly fail?: boolean }[];
    assert.ok(results.length >= 10);
    assert.ok(results.every(({ fail }) => fail !== true));
  });

  it("is formatted and strict", async () => {
    const { stdout } = await run(OPA, ["fmt", "--list", "policy", "tests"], { cwd: EXAMPLE });
    assert.equal(stdout, "");
    await run(OPA, ["check", "--strict", "policy"], { cwd: EXAMPLE });
  });

  it("answers as its smoke tests say and as benefits-api relies on, is healthy, and names the version of its rules", async () => {
    const { smoke, health } = definition();
    const relied = parseExamples(readFileSync(CONTRACT, "utf8"), "contracts/drought-benefit.yaml");
    assert.ok(relied.ok, relied.ok ? "" : relied.problems.join("\n"));
    await served(async (address) => {
      assert.equal((await fetch(address + health.path)).status, 200);
      for (const test of [...smoke, ...relied.value]) {
        const { method, path, headers, body } = wireRequest(test);
        const response = await fetch(address + path, { method, headers, ...(body === undefined ? {} : { body }) });
        const verdict = judgeResponse(test, {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: await response.text(),
        });
        assert.deepEqual(verdict, { ok: true });
      }
      const answer = (await (
        await fetch(`${address}/v1/data/benefit/decision`, { method: "POST", body: "{}" })
      ).json()) as {
        readonly result: { readonly policyVersion: string; readonly office: string };
      };
      const { rules } = JSON.parse(readFileSync(join(EXAMPLE, "policy/data.json"), "utf8")) as {
        readonly rules: { readonly version: string };
      };
      assert.deepEqual([answer.result.policyVersion, answer.result.office], [rules.version, "central-valley"]);
    });
  });

  it("builds with the classic builder to an image of at most 16 MB, as a user that is not root", async () => {
    const name = `${REGISTRY}/hms-test/example:${process.pid}`;
    const env = {
      ...process.env,
      DOCKER_BUILDKIT: "0",
      ...(existsSync(SOCKET) ? { DOCKER_HOST: `unix://${SOCKET}` } : {}),
    };
    await run("docker", ["build", "--quiet", "--tag", name, "."], { cwd: EXAMPLE, env });
    try {
      await run("docker", ["push", "--quiet", name], { env });
      const url = `http://${REGISTRY}/v2/hms-test/example/manifests`;
      const accept = "application/vnd.docker.distribution.manifest.v2+json";
      const response = await fetch(`${url}/${process.pid}`, { headers: { accept } });
      const manifest = (await response.json()) as { readonly layers: readonly { readonly size: number }[] };
      assert.ok(manifest.layers.reduce((sum, { size }) => sum + size, 0) <= LARGEST_BYTES);
      const { stdout } = await run("docker", ["image", "inspect", "--format", "{{.Config.User}}", name], { env });
      assert.match(stdout, /^[1-9]\d*:[1-9]\d*\n$/);
      await fetch(`${url}/${response.headers.get("docker-content-digest") ?? ""}`, { method: "DELETE" });
    } finally {
      await run("docker", ["image", "rm", "--force", name], { env });
    }
  });
});
