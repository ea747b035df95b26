/**
 * Leaves out the debug lines of the Pulumi SDK: each is a call to the engine, four for each resource, and the engine drops
 * them unless it was asked for them. A fifth of the program's processor time (docs/performance.md).
 * `PULUMI_OPTION_DEBUG=true`, the engine's own variable for `--debug`, keeps them.
 */
import { log } from "@pulumi/pulumi";

if (process.env.PULUMI_OPTION_DEBUG !== "true") {
  Object.assign(log, { debug: () => Promise.resolve() });
}
