import { writeFile } from "node:fs/promises";
import path from "node:path";
import { judgeDatabase } from "../../core/scan/database";
import { FAIL_ON } from "../../core/scan/failOn";
import { CHOICE, choiceProblem, DEFAULT_SCANNERS, SCANNERS } from "../../core/scan/scanners";
import { verdictText } from "../../core/scan/text";
import { chooseDocker } from "../../platform/local/docker";
import { loadLayout } from "../../platform/local/layout";
import { RefusedError } from "../../platform/errors";
import { EngineRefusal, EngineUnreachable } from "../../platform/plugins/docker/engineApi";
import { parseReference } from "../../platform/plugins/docker/reference";
import { Progress } from "../../platform/progress";
import { defaultDatabase, findDatabase, importDatabase } from "../../provider/scan/databaseFolder";
import { scanImage } from "../../provider/scan/scan";
import { scanContext, waiversIn } from "../../provider/scan/settings";
import { answer, EXIT, JSON_OPTION, UsageError, type Command, type Invocation, type Io } from "../command";
import { withCommitStatus } from "../commitStatus";
import { secondsOf } from "../snapshots";

const DATABASE = {
  flags: "--database <folder>",
  description: "where advisories are kept (default: HMS_SCAN_DATABASE, else scan/database in HMS_HOME)",
};
const MAX_AGE = {
  flags: "--max-age <duration>",
  description: "how old the newest advisory may be",
  default: "7d",
};

const databaseOf = (invocation: Invocation, io: Io): string =>
  path.resolve(invocation.text("database") ?? defaultDatabase(io.env));

/** `hms scan image`: exit 0 only for the verdict `pass`. */
const image: Command = {
  name: "scan image",
  summary: "Scans an image for known weaknesses and secrets, without network.",
  arguments: [{ syntax: "<image>", description: "name of the image, by tag or digest" }],
  options: [
    { flags: "--fail-on <severity>", description: FAIL_ON.join(" or "), default: "critical" },
    MAX_AGE,
    {
      flags: "--scanners <names>",
      description: `who is to scan, with commas: ${SCANNERS.join(", ")}`,
      default: DEFAULT_SCANNERS.join(","),
    },
    { flags: "--waivers <file>", description: "findings that somebody answers for" },
    { flags: "--sbom <file>", description: "write the bill of materials there, CycloneDX JSON" },
    DATABASE,
    JSON_OPTION,
  ],
  examples: [
    "hms scan image 127.0.0.1:5000/drought-benefit:latest --fail-on high",
    "hms scan image 127.0.0.1:5000/drought-benefit:latest --scanners osv-scanner,gitleaks,grype",
    "hms scan image registry.example.gov/app@sha256:… --waivers scan-waivers.yaml --sbom app.cdx.json --json",
  ],
  async run(invocation, io) {
    const name = invocation.argument(0) ?? "";
    if (parseReference(name) === undefined)
      throw new UsageError(`"${name}" is no image; allowed is [registry/]repository[:tag][@sha256:digest]`);
    const asked = invocation.required("failOn");
    const failOn = FAIL_ON.find((one) => one === asked);
    if (failOn === undefined) throw new UsageError(`--fail-on is ${FAIL_ON.join(" or ")}, got "${asked}"`);
    const chosen = invocation.required("scanners").split(",");
    const problem = choiceProblem(chosen);
    if (problem !== undefined) throw new UsageError(`--scanners is ${CHOICE}; got ${problem}`);
    const waivers = invocation.text("waivers");
    const settings = {
      failOn,
      maxDatabaseAge: secondsOf(invocation, "maxAge", "--max-age"),
      waivers: waivers === undefined ? [] : await waiversIn(waivers),
      leastComponents: 1,
      database: databaseOf(invocation, io),
      scanners: SCANNERS.filter((name) => chosen.includes(name)),
    };
    const progress = new Progress(io.err);
    const step = progress.step(`scan ${name}`);
    const { host } = await chooseDocker(loadLayout(io.env), io.env);
    const env = host === undefined ? io.env : { ...io.env, DOCKER_HOST: host };
    const context = scanContext(
      env,
      progress,
      (text) => {
        step.note(text);
      },
      io.signal,
    );
    const { verdict, sbom } = await scanImage(name, settings, context)
      .catch(foreseen)
      .finally(() => {
        step.done();
        progress.close();
      });
    const file = invocation.text("sbom");
    if (file !== undefined) await writeFile(file, sbom);
    answer(io, invocation.flag("json"), verdict, () => verdictText(verdict));
    return verdict.verdict === "pass" ? EXIT.done : EXIT.refused;
  },
};

/** What the Docker Engine says is for the user, without a stack. */
function foreseen(error: unknown): never {
  if (error instanceof EngineRefusal || error instanceof EngineUnreachable)
    throw new RefusedError(`the image cannot be read: ${error.message}`, { cause: error });
  throw error;
}

/** `hms scan database import`. */
const importAdvisories: Command = {
  name: "scan database import",
  summary: "Takes over advisories from a folder of OSV's dumps, after reading every one of them.",
  arguments: [{ syntax: "<folder>", description: "holds <ecosystem>/all.zip: npm, Go, PyPI, Debian, …" }],
  options: [DATABASE, JSON_OPTION],
  examples: ["hms scan database import /media/osv", "hms scan database import ./osv --json"],
  async run(invocation, io) {
    const database = databaseOf(invocation, io);
    const progress = new Progress(io.err);
    const step = progress.step("import advisories");
    const manifest = await importDatabase(path.resolve(invocation.argument(0) ?? ""), database, new Date(), {
      signal: io.signal,
      note: (name, advisories) => {
        step.note(`${name}: ${advisories}`);
      },
    }).finally(() => {
      step.done();
      progress.close();
    });
    answer(io, invocation.flag("json"), { database, ...manifest }, () =>
      Object.entries(manifest.parts)
        .map(([name, { advisories, newest }]) => `${name}: ${advisories} advisories, the newest of ${newest}`)
        .join("\n"),
    );
  },
};

/** `hms scan database status`: exit 0 only if a scan may rely on all of it. */
const status: Command = {
  name: "scan database status",
  summary: "Says whether the advisories of this machine are whole and fresh.",
  options: [MAX_AGE, DATABASE, JSON_OPTION],
  examples: ["hms scan database status", "hms scan database status --max-age 1d --json"],
  async run(invocation, io) {
    const database = databaseOf(invocation, io);
    const found = await findDatabase(database);
    const parts = found.kind === "read" ? found.manifest.parts : {};
    const maxAge = secondsOf(invocation, "maxAge", "--max-age");
    const judged = judgeDatabase(found, Object.keys(parts), new Date(), maxAge);
    const document = {
      database,
      state: judged.state,
      why: "why" in judged ? judged.why : null,
      ...judged.facts,
      parts,
    };
    answer(io, invocation.flag("json"), document, () =>
      [
        ...Object.entries(parts).map(
          ([name, { advisories, newest }]) => `${name}: ${advisories} advisories, the newest of ${newest}`,
        ),
        judged.state === "fresh" ? `fresh: ${judged.facts.digest}` : `${judged.state}: ${judged.why}`,
      ].join("\n"),
    );
    return judged.state === "fresh" ? EXIT.done : EXIT.refused;
  },
};

export const scanCommands: readonly Command[] = [withCommitStatus(image, "hms/scan"), importAdvisories, status];
