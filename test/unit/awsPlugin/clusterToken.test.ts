import assert from "node:assert/strict";
import { STSClient } from "@aws-sdk/client-sts";
import fc from "fast-check";
import { signedQuestion } from "../../../platform/aws/clusterToken";

interface Signer {
  presign(request: object, options: object): Promise<{ readonly query: Readonly<Record<string, string>> }>;
}

describe("a token for a cluster", () => {
  const region = "us-gov-west-1";
  const host = `sts.${region}.amazonaws.com`;

  it("is the question that AWS' own client would sign", async () => {
    const word = fc.stringMatching(/^[A-Za-z0-9/+=]{4,40}$/);
    const instant = fc.date({ min: new Date("2026-01-01"), max: new Date("2036-01-01"), noInvalidDate: true });
    const given = fc.record({ accessKeyId: word, secretAccessKey: word, sessionToken: word });
    await fc.assert(
      fc.asyncProperty(
        given,
        fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/),
        instant,
        async (credentials, cluster, now) => {
          const client = new STSClient({ region, credentials });
          const signer = (await client.config.signer()) as unknown as Signer;
          const { query } = await signer.presign(
            {
              method: "GET",
              protocol: "https:",
              hostname: host,
              path: "/",
              headers: { host, "x-k8s-aws-id": cluster },
              query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
            },
            {
              signingDate: now,
              expiresIn: 60,
              signingRegion: region,
              signingService: "sts",
              unhoistableHeaders: new Set(["x-k8s-aws-id"]),
            },
          );
          const url = new URL(signedQuestion({ host, region, cluster, credentials, now }));
          assert.equal(url.host, host);
          assert.deepEqual(Object.fromEntries(url.searchParams), query);
        },
      ),
      { numRuns: 20 },
    );
  });
});
