import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { readPeople, type Person } from "./standIn";

/** Who may sign in on a machine without an identity provider, unless `people.json` in HMS_HOME lists others. */
export const LOCAL_PEOPLE: readonly Person[] = [
  {
    user: "ana",
    name: "Ana Aalto",
    email: "ana@example.org",
    groups: ["PolicyAnalyst", "agency:water"],
    note: "reviews policy",
  },
  {
    user: "ben",
    name: "Ben Brandt",
    email: "ben@example.org",
    groups: ["PolicyAnalyst", "agency:labor"],
    note: "reviews policy of another agency",
  },
  {
    user: "olga",
    name: "Olga Orlova",
    email: "olga@example.org",
    groups: ["Delivery", "agency:water"],
    note: "owns sandboxes",
  },
  { user: "eve", name: "Eve Ender", email: "eve@example.org", groups: [], note: "works here, reviews nothing" },
];

/** @throws RefusedError for a file that lists nobody. */
export function localPeople(home: string): readonly Person[] {
  const file = path.join(home, "people.json");
  return existsSync(file) ? readPeople(readFileSync(file, "utf8")) : LOCAL_PEOPLE;
}
