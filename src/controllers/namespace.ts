/**
 * The end of a namespace: everything in it is deleted, pods first (KEP-5080), then its finalizer is taken off.
 * Source: pkg/controller/namespace/deletion of Kubernetes.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, requeueAfter, update, updateStatus } from '../client/change.ts';
import { defineController, type KeyMap, self, type Watches } from '../client/controller.ts';
import { type KindName, kindNamed, kindNames } from '../client/kind-names.ts';
import type { View } from '../client/view.ts';
import type { Namespace, NamespaceCondition } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';

const finalizer = 'kubernetes';

/** How long upstream gives what waits for finalizers before it looks again: 15 s, of which it waits the half and one. */
const finalizerWaitMilliseconds = (15 / 2 + 1) * 1000;

/** Every namespaced kind, pods first. */
const contentKinds: readonly KindName[] = [
  'Pod',
  ...kindNames.filter((name) => name !== 'Pod' && kindNamed(name).scope === 'Namespaced'),
];

/** The namespace of what has changed, when it is on its way out. */
const dyingNamespace: KeyMap<KubeObject> = (object, view) => {
  const namespace = object.metadata.namespace ?? '';
  return view.get('Namespace', namespace)?.metadata.deletionTimestamp === undefined ? [] : [namespace];
};

const conditionsWhenDone: readonly Omit<NamespaceCondition, 'lastTransitionTime'>[] = [
  {
    type: 'NamespaceDeletionDiscoveryFailure',
    status: 'False',
    reason: 'ResourcesDiscovered',
    message: 'All resources successfully discovered',
  },
  {
    type: 'NamespaceDeletionGroupVersionParsingFailure',
    status: 'False',
    reason: 'ParsedGroupVersions',
    message: 'All legacy kube types successfully parsed',
  },
  {
    type: 'NamespaceDeletionContentFailure',
    status: 'False',
    reason: 'ContentDeleted',
    message: 'All content successfully deleted, may be waiting on finalization',
  },
  {
    type: 'NamespaceContentRemaining',
    status: 'False',
    reason: 'ContentRemoved',
    message: 'All content successfully removed',
  },
  {
    type: 'NamespaceFinalizersRemaining',
    status: 'False',
    reason: 'ContentHasNoFinalizers',
    message: 'All content-preserving finalizers finished',
  },
];

interface Remaining {
  /** `pods.` -> 2, `deployments.apps` -> 1: how upstream writes them. */
  readonly resources: Map<string, number>;
  readonly finalizers: Map<string, number>;
  /** Nobody has told it to go yet. */
  untold: boolean;
}

/** What is still there of what is to go now. */
function remainingIn(view: View, namespace: string): Remaining {
  const remaining: Remaining = { resources: new Map(), finalizers: new Map(), untold: false };
  const { resources, finalizers } = remaining;
  const pods = view.list('Pod', { namespace });
  // As long as there are pods, nothing else has been asked to go.
  for (const name of pods.length > 0 ? (['Pod'] as const) : contentKinds) {
    const { plural, group } = kindNamed(name);
    for (const object of view.list(name, { namespace }) as KubeObject[]) {
      if (object.metadata.deletionTimestamp === undefined) remaining.untold = true;
      const resource = `${plural}.${group}`;
      resources.set(resource, (resources.get(resource) ?? 0) + 1);
      for (const each of object.metadata.finalizers ?? [])
        finalizers.set(each, (finalizers.get(each) ?? 0) + 1);
    }
  }
  return remaining;
}

const listed = (counts: Map<string, number>, verb: 'has' | 'in'): string =>
  [...counts]
    .map(([name, count]) => `${name} ${verb} ${count} resource instances`)
    .sort()
    .join(', ');

function problemsOf(
  { resources, finalizers }: Remaining,
  view: View,
): Map<string, { reason: string; message: string }> {
  const problems = new Map<string, { reason: string; message: string }>();
  if (view.failure !== undefined)
    problems.set('NamespaceDeletionContentFailure', {
      reason: 'ContentDeletionFailed',
      message: `Failed to delete all resource types, 1 remaining: ${view.failure.message}`,
    });
  if (resources.size > 0)
    problems.set('NamespaceContentRemaining', {
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${listed(resources, 'has')}`,
    });
  if (finalizers.size > 0)
    problems.set('NamespaceFinalizersRemaining', {
      reason: 'SomeFinalizersRemain',
      message: `Some content in the namespace has finalizers remaining: ${listed(finalizers, 'in')}`,
    });
  return problems;
}

/** The five conditions, in upstream's order behind whatever else is there; their times change with their status. */
function withConditions(namespace: Namespace, remaining: Remaining, view: View): Namespace {
  const problems = problemsOf(remaining, view);
  const conditions = [...(namespace.status?.conditions ?? [])];
  for (const fine of conditionsWhenDone) {
    const problem = problems.get(fine.type);
    const wanted = problem === undefined ? fine : { ...fine, ...problem, status: 'True' };
    const at = conditions.findIndex(({ type }) => type === fine.type);
    const old = conditions[at];
    const lastTransitionTime =
      old?.status === wanted.status
        ? old.lastTransitionTime
        : `${new Date(view.now()).toISOString().slice(0, 19)}Z`;
    if (at < 0) conditions.push({ lastTransitionTime, ...wanted });
    else conditions[at] = { ...old, ...wanted, lastTransitionTime };
  }
  return { ...namespace, status: { ...namespace.status, conditions } };
}

const deleteAll = (kind: KindName, namespace: string): Change => ({
  type: 'deleteCollection',
  kind,
  namespace,
  options: { propagationPolicy: 'Background' },
});

function finalized(namespace: Namespace): Change {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((each) => each !== finalizer);
  return update(
    'Namespace',
    { ...namespace, spec: { ...namespace.spec, finalizers } },
    { subresource: 'finalize' },
  );
}

/** What has happened so far is told in the conditions, but not before the content was asked to go: it may go at once. */
function reconcile(key: string, view: View): Change[] {
  const namespace = view.get('Namespace', key);
  if (namespace?.metadata.deletionTimestamp === undefined) return [];
  if (!(namespace.spec?.finalizers ?? []).includes(finalizer)) return [];
  const remaining = remainingIn(view, key);
  const told = withConditions(namespace, remaining, view);
  const tells = (!remaining.untold || view.failure !== undefined) && !isDeepStrictEqual(told, namespace);
  return [
    // First, because a plan ends with what fails, or is found.
    ...(tells ? [updateStatus('Namespace', told)] : []),
    requeueAfter(finalizerWaitMilliseconds),
    deleteAll('Pod', key),
    { type: 'requireEmpty' },
    ...contentKinds.slice(1).map((kind) => deleteAll(kind, key)),
    { type: 'requireEmpty' },
    // The namespace as it was seen, lest another one of the same name is meant: so not when it has just been written.
    ...(tells ? [] : [finalized(namespace)]),
  ];
}

export const namespace = defineController({
  name: 'namespace',
  concurrency: 10,
  watches: {
    ...(Object.fromEntries(contentKinds.map((kind) => [kind, dyingNamespace])) as Watches),
    Namespace: self,
  },
  reconcile,
});
