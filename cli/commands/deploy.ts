import { parkedText, statusText } from "../../core/rollout/status";
import { applyPlan, openPlan } from "../applyPlan";
import { answer, UsageError, type Command, type Invocation, type Io } from "../command";
import { deployStack, type DeployWishes } from "../deploy";
import { askPermission, placeOf, wantedOf, withDecision } from "../permission";
import { openTargets, seeServices, stackOf, type OpenStack } from "../stack";
import { givenWishes, readWishes, WISH_OPTIONS } from "../wishes";

export const ENV_OPTION = { flags: "--env <name>", description: "stack to act on; canary is the parked phase of prod" };

/** `hms-deploy`: one `pulumi up` with the wishes of this call; its last line says how it ended. */
export const deploy: Command = {
  name: "",
  summary: "Brings a stack to what its file and its sources say: new release up, proven, traffic moved.",
  options: [
    ENV_OPTION,
    ...WISH_OPTIONS,
    { flags: "--plan <file>", description: "applies exactly this plan (hms preview --save), or nothing" },
    { flags: "--approved <digest>", description: "with --plan: the digest that was approved; another plan is refused" },
  ],
  examples: [
    "hms-deploy --env prod                    # what pulumi up --stack prod does, with the reason last when it fails",
    "hms-deploy --env prod --tag v4.2",
    "hms-deploy --env canary --traffic 1%     # prod, parked at 1 % until hms-deploy promote --env prod",
    'hms-deploy --env prod --not-before "00:00 America/New_York"             # the next midnight there',
    'hms-deploy --env prod --not-before "2026-12-01T00:00 America/New_York"',
    "hms-deploy --env prod --service drought-benefit --retry",
    "hms-deploy --plan prod.plan --approved sha256:4f1c...   # what was previewed and approved, and nothing else",
  ],
  async run(invocation, io) {
    const open = await (invocation.text("plan") === undefined ? wished(invocation, io) : planned(invocation, io));
    const seen = (await Promise.all(open.map(seeServices))).flat();
    const text = [...statusText(seen), ...seen.flatMap(({ actual }) => parkedText(actual) ?? [])];
    answer(io, false, undefined, () => text.join("\n"));
  },
};

async function wished(invocation: Invocation, io: Io): Promise<readonly OpenStack[]> {
  if (invocation.text("approved") !== undefined)
    throw new UsageError("--approved is the digest of a plan; name its file with --plan");
  const { open, stack, wishes } = await readWishes(invocation.required("env"), invocation, io.env);
  await deployStack(stack, wishes, await permitted(open, wishes, io));
  return open;
}

async function planned(invocation: Invocation, io: Io): Promise<readonly OpenStack[]> {
  const others = givenWishes(invocation).map((name) => `--${name.replace(/[A-Z]/g, (one) => `-${one.toLowerCase()}`)}`);
  if (others.length > 0)
    throw new UsageError(`--plan has its wishes in it; leave out ${others.join(", ")}, or give them to hms preview`);
  const plan = openPlan(invocation.required("plan"), invocation.text("approved"));
  const env = invocation.text("env");
  if (env !== undefined && stackOf(env) !== plan.stack)
    throw new UsageError(`--env: got "${env}", but the plan is one of stack ${plan.stack}`);
  const open = await openTargets(plan.stack, undefined, undefined, io.env);
  await applyPlan(plan, await permitted(open, plan.wishes, io));
  return open;
}

/** What the permission policy decided goes along, for the ledger. */
async function permitted(
  [first]: readonly OpenStack[],
  { takeOver = [] }: Pick<DeployWishes, "takeOver">,
  io: Io,
): Promise<Io> {
  if (!first) return io;
  // Every target has the same services.
  const wanted = first.services.flatMap((service) => [
    wantedOf("deploy", service),
    ...(takeOver.includes(service.name) ? [wantedOf("take-over", service)] : []),
  ]);
  return withDecision(io, await askPermission(placeOf(first.config), wanted, io));
}
