/** What a DaemonSet tells of its pods. Source of behaviour: updateDaemonSetStatus of Kubernetes. */
import type { DaemonSetStatus } from '../../kinds/generated/types.ts';
import { isReady } from '../pods.ts';
import { unlessZero } from '../replicas.ts';
import type { Situation } from './manage.ts';
import { byAge, hashOf, isAvailable } from './pods.ts';

/** Of each node the oldest pod counts. */
function countPods({ set, verdicts, byNode, hash, now }: Situation) {
  const count = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  for (const [nodeName, { shouldRun }] of verdicts) {
    const [pod] = byAge(byNode.get(nodeName) ?? []);
    if (!shouldRun) {
      if (pod !== undefined) count.misscheduled++;
      continue;
    }
    count.desired++;
    if (pod === undefined) continue;
    count.current++;
    if (isReady(pod)) count.ready++;
    if (isAvailable(pod, set, now)) count.available++;
    if (hashOf(pod) === hash) count.updated++;
  }
  return count;
}

export function statusOf(situation: Situation, collisions: number | undefined): DaemonSetStatus {
  const { set } = situation;
  const { conditions } = set.status ?? {};
  const count = countPods(situation);
  return {
    currentNumberScheduled: count.current,
    numberMisscheduled: count.misscheduled,
    desiredNumberScheduled: count.desired,
    numberReady: count.ready,
    ...unlessZero('observedGeneration', set.metadata.generation ?? 0),
    ...unlessZero('updatedNumberScheduled', count.updated),
    ...unlessZero('numberAvailable', count.available),
    ...unlessZero('numberUnavailable', count.desired - count.available),
    ...(collisions === undefined ? {} : { collisionCount: collisions }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}
