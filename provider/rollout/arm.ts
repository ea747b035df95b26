import type { Color, Weights } from "../../core/rollout/color";
import type { ActualRollout, ColorFact } from "../../core/rollout/plan";
import { describeRelease } from "../../core/rollout/release";
import { Refusal } from "./errors";

/** What a move was planned from and for; see MoveRequest. */
interface Planned {
  readonly shape: { readonly service: string };
  readonly to: Color;
  readonly release: string;
  readonly seen: Color | null;
  readonly takeOver: boolean;
}

/** A move is refused when the world is not the one that it was planned for. */
export function refuseSurprises(actual: ActualRollout, request: Planned): void {
  const { service } = request.shape;
  if (actual.foreign && !request.takeOver) throw new Refusal(foreignWeights(service, actual.foreign));
  if (actual.live !== request.seen && actual.live !== request.to) {
    const [now, then] = [actual.live ?? "no color", request.seen ?? "no color"];
    throw new Refusal(`${service}: ${now} is live, but the plan was made when ${then} was. Plan again`);
  }
}

/** Nothing moves unless the color that is to take the traffic stands proven, whole, and with the release asked for. */
export function arm(actual: ActualRollout, request: Planned): ColorFact {
  const { service } = request.shape;
  const fact = actual.colors[request.to];
  if (!fact || fact.missing) throw new Refusal(`${service}: there is no workload on ${request.to}`);
  if (fact.release.id !== request.release) {
    const found = describeRelease(fact.release);
    throw new Refusal(
      `${service}: ${request.to} runs ${found}, but the plan was made for ${request.release}. Plan again`,
    );
  }
  if (!fact.proven)
    throw new Refusal(`${service}: ${describeRelease(fact.release)} did not pass its verification on ${request.to}`);
  if (fact.ready === 0 || fact.ready < fact.desired) {
    throw new Refusal(`${service}: ${fact.ready} of ${fact.desired} pods of ${request.to} are ready; all must be`);
  }
  return fact;
}

export const foreignWeights = (
  service: string,
  foreign: { readonly weights: Weights; readonly writer: string },
): string =>
  `${service}: ${foreign.writer} set the weights to blue ${foreign.weights.blue}, green ${foreign.weights.green}, ` +
  `which is not what the last move left. If that may be overwritten, deploy again with --take-over ` +
  `(plain pulumi: config hms:takeOver)`;
