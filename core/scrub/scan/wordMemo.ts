/** A power of two. */
const SLOTS = 8192;

/**
 * Words that were met lately, by digest, and whether something known begins with them: an output is made of few
 * different ones, and comparing a digest costs less than a look into the set. The set knows words by nothing but their
 * digests either, so two words of one digest have one answer.
 */
export class WordMemo {
  private readonly lows = new Int32Array(SLOTS);
  private readonly highs = new Int32Array(SLOTS);
  /** 0: nothing is here, 1: begins nothing, 2: begins something. */
  private readonly answers = new Uint8Array(SLOTS);

  /** Whether something known begins with the word; `ask` is asked if it was not met lately. */
  begins(low: number, high: number, ask: (low: number, high: number) => boolean): boolean {
    const slot = high & (SLOTS - 1);
    if (this.lows[slot] === low && this.highs[slot] === high && this.answers[slot] !== 0)
      return this.answers[slot] === 2;
    const answer = ask(low, high);
    this.lows[slot] = low;
    this.highs[slot] = high;
    this.answers[slot] = answer ? 2 : 1;
    return answer;
  }
}
