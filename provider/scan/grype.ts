import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { readGrypeReport, readGrypeStatus, readGrypeVersion } from "../../core/scan/grypeReport";
import { reasonOf } from "../../platform/errors";
import { tryExec } from "../../platform/exec";
import { judged, lastWords, missed, type ImageScanner } from "./imageScanner";
import { without } from "./scanner";

const HOW = "Put a newer one in place with: grype db update, or grype db import FILE";

/** How old its database may be is for us to say; that it is whole, it says itself. */
const SETTINGS = [
  "check-for-app-update: false",
  "db:",
  "  auto-update: false",
  "  validate-age: false",
  "  validate-by-hash-on-start: true",
  "",
].join("\n");

/** grype, without network, and with no settings but ours: a file of exceptions on the machine changes nothing. */
export const grype =
  (program: string): ImageScanner =>
  async (question, { folder, env, signal }) => {
    const kept = env.GRYPE_DB_CACHE_DIR;
    const clean = { ...without(env, "GRYPE_"), ...(kept === undefined ? {} : { GRYPE_DB_CACHE_DIR: kept }) };
    const work = path.join(folder, "grype");
    await mkdir(work);
    const settings = path.join(work, "settings.yaml");
    await writeFile(settings, SETTINGS);
    const run = (...args: readonly string[]) =>
      tryExec(program, [...args, "--config", settings], { env: { ...clean, TMPDIR: work }, signal, cwd: work });
    let scanner = { name: "grype", version: "unknown" };

    let status: ReturnType<typeof readGrypeStatus>;
    try {
      scanner = { ...scanner, version: readGrypeVersion(JSON.parse((await run("version", "-o", "json")).stdout)) };
      // It ends with a failure where the database is missing or damaged, and has said why.
      status = readGrypeStatus(JSON.parse((await run("db", "status", "-o", "json")).stdout));
    } catch (error) {
      const problem = `what it says of itself and its database cannot be read: ${reasonOf(error)}`;
      return { scanned: { scanner, findings: [], problems: [problem] }, database: undefined };
    }
    const { builtAt, said, error: broken } = status;
    if (broken !== undefined) {
      const problems = [`its database cannot be used: ${broken}. ${HOW}`];
      return { scanned: { scanner, findings: [], problems }, database: undefined };
    }
    const database = judged({ scanner: "grype", builtAt, said, how: HOW }, question);
    const silent = (problems: readonly string[]) => ({ scanned: { scanner, findings: [], problems }, database });
    if (database.state === "error") return silent([]);

    const report = path.join(work, "report.json");
    const { code, stderr } = await run(...[`docker-archive:${question.image.archive}`, "-o", "json", "--file", report]);
    if (code !== 0) return silent([`it failed (exit ${code}): ${lastWords(stderr, folder)}`]);
    try {
      const { components, image } = question;
      const read = readGrypeReport(JSON.parse(await readFile(report, "utf8")), components, image.plant);
      const packaged = components.some(({ purl }) => purl.startsWith("pkg:deb/"));
      const problems = [
        ...missed(read, image, false),
        ...read.alerts.map((alert) => `it says that too little is known: ${alert}`),
        ...(packaged && read.distribution === ""
          ? ["it does not know the image's distribution, and so none of its packages"]
          : []),
      ];
      return { scanned: { scanner, findings: read.vulnerabilities, problems }, database };
    } catch (error) {
      return silent([`its report cannot be read: ${reasonOf(error)}`]);
    }
  };
