/**
 * Work that is done one after another, in the order in which it came. Writes that change the same object beside their
 * own wait here for each other: planned all at once, all but one of them would be planned in vain.
 */
export class Lane {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Nothing is under way and nothing waits. */
  get idle(): boolean {
    return this.#waiting === 0;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#last;
    this.#waiting++;
    const mine = before.then(work);
    // What comes next does not care how this ended.
    this.#last = mine.then(
      () => {},
      () => {},
    );
    try {
      return await mine;
    } finally {
      this.#waiting--;
    }
  }
}
