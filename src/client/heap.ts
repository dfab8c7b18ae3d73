/** A binary heap: the least first, equal ones in the order of their coming. */
export class Heap<Item> {
  readonly #items: { readonly rank: number; readonly order: number; readonly item: Item }[] = [];
  #pushed = 0;

  get size(): number {
    return this.#items.length;
  }

  /** The rank of the least, or undefined when there is none. */
  get leastRank(): number | undefined {
    return this.#items[0]?.rank;
  }

  push(rank: number, item: Item): void {
    const items = this.#items;
    items.push({ rank, order: this.#pushed++, item });
    let at = items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): Item | undefined {
    const items = this.#items;
    const least = items[0];
    const last = items.pop();
    if (least === undefined || last === undefined) return undefined;
    if (items.length > 0) {
      items[0] = last;
      this.#sink();
    }
    return least.item;
  }

  #sink(): void {
    const items = this.#items;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      let least = at;
      if (left < items.length && this.#isBefore(left, least)) least = left;
      if (left + 1 < items.length && this.#isBefore(left + 1, least)) least = left + 1;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(left: number, right: number): boolean {
    const a = this.#items[left]!;
    const b = this.#items[right]!;
    return a.rank < b.rank || (a.rank === b.rank && a.order < b.order);
  }

  #swap(left: number, right: number): void {
    const items = this.#items;
    const kept = items[left]!;
    items[left] = items[right]!;
    items[right] = kept;
  }
}
