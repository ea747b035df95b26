import type { ProgramSpec } from "../cli/command";
import { freezeServe } from "./commands/freezeServe";
import { move } from "./commands/move";
import { selftest } from "./commands/selftest";
import { watch } from "./commands/watch";

/** What runs inside the cluster, one command a kind of work. */
export const RUNNER: ProgramSpec = {
  name: "runner",
  summary: "The part of HMS delivery that runs inside a cluster.",
  commands: [watch, move, freezeServe, selftest],
};
