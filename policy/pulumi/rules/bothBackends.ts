import { HEADER, LABEL } from "../../../core/rollout/names";
import { COLORS } from "../../../core/rollout/color";
import { asString } from "../../../core/json";
import { at, OPEN, type Known, type Rule } from "../rule";
import { got, items, label } from "../shape";

const ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute";

export const bothBackends: Rule = {
  name: "both-backends",
  description: "Traffic moves by weights alone: a Service's color never changes, and a route has both colors.",
  check(resource) {
    if (/^kubernetes:core\/v1:Service(Patch)?$/.test(resource.type)) {
      const color = label(resource, LABEL.color);
      const selected = at(resource.inputs, "spec", "selector", LABEL.color);
      // Where there are no colors there is nothing to flip.
      if (color === OPEN || selected === OPEN || (color === undefined && selected === undefined)) return [];
      return color === selected
        ? []
        : [
            `spec.selector["${LABEL.color}"]: got ${got(selected)} on a Service of ${got(color)}; a Service stays with ` +
              "its color, move the traffic by hms-deploy",
          ];
    }
    return resource.type === ROUTE ? items(at(resource.inputs, "spec", "rules")).flatMap(soleBackend) : [];
  },
};

/** A rule that leads to one color without the other. One that testers alone can match may. */
function soleBackend(rule: Known, index: number): readonly string[] {
  const refs = at(rule, "backendRefs");
  const names = items(refs).map((ref) => at(ref, "name"));
  if (refs === OPEN || names.includes(OPEN) || items(at(rule, "matches")).includes(OPEN)) return [];
  const matches = items(at(rule, "matches"));
  const forTesters =
    matches.length > 0 &&
    matches.every((match) => items(at(match, "headers")).some((header) => at(header, "name") === HEADER.probe));
  if (forTesters) return [];
  const known = names.flatMap((name) => asString(name) ?? []);
  return known.flatMap((name) => {
    const color = COLORS.find((one) => name.endsWith(`-${one}`));
    const other = color && name.replace(/[^-]+$/, color === "blue" ? "green" : "blue");
    return other === undefined || known.includes(other)
      ? []
      : [
          `spec.rules[${index}]: leads to ${name} alone; a route has both colors always, with weights (${other} is missing)`,
        ];
  });
}
