import { z } from "zod";
import { UsageError } from "../cli/command";
import type { Gate } from "../core/gates/gate";
import { gate } from "../provider/resources/inputs";

/** Gates as the update that parked a move hands them over, a JSON list. @throws UsageError that names what is wrong. */
export function readGates(text: string | undefined): readonly Gate[] {
  if (text === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError("--gates must be a JSON list of gates, got a text that is no JSON");
  }
  const parsed = z.array(gate).safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the list"}: ${message}`);
  throw new UsageError(`--gates: ${problems.join("; ")}`);
}
