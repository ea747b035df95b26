import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerTo, requestIn } from "../../core/admission/review";
import { bodyOf } from "../../platform/httpBody";
import type { AdmissionJudge } from "./judge";

/** etcd takes no larger object. */
const LONGEST = 3 * 1024 * 1024;

export interface WebhookParts {
  readonly judge: AdmissionJudge;
  readonly certificate: string;
  readonly key: string;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Answers the API server on `/validate`; on `/healthz` it says that it does. */
export function admissionWebhook({ judge, certificate, key, log }: WebhookParts): Server {
  return createServer({ cert: certificate, key, minVersion: "TLSv1.2" }, (request, response) => {
    if (request.url === "/healthz") reply(response, 200, { ok: true });
    else if (request.method === "POST" && request.url?.split("?", 1)[0] === "/validate")
      validate(request, response).catch((error: unknown) => {
        // Whoever asked is answered with a failure, which refuses: the API server is told to fail closed.
        log("a review could not be answered", { reason: String(error) });
        reply(response, 500, { error: "the review could not be answered" });
      });
    else reply(response, 404, { error: "ask POST /validate" });
  });

  async function validate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request, LONGEST);
    const asked = body === undefined ? undefined : requestIn(body);
    if (asked === undefined) {
      reply(response, 400, { error: "no AdmissionReview of admission.k8s.io/v1" });
      return;
    }
    const problems = await judge.problems(asked);
    const { namespace, kind, name, operation } = asked;
    if (problems.length > 0) log("refused", { namespace, kind, name, operation, problems });
    reply(response, 200, answerTo(asked.uid, problems));
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  // What was not read to its end is not read any more.
  const close = status === 400 ? { connection: "close" } : {};
  response.writeHead(status, { "content-type": "application/json", ...close });
  response.end(JSON.stringify(body));
}
