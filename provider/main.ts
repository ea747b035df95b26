import { version } from "../package.json";
import { ledgerWishSchema } from "../core/ledger/wish";
import { asString } from "../core/json";
import { ensureBases } from "./baseImages";
import { reveal, serveProvider, type ResourceHandler } from "../platform/rpc";
import { getConfigMaps, getRollout } from "./functions";
import { localCertificate } from "./resources/localCertificate";
import { migration } from "./resources/migration";
import { rolloutLease } from "./resources/rolloutLease";
import { soak } from "./resources/soak";
import { sandboxDatabase } from "./resources/sandboxDatabase";
import { scannedImage } from "./resources/scannedImage";
import { servingCertificate } from "./resources/servingCertificate";
import { signedImage } from "./resources/signedImage";
import { trafficSwitch } from "./resources/trafficSwitch";
import { verification } from "./resources/verification";
import { databaseRunner, runner } from "./runnerImage";
import { getSandboxes } from "./sandbox/namespaces";
import { Session } from "./session";

let session = new Session(undefined);

const FUNCTIONS: Readonly<Record<string, typeof getRollout>> = {
  "hms:rollout:getRollout": getRollout,
  "hms:rollout:getConfigMaps": getConfigMaps,
  "hms:image:ensureBases": ensureBases,
  "hms:image:databaseRunner": databaseRunner,
  "hms:image:runner": runner,
  "hms:sandbox:getSandboxes": getSandboxes,
};

const RESOURCES: Readonly<Record<string, (session: Session) => ResourceHandler>> = {
  "hms:data:SandboxDatabase": sandboxDatabase,
  "hms:image:ScannedImage": scannedImage,
  "hms:image:SignedImage": signedImage,
  "hms:fleet:Soak": soak,
  "hms:rollout:Migration": migration,
  "hms:rollout:RolloutLease": rolloutLease,
  "hms:rollout:TrafficSwitch": trafficSwitch,
  "hms:rollout:Verification": verification,
  "hms:tls:LocalCertificate": localCertificate,
  "hms:tls:ServingCertificate": servingCertificate,
};

/** Absent in states of earlier versions, which recorded nothing. */
const ledgerOf = (text: string | undefined) =>
  text === undefined ? undefined : ledgerWishSchema.parse(JSON.parse(text));

serveProvider({
  name: "hms",
  version,
  configure({ args }) {
    session = new Session(asString(args.context), asString(reveal(args.kubeconfig)), ledgerOf(asString(args.ledger)));
  },
  resource(type) {
    const handler = RESOURCES[type];
    if (!handler) throw new Error(`${type}: the hms provider has ${Object.keys(RESOURCES).join(", ")}`);
    return handler(session);
  },
  invoke(token, request) {
    const answer = FUNCTIONS[token];
    if (!answer) throw new Error(`${token}: the hms provider has ${Object.keys(FUNCTIONS).join(", ")}`);
    return answer(session, request);
  },
  onShutdown: () => session.close(),
});
