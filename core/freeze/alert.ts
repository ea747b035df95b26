import { z } from "zod";
import type { FreezeFlag } from "./flag";
import { instantText, parseInstant } from "./instant";

/** One alert of an Alertmanager notification, as far as a freeze needs it. */
export interface Alert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

export interface Notification {
  readonly receiver: string;
  readonly externalURL: string;
  readonly alerts: readonly Alert[];
}

/** Which alerts freeze: those that carry this label with this value. */
export interface AlertLabel {
  readonly name: string;
  readonly value: string;
}

const texts = z.record(z.string(), z.string());
// Loose: Alertmanager adds keys from version to version; what is read here is what its version 4 promises.
const alert = z.looseObject({
  status: z.enum(["firing", "resolved"]),
  labels: texts,
  annotations: texts.default({}),
  startsAt: z.string(),
  generatorURL: z.string().default(""),
  fingerprint: z.string().regex(/^[0-9a-f]{1,64}$/),
});
const notification = z.looseObject({
  version: z.literal("4"),
  receiver: z.string(),
  externalURL: z.string().default(""),
  alerts: z.array(alert).max(10_000),
});

/** An Alertmanager webhook's body of version 4, or in words why it is none. */
export function readNotification(body: unknown): Notification | { readonly problem: string } {
  const parsed = notification.safeParse(body);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  return { problem: `${first?.path.join(".") || "the body"}: ${first?.message ?? "is not of version 4"}` };
}

/** What a notification does to flags. */
export interface AlertEffect {
  readonly raised: readonly FreezeFlag[];
  /** Ids of flags that go. */
  readonly lowered: readonly string[];
}

/** @param stack the only stack that is frozen by it. */
export function effectOf(said: Notification, label: AlertLabel, stack: string): AlertEffect {
  const mine = said.alerts.filter(
    ({ labels }) => Object.hasOwn(labels, label.name) && labels[label.name] === label.value,
  );
  return {
    raised: mine.filter(({ status }) => status === "firing").map((one) => flagOf(said, one, stack)),
    lowered: mine.filter(({ status }) => status === "resolved").map((one) => idOf(one, stack)),
  };
}

const idOf = ({ fingerprint }: Alert, stack: string): string => `alertmanager/${stack}/${fingerprint}`;
const LONGEST_REASON = 300;

function flagOf({ receiver, externalURL }: Notification, alert: Alert, stack: string): FreezeFlag {
  const { labels, annotations, startsAt, generatorURL } = alert;
  const name = labels.alertname ?? "an alert without a name";
  const why = annotations.summary ?? annotations.description ?? "";
  const since = parseInstant(startsAt);
  const link = [annotations.link, annotations.runbook_url, generatorURL, externalURL].find(isWeb);
  return {
    id: idOf(alert, stack),
    reason: (why.trim() === "" ? name : `${name}: ${why.trim()}`).slice(0, LONGEST_REASON),
    who: `Alertmanager (receiver ${receiver || "without a name"})`,
    since: since ? instantText(since) : null,
    ...(link === undefined ? {} : { link }),
    stacks: [stack],
  };
}

const isWeb = (text: string | undefined): text is string =>
  text !== undefined && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
