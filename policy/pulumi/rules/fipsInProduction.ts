import { asString } from "../../../core/json";
import { at, OPEN, type Rule } from "../rule";
import { got, isAbsent, providerArgument } from "../shape";

export const fipsInProduction: Rule = {
  name: "fips-in-production",
  description: "In production AWS is reached by its FIPS endpoints, or by the emulator that the stack names.",
  check({ type, inputs }, { production, config }) {
    if (!production || type !== "pulumi:providers:aws") return [];
    const fips = providerArgument(inputs, "useFipsEndpoint");
    if (fips === OPEN || fips === true) return [];
    const endpoints = providerArgument(inputs, "endpoints");
    const emulated = asString(at(config.aws as never, "endpoint")) !== undefined;
    if (emulated && (endpoints === OPEN || !isAbsent(endpoints))) return [];
    return [
      `useFipsEndpoint: got ${got(fips)}; allowed is true; leave hms:aws.fips out, or make the provider with accountProvider`,
    ];
  },
};
