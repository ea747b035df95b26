import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { RefusedError } from "../errors";
import { exec } from "../exec";
import { projectRoot } from "../home";
import { withLock } from "../lock";
import { whichOnPath, type ToolchainContext } from "./install";

/** The emulator of AWS and all that it loads, each file by its hash. */
const REQUIREMENTS = "platform/toolchain/moto.requirements.txt";

/** Starts it, with what it gets wrong put right. */
const STARTER = "platform/aws/emulator.py";

const folderOf = (home: string): string => path.join(home, "toolchain", "moto");

/** The Python that has the emulator, a virtual environment of its own. It need not exist yet. */
export const motoPython = (home: string): string => path.join(folderOf(home), "bin", "python");

/** The words that start the emulator on a port of loopback. Its state is in its memory, and ends with it. */
export const motoCommand = (home: string, port: number): readonly [program: string, ...args: string[]] => [
  motoPython(home),
  ...[path.join(projectRoot(), STARTER), "-H", "127.0.0.1", "-p", String(port)],
];

/** What it starts with: policies that AWS itself has are there, as in an account. */
export const MOTO_ENVIRONMENT: Readonly<Record<string, string>> = { MOTO_IAM_LOAD_MANAGED_POLICIES: "true" };

/** Installs the emulator in its pinned versions, if it is not there; once, about a minute, 120 MB. */
export async function ensureMoto({ home, progress, signal }: ToolchainContext): Promise<void> {
  const requirements = path.join(projectRoot(), REQUIREMENTS);
  const stamp = path.join(folderOf(home), "hms.stamp");
  const wanted = createHash("sha256").update(fs.readFileSync(requirements)).digest("hex");
  const isThere = () => fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === wanted;
  if (isThere()) return;
  const waiting = (holder: string) => {
    progress.line(`… ${holder} is installing the emulator of AWS; waiting for it`);
  };
  await withLock(`moto:${home}`, waiting, signal, async () => {
    if (isThere()) return;
    const python = whichOnPath("python3");
    if (python === undefined)
      throw new RefusedError(
        "the emulator of AWS is a Python program: install python3 and python3-pip, then run again",
      );
    await progress.during("install the emulator of AWS", async () => {
      const options = { signal, env: { ...process.env, PYTHONPATH: "" } };
      // Made where it stays: its scripts and its pip know it by that path.
      fs.rmSync(folderOf(home), { recursive: true, force: true });
      await exec(python, ["-m", "venv", "--without-pip", folderOf(home)], options);
      await exec(
        python,
        [
          ...["-m", "pip", "--python", motoPython(home), "install", "--quiet", "--no-deps", "--no-cache-dir"],
          ...["--only-binary=:all:", "--require-hashes", "-r", requirements],
        ],
        options,
      );
      fs.writeFileSync(stamp, wanted);
    });
  });
}
