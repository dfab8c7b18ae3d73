/** Asks everybody on the node whether it takes a pod, and tells of a refusal. */
import type { Node, Pod } from '../../kinds/generated/types.ts';
import { type RecordPodEvent, warning } from '../run/pod-event.ts';
import { admitPod, affinityReason } from './admit.ts';
import type { Rejection } from './rejection.ts';

/** Another part of the node that may be against it: pressure, a shutdown. */
export type AdmissionCheck = (pod: Pod) => Rejection | undefined;

export interface NodeAdmissionOptions {
  readonly nodeName: string;
  readonly allocatable: Readonly<Record<string, string>>;
  /** As it was seen last. */
  readonly node: () => Node | undefined;
  /** As it is now; undefined: it cannot be asked for. */
  readonly fetchNode: () => Promise<Node | undefined>;
  readonly record: RecordPodEvent;
  readonly checks?: readonly AdmissionCheck[];
}

export class NodeAdmission {
  readonly #options: NodeAdmissionOptions;

  constructor(options: NodeAdmissionOptions) {
    this.#options = options;
  }

  /** As PodWorkers asks. */
  async admit(pod: Pod, others: readonly Pod[]): Promise<Rejection | undefined> {
    const rejection = this.#asked(pod) ?? (await this.#judged(pod, others));
    if (rejection !== undefined) this.#options.record(pod, warning(rejection.reason, rejection.message));
    return rejection;
  }

  #asked(pod: Pod): Rejection | undefined {
    for (const check of this.#options.checks ?? []) {
      const rejection = check(pod);
      if (rejection !== undefined) return rejection;
    }
    return undefined;
  }

  async #judged(pod: Pod, others: readonly Pod[]): Promise<Rejection | undefined> {
    const { nodeName, allocatable, node, fetchNode } = this.#options;
    const facts = { nodeName, allocatable, others };
    const rejection = admitPod(pod, { ...facts, node: node() });
    if (rejection?.reason !== affinityReason) return rejection;
    // A label that came a moment ago is why it was sent here.
    return admitPod(pod, { ...facts, node: (await fetchNode()) ?? node() });
  }
}
