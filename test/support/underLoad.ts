import assert from "node:assert/strict";
import { Load } from "../load/load";
import { GATEWAY } from "./cluster";
import type { TestProject } from "./project";

/** Does something under users' requests to the health path, of which none may be lost. */
export async function underLoad<T>(
  project: TestProject,
  pace: { readonly requestsPerSecond: number; readonly newConnections: number },
  act: () => Promise<T>,
): Promise<T> {
  const load = Load.start({ address: GATEWAY.address, host: project.host, path: "/health", maxSeconds: 120, ...pace });
  try {
    return await act();
  } finally {
    const { lost, sent } = await load.stop();
    assert.deepEqual(lost.slice(0, 5), [], `${lost.length} of ${sent} requests were lost`);
  }
}
