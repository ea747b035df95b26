import { createServer, type IncomingMessage, type Server } from "node:http";
import { reasonOf } from "../../platform/errors";
import { send, textAnswer, type Answer } from "./answers";
import type { DoorLog } from "./doorRecorder";
import { DoorState, type GateParts } from "./doorState";
import { forwardAuth } from "./forwardAuth";
import { reviewHostAnswer } from "./reviewHost";

export const HEALTH_PATH = "/healthz";
export const AUTH_PATH = "/forward-auth";

/** The gate's two servers: one that only the gateway reaches, and the one with the pages. */
export interface Gate {
  readonly auth: Server;
  readonly pages: Server;
}

export function reviewGate(parts: GateParts, log: DoorLog): Gate {
  const state = new DoorState(parts);
  return {
    auth: server(log, (request) =>
      pathOf(request) === AUTH_PATH
        ? forwardAuth(state, request.headers)
        : Promise.resolve(textAnswer(404, "there is nothing here")),
    ),
    pages: server(log, (request) => reviewHostAnswer(state, request)),
  };
}

const pathOf = ({ url = "" }: IncomingMessage): string => url.split("?")[0] ?? "";

function server(log: DoorLog, answer: (request: IncomingMessage) => Promise<Answer>): Server {
  const made = createServer((request, response) => {
    if (request.method === "GET" && pathOf(request) === HEALTH_PATH) {
      send(response, textAnswer(200, "ok"));
      return;
    }
    answer(request)
      .catch((error: unknown): Answer => {
        // What cannot be told lets nobody pass. Reasons are for the log: they may name what is inside.
        log("could not answer", { path: pathOf(request), why: reasonOf(error) });
        return textAnswer(503, "this cannot be told at the moment, so nobody passes; try again");
      })
      .then((answered) => {
        send(response, answered);
      })
      .catch((error: unknown) => {
        log("could not send an answer", { path: pathOf(request), why: reasonOf(error) });
        response.destroy();
      });
  });
  // A browser that goes slowly must not hold the gate.
  made.requestTimeout = 15_000;
  made.headersTimeout = 10_000;
  return made;
}
