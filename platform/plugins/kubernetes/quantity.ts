/** Resource quantities: `500m`, `0.5`, `1Gi`. The API stores them in a spelling of its own. */
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

export function quantity(v: unknown): number | undefined {
  if (typeof v === "number") return v;
  const parts =
    typeof v === "string" ? /^([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(v) : null;
  const factor = FACTORS[parts?.[2] ?? ""];
  return parts?.[1] === undefined || factor === undefined ? undefined : Number(parts[1]) * factor;
}

export function sameQuantity(a: unknown, b: unknown): boolean {
  const [x, y] = [quantity(a), quantity(b)];
  return x !== undefined && y !== undefined && Math.abs(x - y) <= Math.abs(x) * 1e-12;
}
