/** All filters of a profile, prepared for one pod. */
import type { NodeView } from './node-view.ts';
import type { Nominator } from './nominator.ts';
import { type Cycle, isRejection, type PreparedFilter, type Rejection } from './plugin.ts';
import type { PodView } from './pod-view.ts';
import type { Profile } from './profile.ts';

export interface CheckOptions {
  readonly profile: Profile;
  readonly nominator: Nominator;
}

interface NamedFilter {
  readonly name: string;
  readonly prepared: PreparedFilter;
}

export interface NodeRejection extends Rejection {
  readonly filter: string;
}

export class NodeCheck {
  /** The pod fits nowhere. */
  readonly ofPod: NodeRejection | undefined;
  /** The only nodes in question, and the filters that say so. */
  readonly onlyNodes: ReadonlySet<string> | undefined;
  readonly restrictedBy: readonly string[];
  readonly #pod: PodView;
  readonly #cycle: Cycle;
  readonly #options: CheckOptions;
  readonly #filters: readonly NamedFilter[];

  constructor(pod: PodView, cycle: Cycle, options: CheckOptions) {
    this.#pod = pod;
    this.#cycle = cycle;
    this.#options = options;
    const prepared = prepareAll(pod, cycle, options.profile);
    this.#filters = prepared.filters;
    this.ofPod = prepared.ofPod;
    const restricting = prepared.filters.filter((each) => each.prepared.onlyNodes !== undefined);
    this.restrictedBy = restricting.map(({ name }) => name);
    this.onlyNodes = restricting
      .map((each) => each.prepared.onlyNodes as ReadonlySet<string>)
      .reduce<ReadonlySet<string> | undefined>((all, each) => all?.intersection(each) ?? each, undefined);
  }

  /**
   * Undefined when the pod fits. Pods that are to come here and are as important count as if they were here; and it
   * must fit without them too, as they may still go elsewhere.
   */
  check(node: NodeView): NodeRejection | undefined {
    const nominated = this.#options.nominator.on(node.name);
    if (nominated.size > 0) {
      const { key, priority } = this.#pod;
      const coming = [...nominated.values()].filter((pod) => pod.priority >= priority && pod.key !== key);
      if (coming.length > 0) {
        const refused = this.#cycle.snapshot.trial(() => this.#checkWith(coming, node));
        if (refused !== undefined) return refused;
      }
    }
    return this.#run(node);
  }

  #run(node: NodeView): NodeRejection | undefined {
    for (const { name, prepared } of this.#filters) {
      const rejection = prepared.check(node);
      if (rejection !== undefined) return { ...rejection, filter: name };
    }
    return undefined;
  }

  /** The snapshot is as before when this returns. */
  #checkWith(coming: readonly PodView[], node: NodeView): NodeRejection | undefined {
    const { snapshot } = this.#cycle;
    const added = coming.filter((pod) => snapshot.placeOf(pod.key) === undefined);
    for (const pod of added) snapshot.setPod(pod, node.name);
    try {
      const { filters, ofPod } = prepareAll(this.#pod, this.#cycle, this.#options.profile);
      if (ofPod !== undefined) return ofPod;
      for (const { name, prepared } of filters) {
        const rejection = prepared.check(node);
        if (rejection !== undefined) return { ...rejection, filter: name };
      }
      return undefined;
    } finally {
      for (const pod of added) snapshot.deletePod(pod.key);
    }
  }
}

function prepareAll(pod: PodView, cycle: Cycle, profile: Profile) {
  const filters: NamedFilter[] = [];
  for (const { name, prepare } of profile.filters) {
    const prepared = prepare(pod, cycle);
    if (prepared === undefined) continue;
    if (isRejection(prepared)) return { filters, ofPod: { ...prepared, filter: name } };
    filters.push({ name, prepared });
  }
  return { filters, ofPod: undefined };
}
