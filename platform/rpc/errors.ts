/** Errors that the protocol tells apart; any other error fails the operation with its message and leaves the state as it was. */
import { Metadata, status, type ServerErrorResponse } from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { reasonOf as messageOf } from "../errors";
import { toStruct } from "./values";

/** A person or the engine stopped the operation. Nothing was judged: whatever was being done is not to blame. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
  constructor(why = "cancelled") {
    super(why);
  }
}

export interface PartialState {
  readonly id: string;
  /** Stored as the resource's outputs. */
  readonly properties: object;
  /** Shown as one `*` line each, and kept with the resource until its next success. */
  readonly reasons: readonly string[];
  /** Stored as the resource's inputs when a Create fails. The engine ignores it on Update. */
  readonly inputs?: object;
  readonly refreshBeforeUpdate?: boolean;
}

/** The resource exists but is not as asked. The engine keeps `properties` in the state and fails the update with the reasons. */
export class PartialFailure extends Error {
  override readonly name = "PartialFailure";
  constructor(
    readonly state: PartialState,
    options?: ErrorOptions,
  ) {
    super(state.reasons.join("; "), options);
  }
}

export { messageOf };

/** Where gRPC implementations look for structured error details. */
const DETAILS_KEY = "grpc-status-details-bin";

export function toGrpcError(error: unknown): ServerErrorResponse {
  const message = messageOf(error);
  const answer = { code: status.UNKNOWN, details: message, name: "Error", message };
  return error instanceof PartialFailure ? { ...answer, metadata: initFailed(error) } : answer;
}

function initFailed({ state, message }: PartialFailure): Metadata {
  const detail = new ErrorResourceInitFailed();
  detail.setId(state.id);
  detail.setProperties(toStruct(state.properties));
  if (state.inputs) detail.setInputs(toStruct(state.inputs));
  detail.setReasonsList([...state.reasons]);
  detail.setRefreshBeforeUpdate(state.refreshBeforeUpdate ?? false);
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const rpcStatus = new Status();
  rpcStatus.setCode(status.UNKNOWN);
  rpcStatus.setMessage(message);
  rpcStatus.addDetails(packed);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(rpcStatus.serializeBinary()));
  return metadata;
}
