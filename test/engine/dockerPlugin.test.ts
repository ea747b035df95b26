import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PluginProject } from "./support/pluginProject";

const REGISTRY = process.env.HMS_REGISTRY ?? "127.0.0.1:5000";
const HMS_HOME = process.env.HMS_HOME ?? join(homedir(), ".hms");
const SOCKET = join(HMS_HOME, "run/docker.sock");
const REPOSITORY = `${REGISTRY}/hms-test/docker-plugin`;
/** Unique for each run, as is the content of each image, so that nothing is found in a cache or left from before. */
const TAG = `run-${process.pid.toString()}-${Date.now().toString(36)}`;

const docker = (host: string, ...args: string[]) =>
  promisify(execFile)("docker", args, { env: { ...process.env, DOCKER_HOST: host } });

const program = (options = "", args = "{}") => `
  const image = new docker.Image("web", {
    imageName: "${REPOSITORY}:${TAG}",
    build: { context: "./app", args: ${args}, platform: "linux/amd64" },
    ${options}
  });
  image.repoDigest.apply(() => console.log("digest is known"));
  module.exports = { digest: image.repoDigest, base: image.baseImageName, server: image.registryServer };
`;

describe("the docker stand-in, under the engine, against a real Docker and registry", function () {
  const project = new PluginProject("docker", "5.2.0");
  const host = existsSync(SOCKET) ? `unix://${SOCKET}` : (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock");
  let digest = "";

  before(async () => {
    await docker(host, "version");
    project.env.DOCKER_HOST = host;
    mkdirSync(join(project.folder, "project/app"));
    project.write("app/Dockerfile", "FROM scratch\nCOPY data.txt /data.txt\n");
    project.write("app/data.txt", `one ${TAG}\n`);
    project.write("app/.dockerignore", "notes\n");
    await project.createStack();
  });

  after(async () => {
    project.remove();
    await docker(host, "image", "rm", "--force", `${REPOSITORY}:${TAG}`).catch(() => undefined);
    const last = `http://${REGISTRY}/v2/hms-test/docker-plugin/manifests`;
    const accept = "application/vnd.docker.distribution.manifest.v2+json";
    const left = (await fetch(`${last}/${TAG}`, { headers: { accept } })).headers.get("docker-content-digest");
    if (left !== null) await fetch(`${last}/${left}`, { method: "DELETE" });
  });

  it("builds nothing in a preview, and leaves the digest unknown", async () => {
    project.program(program());
    const preview = await project.pulumi("preview", "--diff", "--stack", "test");
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /digest\s*: \[unknown\]/);
    await assert.rejects(docker(host, "image", "inspect", `${REPOSITORY}:${TAG}`));
  });

  it("builds, pushes, and gives the digest under which the registry has the image", async () => {
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.match(up.text, /Step 2\/2 : COPY data\.txt/);
    assert.match(up.text, /Image \S+ created .*pushed to \S+$/m, "what it was at last is not what is shown last");
    const outputs = await project.outputs();
    digest = String(outputs.digest);
    assert.match(digest, new RegExp(`^${REPOSITORY.replaceAll(".", "\\.")}@sha256:[0-9a-f]{64}$`));
    assert.deepEqual([outputs.base, outputs.server], [`${REPOSITORY}:${TAG}`, REGISTRY]);
    const manifest = await fetch(`http://${digest.replace("/", "/v2/").replace("@", "/manifests/")}`, {
      headers: { accept: "application/vnd.docker.distribution.manifest.v2+json" },
    });
    assert.equal(manifest.status, 200);
  });

  it("does nothing for an unchanged context, and needs no Docker to know it", async () => {
    project.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
    const again = await project.up("--refresh", "--expect-no-changes");
    project.env.DOCKER_HOST = host;
    assert.equal(again.code, 0, again.text);
  });

  it("does nothing for a file that .dockerignore leaves out, for new times, or for another place", async () => {
    project.write("app/notes", "not part of it");
    project.write("app/data.txt", `one ${TAG}\n`);
    cpSync(join(project.folder, "project/app"), join(project.folder, "elsewhere"), { recursive: true });
    project.program(program().replace("./app", join(project.folder, "elsewhere")));
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
    project.program(program());
  });

  it("keeps the state when the registry cannot be asked, and builds again when it says that the image is gone", async () => {
    const [where = "", which = ""] = digest.split("@");
    const removed = await fetch(`http://${where.replace("/", "/v2/")}/manifests/${which}`, { method: "DELETE" });
    assert.equal(removed.status, 202);
    const preview = await project.pulumi("preview", "--refresh", "--stack", "test");
    assert.match(preview.text, /docker:index:Image web create/);
    const up = await project.up("--refresh");
    assert.equal(up.code, 0, up.text);
    assert.equal((await project.outputs()).digest, digest);
  });

  it("previews a changed file as an update of the image alone, and builds it", async () => {
    project.write("app/data.txt", `two ${TAG}\n`);
    const preview = await project.pulumi("preview", "--diff", "--stack", "test");
    assert.match(preview.text, /~ contextDigest: "[0-9a-f]{64}" => "[0-9a-f]{64}"/);
    assert.ok(!preview.text.includes("digest is known"), preview.text);
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    assert.ok(up.text.includes("digest is known"), up.text);
    assert.notEqual((await project.outputs()).digest, digest);
  });

  it("fails with the builder's last lines, keeps the state, and goes on after the repair", async () => {
    const before = (await project.outputs()).digest;
    project.write("app/Dockerfile", "FROM scratch\nCOPY missing.txt /\n");
    const failed = await project.up();
    assert.equal(failed.code, 1);
    assert.match(failed.text, /build of \S+ failed: COPY failed: .*missing\.txt/);
    assert.match(failed.text, /its last lines:\n\s+Step 1\/2 : FROM scratch/);
    assert.equal((await project.outputs()).digest, before);
    project.write("app/Dockerfile", "FROM scratch\nCOPY data.txt /data.txt\n");
    const repaired = await project.up("--expect-no-changes");
    assert.equal(repaired.code, 0, repaired.text);
  });

  it("says that no Docker is there, and where it looked, when a build is due", async () => {
    project.write("app/data.txt", `three ${TAG}\n`);
    project.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
    const failed = await project.up();
    project.env.DOCKER_HOST = host;
    assert.equal(failed.code, 1);
    assert.match(failed.text, /no Docker Engine at unix:\/\/\/nowhere\/docker\.sock: .*ENOENT/);
  });

  it("keeps credentials and secret build arguments out of state, display and errors", async () => {
    const planted = ["planted-password-4711", "planted-argument-4711"];
    project.write("app/Dockerfile", "FROM scratch\nARG TOKEN\nCOPY missing-${TOKEN} /\n");
    project.program(
      program(
        `registry: { server: "${REGISTRY}", username: "u", password: pulumi.secret("${planted[0] ?? ""}") },`,
        `{ TOKEN: pulumi.secret("${planted[1] ?? ""}") }`,
      ),
    );
    const failed = await project.up("--diff");
    assert.equal(failed.code, 1);
    assert.match(failed.text, /missing-\[secret\]/);
    project.write("app/Dockerfile", "FROM scratch\nARG TOKEN\nCOPY data.txt /\n");
    const up = await project.up("--diff");
    assert.equal(up.code, 0, up.text);
    for (const text of [failed.text, up.text, project.stateText()]) {
      for (const secret of planted) assert.ok(!text.includes(secret), secret);
    }
  });

  it("does not build anew for another password", async () => {
    project.program(
      program(
        `registry: { server: "${REGISTRY}", username: "u", password: pulumi.secret("rotated") },`,
        '{ TOKEN: pulumi.secret("planted-argument-4711") }',
      ),
    );
    const again = await project.up("--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  it("refuses in the preview what cannot be built, by property", async () => {
    for (const [change, reason] of [
      [["./app", "./nowhere"], "property build.context value"],
      [[`:${TAG}`, `:${TAG}@sha256:00`], "must be [registry/]repository[:tag], without a digest"],
      [["platform:", "plattform:"], "property build.plattform value"],
      [["./app", ".", "args:", 'dockerfile: "no", args:'], "must be a file, got no"],
    ] as const) {
      let text = program();
      for (let i = 0; i + 1 < change.length; i += 2) text = text.replace(change[i] ?? "", change[i + 1] ?? "");
      project.program(text);
      const preview = await project.pulumi("preview", "--stack", "test");
      assert.equal(preview.code, 1);
      assert.ok(preview.text.includes(reason), `${reason}\n--- not in ---\n${preview.text}`);
    }
  });

  it("looks up digests: from the registry without Docker, and from Docker", async () => {
    project.program(`
      module.exports = (async () => {
        const there = await docker.getRegistryImage({ name: "${REPOSITORY}:${TAG}" });
        const here = process.env.ASK_DOCKER ? await docker.getRemoteImage({ name: "${REPOSITORY}:${TAG}" }) : undefined;
        const pulled = process.env.ASK_DOCKER ? new docker.RemoteImage("pulled", { name: "${REPOSITORY}:${TAG}" }) : undefined;
        return { there: there.sha256Digest, here: here && here.repoDigest, pulled: pulled && pulled.repoDigest };
      });
    `);
    const expected = (await project.outputs()).digest;
    project.env.ASK_DOCKER = "1";
    const up = await project.up();
    assert.equal(up.code, 0, up.text);
    const { there, here, pulled } = await project.outputs();
    assert.deepEqual([`${REPOSITORY}@${String(there)}`, here, pulled], [expected, expected, expected]);
    delete project.env.ASK_DOCKER;
    project.program(`
      module.exports = async () => ({ none: (await docker.getRegistryImage({ name: "${REPOSITORY}:other" })).id });
    `);
    const missing = await project.pulumi("preview", "--stack", "test");
    assert.match(missing.text, /no digest for \S+:other: \S+ answered 404/);
  });

  it("pulls, refreshes, and removes an image again", async () => {
    project.program(`
      const pulled = new docker.RemoteImage("pulled", { name: "${REPOSITORY}:${TAG}" });
      module.exports = { id: pulled.imageId };
    `);
    const up = await project.up("--refresh");
    assert.equal(up.code, 0, up.text);
    project.env.DOCKER_HOST = "unix:///nowhere/docker.sock";
    const blind = await project.up("--refresh", "--expect-no-changes");
    project.env.DOCKER_HOST = host;
    assert.equal(blind.code, 0, blind.text);
    const destroy = await project.pulumi("destroy", "--yes", "--stack", "test");
    assert.equal(destroy.code, 0, destroy.text);
    await assert.rejects(docker(host, "image", "inspect", `${REPOSITORY}:${TAG}`));
  });
});

describe("a build that somebody stops", () => {
  const project = new PluginProject("docker", "5.2.0");
  const host = existsSync(SOCKET) ? `unix://${SOCKET}` : (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock");

  after(() => {
    project.remove();
  });

  it("ends with it, leaves no container behind, and is no pending operation", async () => {
    project.env.DOCKER_HOST = host;
    const app = join(project.folder, "project/app");
    mkdirSync(app);
    // A server as the only program of the image: a build step that never ends.
    cpSync(join(HMS_HOME, "bin/opa"), join(app, "opa"));
    writeFileSync(join(app, "Dockerfile"), 'FROM scratch\nCOPY opa /opa\nRUN ["/opa", "run", "--server"]\n');
    project.program(
      `new docker.Image("slow", { imageName: "${REPOSITORY}:${TAG}-slow", build: { context: "./app" }, skipPush: true });`,
    );
    await project.createStack();
    const up = project.start(["up", "--yes", "--skip-preview", "--stack", "test"]);
    await until(host, (steps) => steps.includes("/opa run --server"));
    up.interrupt();
    const { code, text } = await up.done;
    assert.equal(code, 1, text);
    assert.match(text, /cancelled/);
    assert.ok(!project.stateText().includes("pending_operations"));
    await until(host, (steps) => !steps.includes("/opa run --server"));
    rmSync(app, { recursive: true });
  });
});

const buildSteps = async (host: string): Promise<string> =>
  (await docker(host, "ps", "--no-trunc", "--format", "{{.Command}}")).stdout;

/** Waits until the build steps that run are such. */
async function until(host: string, isSo: (steps: string) => boolean): Promise<void> {
  for (const giveUp = Date.now() + 50_000; !isSo(await buildSteps(host));) {
    assert.ok(Date.now() < giveUp, `after 50 s these build steps run: ${await buildSteps(host)}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}
