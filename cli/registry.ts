import type { Command, ProgramSpec } from "./command";
import { accountCommands } from "./commands/account";
import { abort } from "./commands/abort";
import { bench } from "./commands/bench";
import { benchPreview } from "./commands/benchPreview";
import { benchScrub } from "./commands/benchScrub";
import { benchSandbox } from "./commands/benchSandbox";
import { benchSwitch } from "./commands/benchSwitch";
import { chaosRun } from "./commands/chaos";
import { controlsCommands } from "./commands/controls";
import { deploy } from "./commands/deploy";
import { doctor } from "./commands/doctor";
import { env } from "./commands/env";
import { fleetUp } from "./commands/fleet";
import { fleetWork } from "./commands/fleetWork";
import { freezeCommands } from "./commands/freeze";
import { freezeServe } from "./commands/freezeServe";
import { history } from "./commands/history";
import { imageCommands } from "./commands/image";
import { ledgerCommands } from "./commands/ledger";
import { localCommands } from "./commands/local";
import { preview } from "./commands/preview";
import { promote } from "./commands/promote";
import { registryCommands } from "./commands/registry";
import { rollback } from "./commands/rollback";
import { sbxCreate } from "./commands/sbxCreate";
import { sbxDestroy } from "./commands/sbxDestroy";
import { sbxExtend } from "./commands/sbxExtend";
import { sbxReap } from "./commands/sbxReap";
import { sbxShare } from "./commands/sbxShare";
import { sbxWaitApproval } from "./commands/sbxWaitApproval";
import { sbxList, sbxOpen } from "./commands/sbxList";
import { scanCommands } from "./commands/scan";
import { snapshotCommands } from "./commands/snapshot";
import { snapshotLoadCommands } from "./commands/snapshotLoad";
import { start } from "./commands/start";
import { status } from "./commands/status";
import { test } from "./commands/test";
import { withCommitStatus } from "./commitStatus";
import { tlsCommands } from "./commands/tls";
import { unlock } from "./commands/unlock";

/** `hms`: everything around an update. */
const HMS: readonly Command[] = [
  ...accountCommands,
  ...localCommands,
  env,
  doctor,
  status,
  preview,
  fleetUp,
  fleetWork,
  unlock,
  ...freezeCommands,
  freezeServe,
  chaosRun,
  ...imageCommands,
  ...ledgerCommands,
  ...scanCommands,
  ...snapshotCommands,
  ...snapshotLoadCommands,
  ...tlsCommands,
  ...registryCommands,
  ...controlsCommands,
];

const GROUPS = {
  account: "The AWS accounts of a stack.",
  chaos: "Failures on purpose, and what the users saw of them.",
  controls: "What is shown of NIST SP 800-53 controls, and what is not.",
  database: "Advisories that scans are made with.",
  fleet: "Many stacks, each an agency's.",
  freeze: "The change-freeze: raise, lower, look, break.",
  image: "Signatures of images.",
  ledger: "What was recorded of a stack.",
  local: "The platform on this machine: cluster, gateway, registry, metrics, database.",
  registry: "Images: what is kept, and why.",
  scan: "Known weaknesses and secrets in images.",
  snapshot: "Scrubbed copies of a service's database.",
  tls: "Certificates of the services: which there are, and new ones.",
};

/** `hms-deploy`: what a pipeline calls. */
const DEPLOY: readonly Command[] = [withCommitStatus(deploy, "hms/deploy"), rollback, promote, abort, history];

/** `hms-sbx`: sandboxes, from first to last. */
const SBX: readonly Command[] = [
  ...[sbxCreate, sbxList, sbxOpen, sbxExtend, sbxShare, sbxWaitApproval, sbxDestroy, sbxReap],
];

/** All programs, by the name they are started under (bin/, and the scripts of package.json). */
export const PROGRAMS: readonly ProgramSpec[] = [
  {
    name: "hms",
    summary: "Delivery of government policy services: platform and status.",
    commands: HMS,
    groups: GROUPS,
  },
  { name: "hms-deploy", summary: "Delivers, rolls back and watches releases.", commands: DEPLOY },
  { name: "hms-sbx", summary: "Makes, shows, extends and takes away sandboxes.", commands: SBX },
  { name: "start", summary: "Brings everything up and delivers the example service.", commands: [start] },
  { name: "bench", summary: "Measures the project.", commands: [bench] },
  {
    name: "bench:preview",
    summary: "Measures what previews of many accounts take.",
    commands: [benchPreview],
  },
  { name: "bench:scrub", summary: "Measures what masking a database costs.", commands: [benchScrub] },
  {
    name: "bench:sandbox",
    summary: "Measures how long sandboxes take to make and to unmake.",
    commands: [benchSandbox],
  },
  { name: "bench:switch", summary: "Measures what moves and faults cost.", commands: [benchSwitch] },
  { name: "test", summary: "Runs the project's tests.", commands: [test] },
];
