/** What must not be readable in the state or in messages. */
import {
  isProperties,
  isSecret,
  isUnknown,
  reveal,
  secret,
  withSecretsOf,
  type Properties,
  type Value,
} from "../../rpc";
import { isSecretKind } from "./immutable";
import type { ObjectType } from "./tokens";

const SECRET_FIELDS = ["data", "stringData"];
/** Shorter texts occur everywhere; hiding them would garble messages and hide nothing. */
const SHORTEST = 5;

/** The values of a Secret are secret, whether the program says so or not. */
export function guarded(object: Properties, type: ObjectType): Properties {
  if (!isSecretKind(type)) return object;
  const result = { ...object };
  for (const name of SECRET_FIELDS) {
    const value = result[name];
    if (value !== undefined && !isUnknown(value)) result[name] = secret(reveal(value));
  }
  return result;
}

/** What came in as a secret goes out as one. */
export function keepSecret(outputs: Properties, inputs: Properties, type: ObjectType): Properties {
  return guarded(withSecretsOf(outputs, inputs), type);
}

/** `stringData` is written into `data` by the server and never read back; this shows it again, for the keys of the inputs. */
export function withStringData(live: Properties, inputs: Properties, type: ObjectType): Properties {
  const written = reveal(inputs).stringData;
  const data = reveal(live).data;
  if (!isSecretKind(type) || !isProperties(written) || !isProperties(data)) return live;
  const decoded: Properties = {};
  for (const key of Object.keys(written)) {
    const encoded = data[key];
    if (typeof encoded === "string") decoded[key] = Buffer.from(encoded, "base64").toString("utf8");
  }
  return { ...live, stringData: decoded };
}

/** Replaces secret input values in a text that the API server or a container wrote. */
export function redactor(inputs: Properties): (text: string) => string {
  const texts = secretTexts(inputs).sort((a, b) => b.length - a.length);
  return (text) => texts.reduce((safe, hidden) => safe.replaceAll(hidden, "[secret]"), text);
}

function secretTexts(v: Value, inside = false): string[] {
  if (isSecret(v)) return secretTexts(v.value, true);
  if (Array.isArray(v)) return v.flatMap((item) => secretTexts(item, inside));
  if (isProperties(v)) return Object.values(v).flatMap((item) => secretTexts(item, inside));
  if (!inside || (typeof v !== "string" && typeof v !== "number") || isUnknown(v)) return [];
  const text = String(v);
  return text.length < SHORTEST ? [] : [text, Buffer.from(text).toString("base64")];
}
