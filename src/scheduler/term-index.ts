/** The affinity terms of pods that run, each with the nodes on which how many pods have it. */
import type { AffinityTerm } from './affinity-term.ts';
import type { NodeView } from './node-view.ts';

export interface IndexedTerm {
  readonly term: AffinityTerm;
  readonly weight: number;
  readonly nodes: Map<NodeView, number>;
}

export class TermIndex {
  readonly #terms = new Map<string, IndexedTerm>();

  get size(): number {
    return this.#terms.size;
  }

  values(): IterableIterator<IndexedTerm> {
    return this.#terms.values();
  }

  count(term: AffinityTerm, options: { node: NodeView; weight: number; sign: 1 | -1 }): void {
    const { node, weight, sign } = options;
    const key = `${weight} ${term.key}`;
    const found = this.#terms.get(key) ?? { term, weight, nodes: new Map<NodeView, number>() };
    const count = (found.nodes.get(node) ?? 0) + sign;
    if (count === 0) found.nodes.delete(node);
    else found.nodes.set(node, count);
    if (found.nodes.size === 0) this.#terms.delete(key);
    else this.#terms.set(key, found);
  }
}
