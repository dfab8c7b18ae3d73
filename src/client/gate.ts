/** So many at once; the others wait, in the order of their coming. Their number is bounded by those who call. */
export class Gate {
  readonly #most: number;
  readonly #waiting = new Set<() => void>();
  #under = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#under < this.#most) this.#under++;
    // Whoever leaves hands on the place.
    else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next();
      return;
    }
    this.#under--;
  }
}
