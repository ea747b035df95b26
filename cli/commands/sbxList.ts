import { spawn } from "node:child_process";
import { RefusedError } from "../../platform/errors";
import { answer, JSON_OPTION, UsageError, type Command } from "../command";
import { listSandboxes, listText } from "../sandbox/list";
import { nameOf, standingSandboxes, urlOf } from "../sandbox/place";
import { openSandboxes } from "../sandbox/session";

/** `hms-sbx list`: what stands, and what is left of what does not. */
export const sbxList: Command = {
  name: "list",
  summary: "Lists all sandboxes: those that run, and what is left of others in cluster, database server and state.",
  options: [JSON_OPTION],
  examples: ["hms-sbx list", "hms-sbx list --json"],
  async run(invocation, io) {
    const { place, removers, engine } = openSandboxes(io);
    const sandboxes = await listSandboxes(place, removers.databases, engine);
    answer(io, invocation.flag("json"), { sandboxes }, () => listText(sandboxes, new Date()));
  },
};

/** `hms-sbx open`: the address of a sandbox, in a browser where there is one. */
export const sbxOpen: Command = {
  name: "open",
  summary: "Prints the address of a sandbox and opens it in a browser.",
  arguments: [{ syntax: "<name>", description: "the sandbox" }],
  options: [{ flags: "--print", description: "prints the address alone" }, JSON_OPTION],
  examples: ["hms-sbx open sbx-42", "curl -s $(hms-sbx open sbx-42 --print)/payouts"],
  async run(invocation, io) {
    const { place } = openSandboxes(io);
    const given = invocation.argument(0);
    if (given === undefined) throw new UsageError("name the sandbox to open");
    const name = nameOf(given);
    const found = (await standingSandboxes(place, io.signal)).find((one) => one.name === name);
    if (!found) throw new RefusedError(`there is no sandbox ${name}; hms-sbx list shows those that there are`);
    const url = urlOf(place, name);
    answer(io, invocation.flag("json"), { name, url }, () => url);
    if (!invocation.flag("print") && !invocation.flag("json") && process.stdout.isTTY) openBrowser(url);
  },
};

/** Where no browser can be started the printed address is the answer. */
function openBrowser(url: string): void {
  const command = process.platform === "darwin" ? "open" : "xdg-open";
  spawn(command, [url], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
