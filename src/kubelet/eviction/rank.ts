/** Which pod goes first when something runs short, and what it is told. Pure. Source: kubelet/eviction/helpers.go. */
import type { Pod } from '../../kinds/generated/types.ts';
import { readAmounts } from '../../kinds/pod/amounts.ts';
import { podAmounts } from '../../kinds/quota/pod-resources.ts';
import { quantityOf, value } from '../../lib/quantity.ts';
import { isStatic } from '../static/manifest.ts';
import { resourceOf, type Shortage } from './signals.ts';

export interface PodUsage {
  readonly pod: Pod;
  /** Of what is short: bytes, inodes, processes. */
  readonly used: number;
  /** By container name, where that is known. */
  readonly containers: ReadonlyMap<string, number>;
}

/** From which on a pod is one of the system's. Source: SystemCriticalPriority of pkg/apis/scheduling. */
export const criticalPriorityMin = 2_000_000_000;

/** The cluster, or the node itself, cannot do without it. */
export function isCritical(pod: Pod): boolean {
  return isStatic(pod) || (pod.spec?.priority ?? 0) >= criticalPriorityMin;
}

function requestOf({ spec }: Pod, resource: string): number {
  const quantity = podAmounts(spec ?? { containers: [] }, 'requests').get(resource);
  return quantity === undefined ? 0 : Number(value(quantity));
}

/** The first one is to go first: who takes more than it asked for, then who matters less, then who takes most beyond it. */
export function rankPods(usages: readonly PodUsage[], { signal }: Shortage): PodUsage[] {
  const resource = resourceOf[signal];
  const ranked = usages
    .filter(({ pod }) => !isCritical(pod))
    .map((usage) => {
      const beyond = usage.used - requestOf(usage.pod, resource);
      return { usage, beyond, exceeds: resource !== 'pids' && beyond > 0 };
    });
  ranked.sort(
    (left, right) =>
      Number(right.exceeds) - Number(left.exceeds) ||
      (left.usage.pod.spec?.priority ?? 0) - (right.usage.pod.spec?.priority ?? 0) ||
      right.beyond - left.beyond,
  );
  return ranked.map(({ usage }) => usage);
}

export function shortageMessage({ pod, containers }: PodUsage, shortage: Shortage): string {
  const { signal, threshold, available } = shortage;
  const resource = resourceOf[signal];
  const greedy = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].flatMap(
    (container) => {
      const used = containers.get(container.name);
      const request = readAmounts(container.resources?.requests).get(resource) ?? quantityOf(0);
      if (used === undefined || used <= Number(value(request))) return [];
      const text = quantityOf(used, 'BinarySI').text;
      return [
        `Container ${container.name} was using ${text}, request is ${request.text}, has larger consumption of ${resource}. `,
      ];
    },
  );
  const start = `The node was low on resource: ${resource}. Threshold quantity: ${threshold.text}, available: ${available.text}. `;
  return start + greedy.join('');
}
