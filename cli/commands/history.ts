import { answer, JSON_OPTION, type Command } from "../command";
import { openTarget, seeServices, stackOf } from "../stack";
import { ENV_OPTION } from "./deploy";
import { ACCOUNT_OPTION, SERVICE_OPTION } from "./status";

/** Kinds of events that leave the live color as it is. */
const ON_A_COLOR: readonly string[] = ["parked", "scheduled", "delayed", "cancelled", "expired"];

/** `hms-deploy history`: the deployments that went live and what happened since, newest first. */
export const history: Command = {
  name: "history",
  summary: "What went live in a stack, by whom, and what was rolled back or restored.",
  options: [ENV_OPTION, SERVICE_OPTION, ACCOUNT_OPTION, JSON_OPTION],
  examples: ["hms-deploy history --env prod", "hms-deploy history --env prod --service drought-benefit --json"],
  async run(invocation, io) {
    const stack = stackOf(invocation.required("env"));
    const seen = await seeServices(
      await openTarget(stack, invocation.text("service"), invocation.text("account"), io.env),
    );
    const services = seen.map(({ name, actual: { record } }) => ({
      name,
      current: record.deployments.find((one) => one.order === record.current)?.release.tag ?? null,
      deployments: [...record.deployments].reverse().map(({ order, at, release }) => ({
        order,
        at,
        tag: release.tag,
        release: release.id,
        image: release.image,
        live: order === record.current,
        held: record.holds.some((hold) => hold.release === release.id),
      })),
      events: [...record.events].reverse(),
    }));
    answer(io, invocation.flag("json"), { stack, services }, () =>
      services
        .flatMap(({ name, deployments, events }) => [
          name,
          ...deployments.map(
            ({ at, tag, release, live, held }) =>
              `  ${live ? "*" : " "} ${at}  ${tag} (${release})${held ? "  held" : ""}`,
          ),
          ...events.map(
            ({ at, kind, color, tag, by, reason }) =>
              `    ${at}  ${kind} ${tag}${color === null ? "" : ON_A_COLOR.includes(kind) ? ` on ${color}` : `, ${color} live`} by ${by}${reason === undefined ? "" : `: ${reason}`}`,
          ),
        ])
        .join("\n"),
    );
  },
};
