/** What a provider has to say: one definition per process, one handler per type of resource. */
import type { Log } from "./log";
import type { Properties } from "./values";

export type Awaitable<T> = T | Promise<T>;

/** Given to every operation. */
export interface Operation {
  /** Aborted with a `Cancelled` when a person, a signal or the end of the engine stops the operation. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface ResourceOperation extends Operation {
  readonly urn: string;
  /** Type token, for example `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** Where the engine of this run serves its plugins: the same for all of them, and for no other run. */
  readonly engine?: string;
}

export interface CheckRequest extends ResourceOperation {
  /** Inputs of the last successful operation, empty for a new resource. */
  readonly olds: Properties;
  readonly news: Properties;
  /** For generated names: the same seed asks for the same name. */
  readonly randomSeed?: Uint8Array;
}

export interface CheckFailure {
  readonly property: string;
  /** Shown together with the refused value, so never refuse a secret property here. */
  readonly reason: string;
}

export interface CheckResult {
  readonly inputs: Properties;
  readonly failures?: readonly CheckFailure[];
}

export interface DiffRequest extends ResourceOperation {
  readonly id: string;
  readonly oldInputs: Properties;
  /** The stored outputs; after a refresh, the world. */
  readonly olds: Properties;
  readonly news: Properties;
  readonly ignoreChanges: readonly string[];
}

export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

export interface PropertyDiff {
  readonly kind: DiffKind;
  /** Compares old inputs with new inputs in the display; otherwise old outputs with new inputs. */
  readonly inputDiff?: boolean;
}

export interface DiffResult {
  readonly changes: boolean;
  /** Property paths that can only change by replacing the resource. */
  readonly replaces?: readonly string[];
  readonly deleteBeforeReplace?: boolean;
  /** By property path: `spec.ports[0].port`, `metadata.labels["app.kubernetes.io/name"]`. */
  readonly detailed?: Readonly<Record<string, PropertyDiff>>;
  /** Outputs that an update does not change, so that dependants still know them in a preview. */
  readonly stables?: readonly string[];
}

export interface CreateRequest extends ResourceOperation {
  readonly inputs: Properties;
  readonly preview: boolean;
  /** From `customTimeouts`; undefined when the program sets none. */
  readonly timeoutSeconds?: number;
}

export interface CreateResult {
  /** May be empty in a preview. */
  readonly id: string;
  readonly outputs: object;
  /** Lets the engine Read the resource before every later preview, update and destroy, so that plain `preview` shows drift. */
  readonly refreshBeforeUpdate?: boolean;
}

export interface UpdateRequest extends CreateRequest {
  readonly id: string;
  readonly oldInputs: Properties;
  readonly olds: Properties;
  readonly ignoreChanges: readonly string[];
}

export type UpdateResult = Omit<CreateResult, "id">;

export interface ReadRequest extends ResourceOperation {
  readonly id: string;
  /** Empty when the resource is being imported or looked up by id. */
  readonly inputs: Properties;
  readonly olds: Properties;
}

export interface ReadResult extends CreateResult {
  readonly inputs: object;
}

export interface DeleteRequest extends ResourceOperation {
  readonly id: string;
  readonly oldInputs: Properties;
  readonly olds: Properties;
  readonly timeoutSeconds?: number;
}

export interface ResourceHandler {
  check(request: CheckRequest): Awaitable<CheckResult>;
  diff(request: DiffRequest): Awaitable<DiffResult>;
  create(request: CreateRequest): Awaitable<CreateResult>;
  update(request: UpdateRequest): Awaitable<UpdateResult>;
  /** `undefined` says that the resource is gone; throw when that cannot be told. */
  read(request: ReadRequest): Awaitable<ReadResult | undefined>;
  delete(request: DeleteRequest): Awaitable<void>;
}

export interface ConfigureRequest extends Operation {
  /** The provider's own inputs. Nested values arrive as JSON text where the SDK writes them so. */
  readonly args: Properties;
}

export interface ConfigCheckRequest extends ConfigureRequest {
  readonly olds: Properties;
}

export interface ConfigDiffRequest extends Operation {
  readonly olds: Properties;
  readonly news: Properties;
}

export interface InvokeRequest extends Operation {
  readonly args: Properties;
  readonly preview: boolean;
}

export interface InvokeResult {
  readonly result: object;
  readonly failures?: readonly CheckFailure[];
}

export interface ProviderDefinition {
  readonly name: string;
  readonly version: string;
  /** The package schema, asked for by code generation only. */
  readonly schema?: () => object;
  configure(request: ConfigureRequest): Awaitable<void>;
  checkConfig?(request: ConfigCheckRequest): Awaitable<CheckResult>;
  /** Without it, other inputs update the provider and replace nothing. */
  diffConfig?(request: ConfigDiffRequest): Awaitable<DiffResult>;
  /** @throws Error for a type this provider does not have. */
  resource(type: string): ResourceHandler;
  invoke?(token: string, request: InvokeRequest): Awaitable<InvokeResult>;
  /** Runs once before the process leaves, after all operations have ended; cut off after `shutdownMs`. */
  onShutdown?(): Promise<void>;
  /** @default 3000 */
  readonly shutdownMs?: number;
}
