/** ReplicaSets: as many pods of a template as are wanted. Source of behaviour: pkg/controller/replicaset of Kubernetes. */
import { updateStatus } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import type { View } from '../client/view.ts';
import type { Pod, ReplicaSet } from '../kinds/generated/types.ts';
import { isUsableSelector } from '../kinds/label-selector.ts';
import { controllerOfObject, orphanNamespace, ownersOf } from './owner.ts';
import { isOfInterest, planReplicas } from './replicas.ts';

const replicaSetKind = { apiVersion: 'apps/v1', kind: 'ReplicaSet' } as const;

/** The pods of all replica sets with the same controller: those of one Deployment share its work. */
function relatedPods(view: View, replicaSet: ReplicaSet): Pod[] {
  const controller = controllerOfObject(replicaSet);
  if (controller === undefined) return [];
  const seen = new Set<Pod>();
  for (const { metadata, spec } of view.byIndex('ReplicaSet', 'controllerUid', controller.uid))
    for (const pod of view.list('Pod', { namespace: metadata.namespace, selector: spec?.selector }))
      seen.add(pod);
  return [...seen];
}

export const replicaSet: Controller = defineController({
  name: 'replica-set',
  eventSource: 'replicaset-controller',
  watches: {
    ReplicaSet: self,
    Pod: (pod, view, { object, old }) =>
      isOfInterest(object, old)
        ? ownersOf<ReplicaSet>({
            ownerKind: replicaSetKind,
            selectorOf: ({ spec }) => spec?.selector,
            list: (namespace) => view.list('ReplicaSet', { namespace }),
          })(pod)
        : [],
  },
  indexes: { Pod: { orphanNamespace } },
  reconcile(key, view) {
    const found = view.get('ReplicaSet', key);
    const spec = found?.spec;
    if (found === undefined || spec?.selector === undefined || !isUsableSelector(spec.selector)) return [];
    return planReplicas(
      {
        object: found,
        ownerKind: replicaSetKind,
        replicas: spec.replicas ?? 1,
        minReadySeconds: spec.minReadySeconds ?? 0,
        selector: spec.selector,
        template: spec.template ?? {},
        status: found.status,
        countsTerminating: true,
        related: () => relatedPods(view, found),
        updateStatus: (status) => updateStatus('ReplicaSet', { ...found, status }),
      },
      view,
    );
  },
});
