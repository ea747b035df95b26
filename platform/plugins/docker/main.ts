import { type ResourceHandler, serveProvider } from "../../rpc";
import { invoke } from "./functions";
import { image } from "./image";
import { registryImage } from "./registryImage";
import { remoteImage } from "./remoteImage";
import { openSession, type Session } from "./session";

/** Version of the published plugin whose resources these stand in for. */
const VERSION = "5.2.0";

const RESOURCES: Readonly<Record<string, (session: Session) => ResourceHandler>> = {
  "docker:index/image:Image": image,
  "docker:index/registryImage:RegistryImage": registryImage,
  "docker:index/remoteImage:RemoteImage": remoteImage,
};

let session = openSession({});

serveProvider({
  name: "docker",
  version: VERSION,
  configure({ args }) {
    session = openSession(args);
  },
  resource(type) {
    const handler = RESOURCES[type];
    if (handler === undefined) {
      throw new Error(`${type}: this stand-in for the docker plugin has ${Object.keys(RESOURCES).join(", ")}`);
    }
    return handler(session);
  },
  invoke: (token, request) => invoke(token, request, session),
});
