import { at, OPEN, type Rule } from "../rule";
import { got, items } from "../shape";

/** Signatures of an image are added under one tag, which is its digest: nobody can move it to another image. */
const SIGNATURES = "sha256-*";

export const immutableTags: Rule = {
  name: "immutable-tags",
  description: "A tag of a registry stays on the image that it was given to.",
  check({ type, inputs }) {
    if (type !== "aws:ecr/repository:Repository") return [];
    const mutability = at(inputs, "imageTagMutability");
    if (mutability === OPEN || mutability === "IMMUTABLE") return [];
    const filters = items(at(inputs, "imageTagMutabilityExclusionFilters")).map((filter) => at(filter, "filter"));
    const excepts = filters.every((filter) => filter === OPEN || filter === SIGNATURES);
    if (mutability === "IMMUTABLE_WITH_EXCLUSION" && excepts) return [];
    return [
      `imageTagMutability: got ${got(mutability)}; allowed is "IMMUTABLE", or "IMMUTABLE_WITH_EXCLUSION" with the one ` +
        `filter ${SIGNATURES}, for signatures`,
    ];
  },
};
