/** Calls of AWS' services. */
import type { AwsSession, ClientClass } from "../../aws/session";
import { Cancelled, isProperties, isSecret, reveal, toProperties, type Properties, type Value } from "../../rpc";
import { CLIENTS, PACKAGES, type ServiceName } from "./clients";
import { answerOf, type Answer, type Call } from "./kind";

/** What every client has, whatever the service. */
interface Client {
  send(command: object, options: { readonly abortSignal: AbortSignal }): Promise<object>;
}

/** Calls a service in a region. @throws the service's own error, whose name says more than its message */
export async function callService(
  session: AwsSession,
  service: ServiceName,
  region: string,
  [command, input]: Call,
  signal: AbortSignal,
): Promise<Answer> {
  // Commands are found by name, so that a table can name them.
  const classes = (await PACKAGES[service]()) as unknown as Readonly<Record<string, unknown>>;
  const Command = classes[`${command}Command`] as (new (input: object) => object) | undefined;
  if (Command === undefined) throw new Error(`${service} has no call ${command}`);
  const client = session.client(classes[CLIENTS[service]] as ClientClass<Client>, region);
  try {
    return answerOf(toProperties(await client.send(new Command(input), { abortSignal: signal })));
  } catch (error) {
    if (signal.aborted) throw new Cancelled();
    throw error;
  }
}

/** Whether a service says that what was asked for does not exist. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const status = (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return /NotFound|NoSuch|DoesNotExist/.test(error.name) || status === 404;
}

/** With its name, without which a service's error often means nothing, and without a secret of `inputs`. */
export function inWords(error: unknown, inputs: Properties = {}): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof Cancelled || !("$metadata" in error)) return error;
  const said = secretsIn(inputs).reduce((text, value) => text.replaceAll(value, "[secret]"), error.message);
  return new Error(`${error.name}: ${said}`, { cause: said === error.message ? error : undefined });
}

/** Shorter texts occur everywhere; hiding them would garble messages and hide nothing. */
const SHORTEST = 5;

function secretsIn(value: Value): readonly string[] {
  const all = (plain: Value): string[] => {
    if (typeof plain === "string") return plain.length < SHORTEST ? [] : [plain];
    if (Array.isArray(plain)) return plain.flatMap(all);
    return isProperties(plain) ? Object.values(plain).flatMap(all) : [];
  };
  if (isSecret(value)) return all(reveal(value.value));
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  return isProperties(value) ? Object.values(value).flatMap(secretsIn) : [];
}
