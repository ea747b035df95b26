import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { EMULATED_ACCOUNTS, EMULATED_REGION, foundAccounts, organizationRole } from "../../platform/aws/emulator";
import { openSession, type AwsSession } from "../../platform/aws/session";
import { hmsHome } from "../../platform/home";
import { Progress } from "../../platform/progress";
import { ensureMoto, MOTO_ENVIRONMENT, motoCommand } from "../../platform/toolchain/moto";
import { freePort } from "./freePort";

/** An emulator of AWS of a test's own: an empty cloud with the emulated accounts, at an address that nobody else has. */
export class Moto {
  private constructor(
    readonly endpoint: string,
    private readonly process: ChildProcess,
  ) {}

  /** Takes about three seconds, and a minute more where the emulator is not installed yet. */
  static async start(): Promise<Moto> {
    const home = hmsHome();
    await ensureMoto({ home, progress: new Progress(process.stderr) });
    const port = await freePort();
    const [program, ...args] = motoCommand(home, port);
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env.PATH, ...MOTO_ENVIRONMENT },
    });
    let said = "";
    child.stderr.on("data", (data: Buffer) => (said = (said + data.toString()).slice(-4_000)));
    const moto = new Moto(`http://127.0.0.1:${port}`, child);
    for (const giveUp = Date.now() + 60_000; !(await moto.answers());) {
      if (child.exitCode !== null || Date.now() > giveUp) throw new Error(`the emulator did not start:\n${said}`);
      await sleep(100);
    }
    await foundAccounts(moto.endpoint, EMULATED_ACCOUNTS);
    return moto;
  }

  /** In the account as its owner, by the role that an organization has in its accounts; without one, as whoever asks. */
  session(account?: string): Promise<AwsSession> {
    const role = account === undefined ? {} : { role: { arn: organizationRole(account) }, expectedAccount: account };
    return openSession({ region: EMULATED_REGION, endpoint: this.endpoint, ...role });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill("SIGKILL");
    await once(this.process, "exit");
  }

  private async answers(): Promise<boolean> {
    return fetch(`${this.endpoint}/moto-api/`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
