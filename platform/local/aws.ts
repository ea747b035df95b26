import * as fs from "node:fs";
import * as path from "node:path";
import { EMULATED_ACCOUNTS, foundAccounts } from "../aws/emulator";
import { MOTO_ENVIRONMENT, motoCommand } from "../toolchain/moto";
import type { Layout } from "./layout";
import { registry } from "./machineParts";
import type { Part } from "./part";
import type { PortName } from "./ports";
import { probeHttp } from "./probe";

/** Name of the part that stands for AWS. */
export const AWS = "aws";

const REGISTRY_PORTS = {
  usda: "registryUsda",
  epa: "registryEpa",
  doi: "registryDoi",
} as const satisfies Record<(typeof EMULATED_ACCOUNTS)[number]["name"], PortName>;

/** The emulator has no registry that images are pushed to and pulled from: each account gets a real one. */
export const ACCOUNT_REGISTRIES = EMULATED_ACCOUNTS.map(({ name }) => ({
  account: name,
  part: `registry-${name}`,
  port: REGISTRY_PORTS[name],
}));

export interface AwsAddresses {
  readonly endpoint: string;
  /** Host and port by account. */
  readonly registries: Readonly<Record<string, string>>;
}

/** Where `--aws` answers on this machine, whether or not it is wanted. */
export const awsAddresses = ({ ports }: Layout): AwsAddresses => ({
  endpoint: `http://127.0.0.1:${ports.aws}`,
  registries: Object.fromEntries(ACCOUNT_REGISTRIES.map(({ account, port }) => [account, `127.0.0.1:${ports[port]}`])),
});

const wishFile = (layout: Layout): string => path.join(layout.data, "aws", "wanted");

/** Whether `--aws` was said once on this platform. */
export const wantsAws = (layout: Layout): boolean => fs.existsSync(wishFile(layout));

export function wantAws(layout: Layout): void {
  fs.mkdirSync(path.dirname(wishFile(layout)), { recursive: true, mode: 0o700 });
  fs.writeFileSync(wishFile(layout), "");
}

export function awsParts(layout: Layout): readonly Part[] {
  const { endpoint, registries } = awsAddresses(layout);
  const emulator: Part = {
    name: AWS,
    needs: [],
    spec: () => ({ name: AWS, argv: motoCommand(layout.home, layout.ports.aws), files: {}, env: MOTO_ENVIRONMENT }),
    probe: () => probeHttp({ url: `${endpoint}/moto-api/` }),
  };
  return [emulator, ...ACCOUNT_REGISTRIES.map(({ account, part }) => registry(layout, part, registries[account]))];
}

/** The accounts as their owner finds them, also when the emulator was started anew and knows of none. */
export const foundAwsAccounts = (layout: Layout, signal: AbortSignal | undefined): Promise<void> =>
  foundAccounts(awsAddresses(layout).endpoint, EMULATED_ACCOUNTS, signal);
