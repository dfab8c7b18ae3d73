/**
 * What upstream's default admission plugins add to every new pod and what needs no other object: DefaultTolerationSeconds
 * and the built-in part of Priority. Source: plugin/pkg/admission of Kubernetes.
 */
import type { Pod, PodSpec, Toleration } from '../generated/types.ts';
import { getOwn } from '../object.ts';

/** How long a pod stays on a node that is not ready or not reachable, unless it says. */
const tolerationSeconds = 300;
const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';

const systemPriorities: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2000000000,
  'system-node-critical': 2000001000,
};

function tolerates(tolerations: readonly Toleration[], key: string): boolean {
  return tolerations.some(
    (toleration) =>
      (toleration.key === key || !toleration.key) &&
      (toleration.effect === 'NoExecute' || !toleration.effect),
  );
}

function addTolerations(spec: PodSpec): void {
  const given = spec.tolerations ?? [];
  const added = [notReady, unreachable]
    .filter((key) => !tolerates(given, key))
    .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }));
  if (added.length > 0) spec.tolerations = [...given, ...added];
}

/** A class of someone's own is for the priority admission to look up; it must come first. */
function addPriority(spec: PodSpec): void {
  const name = spec.priorityClassName ?? '';
  const priority = name === '' ? 0 : getOwn(systemPriorities, name);
  if (priority === undefined) return;
  spec.priority ??= priority;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
}

export function admitPod(pod: Pod): void {
  if (pod.spec === undefined) return;
  addPriority(pod.spec);
  addTolerations(pod.spec);
}

/** A client that sends a pod anew, without what was added, means no change of it. */
export function admitPodUpdate(pod: Pod, old: Pod): void {
  if (pod.spec === undefined) return;
  if (old.spec?.priority !== undefined) pod.spec.priority ??= old.spec.priority;
  if (old.spec?.preemptionPolicy !== undefined) pod.spec.preemptionPolicy ??= old.spec.preemptionPolicy;
  addTolerations(pod.spec);
}
