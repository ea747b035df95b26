/** What can go wrong between this program and a Kubernetes API server. */

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** The API server refused; the message is its own words. */
export class KubeApiError extends Error {
  override readonly name = "KubeApiError";
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** The API's machine word: NotFound, AlreadyExists, Conflict, Invalid, Forbidden, Expired ... */
    readonly reason: string,
    message: string,
    readonly details: StatusDetails = {},
  ) {
    super(message);
  }
}

/** Nothing answered where the API server should be, or nothing says where that is. */
export class KubeUnreachableError extends Error {
  override readonly name = "KubeUnreachableError";
}

/** The API server does not know this kind, perhaps because its CRD is not installed. */
export class UnknownKindError extends Error {
  override readonly name = "UnknownKindError";
  constructor(apiVersion: string, kind: string) {
    super(`the cluster knows no kind ${kind} in ${apiVersion}; is its CustomResourceDefinition installed?`);
  }
}

export function isApiError(error: unknown, reason: string): error is KubeApiError {
  return error instanceof KubeApiError && error.reason === reason;
}

export const isNotFound = (error: unknown): error is KubeApiError => isApiError(error, "NotFound");

/** Somebody else wrote meanwhile, or owns a field that was to be applied. */
export const isConflict = (error: unknown): error is KubeApiError => isApiError(error, "Conflict");

const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
};

/** From the answer's `Status` object; from the bare text when something in between answered. */
export function apiErrorOf(status: number, text: string): KubeApiError {
  const body = parseStatus(text);
  const reason = body.reason ?? REASONS[status] ?? "Unknown";
  return new KubeApiError(
    status,
    reason,
    body.message ?? (text.trim().slice(0, 500) || `HTTP ${status}`),
    body.details,
  );
}

interface StatusBody {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

function parseStatus(text: string): StatusBody {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null && "kind" in body && body.kind === "Status"
      ? (body as StatusBody)
      : {};
  } catch {
    return {};
  }
}
