import type { Identity } from "../../../core/sharing/decide";
import type { Grant } from "../../../core/sharing/grant";
import type { SandboxIdentity } from "../../../core/sandbox/identity";

export const NOW = new Date("2026-11-22T12:00:00Z");
export const minutes = (count: number): Date => new Date(NOW.getTime() + count * 60_000);

export const SANDBOX: SandboxIdentity = {
  name: "sbx-42",
  owner: "olga",
  purpose: "higher payouts",
  createdAt: minutes(-60),
  expiresAt: minutes(420),
  snapshot: "20261122T020000Z-1a2b3c",
  changed: "drought-benefit v3",
};

export const GRANT: Grant = {
  id: "g1",
  sandbox: "sbx-42",
  to: { users: ["ana"], groups: [] },
  as: "view",
  role: "PolicyAnalyst",
  until: minutes(300).toISOString(),
  by: "olga",
  at: minutes(-30).toISOString(),
};

export const ANA: Identity = {
  subject: "ana",
  email: "ana@example.org",
  name: "Ana",
  groups: ["PolicyAnalyst", "agency:water"],
  authTime: minutes(-5),
};
