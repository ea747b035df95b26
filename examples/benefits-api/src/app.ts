import { fastify, type FastifyInstance, type FastifyReply, type FastifyServerOptions } from "fastify";
import type { Pool } from "pg";
import { CLAIM_SCHEMA, ID_SCHEMA, type Claim } from "./claim.ts";
import { Claims, ReferenceTaken } from "./claims.ts";
import { schemaVersion } from "./migrations.ts";
import { payoutOf } from "./payout.ts";
import { PolicyUnavailable, type AskPolicy } from "./policy.ts";
import { review, REVIEW_SCHEMA, type ReviewQuestion } from "./reviewed.ts";

export interface Parts {
  readonly pool: Pool;
  readonly askPolicy: AskPolicy;
  /** Version of the schema that this release needs at least. */
  readonly neededSchema: number;
  /** @default errors and one line a request, without anything that a person sent */
  readonly logger?: FastifyServerOptions["logger"];
}

/** Neither addresses nor bodies: who reads logs need not know whose farm it is. */
const LOG = {
  level: "info",
  serializers: {
    req: ({ method, routeOptions }: { method: string; routeOptions?: { url?: string | undefined } }) => ({
      method,
      route: routeOptions?.url ?? "unknown",
    }),
  },
};

/** The service's HTTP side; `listen` and `close` are the caller's. */
export function buildApp({ pool, askPolicy, neededSchema, logger = LOG }: Parts): FastifyInstance {
  const claims = new Claims(pool);
  // Answers say `connection: close` while the server ends, so that clients do not ask here again.
  const app = fastify({ logger, bodyLimit: 16_384, requestTimeout: 10_000, return503OnClosing: false });

  app.setErrorHandler((error: Error & { statusCode?: number; validation?: unknown }, request, reply) => {
    if (error instanceof PolicyUnavailable) {
      request.log.warn({ reason: error.message }, "no decision");
      return reply.code(503).header("retry-after", "5").send({ error: "policy-unavailable", message: error.message });
    }
    if (error instanceof ReferenceTaken)
      return reply.code(409).send({ error: "reference-taken", message: error.message });
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ error: "bad-request", message: error.message });
    // A driver's message may hold a row; its code does not.
    request.log.error({ code: (error as { code?: unknown }).code, name: error.name }, "failed");
    return reply.code(500).send({ error: "internal", message: "the request could not be carried out" });
  });
  app.setNotFoundHandler((_request, reply) => notFound(reply));

  app.get("/health", { logLevel: "warn" }, async (_request, reply) => {
    try {
      const version = await schemaVersion(pool);
      if (version >= neededSchema) return { status: "ok", schema: version };
      return await reply
        .code(503)
        .send({ status: "unavailable", reason: `schema ${version}, needed is ${neededSchema}` });
    } catch {
      return reply.code(503).send({ status: "unavailable", reason: "the database does not answer, or has no schema" });
    }
  });

  app.post<{ Body: Claim }>("/claims", { schema: { body: CLAIM_SCHEMA } }, async ({ body }, reply) => {
    const { id, isNew } = await claims.add(body);
    return reply
      .code(isNew ? 201 : 200)
      .header("location", `/claims/${id}`)
      .send({ id });
  });

  app.get<{ Params: { id: string } }>("/claims/:id", { schema: { params: ID_SCHEMA } }, async ({ params }, reply) => {
    const found = await claims.find(params.id);
    return found ? found.claim : notFound(reply);
  });

  app.get<{ Params: { id: string } }>(
    "/claims/:id/payout",
    { schema: { params: ID_SCHEMA } },
    async ({ params }, reply) => {
      const found = await claims.find(params.id);
      if (!found) return notFound(reply);
      const payout = payoutOf(await askPolicy(found.claim), found.paidCents);
      return { claim: params.id, ...payout };
    },
  );

  // What the policy decides for claims of the office's own database; only a sandbox has a clone of it.
  app.get<{ Querystring: ReviewQuestion }>(
    "/payouts",
    { schema: { querystring: REVIEW_SCHEMA } },
    async (request, reply) => {
      const reviewed = await review(pool, askPolicy, request.query);
      return reviewed ?? notFound(reply);
    },
  );

  // What a claim would get, without keeping it: for advisers, and for the proof of a new release.
  app.post<{ Body: Claim }>("/estimates", { schema: { body: CLAIM_SCHEMA } }, async ({ body }) =>
    payoutOf(await askPolicy(body), 0),
  );
  return app;
}

const notFound = (reply: FastifyReply) => reply.code(404).send({ error: "not-found", message: "no such thing" });
