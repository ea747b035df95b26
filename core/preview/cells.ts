import { describeRelease } from "../rollout/release";
import { COUNTED, type Counts } from "./counts";
import { weightsText } from "./differences";
import type { Change, Danger, PreviewDocument, ServicePreview } from "./document";
import type { Op, PolicyResult } from "./events";
import { keyOf } from "./facts";

/** One service in words; what is empty says so. */
export interface ServiceCells {
  readonly service: string;
  readonly now: string;
  readonly after: string;
  readonly release: string;
  readonly how: string;
  readonly image: string;
  readonly scan: string;
}

export function serviceCells(preview: ServicePreview): ServiceCells {
  const { live, weights, colors, scan } = preview;
  const was = live.before && colors.before[live.before];
  const is = colors.after[live.after];
  const release = is ? describeRelease({ id: is.release, tag: is.tag }) : "none";
  const before = was ? describeRelease({ id: was.release, tag: was.tag }) : "none";
  return {
    service: keyOf(preview),
    now: live.before === null ? "nothing is live" : `${live.before} (${weightsText(weights.before)})`,
    after: weights.after === null ? "unchanged" : `${liveAfter(preview)} (${weightsText(weights.after)})`,
    release: before === release ? release : `${before} -> ${release}`,
    how: how(preview),
    image: is === null ? "none" : (is.image ?? "built by the update"),
    scan: scan === null ? "none known" : `${scan.verdict} (${scan.scanner}): ${scan.text}`,
  };
}

/** Of a move that parks, or waits for its instant, the color that goes on being live. */
const liveAfter = ({ live, weights }: ServicePreview): string =>
  live.before !== null && weights.after !== null && weights.after[live.after] < 100 ? live.before : live.after;

function how({ kind, why, steps, scheduled }: ServicePreview): string {
  const moves = steps.length === 0 ? "" : `; traffic goes by ${steps.map((share) => `${share} %`).join(", ")}`;
  const when = scheduled === null ? "" : `; moves at ${scheduled}`;
  return `${KINDS[kind]}: ${why}${moves}${when}`;
}

const KINDS: Readonly<Record<ServicePreview["kind"], string>> = {
  first: "first release",
  settled: "traffic stays",
  switch: "traffic moves",
  deploy: "traffic moves",
  scheduled: "waits",
  parked: "stays parked",
  kept: "held, traffic stays",
  refused: "refused",
};

/** `2 to create, 6 to update, 17 unchanged` */
export function summaryText(summary: Readonly<Record<Op, number>>): string {
  const words = { create: "to create", update: "to update", replace: "to replace", delete: "to delete" } as const;
  const some = (Object.keys(words) as (keyof typeof words)[]).filter((op) => summary[op] > 0);
  const changes = some.length === 0 ? ["no resource changes"] : some.map((op) => `${summary[op]} ${words[op]}`);
  return [...changes, `${summary.same} unchanged`].join(", ");
}

/** A line for what is taken away. */
export function dangerText({ op, type, name, account, service, protected: kept, replacedFor }: Danger): string {
  const place = [account, service].filter((part) => part !== null).join("/");
  const where = place === "" ? "" : ` of ${place}`;
  const why = replacedFor.length === 0 ? "" : `, because ${replacedFor.join(", ")} changes`;
  const guard = kept ? "; it is protected, so the engine will refuse" : "";
  return `${op === "delete" ? "deletes" : "replaces"} ${type} ${name}${where}${why}${guard}`;
}

export const changeText = ({ op, type, name, changed }: Change): string =>
  `${op} ${type} ${name}${changed.length === 0 ? "" : ` [${changed.join(", ")}]`}`;

export const policyText = ({ policy, pack, level, message }: PolicyResult): string =>
  `${level} ${policy} (${pack}): ${message.replace(/\s*\n\s*/g, " ")}`;

const COUNT_NAMES: Readonly<Record<keyof Counts, string>> = {
  pods: "pods",
  cpu: "CPU requested",
  memory: "memory requested",
  loadBalancers: "load balancers",
  buckets: "buckets",
  keys: "keys",
};

/** What, before, after; a row for what there is any of. */
export function countCells({
  before,
  after,
}: PreviewDocument["counts"]): readonly (readonly [string, string, string])[] {
  return COUNTED.filter((what) => before[what] > 0 || after[what] > 0).map(
    (what) => [COUNT_NAMES[what], countText(what, before[what]), countText(what, after[what])] as const,
  );
}

function countText(what: keyof Counts, value: number): string {
  if (what === "cpu") return `${rounded(value / 1000)} cores`;
  if (what === "memory") return `${rounded(value / 2 ** 20)} MiB`;
  return String(value);
}

const rounded = (value: number): string => String(Math.round(value * 100) / 100);

/** One sentence above everything else. */
export function headline({ result, services, summary }: PreviewDocument): string {
  if (result === "refused") return "This update is refused.";
  const moving = services.filter(({ steps, kind }) => kind === "first" || steps.length > 0);
  const traffic =
    moving.length === 0 ? "No traffic moves" : `Traffic moves for ${moving.map((one) => keyOf(one)).join(", ")}`;
  return `${traffic}; ${summaryText(summary)}.`;
}
