import type { Properties, Value } from "../../rpc";

export type PropertyType = "integer" | "text" | "boolean" | "texts" | "map";

/** One type of random resource. What it made never changes: another setting is another resource. */
export interface Kind {
  readonly token: string;
  readonly properties: Readonly<Record<string, PropertyType>>;
  readonly required: readonly string[];
  /** What an output says of a property that the program left out. */
  readonly defaults: Properties;
  /** Outputs that are made, not given. */
  readonly made: readonly string[];
  /** Those of them that are secret. */
  readonly secret: readonly string[];
  /** What is wrong with settings of the right types, by property. */
  problems?(settings: Settings): readonly (readonly [property: string, reason: string])[];
  make(settings: Settings): Promise<Made> | Made;
  /** The resource that an id given to `import` stands for. @throws Error that says how such an id is written */
  adopt?(id: string): Promise<Adopted> | Adopted;
}

export interface Made {
  readonly id: string;
  readonly values: Properties;
}

export interface Adopted extends Made {
  readonly settings: Properties;
}

/** Known, plain settings by name, with the defaults filled in; asking for another type than declared is a bug. */
export class Settings {
  constructor(private readonly values: Properties) {}

  integer(name: string): number {
    const value = this.optional(name);
    if (typeof value !== "number") throw new TypeError(`${name} is no number`);
    return value;
  }

  /** undefined where it is not set or not known yet */
  knownInteger(name: string): number | undefined {
    const value = this.optional(name);
    return typeof value === "number" ? value : undefined;
  }

  flag(name: string): boolean {
    return this.optional(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.optional(name);
    return typeof value === "string" ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.optional(name);
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  }

  private optional(name: string): Value | undefined {
    return this.values[name];
  }
}
