import assert from "node:assert/strict";
import { Load } from "../load/load";
import { GATEWAY, HTTPS } from "./cluster";
import type { TestProject } from "./project";

/**
 * Does something under users' requests to the health path, of which none may be lost.
 * @param pace with `authority` (PEM): by https, and only certificates of that authority are believed.
 */
export async function underLoad<T>(
  project: TestProject,
  pace: { readonly requestsPerSecond: number; readonly newConnections: number; readonly authority?: string },
  act: () => Promise<T>,
): Promise<T> {
  const address = pace.authority === undefined ? GATEWAY.address : HTTPS.address;
  const load = Load.start({ address, host: project.host, path: "/health", maxSeconds: 500, ...pace });
  try {
    return await act();
  } finally {
    const { lost, sent } = await load.stop();
    assert.deepEqual(lost.slice(0, 5), [], `${lost.length} of ${sent} requests were lost`);
  }
}
