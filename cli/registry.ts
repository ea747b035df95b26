import type { Command, ProgramSpec } from "./command";
import { abort } from "./commands/abort";
import { bench } from "./commands/bench";
import { benchScrub } from "./commands/benchScrub";
import { benchSwitch } from "./commands/benchSwitch";
import { chaosRun } from "./commands/chaos";
import { deploy } from "./commands/deploy";
import { doctor } from "./commands/doctor";
import { env } from "./commands/env";
import { freezeCommands } from "./commands/freeze";
import { freezeServe } from "./commands/freezeServe";
import { history } from "./commands/history";
import { ledgerCommands } from "./commands/ledger";
import { localCommands } from "./commands/local";
import { promote } from "./commands/promote";
import { rollback } from "./commands/rollback";
import { snapshotCommands } from "./commands/snapshot";
import { start } from "./commands/start";
import { status } from "./commands/status";
import { test } from "./commands/test";
import { tlsCommands } from "./commands/tls";
import { unlock } from "./commands/unlock";

/** `hms`: everything around an update. */
const HMS: readonly Command[] = [
  ...localCommands,
  env,
  doctor,
  status,
  unlock,
  ...freezeCommands,
  freezeServe,
  chaosRun,
  ...ledgerCommands,
  ...snapshotCommands,
  ...tlsCommands,
];

const GROUPS = {
  freeze: "The change-freeze: raise, lower, look, break.",
  ledger: "What was recorded of a stack.",
  snapshot: "Scrubbed copies of a service's database.",
};

/** `hms-deploy`: what a pipeline calls. */
const DEPLOY: readonly Command[] = [deploy, rollback, promote, abort, history];

/** All programs, by the name they are started under (bin/, and the scripts of package.json). */
export const PROGRAMS: readonly ProgramSpec[] = [
  {
    name: "hms",
    summary: "Delivery of government policy services: platform and status.",
    commands: HMS,
    groups: GROUPS,
  },
  { name: "hms-deploy", summary: "Delivers, rolls back and watches releases.", commands: DEPLOY },
  { name: "start", summary: "Brings everything up and delivers the example service.", commands: [start] },
  { name: "bench", summary: "Measures the project.", commands: [bench] },
  { name: "bench:scrub", summary: "Measures what masking a database costs.", commands: [benchScrub] },
  { name: "bench:switch", summary: "Measures what moves and faults cost.", commands: [benchSwitch] },
  { name: "test", summary: "Runs the project's tests.", commands: [test] },
];
