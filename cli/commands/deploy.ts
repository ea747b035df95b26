import { answer, UsageError, type Command } from "../command";
import { deployStack } from "../deploy";
import { openStack, seeServices, stackOf } from "../stack";
import { SERVICE_OPTION } from "./status";
import { parkedText, statusText } from "../../core/rollout/status";
import { readNotBefore } from "../../core/schedule/notBefore";
import { problemText } from "../../core/service/problem";

export const ENV_OPTION = { flags: "--env <name>", description: "stack to act on; canary is the parked phase of prod" };
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** `hms-deploy`: one `pulumi up` with the wishes of this call; its last line says how it ended. */
export const deploy: Command = {
  name: "",
  summary: "Brings a stack to what its file and its sources say: new release up, proven, traffic moved.",
  options: [
    ENV_OPTION,
    SERVICE_OPTION,
    { flags: "--tag <tag>", description: "label of the new release; default is the commit's short SHA" },
    { flags: "--traffic <percent>", description: "parks the move at this share of the traffic, for example 1%" },
    {
      flags: "--not-before <when>",
      description: "proves the release now and moves the traffic at that instant, by a pod in the cluster",
    },
    { flags: "--retry", description: "lets a held release try again" },
    { flags: "--take-over", description: "overwrites weights that somebody else wrote" },
  ],
  examples: [
    "hms-deploy --env prod                    # what pulumi up --stack prod does, with the reason last when it fails",
    "hms-deploy --env prod --tag v4.2",
    "hms-deploy --env canary --traffic 1%     # prod, parked at 1 % until hms-deploy promote --env prod",
    'hms-deploy --env prod --not-before "00:00 America/New_York"             # the next midnight there',
    'hms-deploy --env prod --not-before "2026-12-01T00:00 America/New_York"',
    "hms-deploy --env prod --service drought-benefit --retry",
  ],
  async run(invocation, io) {
    const { stack, traffic } = target(invocation.required("env"), invocation.text("traffic"));
    const tag = invocation.text("tag");
    if (tag !== undefined && !TAG.test(tag)) {
      throw new UsageError(
        `--tag: got "${tag}"; allowed are up to 128 letters, digits, _ . and -, not starting with . or -`,
      );
    }
    const notBefore = invocation.text("notBefore");
    if (notBefore !== undefined) refuseWrongTime(notBefore);
    const open = openStack(stack, invocation.text("service"), io.env);
    const names = open.services.map((service) => service.name);
    await deployStack(
      stack,
      {
        ...(invocation.text("service") === undefined ? {} : { only: names }),
        retry: invocation.flag("retry") ? names : [],
        takeOver: invocation.flag("takeOver") ? names : [],
        ...(traffic === undefined ? {} : { traffic }),
        ...(notBefore === undefined ? {} : { notBefore }),
        tags: tag === undefined ? {} : Object.fromEntries(names.map((name) => [name, tag])),
      },
      io,
    );
    const seen = await seeServices(open);
    const text = [...statusText(seen), ...seen.flatMap(({ actual }) => parkedText(actual) ?? [])];
    answer(io, false, undefined, () => text.join("\n"));
  },
};

/** Whether it is past is for the plan to say: where the release is live already, that is no matter. */
function refuseWrongTime(text: string): void {
  const read = readNotBefore(text);
  if (!read.ok) throw new UsageError(problemText({ path: ["--not-before"], got: "nothing", ...read.problem }));
}

function target(env: string, traffic: string | undefined): { readonly stack: string; readonly traffic?: number } {
  const stack = stackOf(env);
  if (traffic === undefined) return stack === env ? { stack } : { stack, traffic: 1 };
  const percent = Number(/^(\d{1,2})\s*%?$/.exec(traffic.trim())?.[1]);
  if (!(percent >= 1 && percent <= 99)) {
    throw new UsageError(`--traffic: got "${traffic}"; allowed is a whole percentage from 1% to 99%`);
  }
  return { stack, traffic: percent };
}
