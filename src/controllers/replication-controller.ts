/**
 * ReplicationControllers, which ReplicaSets have replaced: the same with a plain map for a selector.
 * Source of behaviour: pkg/controller/replication of Kubernetes.
 */
import { updateStatus } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import type { LabelSelector, ReplicationController } from '../kinds/generated/types.ts';
import { orphanNamespace, ownersOf } from './owner.ts';
import { isOfInterest, planReplicas } from './replicas.ts';

const replicationControllerKind = { apiVersion: 'v1', kind: 'ReplicationController' } as const;

/** The empty map selects nothing here. */
function selectorOf({ spec }: ReplicationController): LabelSelector | undefined {
  const labels = spec?.selector ?? {};
  return Object.keys(labels).length === 0 ? undefined : { matchLabels: labels };
}

export const replicationController: Controller = defineController({
  name: 'replication-controller',
  eventSource: 'replication-controller',
  watches: {
    ReplicationController: self,
    Pod: (pod, view, { object, old }) =>
      isOfInterest(object, old)
        ? ownersOf<ReplicationController>({
            ownerKind: replicationControllerKind,
            selectorOf,
            list: (namespace) => view.list('ReplicationController', { namespace }),
          })(pod)
        : [],
  },
  indexes: { Pod: { orphanNamespace } },
  reconcile(key, view) {
    const found = view.get('ReplicationController', key);
    if (found === undefined) return [];
    const selector = selectorOf(found);
    if (selector === undefined) return [];
    return planReplicas(
      {
        object: found,
        ownerKind: replicationControllerKind,
        replicas: found.spec?.replicas ?? 1,
        minReadySeconds: found.spec?.minReadySeconds ?? 0,
        selector,
        template: found.spec?.template ?? {},
        status: found.status,
        countsTerminating: false,
        related: () => [],
        updateStatus: (status) => updateStatus('ReplicationController', { ...found, status }),
      },
      view,
    );
  },
});
