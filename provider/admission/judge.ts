import { broughtBy, imagesOf, type AdmissionRequest } from "../../core/admission/review";
import type { TrustedKeys } from "../../core/attest/keys";
import { describePlaintextSecret, plaintextSecrets } from "../../core/podEnv";
import { reasonOf } from "../../platform/errors";
import { verify, type Demands, type Verdict } from "../attest/verify";

export interface JudgeSettings extends Demands {
  readonly keys: TrustedKeys;
  /** Images of the program itself, by digest, that are let through: they stand in the webhook's own configuration. */
  readonly own: readonly string[];
}

/** The API server waits no longer; an answer later than that is none. */
const WITHIN_MS = 8_000;
/** A good image stays good: its digest says what it is. But a key may be taken off the list, or a scan be renewed. */
const KEEP_MS = 5 * 60_000;

/** Says what is wrong with what the API server is about to store; what cannot be told is wrong too. */
export class AdmissionJudge {
  private readonly good = new Map<string, number>();

  constructor(
    private readonly settings: JudgeSettings,
    private readonly ask: (image: string, signal: AbortSignal) => Promise<Verdict> = (image, signal) =>
      verify(image, settings.keys, settings, signal),
    private readonly now: () => number = Date.now,
  ) {}

  /** One sentence for each thing that is wrong; never a secret's value. */
  async problems(request: AdmissionRequest): Promise<readonly string[]> {
    const secrets = broughtBy(request, (podSpec) =>
      plaintextSecrets(podSpec).map((one) => describePlaintextSecret(one)),
    );
    const signal = AbortSignal.timeout(WITHIN_MS);
    const images = await Promise.all(broughtBy(request, imagesOf).map((image) => this.judge(image, signal)));
    return [...images.flatMap((problem) => problem ?? []), ...secrets];
  }

  private async judge(image: string, signal: AbortSignal): Promise<string | undefined> {
    if (this.settings.own.includes(image)) return undefined;
    const until = this.good.get(image);
    if (until !== undefined && this.now() < until) return undefined;
    this.good.delete(image);
    try {
      const verdict = await this.ask(image, signal);
      if (!verdict.ok) return verdict.message;
      this.good.set(image, this.now() + KEEP_MS);
      return undefined;
    } catch (error) {
      const why = signal.aborted ? `its registry did not answer within ${WITHIN_MS / 1000} s` : reasonOf(error);
      return `${image} could not be verified, so it does not run: ${why}`;
    }
  }
}
