import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { ensureBaseImages } from "../../platform/local/baseImages";
import { loadLayout } from "../../platform/local/layout";
import { buildImage, pushImage } from "../../platform/plugins/docker/build";
import { type Call, EngineApi } from "../../platform/plugins/docker/engineApi";
import { openSession } from "../../platform/plugins/docker/session";
import { Progress } from "../../platform/progress";

const ROOT = resolve(__dirname, "../..");
const HMS_HOME = process.env.HMS_HOME ?? join(homedir(), ".hms");
const SOCKET = join(HMS_HOME, "run/docker.sock");
const DOCKER_HOST = existsSync(SOCKET)
  ? `unix://${SOCKET}`
  : (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock");
const REGISTRY = process.env.HMS_REGISTRY ?? "127.0.0.1:5000";
const EXECUTOR = `${REGISTRY}/hms/opa-executor:1.22.0`;
const NAME = "hms-test/reproducible";
const RUN = `${process.pid.toString(16)}${Date.now().toString(16)}`;
const ACCEPT = "application/vnd.docker.distribution.manifest.v2+json";
const run = promisify(execFile);

/** Another machine has no layers of an earlier build. */
class Elsewhere extends EngineApi {
  override call(call: Call) {
    return super.call(call.path === "/build" ? { ...call, query: { ...call.query, nocache: "1" } } : call);
  }
}

describe("the example image, built twice by the real Docker Engine", function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "hms-reproducible-"));
  const tags: string[] = [];
  const nothing = () => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, status: nothing };
  const signal = new AbortController().signal;
  const session = { ...openSession({}, { ...process.env, DOCKER_HOST }), engine: new Elsewhere({ host: DOCKER_HOST }) };

  before(async function () {
    this.timeout(900_000); // where the executor has to be made first
    const progress = new Progress({ write: () => true });
    const layout = loadLayout({ ...process.env, HMS_HOME });
    await ensureBaseImages(layout, [EXECUTOR], join(ROOT, "examples/drought-benefit"), { progress, signal });
  });

  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    const at = (what: string) => `http://${REGISTRY}/v2/${NAME}/manifests/${what}`;
    for (const tag of tags) {
      const env = { ...process.env, DOCKER_HOST };
      await run("docker", ["image", "rm", "--force", `${REGISTRY}/${NAME}:${tag}`], { env }).catch(nothing);
      const found = await fetch(at(tag), { method: "HEAD", headers: { accept: ACCEPT } });
      const digest = found.headers.get("docker-content-digest");
      if (digest !== null) await fetch(at(digest), { method: "DELETE" });
    }
  });

  /** A copy of the example with files of that time, built and pushed. @returns its digest in the registry */
  async function digestOf(name: string, time: Date, change?: (copy: string) => void): Promise<string> {
    const context = join(folder, name);
    cpSync(join(ROOT, "examples/drought-benefit"), context, { recursive: true });
    change?.(context);
    for (const file of readdirSync(join(context, "policy"))) utimesSync(join(context, "policy", file), time, time);
    utimesSync(join(context, "policy"), time, time);
    const [tag, work] = [`${name}-${RUN}`, { session, signal, log, hidden: [] }];
    tags.push(tag);
    const imageName = `${REGISTRY}/${NAME}:${tag}`;
    await buildImage({ imageName, build: { context, args: { EXECUTOR } } }, work);
    return pushImage(imageName, work);
  }

  it("is the same image from another folder, with files of another time, at another time; one byte more is another", async () => {
    const first = await digestOf("one", new Date("2020-02-02T02:02:02Z"));
    await pause(1100); // times in images are whole seconds
    const second = await digestOf("two", new Date("2026-06-06T06:06:06Z"));
    assert.match(first, /^sha256:[0-9a-f]{64}$/);
    assert.equal(second, first);
    const changed = await digestOf("three", new Date("2020-02-02T02:02:02Z"), (copy) => {
      writeFileSync(join(copy, "policy/note.rego"), "package note\n");
    });
    assert.notEqual(changed, first);
  });
});
