/**
 * A thousand replicas that fit nowhere are one question: as long as nothing has changed, pods that ask for the same get
 * the same answer. (Looking at 5,000 nodes in vain takes 4 ms.)
 */
import { rememberedFailuresMax } from './limits.ts';
import type { Nominator } from './nominator.ts';
import type { PodView } from './pod-view.ts';
import type { Failure } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

/** All that filters and preemption look at; undefined for a pod with volumes, whose claims have lives of their own. */
export function signatureOf({
  pod,
  namespace,
  labels,
  priority,
  requests,
  hostPorts,
}: PodView): string | undefined {
  const { spec } = pod;
  if (spec === undefined) return undefined;
  const hasClaims = (spec.volumes ?? []).some(
    (each) => each.persistentVolumeClaim != null || each.ephemeral != null,
  );
  if (hasClaims) return undefined;
  const { schedulerName, nodeName, nodeSelector, affinity, tolerations, preemptionPolicy } = spec;
  return JSON.stringify([
    [schedulerName, namespace, priority, preemptionPolicy, nodeName],
    [labels, nodeSelector, affinity, tolerations, spec.topologySpreadConstraints, hostPorts],
    [requests.milliCPU, requests.memory, requests.ephemeralStorage, [...requests.scalars]],
  ]);
}

export interface KnownFailure {
  readonly failure: Failure;
  /** With what preemption said. */
  readonly message: string;
}

export class FailureCache {
  readonly #snapshot: Snapshot;
  readonly #nominator: Nominator;
  readonly #known = new Map<string, KnownFailure>();
  #version = '';

  constructor(snapshot: Snapshot, nominator: Nominator) {
    this.#snapshot = snapshot;
    this.#nominator = nominator;
  }

  get(pod: PodView): KnownFailure | undefined {
    this.#forgetOld();
    const signature = this.#known.size === 0 ? undefined : this.#signature(pod);
    return signature === undefined ? undefined : this.#known.get(signature);
  }

  set(pod: PodView, known: KnownFailure): void {
    this.#forgetOld();
    const signature = this.#signature(pod);
    if (signature !== undefined && this.#known.size < rememberedFailuresMax)
      this.#known.set(signature, known);
  }

  /** A pod that was told to go somewhere is not like the others. */
  #signature(pod: PodView): string | undefined {
    return this.#nominator.nodeOf(pod.key) === undefined ? signatureOf(pod) : undefined;
  }

  #forgetOld(): void {
    const version = `${this.#snapshot.version} ${this.#nominator.version}`;
    if (version === this.#version) return;
    this.#version = version;
    this.#known.clear();
  }
}
