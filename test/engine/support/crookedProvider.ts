import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What its next ID token says, and how it is signed. */
export interface Token {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly alg?: "RS256" | "none" | "HS256" | "other key";
}

const CLIENT = "review-gate";

/** An identity provider that says what a test wants it to, right or wrong. */
export class CrookedProvider {
  next: Token = { claims: {} };
  issuer = "";
  private readonly keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  private readonly others = generateKeyPairSync("rsa", { modulusLength: 2048 });
  private readonly server: Server = createServer((request, response) => {
    const answers: Readonly<Record<string, () => unknown>> = {
      "/.well-known/openid-configuration": () => ({
        issuer: this.issuer,
        authorization_endpoint: `${this.issuer}/authorize`,
        token_endpoint: `${this.issuer}/token`,
        jwks_uri: `${this.issuer}/jwks`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        code_challenge_methods_supported: ["S256"],
      }),
      "/jwks": () => ({
        keys: [{ ...this.keys.publicKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "k1" }],
      }),
      "/token": () => ({ access_token: "a", token_type: "Bearer", expires_in: 60, id_token: this.token() }),
    };
    const answer = answers[request.url ?? ""];
    response.writeHead(answer ? 200 : 404, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer?.() ?? {}));
  });

  async listen(): Promise<void> {
    await new Promise<void>((done) => this.server.listen(0, "127.0.0.1", done));
    this.issuer = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Claims as they should be. */
  honest(nonce: string, now = Math.floor(Date.now() / 1000)): Readonly<Record<string, unknown>> {
    const who = { sub: "ana", name: "Ana", email: "ana@example.org", email_verified: true, groups: ["PolicyAnalyst"] };
    return { iss: this.issuer, aud: CLIENT, nonce, iat: now, exp: now + 300, ...who };
  }

  private token(): string {
    const { claims, alg = "RS256" } = this.next;
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const content = `${part({ alg: alg === "other key" ? "RS256" : alg, typ: "JWT", kid: "k1" })}.${part(claims)}`;
    const rsa = (key: KeyObject) => sign("sha256", Buffer.from(content), key).toString("base64url");
    switch (alg) {
      case "none":
        return `${content}.`;
      case "HS256": {
        // The public key as a shared secret, which some readers have fallen for.
        const secret = this.keys.publicKey.export({ format: "pem", type: "spki" });
        return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
      }
      case "other key":
        return `${content}.${rsa(this.others.privateKey)}`;
      case "RS256":
        return `${content}.${rsa(this.keys.privateKey)}`;
    }
  }
}
