/** Deployments: replica sets, one for each revision of a template. Source of behaviour: pkg/controller/deployment of Kubernetes. */
import type { Change } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import type { View } from '../client/view.ts';
import type { Deployment, Pod } from '../kinds/generated/types.ts';
import { isEmptySelector, isUsableSelector } from '../kinds/label-selector.ts';
import { conditionOf, reasons } from './deployment/conditions.ts';
import { deploymentKind, syncNewSet } from './deployment/new-set.ts';
import { Rollout } from './deployment/rollout.ts';
import { progressDeadline, syncStatus } from './deployment/status.ts';
import { cleanUp, isScaling, recreate, rollOut, scale } from './deployment/strategies.ts';
import { isRolling } from './deployment/surge.ts';
import { claimObjects, controllerOfObject, orphanNamespace, ownedAndOrphaned, ownersOf } from './owner.ts';

/** A pause is told as a condition, so that the time of it does not count against the deadline. */
function tellPause(rollout: Rollout): void {
  const { deployment } = rollout;
  if (progressDeadline(deployment) === undefined) return;
  const reason = conditionOf(deployment.status.conditions, 'Progressing')?.reason;
  if (reason === reasons.timedOut) return;
  const isPaused = deployment.spec?.paused === true;
  if (isPaused === (reason === reasons.paused)) return;
  rollout.setCondition({
    type: 'Progressing',
    status: 'Unknown',
    reason: isPaused ? reasons.paused : reasons.resumed,
    message: isPaused ? 'Deployment is paused' : 'Deployment is resumed',
  });
}

function reconcile(key: string, view: View): Change[] {
  const deployment = view.get('Deployment', key);
  const selector = deployment?.spec?.selector;
  if (deployment === undefined || selector === undefined) return [];
  if (!isUsableSelector(selector) || isEmptySelector(selector)) return [];
  const sets = ownedAndOrphaned('ReplicaSet', deployment, view);
  const options = { owner: deployment, ownerKind: deploymentKind, kind: 'ReplicaSet', selector } as const;
  const { claimed, changes } = claimObjects(sets, options);
  // What was adopted or released has another resourceVersion now: the rest when it is seen.
  if (changes.length > 0) return [...changes];
  const rollout = new Rollout(deployment, claimed, view.now());
  if (deployment.metadata.deletionTimestamp !== undefined) {
    syncNewSet(rollout);
    syncStatus(rollout);
    return rollout.changes();
  }
  tellPause(rollout);
  syncNewSet(rollout);
  if (deployment.spec?.paused === true) {
    scale(rollout);
    cleanUp(rollout);
    syncStatus(rollout);
  } else if (isScaling(rollout)) {
    scale(rollout);
    syncStatus(rollout);
  } else if (isRolling(deployment)) rollOut(rollout, view);
  else recreate(rollout, view);
  return rollout.changes();
}

/** The end of the last old pod is what a Recreate waits for. */
function recreatingDeployment(pod: Pod, view: View): string[] {
  const { namespace } = pod.metadata;
  const owner = controllerOfObject(pod);
  if (owner?.kind !== 'ReplicaSet') return [];
  const set = view.get('ReplicaSet', `${namespace}/${owner.name}`);
  const controller = set === undefined ? undefined : controllerOfObject(set);
  if (controller?.kind !== deploymentKind.kind) return [];
  const key = `${namespace}/${controller.name}`;
  const deployment = view.get('Deployment', key);
  return deployment === undefined || isRolling(deployment) ? [] : [key];
}

export const deployment: Controller = defineController({
  name: 'deployment',
  watches: {
    Deployment: self,
    ReplicaSet: (set, view) =>
      ownersOf<Deployment>({
        ownerKind: deploymentKind,
        selectorOf: ({ spec }) => spec?.selector,
        list: (namespace) => view.list('Deployment', { namespace }),
      })(set),
    Pod: (pod, view, { type }) => (type === 'delete' ? recreatingDeployment(pod, view) : []),
  },
  indexes: { ReplicaSet: { orphanNamespace } },
  reconcile,
});
