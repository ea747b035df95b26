import { serveProvider } from "../../rpc";
import { handlerOf } from "./handler";
import { KINDS } from "./kinds";

/** Version of the published plugin whose resources these stand in for. */
const VERSION = "4.21.2";

serveProvider({
  name: "random",
  version: VERSION,
  configure: () => undefined,
  resource(type) {
    const kind = KINDS.get(type);
    if (kind === undefined) {
      throw new Error(`${type}: this stand-in for the random plugin has ${[...KINDS.keys()].join(", ")}`);
    }
    return handlerOf(kind);
  },
});
