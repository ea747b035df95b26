import type { SyntheticRequest } from "../../core/gates/synthetic";
import { COLORS } from "../../core/rollout/color";
import { HEADER } from "../../core/rollout/names";
import { probeHeader } from "../../core/rollout/route";
import { OpenLoad, SYNTHETIC_HEADER, type LoadAim, type Outcome } from "../../platform/load/openLoad";
import type { RolloutStore } from "./store";

export interface SyntheticParts {
  readonly store: Pick<RolloutStore, "probeToken">;
  /** Where the gateway listens, and the service's host name there. */
  readonly address: string;
  readonly host: string;
  readonly requests: readonly SyntheticRequest[];
}

/** Value of the header that labels the requests. */
const LABEL = "gates";
/** Share of requests on a connection of their own: users come on both. Every 11th, as an odd number meets each color. */
const NEW_CONNECTIONS = 1 / 11;
const TIMEOUT_MS = 5000;

/** Begins to send; see SyntheticLoad. @throws Error when there is no route that reaches one color. */
export type StartSynthetic = (perSecond: number, maxSeconds: number) => Promise<SyntheticLoad>;

export const syntheticLoad =
  (parts: SyntheticParts): StartSynthetic =>
  async (perSecond, maxSeconds) => {
    const token = await parts.store.probeToken();
    if (token === undefined) {
      throw new Error("no synthetic load can be sent: the route that reaches one color is missing; deploy again");
    }
    return new SyntheticLoad(parts, token, perSecond, maxSeconds);
  };

/**
 * Requests that nobody but us makes, sent to both colors alike through the real gateway, by the probe route. The gateway
 * counts them under that route's name, so they are in no figure of users' traffic and change no share. Ends by itself.
 */
export class SyntheticLoad {
  private readonly load: OpenLoad;
  private unanswered = 0;
  private why = "";

  constructor(
    private readonly parts: SyntheticParts,
    token: string,
    private readonly perSecond: number,
    maxSeconds: number,
  ) {
    const { address, host, requests } = parts;
    const [first, ...rest] = requests.flatMap((request) =>
      COLORS.map<LoadAim>((color) => ({
        ...request,
        address,
        host,
        headers: { ...request.headers, [SYNTHETIC_HEADER]: LABEL, [HEADER.probe]: probeHeader(color, token) },
      })),
    );
    if (!first) throw new Error("synthetic load needs a request");
    const pace = {
      requestsPerSecond: perSecond * COLORS.length,
      newConnections: NEW_CONNECTIONS,
      maxSeconds,
      timeoutMs: TIMEOUT_MS,
    };
    this.load = OpenLoad.start([first, ...rest], pace, (outcome) => {
      this.count(outcome);
    });
  }

  /** One line for people: what is sent, and whether it is answered. */
  describe(): string {
    const kinds = [...new Set(this.parts.requests.map(({ method, path }) => `${method} ${path}`))].join(", ");
    const lost = this.unanswered === 0 ? "" : `, ${this.unanswered} without an answer (${this.why})`;
    return `synthetic load, ${this.perSecond}/s to each color (${kinds}): ${this.load.sent} sent${lost}`;
  }

  /** Sends no more, at once; what is under way comes to its own end. */
  stop(): void {
    void this.load.stop();
  }

  private count({ result }: Outcome): void {
    if (!("error" in result)) return;
    this.unanswered++;
    this.why = result.error;
  }
}
