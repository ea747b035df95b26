import { RefusedError } from "../../platform/errors";
import { localClient } from "../../platform/local/cluster";
import { wantsDatabaseServers } from "../../platform/local/databaseServers";
import { loadLayout } from "../../platform/local/layout";
import { withLock } from "../../platform/lock";
import { Progress } from "../../platform/progress";
import { vaultAt } from "../../provider/snapshot/vault";
import { answer, JSON_OPTION, UsageError, type Command } from "../command";
import { fillVault } from "../vaultFill";

const MOST = 10_000_000;

/** `hms local fill`: data that snapshots can be taken of. */
export const localFill: Command = {
  name: "local fill",
  summary: "Fill the vault's server with a service's schema and made-up data, and a role that reads it.",
  options: [
    { flags: "--service <name>", description: "whose database" },
    { flags: "--rows <count>", description: "people; households, claims and all else follow", default: "5000" },
    { flags: "--anew", description: "replace data of another size" },
    JSON_OPTION,
  ],
  examples: [
    'eval "$(hms local fill --service drought-benefit)"    # and this shell reads it, as a role that only reads',
    "hms local fill --service drought-benefit --rows 500000 --anew",
  ],
  async run(invocation, io) {
    const layout = loadLayout(io.env);
    const [service, text] = [invocation.required("service"), invocation.required("rows")];
    const people = /^[1-9]\d{0,7}$/.test(text) ? Number(text) : 0;
    if (people < 1 || people > MOST)
      throw new UsageError(
        `--rows: got ${JSON.stringify(text)}; allowed is a whole number from 1 to ${MOST}; say how many people`,
      );
    if (!wantsDatabaseServers(layout))
      throw new RefusedError("the local platform has no vault yet; bring it up with: hms local up --sandboxes");
    const progress = new Progress(io.err);
    const waiting = (holder: string) => {
      progress.line(`… ${holder} is filling the vault; waiting for it`);
    };
    const filled = await withLock(`fill:${layout.home}`, waiting, io.signal, () =>
      fillVault(localClient(layout), {
        ...{ service, people, anew: invocation.flag("anew"), place: vaultAt(undefined, io.env) },
        ...{ progress, signal: io.signal },
      }),
    );
    answer(io, invocation.flag("json"), filled, () =>
      [
        `# ${filled.database} ${filled.stood ? "stands already" : "is filled"}: ${filled.people} people. To read it from this machine:`,
        ...Object.entries(filled.environment).map(([name, value]) => `export ${name}=${value}`),
      ].join("\n"),
    );
  },
};
