import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { readTrivyReport, readTrivyVersion } from "../../core/scan/trivyReport";
import { reasonOf } from "../../platform/errors";
import { tryExec } from "../../platform/exec";
import { judged, lastWords, missed, overlooked, type ImageScanner } from "./imageScanner";
import { without } from "./scanner";

const HOW = "Put a newer one in place with: trivy image --download-db-only, or copy db/ of its cache folder";

/**
 * trivy, without network and by its own rules alone: it runs in an empty folder, so that no settings file or list of exceptions
 * is found, and what an earlier scan kept of a layer is not believed.
 */
export const trivy =
  (program: string): ImageScanner =>
  async (question, { folder, env, signal }) => {
    const clean = {
      ...without(env, "TRIVY_"),
      ...(env.TRIVY_CACHE_DIR === undefined ? {} : { TRIVY_CACHE_DIR: env.TRIVY_CACHE_DIR }),
      ...{ TRIVY_CACHE_BACKEND: "memory", TRIVY_DISABLE_TELEMETRY: "true", TRIVY_SKIP_VERSION_CHECK: "true" },
    };
    const work = path.join(folder, "trivy");
    await mkdir(work);
    const run = (...args: readonly string[]) =>
      tryExec(program, args, { env: { ...clean, TMPDIR: work }, signal, cwd: work });
    const nameless = { name: "trivy", version: "unknown" };

    const said = await run("version", "--format", "json");
    let own: ReturnType<typeof readTrivyVersion>;
    try {
      own = readTrivyVersion(JSON.parse(said.stdout));
    } catch (error) {
      const problem = `what it says of itself and its database cannot be read: ${reasonOf(error)}`;
      return { scanned: { scanner: nameless, findings: [], problems: [problem] }, database: undefined };
    }
    const scanner = { ...nameless, version: own.version };
    const database = judged(
      { scanner: "trivy", builtAt: own.database?.builtAt, said: own.database?.said, how: HOW },
      question,
    );
    const silent = (problems: readonly string[]) => ({ scanned: { scanner, findings: [], problems }, database });
    if (database.state === "error") return silent([]);

    const report = path.join(work, "report.json");
    const offline = ["--skip-db-update", "--skip-java-db-update", "--offline-scan", "--no-progress"];
    const { code, stderr } = await run(
      ...["image", "--input", question.image.archive, "--format", "json", "--output", report],
      ...["--scanners", "vuln,secret", "--list-all-pkgs", "--exit-code", "0", ...offline],
    );
    if (code !== 0) return silent([`it failed (exit ${code}): ${lastWords(stderr, folder)}`]);
    try {
      const { components, image } = question;
      const json: unknown = JSON.parse(await readFile(report, "utf8"));
      const read = readTrivyReport(json, components, image.layers, image.plant);
      const problems = [...missed(read, image, true), ...overlooked(read, components)];
      return { scanned: { scanner, findings: [...read.vulnerabilities, ...read.secrets], problems }, database };
    } catch (error) {
      return silent([`its report cannot be read: ${reasonOf(error)}`]);
    }
  };
