import type { ProgramSpec } from "../cli/command";
import { admission } from "./commands/admission";
import { freezeServe } from "./commands/freezeServe";
import { move } from "./commands/move";
import { prune } from "./commands/prune";
import { reap } from "./commands/reap";
import { reviewGateCommand, standInIdentity } from "./commands/reviewGate";
import { selftest } from "./commands/selftest";
import { snapshot } from "./commands/snapshot";
import { snapshotLoad } from "./commands/snapshotLoad";
import { watch } from "./commands/watch";

/** What runs inside the cluster, one command a kind of work. */
export const RUNNER: ProgramSpec = {
  name: "runner",
  summary: "The part of HMS delivery that runs inside a cluster.",
  commands: [
    admission,
    watch,
    move,
    freezeServe,
    reap,
    reviewGateCommand,
    standInIdentity,
    snapshot,
    snapshotLoad,
    prune,
    selftest,
  ],
};
