import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { trustedKeys } from "../../core/attest/keys";
import { sha256 } from "../../core/sha256";
import { sign } from "../../provider/attest/sign";
import { verify } from "../../provider/attest/verify";
import { importDatabase } from "../../provider/scan/databaseFolder";
import { CRITICAL, planted, writeDumps } from "../support/advisories";
import { newImageKey } from "../support/imageKey";
import { PluginProject, type Run } from "./support/pluginProject";

const ROOT = resolve(__dirname, "../..");
const REGISTRY = process.env.HMS_REGISTRY ?? "127.0.0.1:5000";
const HMS_HOME = process.env.HMS_HOME ?? join(homedir(), ".hms");
const SOCKET = join(HMS_HOME, "run/docker.sock");
const DOCKER_HOST = existsSync(SOCKET)
  ? `unix://${SOCKET}`
  : (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock");
const NAME = "hms-test/scanned";
const REPOSITORY = `${REGISTRY}/${NAME}`;
/** Each build is another image, in a repository that other runs share. */
const RUN = `${process.pid.toString(16)}${Date.now().toString(16)}`;
const ACCEPT = "application/vnd.docker.distribution.manifest.v2+json";
const DAY = 86_400;
const TOKEN = `ghp_${Array.from({ length: 36 }, (_, index) => "aB3dE5gH7jK9mN1pQ"[(index * 7) % 17]).join("")}`;

const manifest = (reference: string, method = "GET") =>
  fetch(`http://${REGISTRY}/v2/${NAME}/manifests/${reference}`, { method, headers: { accept: ACCEPT } });

describe("an image that is built, under the engine, with the real scanners, Docker and registry", function () {
  this.timeout(120_000);
  const project = new PluginProject("docker", "5.2.0");
  const tags: string[] = [];
  const key = newImageKey();

  before(async () => {
    writeFileSync(join(project.folder, "sign.pem"), key.privatePem, { mode: 0o600 });
    const ours = `plugins:\n  providers:\n    - name: hms\n      path: ${join(ROOT, "provider")}\n`;
    project.write("Pulumi.yaml", `name: conformance\nruntime: nodejs\nmain: index.js\n${ours}`);
    Object.assign(project.env, { DOCKER_HOST, HMS_HOME, PULUMI_NODEJS_TRANSPILE_ONLY: "true" });
    for (const [name, age] of [
      ["fresh", 0],
      ["old", 30 * DAY],
    ] as const) {
      const modified = new Date(Date.now() - age * 1000);
      const dumps = join(project.folder, `${name}-dumps`);
      const bad = {
        id: "GHSA-test-crit-0001",
        ecosystem: "npm",
        name: "bad-thing",
        versions: ["1.0.0"],
        vector: CRITICAL,
        aliases: ["CVE-2026-1001"],
        modified,
      };
      await writeDumps(dumps, { npm: [planted("npm", modified), bad] });
      await importDatabase(dumps, join(project.folder, name), new Date(), {
        signal: new AbortController().signal,
        note: () => undefined,
      });
    }
    project.env.HMS_SCAN_DATABASE = join(project.folder, "fresh");
    await project.createStack();
  });

  after(async () => {
    project.remove();
    for (const tag of tags) {
      await promisify(execFile)("docker", ["image", "rm", "--force", `${REPOSITORY}:${tag}`], {
        env: { ...process.env, DOCKER_HOST },
      }).catch(() => undefined);
      const digest = (await manifest(tag, "HEAD")).headers.get("docker-content-digest");
      if (digest !== null) await manifest(digest, "DELETE");
    }
  });

  /** An image of those files, and what became of it. */
  async function up(
    name: string,
    files: Readonly<Record<string, string>>,
    scan: object = {},
  ): Promise<Run & { readonly tag: string }> {
    const app = join(project.folder, "project/app");
    rmSync(app, { recursive: true, force: true });
    mkdirSync(join(app, "files"), { recursive: true });
    writeFileSync(join(app, "Dockerfile"), `FROM scratch\nCOPY files/ /\nLABEL run=${RUN}-${name}\n`);
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(join(app, "files", file, ".."), { recursive: true });
      writeFileSync(join(app, "files", file), content);
    }
    const hash = sha256(`${name} ${RUN}`);
    const tag = hash.slice(0, 12);
    tags.push(tag);
    const wish = { failOn: "critical", maxDatabaseAge: 7 * DAY, minComponents: 1, waivers: [], ...scan };
    project.program(`
      const { PolicyImage } = require("${join(ROOT, "components/policyImage.ts")}");
      const hms = new pulumi.ProviderResource("hms", "hms", { context: "none" });
      const built = new PolicyImage("app", {
        repository: "${REPOSITORY}", context: "app", dockerfile: "Dockerfile",
        contextHash: "${hash}", service: "app", namespace: "test", scan: ${JSON.stringify(wish)},
        signing: ${JSON.stringify({ local: false, signer: { file: join(project.folder, "sign.pem") } })},
      }, { providers: { docker: new docker.Provider("docker"), hms } });
      module.exports = { image: built.image };
    `);
    return { ...(await project.up()), tag };
  }

  const packaged = (name: string) => ({
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: "1.0.0" }),
  });

  async function refused(done: Run & { readonly tag: string }, why: RegExp): Promise<void> {
    assert.notEqual(done.code, 0, done.text);
    assert.match(done.text, why);
    assert.match(done.text, /app: nothing was pushed, for the scan of /);
    assert.equal((await manifest(done.tag)).status, 404, "it is in the registry");
  }

  it("is pushed when its scan passes, which is attested with what it is made of; unchanged it is not scanned again", async () => {
    const done = await up("good", packaged("good-thing"));
    assert.equal(done.code, 0, done.text);
    const { image } = await project.outputs();
    assert.match(String(image), new RegExp(`^${REPOSITORY}@sha256:[0-9a-f]{64}$`));
    assert.equal((await manifest(String(image).split("@")[1] ?? "")).status, 200);
    const scanned = project.resources().find(({ type }) => type === "hms:image:ScannedImage");
    assert.deepEqual((scanned?.outputs?.verdict as Record<string, unknown>).verdict, "pass");
    // Both were said beside it; only the signature that a deploy adds is missing.
    await sign(String(image), key.signer);
    const verdict = await verify(String(image), trustedKeys([key.pem]), { attestations: ["scan", "sbom"] });
    assert.ok(verdict.ok, JSON.stringify(verdict));
    const again = await project.up("--refresh", "--expect-no-changes");
    assert.equal(again.code, 0, again.text);
  });

  it("is not pushed with a planted critical weakness", async () => {
    await refused(
      await up("crit", packaged("bad-thing")),
      /the scan of .* fails: CVE-2026-1001 \(critical 9\.8\) in npm\/bad-thing 1\.0\.0/,
    );
  });

  it("is pushed with one that somebody answers for, who is named", async () => {
    const waivers = [
      {
        id: "CVE-2026-1001",
        package: "npm/bad-thing",
        owner: "platform",
        reason: "not reachable",
        expires: "2999-01-01",
      },
    ];
    const done = await up("waived", packaged("bad-thing"), { waivers });
    assert.equal(done.code, 0, done.text);
    assert.match(done.text, /CVE-2026-1001 is waived by platform until 2999-01-01: not reachable/);
  });

  it("is not pushed with a planted secret, which is not shown", async () => {
    const done = await up("secret", { ...packaged("good-thing"), "etc/app.conf": `token = "${TOKEN}"\n` });
    await refused(done, /fails: secret \(github-pat\) in layer 0: etc\/app\.conf, line 1/);
    assert.ok(!done.text.includes(TOKEN) && !project.stateText().includes(TOKEN));
  });

  it("is not pushed by a stale or a missing database, each in its own words", async () => {
    project.env.HMS_SCAN_DATABASE = join(project.folder, "old");
    await refused(await up("stale", packaged("good-thing")), /cannot be trusted: the database of advisories is stale/);
    project.env.HMS_SCAN_DATABASE = join(project.folder, "nothing");
    await refused(await up("nodb", packaged("good-thing")), /could not be made: there is no database of advisories/);
  });
});
