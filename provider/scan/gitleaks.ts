import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import { PLANTED, readSecretReport } from "../../core/scan/secretReport";
import { reasonOf } from "../../platform/errors";
import { exec, tryExec } from "../../platform/exec";
import { without, type SecretScanner } from "./scanner";

/** Archives in archives, as a layer holds a jar: so deep it looks. */
const DEPTH = 4;

/**
 * gitleaks on the archives of all layers: what a later layer takes away is still in the image. Nothing in the image has a
 * say in how it is scanned: neither a .gitleaks.toml, nor a .gitleaksignore, nor a comment.
 */
export function gitleaks(program: string): SecretScanner {
  return {
    async scan(image, { folder, env, signal }) {
      const clean = without(env, "GITLEAKS");
      const version = (await exec(program, ["version"], { env: clean, signal })).trim();
      const work = path.join(folder, "gitleaks");
      await mkdir(work);
      const [report, config] = [path.join(work, "report.json"), path.join(work, "config.toml")];
      await writeFile(config, "[extend]\nuseDefault = true\n");
      await plant(path.join(image, PLANTED.archive));
      const flags = ["--ignore-gitleaks-allow", "--redact=100", "--no-banner", "--no-color", "--log-level", "error"];
      const result = await tryExec(
        program,
        [
          ...["dir", image, "--config", config, "--gitleaks-ignore-path", path.join(work, "none")],
          ...["--max-archive-depth", String(DEPTH), "--report-format", "json", "--report-path", report],
          ...["--exit-code", "0", ...flags],
        ],
        { env: clean, signal, cwd: work },
      );
      const scanner = { name: "gitleaks", version };
      // Its words may hold what it found.
      if (result.code !== 0) return { scanner, findings: [], problems: [`it failed (exit ${result.code})`] };
      try {
        const { secrets, planted } = readSecretReport(JSON.parse(await readFile(report, "utf8")) as unknown);
        const problems = planted
          ? []
          : ["it did not find the secret that was planted, so what else it did not find proves nothing"];
        return { scanner, findings: secrets, problems };
      } catch (error) {
        return { scanner, findings: [], problems: [`its report cannot be read: ${reasonOf(error)}`] };
      }
    },
  };
}

/** A token that never was one, in an archive as the layers are: another one each time. */
async function plant(file: string): Promise<void> {
  const token = `ghp_${randomBytes(36)
    .toString("base64")
    .replace(/[^A-Za-z0-9]/g, "x")
    .slice(0, 36)}`;
  const tar = pack();
  tar.entry({ name: PLANTED.file }, `token = "${token}"\n`);
  tar.finalize();
  await pipeline(tar, createWriteStream(file));
}
