import { blockedText } from "../../core/freeze/describe";
import type { FreezePlace } from "../../core/freeze/place";
import { Refusal } from "../rollout/errors";
import type { Session } from "../session";
import { askFreeze, freezeStore } from "./look";

/**
 * Asks, where somebody asks at all, whether a new release may be worked on now.
 * @param untouched what is true when it may not: "nothing was changed".
 * @throws Refusal with who froze it, why and until when.
 */
export async function refuseFrozen(
  session: Session,
  service: string,
  namespace: string,
  freeze: FreezePlace | undefined,
  untouched: string,
  signal: AbortSignal,
): Promise<void> {
  if (!freeze) return;
  const store = freezeStore(() => session.kube, namespace, freeze);
  const decision = await askFreeze(store, { ...freeze, service, action: "deploy" }, signal);
  if (decision.frozen) throw new Refusal(`${service}: ${blockedText(decision)}; ${untouched}`);
}
