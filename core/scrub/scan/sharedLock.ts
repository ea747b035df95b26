/** How long a thread sleeps before it looks again, so that one that is to be ended notices. In milliseconds. */
const NAP = 100;

/** A lock of threads in four bytes of shared memory, for short work. What is written under it is seen by the next one. */
export class SharedLock {
  private readonly word: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.word = new Int32Array(memory, 0, 1);
  }

  hold(work: () => void): void {
    while (Atomics.compareExchange(this.word, 0, 0, 1) !== 0) Atomics.wait(this.word, 0, 1, NAP);
    try {
      work();
    } finally {
      Atomics.store(this.word, 0, 0);
      Atomics.notify(this.word, 0, 1);
    }
  }
}
