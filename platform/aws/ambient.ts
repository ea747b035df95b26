/** Credentials for an emulator, which needs none and believes everybody. */

type Env = Readonly<Record<string, string | undefined>>;

/** Whether an endpoint is this machine's own, where no real credentials belong. */
export function isLoopback(endpoint: string): boolean {
  const { hostname } = new URL(endpoint);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/** Variables of which any one says that the caller has credentials, or a way to them. */
const CREDENTIALS = [
  ...["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"],
  ...["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"],
];

/**
 * What to add to an environment so that AWS' own clients have something to sign with: the emulator believes everybody.
 * Nothing for another endpoint than this machine's, or where the caller has credentials: those are tried as they are.
 */
export function emulatorCredentials(env: Env, endpoint: string | undefined): Readonly<Record<string, string>> {
  if (endpoint === undefined || !isLoopback(endpoint)) return {};
  if (CREDENTIALS.some((name) => (env[name] ?? "") !== "")) return {};
  return { AWS_ACCESS_KEY_ID: "emulated", AWS_SECRET_ACCESS_KEY: "emulated" };
}
