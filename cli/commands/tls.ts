import { RefusedError } from "../../platform/errors";
import { loadLayout } from "../../platform/local/layout";
import { answer, JSON_OPTION, type Command } from "../command";
import { askForServices } from "../permission";
import { openTarget, stackOf } from "../stack";
import { renewCertificates, tlsStatus, tlsText, wrongAt } from "../tls";
import { ACCOUNT_OPTION, SERVICE_OPTION, STACK_OPTION } from "./status";

const status: Command = {
  name: "tls status",
  summary: "Show the certificate of each service, and whether the gateway serves it.",
  options: [STACK_OPTION, SERVICE_OPTION, ACCOUNT_OPTION, JSON_OPTION],
  examples: [
    "hms tls status --stack dev           # 0 all are good; 1 one is missing, over, unusable, or not served",
    "hms tls status --stack prod --json   # for a monitor",
  ],
  async run(invocation, io) {
    const open = await openTarget(
      stackOf(invocation.required("stack")),
      invocation.text("service"),
      invocation.text("account"),
      io.env,
    );
    const document = await tlsStatus(open, loadLayout(io.env), io.signal);
    answer(io, invocation.flag("json"), document, () => tlsText(document));
    const wrong = document.services.flatMap((one) => {
      const why = wrongAt(one);
      return why === undefined ? [] : [`${one.name}: ${why}`];
    });
    if (wrong.length > 0) throw new RefusedError(wrong.join("\n"));
  },
};

const renew: Command = {
  name: "tls renew",
  summary: "Replace certificates of the local authority now, without an update; no request is lost.",
  options: [
    { flags: STACK_OPTION.flags, description: "stack whose services get new ones" },
    SERVICE_OPTION,
    ACCOUNT_OPTION,
    JSON_OPTION,
  ],
  examples: ["hms tls renew --stack dev", "hms tls renew --stack dev --service drought-benefit --json"],
  async run(invocation, io) {
    const open = await openTarget(
      stackOf(invocation.required("stack")),
      invocation.text("service"),
      invocation.text("account"),
      io.env,
    );
    await askForServices("tls-renew", open, io);
    const document = await renewCertificates(open, loadLayout(io.env), io.signal, (line) => {
      io.err.write(`${line}\n`);
    });
    answer(io, invocation.flag("json"), document, () => `${document.services.length} renewed`);
  },
};

export const tlsCommands: readonly Command[] = [status, renew];
