import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { ScanVerdict } from "../../core/scan/verdict";
import { refusalText } from "../../core/scan/text";
import { readWaivers } from "../../core/scan/waiver";
import { RefusedError } from "../../platform/errors";
import { Progress } from "../../platform/progress";
import { importDatabase } from "../../provider/scan/databaseFolder";
import { scanImage, type ScanSettings } from "../../provider/scan/scan";
import { scanContext } from "../../provider/scan/settings";
import { CRITICAL, HIGH, planted, writeDumps } from "../support/advisories";
import { ZipFile } from "yazl";

const HMS_HOME = process.env.HMS_HOME ?? join(homedir(), ".hms");
const SOCKET = join(HMS_HOME, "run/docker.sock");
const DOCKER_HOST = existsSync(SOCKET)
  ? `unix://${SOCKET}`
  : (process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock");
const env = { ...process.env, HMS_HOME, DOCKER_HOST };
const RUN = `${process.pid}-${Date.now().toString(36)}`;
const HOUR = 3600;
const run = promisify(execFile);
const silent = new Progress({ write: () => true });
const quiet = { signal: new AbortController().signal, note: () => undefined };
/** Looks like a token that a scanner knows; made here, so that no file of the project holds one. */
const token = (): string =>
  `ghp_${Array.from({ length: 36 }, (_, index) => "aB3dE5gH7jK9mN1pQ"[(index * 7) % 17]).join("")}`;

describe("a scan, with the real scanners, of real images", function () {
  this.timeout(60_000);
  let folder = "";
  let database = "";
  const images: string[] = [];

  before(async function () {
    this.timeout(1_800_000); // where the scanners have to be built first
    folder = await mkdtemp(join(tmpdir(), "hms-scan-"));
    const context = scanContext(env, silent, () => undefined, quiet.signal);
    for (const tool of ["gitleaks", "osv-scanner"] as const) await context.tool(tool);
    database = await imported("fresh", new Date());
  });

  after(async () => {
    if (images.length > 0) await run("docker", ["image", "rm", "--force", ...images], { env });
    await rm(folder, { recursive: true, force: true });
  });

  /** A database whose newest advisory is of that time. */
  async function imported(name: string, modified: Date): Promise<string> {
    const dumps = join(folder, `${name}-dumps`);
    await writeDumps(dumps, {
      npm: [
        planted("npm", modified),
        {
          id: "GHSA-test-crit-0001",
          ecosystem: "npm",
          name: "bad-thing",
          versions: ["1.0.0"],
          vector: CRITICAL,
          aliases: ["CVE-2026-1001"],
          modified,
        },
        {
          id: "GHSA-test-high-0002",
          ecosystem: "npm",
          name: "worse-thing",
          versions: ["2.0.0"],
          vector: HIGH,
          aliases: ["CVE-2026-1002"],
          modified,
        },
      ],
      Debian: [
        { ...planted("Debian:12", modified), id: "DEBIAN-PLANTED-1" },
        {
          id: "DEBIAN-CVE-2026-1003",
          ecosystem: "Debian:12",
          name: "openssl",
          versions: ["3.0.1-1"],
          vector: CRITICAL,
          modified,
        },
      ],
    });
    const place = join(folder, name);
    await importDatabase(dumps, place, new Date(), quiet);
    return place;
  }

  /** Files of each layer, the lowest first. */
  async function image(name: string, ...layers: readonly Readonly<Record<string, string>>[]): Promise<string> {
    const context = join(folder, `image-${name}`);
    for (const [number, files] of layers.entries())
      for (const [file, content] of Object.entries(files)) {
        await mkdir(dirname(join(context, String(number), file)), { recursive: true });
        await writeFile(join(context, String(number), file), content);
      }
    const copies = layers.map((_, number) => `COPY ${number}/ /`).join("\n");
    await writeFile(join(context, "Dockerfile"), `FROM scratch\n${copies}\nLABEL run=${RUN}\n`);
    const tag = `hms-test/scan-${name}:${RUN}`;
    await run("docker", ["build", "--quiet", "--tag", tag, context], { env: { ...env, DOCKER_BUILDKIT: "0" } });
    images.push(tag);
    return tag;
  }

  const npmPackage = (name: string, version: string) => ({
    [`app/node_modules/${name}/package.json`]: JSON.stringify({ name, version }),
  });
  const debian = (...packages: readonly (readonly [name: string, source: string, version: string])[]) => ({
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    ...Object.fromEntries(
      packages.map(([name, source, version]) => [
        `var/lib/dpkg/status.d/${name}`,
        `Package: ${name}\nSource: ${source}\nVersion: ${version}\nArchitecture: amd64\n`,
      ]),
    ),
  });

  async function scan(name: string, over: Partial<ScanSettings> = {}): Promise<ScanVerdict> {
    const settings = {
      failOn: "critical",
      maxDatabaseAge: 24 * HOUR,
      waivers: [],
      leastComponents: 1,
      database,
      ...over,
    } as const;
    const { verdict } = await scanImage(
      name,
      settings,
      scanContext(env, silent, () => undefined, quiet.signal),
    );
    return verdict;
  }

  it("passes what nothing is known against, and says with what it looked", async () => {
    const verdict = await scan(
      await image("good", { ...npmPackage("good-thing", "1.0.0"), ...debian(["libc6", "glibc", "2.36-9"]) }),
    );
    assert.deepEqual([verdict.verdict, verdict.reasons, verdict.components], ["pass", [], 2]);
    assert.deepEqual(
      verdict.scanners.map(({ name, version }) => [name, /^\d+\.\d+\.\d+$/.test(version)]),
      [
        ["osv-scanner", true],
        ["gitleaks", true],
      ],
    );
    assert.match(verdict.database?.digest ?? "", /^sha256:[0-9a-f]{64}$/);
    assert.match(verdict.target.id, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(
      await readdir(join(HMS_HOME, "scan/work")).then((names) =>
        names.filter((name) => name.startsWith(`${process.pid}-`)),
      ),
      [],
    );
  });

  it("fails a critical weakness of npm, and a high one where high ones fail", async () => {
    const both = await image("bad", { ...npmPackage("bad-thing", "1.0.0"), ...npmPackage("worse-thing", "2.0.0") });
    const critical = await scan(both);
    assert.equal(critical.verdict, "fail");
    assert.deepEqual(critical.reasons, ["CVE-2026-1001 (critical 9.8) in npm/bad-thing 1.0.0"]);
    assert.deepEqual(critical.findings.length, 2);
    assert.equal((await scan(both, { failOn: "high" })).reasons.length, 2);
  });

  it("fails one of a Debian source package, whatever the package that was built from it is called", async () => {
    const verdict = await scan(await image("debian", debian(["libssl3", "openssl", "3.0.1-1"])));
    assert.match(refusalText(verdict), /fails: DEBIAN-CVE-2026-1003 \(critical 9\.8\) in Debian\/openssl 3\.0\.1-1/);
  });

  it("passes what somebody answers for, and reports it; fails again when that has ended", async () => {
    const bad = await image("waived", npmPackage("bad-thing", "1.0.0"));
    const entry = { id: "CVE-2026-1001", package: "npm/bad-thing", owner: "platform", reason: "not reachable" };
    const waivers = (expires: string) => {
      const read = readWaivers({ waivers: [{ ...entry, expires }] });
      assert.ok(read.ok);
      return { waivers: read.value };
    };
    const good = await scan(bad, waivers("2999-01-01"));
    assert.deepEqual([good.verdict, good.waived.map(({ waiver }) => waiver.owner)], ["pass", ["platform"]]);
    assert.match(refusalText(await scan(bad, waivers("2020-01-01"))), /the waiver of platform expired on 2020-01-01/);
  });

  it("fails a secret, also one that a later layer took away or that the image tells not to look at, and never shows it", async () => {
    const secret = token();
    const hidden = await image(
      "secret",
      {
        ...npmPackage("good-thing", "1.0.0"),
        "etc/app.conf": `token = "${secret}" # gitleaks:allow\n`,
        ".gitleaks.toml": '[allowlist]\npaths = [".*"]\n',
      },
      { "etc/app.conf": "token = none\n", ".gitleaksignore": "layer-0.tar!etc/app.conf:github-pat:1\n" },
    );
    const verdict = await scan(hidden);
    assert.deepEqual(verdict.reasons, ["secret (github-pat) in layer 0: etc/app.conf, line 1"]);
    assert.doesNotMatch(JSON.stringify(verdict), new RegExp(secret));
  });

  it("cannot be made of an image that nothing can be read of", async () => {
    assert.match(
      refusalText(await scan(await image("empty", { "app/run": "#!/bin/sh\n" }))),
      /could not be made: 0 packages were found/,
    );
    const foreign = await image("foreign", {
      ...npmPackage("good-thing", "1.0.0"),
      "lib/apk/db/installed": "P:musl\nV:1\n",
    });
    assert.match(
      refusalText(await scan(foreign)),
      /packages of apk \(lib\/apk\/db\/installed\), which cannot be listed/,
    );
    const python = await image("python", { "lib/x-1.0.dist-info/METADATA": "Name: x\nVersion: 1.0\n" });
    assert.match(refusalText(await scan(python)), /has none for PyPI, and the image has such packages/);
  });

  it("is not made with a database that is missing, stale, damaged or of another version, each in its own words", async () => {
    const good = await image("again", npmPackage("good-thing", "1.0.0"));
    const missing = await scan(good, { database: join(folder, "nothing") });
    assert.deepEqual([missing.verdict, missing.database], ["error", null]);
    assert.match(refusalText(missing), /there is no database of advisories at .*Import one/);

    const old = await imported("old", new Date(Date.now() - 30 * HOUR * 1000));
    const stale = await scan(good, { database: old });
    assert.equal(stale.verdict, "stale");
    assert.match(refusalText(stale), /cannot be trusted: the database of advisories is stale/);
    assert.equal((await scan(good, { database: old, maxDatabaseAge: 48 * HOUR })).verdict, "pass");

    const damaged = await imported("damaged", new Date());
    truncateSync(join(damaged, "current/osv-scanner/npm/all.zip"), 100);
    assert.match(
      refusalText(await scan(good, { database: damaged })),
      /npm are not what was imported: the archive is damaged/,
    );
    await rm(join(damaged, "current/osv-scanner/npm/all.zip"));
    assert.match(refusalText(await scan(good, { database: damaged })), /the archive is missing/);
    const manifest = join(damaged, "current/database.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace("hms-scan-database/1", "hms-scan-database/0"));
    assert.match(
      refusalText(await scan(good, { database: damaged })),
      /cannot be read: database\.json: schema: .*another version/,
    );
    writeFileSync(manifest, "{");
    assert.match(refusalText(await scan(good, { database: damaged })), /database\.json is not JSON/);
  });

  it("cannot be made without a scanner that is asked for and not installed, whatever the others say", async () => {
    const bad = await image("absent", npmPackage("bad-thing", "1.0.0"));
    const settings = {
      failOn: "critical",
      maxDatabaseAge: 24 * HOUR,
      waivers: [],
      leastComponents: 1,
      database,
    } as const;
    const context = { ...scanContext(env, silent, () => undefined, quiet.signal), installed: () => undefined };
    const { verdict } = await scanImage(bad, { ...settings, scanners: ["osv-scanner", "gitleaks", "trivy"] }, context);
    assert.equal(verdict.verdict, "error");
    assert.deepEqual(verdict.reasons, [
      "trivy: it is asked for and not on PATH; install it (https://trivy.dev) on every machine that scans, or leave it out of hms:scan.scanners",
      "CVE-2026-1001 (critical 9.8) in npm/bad-thing 1.0.0; found by osv-scanner",
    ]);
  });

  it("cannot be made when the scanner does not find what is planted, as with an archive that it cannot read", async () => {
    const place = await imported("blind", new Date());
    const good = await image("blind", npmPackage("good-thing", "1.0.0"));
    // The manifest says what is there, so only the planted weakness shows that the scanner finds nothing in it.
    const archive = join(place, "current/osv-scanner/npm/all.zip");
    const empty = new ZipFile();
    empty.end();
    const chunks: Buffer[] = [];
    for await (const chunk of empty.outputStream as AsyncIterable<Buffer>) chunks.push(chunk);
    writeFileSync(archive, Buffer.concat(chunks));
    const { createHash } = await import("node:crypto");
    const manifest = join(place, "current/database.json");
    const json = JSON.parse(readFileSync(manifest, "utf8")) as { parts: { npm: { sha256: string } } };
    json.parts.npm.sha256 = createHash("sha256").update(Buffer.concat(chunks)).digest("hex");
    writeFileSync(manifest, JSON.stringify(json));
    const verdict = await scan(good, { database: place });
    assert.equal(verdict.verdict, "error");
    assert.match(
      verdict.reasons.join("\n"),
      /it did not find the planted GHSA-plan-npmx-0001 in npm\/planted-by-the-scan 1\.0\.0/,
    );
  });

  it("keeps the database that is in force when another one is damaged", async () => {
    const dumps = join(folder, "broken-dumps");
    await writeDumps(dumps, { npm: [planted("npm")] });
    const cases: readonly [string, () => void, RegExp][] = [
      [
        "no archive",
        () => {
          writeFileSync(join(dumps, "npm/all.zip"), "nothing");
        },
        /npm\/all\.zip: is damaged.*nothing was imported/s,
      ],
      [
        "a cut archive",
        () => {
          truncateSync(join(dumps, "npm/all.zip"), 3);
        },
        /is damaged/,
      ],
    ];
    const before = readFileSync(join(database, "current/database.json"), "utf8");
    for (const [name, break_, message] of cases) {
      break_();
      await assert.rejects(importDatabase(dumps, database, new Date(), quiet), (error: Error) => {
        assert.ok(error instanceof RefusedError, name);
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(
      importDatabase(join(folder, "image-good"), database, new Date(), quiet),
      /has no advisories: expected are folders/,
    );
    assert.equal(readFileSync(join(database, "current/database.json"), "utf8"), before);
    assert.deepEqual(
      (await readdir(database)).filter((name) => name.startsWith("new-")),
      [],
    );
  });
});
