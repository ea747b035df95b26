import http from "node:http";
import https from "node:https";
import type { Claim } from "./claim.ts";
import type { Settings } from "./settings.ts";

/** What drought-benefit says of a claim; contracts/drought-benefit.yaml holds what is relied on. */
export interface Decision {
  readonly eligible: boolean;
  /** Whole dollars. */
  readonly amount: number;
  readonly reasons: readonly string[];
  readonly policyVersion: string;
}

/** The policy gave no decision: not there, too slow, or an answer that is none. Nothing was decided against the claim. */
export class PolicyUnavailable extends Error {
  override readonly name = "PolicyUnavailable";
}

export type AskPolicy = (claim: Claim) => Promise<Decision>;

const DECISION_PATH = "/v1/data/benefit/decision";
/** An answer is some hundred bytes; whatever is much longer is not one. */
const LONGEST_ANSWER = 65_536;

/** The body that a claim is asked about with. */
export const decisionRequest = ({ region, crop, drought, acres, income, yield: harvest }: Claim) => ({
  input: { region, crop, drought, acres, income, yield: { expected: harvest.expected, harvested: harvest.harvested } },
});

/** @throws PolicyUnavailable for an answer that is no decision. */
export function parseDecision(status: number, body: string): Decision {
  if (status !== 200) throw new PolicyUnavailable(`the policy answered with status ${status}`);
  let result: unknown;
  try {
    const document = JSON.parse(body) as { result?: unknown } | null;
    result = document?.result;
  } catch {
    throw new PolicyUnavailable("the policy's answer is no JSON");
  }
  if (typeof result !== "object" || result === null) throw new PolicyUnavailable("the policy left the claim undecided");
  const { eligible, amount, reasons, policyVersion } = result as Record<string, unknown>;
  const isDecision =
    typeof eligible === "boolean" &&
    typeof amount === "number" &&
    Number.isFinite(amount) &&
    amount >= 0 &&
    Array.isArray(reasons) &&
    reasons.every((reason) => typeof reason === "string") &&
    typeof policyVersion === "string";
  if (!isDecision) throw new PolicyUnavailable("the policy's answer has not the shape of a decision");
  return { eligible, amount, reasons, policyVersion };
}

/** Asks the policy by HTTP, each time anew: a decision is only as good as the rules of the moment. */
export const policyAt =
  ({ url, host, timeoutMs }: Settings["policy"]): AskPolicy =>
  async (claim) => {
    const body = JSON.stringify(decisionRequest(claim));
    const { status, text } = await post(url, host, body, timeoutMs);
    return parseDecision(status, text);
  };

function post(url: URL, host: string, body: string, timeoutMs: number): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      reject(new PolicyUnavailable(why));
    };
    const headers = { host, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const signal = AbortSignal.timeout(timeoutMs);
    const options = { method: "POST", path: DECISION_PATH, headers, signal };
    const { request } = url.protocol === "https:" ? https : http;
    const asked = request(url, options, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > LONGEST_ANSWER) asked.destroy(new Error("its answer is too long"));
      });
      answer.on("error", () => {
        fail(signal.aborted ? `the policy did not answer within ${timeoutMs} ms` : "the policy's answer broke off");
      });
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, text });
      });
    });
    asked.on("error", (error) => {
      fail(
        signal.aborted
          ? `the policy did not answer within ${timeoutMs} ms`
          : `the policy is out of reach: ${error.message}`,
      );
    });
    asked.end(body);
  });
}
