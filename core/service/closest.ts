/** The word of `words` that `word` was probably meant to be, if one is near enough. */
export function closest(word: string, words: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { word: candidate, distance };
  }
  return best?.word;
}

/** Levenshtein distance where swapping two neighbours counts as one edit. */
function editDistance(a: string, b: string): number {
  const row = (i: number, value: number): number[] =>
    Array.from({ length: b.length + 1 }, (_, j) => (j === 0 ? i : value));
  let beforeLast = row(0, 0);
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = row(i, 0);
    for (let j = 1; j <= b.length; j++) {
      const substitution = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      current[j] = cost;
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
