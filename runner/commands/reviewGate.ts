import { once } from "node:events";
import type { Server } from "node:http";
import { readFileSync } from "node:fs";
import { UsageError, type Command, type Invocation, type OptionSpec } from "../../cli/command";
import { addressOf } from "../../cli/freezeServe";
import { doorOf, originOf, reviewHost, type Door } from "../../core/sharing/names";
import { reasonOf, RefusedError } from "../../platform/errors";
import { Events } from "../../provider/events/events";
import { Session } from "../../provider/session";
import { clusterBook } from "../../provider/sharing/book";
import { DoorRecorder } from "../../provider/sharing/doorRecorder";
import { reviewGate } from "../../provider/sharing/gate";
import { readPeople, standInProvider } from "../../provider/sharing/standIn";
import { Log } from "../log";
import { namespaceOf, NAMESPACE_OPTION } from "../place";

const CLIENT_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--public-url <url>",
    description: "address of the gate in browsers: http(s)://review.<domain of sandboxes>",
  },
  { flags: "--issuer <url>", description: "the identity provider, as it calls itself" },
  { flags: "--client-id <id>", description: "name of the gate at the identity provider", default: "review-gate" },
  { flags: "--client-secret-file <path>", description: "file with the secret of that name" },
];

/** What stands between a sandbox and the world; see provider/sharing/gate.ts. */
export const reviewGateCommand: Command = {
  name: "review-gate",
  summary: "Answers the gateway's question who may open a sandbox, signs people in, and takes reviewers' decisions.",
  options: [
    ...CLIENT_OPTIONS,
    { flags: "--groups-claim <name>", description: "claim of the ID token with the groups", default: "groups" },
    {
      flags: "--scope <words>",
      description: "what is asked for at the identity provider",
      default: "openid profile email",
    },
    {
      flags: "--back-channel <url>",
      description: "where the identity provider is reached from here, if not by its name",
    },
    { flags: "--listen <host:port>", description: "where the pages are", default: "127.0.0.1:8090" },
    { flags: "--listen-auth <host:port>", description: "where the gateway asks", default: "127.0.0.1:8091" },
    NAMESPACE_OPTION,
  ],
  examples: [
    "runner review-gate --public-url https://review.sbx.example.gov --issuer https://login.example.gov --client-secret-file /client/secret",
  ],
  async run(invocation, io) {
    const namespace = namespaceOf(invocation);
    const door = doorFrom(invocation);
    const backChannel = invocation.text("backChannel");
    // Loaded where it is used: watchers of moves start from the same bundle.
    const { signInBy } = await import("../../provider/sharing/signIn");
    const signIn = signInBy({
      issuer: invocation.required("issuer"),
      clientId: invocation.required("clientId"),
      clientSecret: secretOf(invocation),
      groupsClaim: invocation.required("groupsClaim"),
      scope: invocation.required("scope"),
      ...(backChannel === undefined ? {} : { backChannel }),
    });
    const log = new Log(io.out, { namespace });
    const say = log.info.bind(log);
    const { kube } = new Session(undefined);
    const book = clusterBook({ kube, namespace });
    const events = new Events({ kube, namespace, progress: say });
    const recorder = new DoorRecorder(book, say, (happening) => void events.emit(happening));
    const gate = reviewGate({ door, book, recorder, signIn }, say);
    await serve(gate.pages, invocation, "listen", io.signal);
    await serve(gate.auth, invocation, "listen-auth", io.signal);
    log.info("open", { address: originOf(door, reviewHost(door)), issuer: invocation.required("issuer") });
    await ended(io.signal);
    await recorder.flush();
  },
};

/** The local platform's identity provider; see provider/sharing/standIn.ts. */
export const standInIdentity: Command = {
  name: "stand-in-identity",
  summary: "An identity provider for machines that have none: whoever reaches it may be anybody on its list.",
  options: [
    ...CLIENT_OPTIONS,
    { flags: "--people <path>", description: "file with the list of people" },
    { flags: "--listen <host:port>", description: "where to listen", default: "127.0.0.1:8092" },
  ],
  examples: [
    "runner stand-in-identity --issuer http://identity.localhost:8080 --public-url http://review.localhost:8080 --people people.json --client-secret-file secret",
  ],
  async run(invocation, io) {
    const door = doorFrom(invocation);
    const issuer = invocation.required("issuer");
    const people = readPeople(readOf(invocation.required("people")));
    const log = new Log(io.out, { standIn: "identity provider" });
    const redirectUri = `${originOf(door, reviewHost(door))}/callback`;
    const clientId = invocation.required("clientId");
    const server = await standInProvider({ issuer, people, clientId, clientSecret: secretOf(invocation), redirectUri });
    await serve(server, invocation, "listen", io.signal);
    log.info("A STAND-IN, NOT FOR PRODUCTION: whoever reaches it may be anybody on its list", {
      issuer,
      people: people.map(({ user }) => user),
    });
    await ended(io.signal);
  },
};

function doorFrom(invocation: Invocation): Door {
  try {
    return doorOf(invocation.required("publicUrl"));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--public-url: ${reasonOf(error)}`);
  }
}

function secretOf(invocation: Invocation): string {
  const secret = readOf(invocation.required("clientSecretFile")).trim();
  if (secret.length < 16)
    throw new RefusedError("the client's secret is shorter than 16 characters; give it a longer one");
  return secret;
}

function readOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new RefusedError(`${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** Listens until the signal. */
async function serve(
  server: Server,
  invocation: Invocation,
  option: "listen" | "listen-auth",
  signal: AbortSignal,
): Promise<void> {
  const { host, port } = addressOf(invocation.required(option === "listen" ? "listen" : "listenAuth"), option);
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new RefusedError(`cannot listen on ${host}:${port}: ${reasonOf(error)}`, { cause: error });
  }
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
}

async function ended(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
