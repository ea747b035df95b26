import { field, mapWith, oneOf } from "../core/service/field";
import { keeperField } from "./ledger";

/** Where a stack keeps its change-freeze, and what a freeze does to a move that is on its way. */
export const freezeSchema = mapWith({
  file: field(
    {
      allowed: "the path of a file, absolute or relative to Pulumi.yaml",
      advice: "name the file whose existence freezes, or leave it out for the ConfigMap hms-freeze",
    },
    (value) => (typeof value === "string" && value.trim() !== "" && !value.includes("\0") ? value : undefined),
  ).exactOptional(),
  account: keeperField.exactOptional(),
  midMove: oneOf(
    ["hold", "restore"],
    "hold leaves a move at the weights it has, restore puts its traffic back",
  ).default("hold"),
});
