/** The replica set of the Deployment's template: kept up to date, or made. Source of behaviour: getNewReplicaSet of pkg/controller/deployment/sync.go of Kubernetes. */
import { objectKey } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { PodTemplateSpec, ReplicaSet } from '../../kinds/generated/types.ts';
import { dns1123SubdomainLengthMax } from '../../kinds/names.ts';
import { getOwn } from '../../kinds/object.ts';
import { controllerReference } from '../owner.ts';
import { annotate, annotateNewSet, annotateSizes, maxRevision, revisionAnnotation } from './annotations.ts';
import { conditionOf, reasons } from './conditions.ts';
import type { Rollout } from './rollout.ts';
import { progressDeadline } from './status.ts';
import { maxSurge, newSetSize, wantedReplicas } from './surge.ts';
import { templateHash, templateHashLabel } from './template-hash.ts';

export const deploymentKind = { apiVersion: 'apps/v1', kind: 'Deployment' } as const;

/** Notes the revision on the replica set and the Deployment, when there is such a replica set. */
export function syncNewSet(rollout: Rollout): void {
  const { newSet, deployment } = rollout;
  if (newSet?.spec === undefined) return;
  const { minReadySeconds } = deployment.spec ?? {};
  const isAnnotated = annotateNewSet(deployment, newSet, maxRevision(rollout.oldSets) + 1n);
  const isLate = (newSet.spec.minReadySeconds ?? 0) !== (minReadySeconds ?? 0);
  if (isLate) newSet.spec.minReadySeconds = minReadySeconds ?? 0;
  if (isAnnotated || isLate) rollout.touch(newSet);
  annotate(deployment, revisionAnnotation, getOwn(newSet.metadata.annotations, revisionAnnotation) ?? '');
  const progressing = conditionOf(deployment.status.conditions, 'Progressing');
  const isUnknown = progressing === undefined || progressing.reason === reasons.createError;
  if (progressDeadline(deployment) !== undefined && isUnknown)
    rollout.setCondition({
      type: 'Progressing',
      status: 'True',
      reason: reasons.found,
      message: `Found new replica set ${JSON.stringify(newSet.metadata.name)}`,
    });
}

/** As many letters of the Deployment's name as leave room for the hash. */
function setName(name: string, hash: string): string {
  return `${name.slice(0, dns1123SubdomainLengthMax - hash.length - 1)}-${hash}`;
}

function makeSet(rollout: Rollout, hash: string): ReplicaSet {
  const { deployment } = rollout;
  const { spec, metadata } = deployment;
  const template: PodTemplateSpec = structuredClone(spec?.template ?? {});
  template.metadata = {
    ...template.metadata,
    labels: { ...template.metadata?.labels, [templateHashLabel]: hash },
  };
  const selector = structuredClone(spec?.selector ?? {});
  selector.matchLabels = { ...selector.matchLabels, [templateHashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: setName(metadata.name ?? '', hash),
      namespace: metadata.namespace,
      labels: { ...template.metadata.labels },
      annotations: {},
      ownerReferences: [controllerReference(rollout.original, deploymentKind)],
    },
    spec: {
      replicas: 0,
      ...(spec?.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector,
      template,
    },
  };
}

/**
 * Makes the replica set unless there is one. False when it cannot be made now: its name is taken, so that the next try
 * has another; or the server has refused it, which the status must say first.
 */
export function ensureNewSet(rollout: Rollout, view: View): boolean {
  if (rollout.newSet !== undefined) return true;
  const { deployment } = rollout;
  const hash = templateHash(deployment.spec?.template ?? {}, deployment.status.collisionCount);
  const set = makeSet(rollout, hash);
  const name = set.metadata.name ?? '';
  if (view.get('ReplicaSet', objectKey(set.metadata.namespace, name)) !== undefined) {
    deployment.status.collisionCount = (deployment.status.collisionCount ?? 0) + 1;
    return false;
  }
  const hasDeadline = progressDeadline(deployment) !== undefined;
  const isTold = conditionOf(deployment.status.conditions, 'Progressing')?.reason === reasons.createError;
  if (view.failure !== undefined && hasDeadline && !isTold) {
    const message = `Failed to create new replica set ${JSON.stringify(name)}: ${view.failure.message}`;
    rollout.setCondition({ type: 'Progressing', status: 'False', reason: reasons.createError, message });
    return false;
  }
  const revision = maxRevision(rollout.oldSets) + 1n;
  annotateNewSet(deployment, set, revision);
  const wanted = wantedReplicas(deployment);
  annotateSizes(set, { desired: wanted, max: wanted + maxSurge(deployment) });
  if (set.spec) set.spec.replicas = newSetSize(deployment, set, [...rollout.oldSets, set]);
  rollout.create(set);
  annotate(deployment, revisionAnnotation, String(revision));
  if (hasDeadline)
    rollout.setCondition({
      type: 'Progressing',
      status: 'True',
      reason: reasons.created,
      message: `Created new replica set ${JSON.stringify(name)}`,
    });
  return true;
}
