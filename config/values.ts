/** Keys whose values are texts, whatever they look like; the others are YAML, and the engine hands them on as JSON. */
const TEXTS: readonly string[] = ["kubeContext", "namespace", "domain", "registry", "prometheus"];

/** The value that a key's text stands for: `"false"` is false, `{"a":1}` a map, what is no JSON a text. */
export function decodeValue(key: string, text: string): unknown {
  return TEXTS.includes(key) ? text : decodeJson(text);
}

export function decodeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
