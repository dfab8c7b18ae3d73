/** The pods of this node for those who are asked about them: with what the agent itself says of them last. */
import type { Pod } from '../kinds/generated/types.ts';

export interface PodLookup {
  /** All that are looked after, static ones too. */
  list(): readonly Pod[];
  get(namespace: string, name: string): Pod | undefined;
}

/** Made before the agent, which fills it when it runs: nothing is known until then. */
export class KnownPods implements PodLookup {
  #source: () => readonly Pod[] = () => [];
  #isComplete = false;

  /** The agent's part. */
  follow(source: () => readonly Pod[]): void {
    this.#source = source;
    this.#isComplete = true;
  }

  /** Whether the agent runs and knows what the server has for the node: before that a pod may only seem to be gone. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  list(): readonly Pod[] {
    return this.#source();
  }

  /** One that is on its way out may still be there beside its namesake: the newer one is meant. */
  get(namespace: string, name: string): Pod | undefined {
    const found = this.list().filter(
      ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
    );
    const isLeaving = ({ metadata }: Pod) => metadata.deletionTimestamp !== undefined;
    return found.find((pod) => !isLeaving(pod)) ?? found[0];
  }
}
