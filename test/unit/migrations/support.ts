import type { MigrationNote, MigrationWork } from "../../../core/migrations/note";

export const work = (change: Partial<MigrationWork> = {}): MigrationWork => ({
  image: "r/web@sha256:1",
  up: ["migrate", "up"],
  down: ["migrate", "down"],
  env: {},
  secrets: {},
  resources: { cpu: "50m", memory: "64Mi" },
  timeoutSeconds: 600,
  downOnRestore: true,
  ...change,
});

export const note = (change: Partial<MigrationNote> = {}): MigrationNote => ({
  tag: "v2",
  work: work(),
  state: "up",
  run: 1,
  serial: 1,
  since: 1,
  at: "2026-11-21T20:00:00.000Z",
  ended: [],
  ...change,
});
