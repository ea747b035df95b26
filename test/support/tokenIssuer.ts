import { createPublicKey, generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";

export interface TokenKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** Its public half. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function newTokenKey(): TokenKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = randomUUID();
  const jwk = createPublicKey(privateKey).export({ format: "jwk" });
  return { kid, privateKey, jwk: { ...jwk, kid, alg: "ES256", use: "sig" } };
}

/** An issuer of tokens, as far as whoever checks them asks it: discovery and keys. */
export class TokenIssuer {
  private server: Server | undefined;
  key = newTokenKey();
  address = "";
  /** Requests so far. */
  asked = 0;

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.asked += 1;
      const about = { issuer: this.address, jwks_uri: `${this.address}/keys` };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(request.url === "/keys" ? { keys: [this.key.jwk] } : about));
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    this.server = server;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }

  /** A good token of lee's, who is of the group operators, with these claims changed; `undefined` takes one away. */
  token(claims: Readonly<Record<string, unknown>> = {}, key = this.key): Promise<string> {
    const seconds = Math.floor(Date.now() / 1000);
    const usual = { iss: this.address, aud: "hms-deploy", sub: "lee", iat: seconds, exp: seconds + 3600 };
    const all = Object.entries({ ...usual, groups: ["operators"], ...claims }).filter(
      ([, value]) => value !== undefined,
    );
    return new SignJWT(Object.fromEntries(all)).setProtectedHeader({ alg: "ES256", kid: key.kid }).sign(key.privateKey);
  }
}
