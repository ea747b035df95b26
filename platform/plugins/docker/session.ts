import { isRecord } from "./json";
import { type Properties, reveal } from "../../rpc";
import { CredentialStore } from "./credentials";
import { EngineApi } from "./engineApi";

/** What the provider was configured with. Nothing is asked of Docker before an operation needs it. */
export interface Session {
  readonly engine: EngineApi;
  readonly credentials: CredentialStore;
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";

export function openSession(args: Properties, env: NodeJS.ProcessEnv = process.env): Session {
  const plain = reveal(args);
  const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
  const certPath =
    text(plain.certPath) ?? (text(env.DOCKER_TLS_VERIFY) === undefined ? undefined : text(env.DOCKER_CERT_PATH));
  return {
    engine: new EngineApi({
      host: text(plain.host) ?? text(env.DOCKER_HOST) ?? DEFAULT_HOST,
      ...(certPath === undefined ? {} : { certPath }),
    }),
    credentials: CredentialStore.load(decoded(plain.registryAuth), env),
  };
}

/** Lists reach a provider's configuration as JSON text, or as they are from an older program. */
function decoded(value: unknown): unknown {
  if (typeof value !== "string") return isRecord(value) ? [value] : value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
