export { Cancelled, PartialFailure, messageOf, type PartialState } from "./errors";
export type { Log } from "./log";
export * from "./provider";
export { serveProvider } from "./server";
export { parseUrn, type UrnParts } from "./urn";
export * from "./values";
