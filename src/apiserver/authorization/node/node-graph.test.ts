import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PersistentVolume, Pod } from '../../../kinds/generated/types.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import type { ObjectChange, ObjectView } from '../../hooks/hook.ts';
import { NodeGraph } from './node-graph.ts';

/** Objects by plural and key, told to whoever follows. */
class Objects implements ObjectView {
  readonly #all = new Map<string, Map<string, AnyObject>>();
  readonly #followers = new Map<string, ((change: ObjectChange) => void)[]>();
  get(): undefined {
    return undefined;
  }
  list({ plural }: { plural: string }): AnyObject[] {
    return [...(this.#all.get(plural)?.values() ?? [])];
  }
  subscribe({ plural }: { plural: string }, onChange: (change: ObjectChange) => void): void {
    this.#followers.set(plural, [...(this.#followers.get(plural) ?? []), onChange]);
    for (const object of this.list({ plural })) onChange({ old: undefined, new: object });
  }
  set(plural: string, key: string, object: object | undefined): void {
    const all = this.#all.get(plural) ?? new Map<string, AnyObject>();
    const change = { old: all.get(key), new: object as AnyObject | undefined };
    if (object === undefined) all.delete(key);
    else all.set(key, object as AnyObject);
    this.#all.set(plural, all);
    if (change.old !== undefined || change.new !== undefined)
      for (const follower of this.#followers.get(plural) ?? []) follower(change);
  }
}

const names = ['a', 'b', 'c'];
const nodes = ['n1', 'n2'];

const podOf = (spec: {
  name: string;
  node: string;
  secret?: string;
  claim?: string;
  mirror?: boolean;
}): Pod => ({
  metadata: {
    name: spec.name,
    namespace: 'default',
    ...(spec.mirror ? { annotations: { 'kubernetes.io/config.mirror': 'x' } } : {}),
  },
  spec: {
    ...(spec.node === '' ? {} : { nodeName: spec.node }),
    containers: [{ name: 'c', ...(spec.secret && { envFrom: [{ secretRef: { name: spec.secret } }] }) }],
    volumes: spec.claim ? [{ name: 'v', persistentVolumeClaim: { claimName: spec.claim } }] : [],
  },
});

const volumeOf = (spec: { name: string; claim?: string; secret?: string }): PersistentVolume => ({
  metadata: { name: spec.name },
  spec: {
    ...(spec.claim && { claimRef: { namespace: 'default', name: spec.claim } }),
    ...(spec.secret && {
      csi: {
        driver: 'd',
        volumeHandle: 'h',
        nodeStageSecretRef: { name: spec.secret, namespace: 'default' },
      },
    }),
  },
});

/** Looks at everything each time: what the graph must say. */
function isNeededNaively(objects: Objects, node: string, resource: string, name: string): boolean {
  const pods = (objects.list({ plural: 'pods' }) as Pod[]).filter((pod) => pod.spec?.nodeName === node);
  const own = pods.filter((pod) => pod.metadata.annotations === undefined);
  const hasClaim = (claim: string | undefined) =>
    claim !== undefined &&
    own.some((pod) => pod.spec?.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claim));
  const volumes = (objects.list({ plural: 'persistentvolumes' }) as PersistentVolume[]).filter((volume) =>
    hasClaim(volume.spec?.claimRef?.name),
  );
  if (resource === 'pods') return pods.some((pod) => pod.metadata.name === name);
  if (resource === 'persistentvolumeclaims') return hasClaim(name);
  if (resource === 'persistentvolumes') return volumes.some((volume) => volume.metadata.name === name);
  return (
    own.some((pod) => pod.spec?.containers.some(({ envFrom }) => envFrom?.[0]?.secretRef?.name === name)) ||
    volumes.some((volume) => volume.spec?.csi?.nodeStageSecretRef?.name === name)
  );
}

const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
const nameArbitrary = fc.constantFrom(...names);
const change = fc.oneof(
  fc.record({
    plural: fc.constant('pods' as const),
    name: nameArbitrary,
    object: maybe(
      fc.record({
        node: fc.constantFrom('', ...nodes),
        secret: maybe(nameArbitrary),
        claim: maybe(nameArbitrary),
        mirror: fc.boolean(),
      }),
    ),
  }),
  fc.record({
    plural: fc.constant('persistentvolumes' as const),
    name: nameArbitrary,
    object: maybe(fc.record({ claim: maybe(nameArbitrary), secret: maybe(nameArbitrary) })),
  }),
);

test('after any history it says what a look at all pods and volumes would say', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), fc.nat(30), (history, start) => {
      const objects = new Objects();
      let graph: NodeGraph | undefined;
      for (const [index, { plural, name, object }] of history.entries()) {
        // It may begin in the middle: then it is told what is there.
        if (index === start) graph = new NodeGraph(objects);
        const made =
          object &&
          (plural === 'pods' ? podOf({ name, ...object } as never) : volumeOf({ name, ...object } as never));
        objects.set(plural, name, made);
      }
      graph ??= new NodeGraph(objects);
      for (const node of nodes)
        for (const resource of ['pods', 'secrets', 'persistentvolumeclaims', 'persistentvolumes'] as const)
          for (const name of names) {
            const namespace = resource === 'persistentvolumes' ? '' : 'default';
            assert.equal(
              graph.isNeeded(node, { resource, namespace, name }),
              isNeededNaively(objects, node, resource, name),
              `${node} ${resource} ${name}`,
            );
          }
    }),
    { interruptAfterTimeLimit: 4000, numRuns: 300 },
  );
});

describe('a secret is needed', () => {
  const secret = { resource: 'secrets', namespace: 'default', name: 'a' } as const;
  test('as long as one of the pods is there', () => {
    const objects = new Objects();
    const graph = new NodeGraph(objects);
    for (const name of ['one', 'two']) objects.set('pods', name, podOf({ name, node: 'n1', secret: 'a' }));
    assert.equal(graph.isNeeded('n1', secret), true);
    objects.set('pods', 'one', undefined);
    assert.equal(graph.isNeeded('n1', secret), true);
    objects.set('pods', 'two', undefined);
    assert.equal(graph.isNeeded('n1', secret), false);
  });
  test('in its own namespace only', () => {
    const objects = new Objects();
    const graph = new NodeGraph(objects);
    objects.set('pods', 'one', podOf({ name: 'one', node: 'n1', secret: 'a' }));
    assert.equal(graph.isNeeded('n1', { ...secret, namespace: 'kube-system' }), false);
  });
});

test('an attachment and a slice belong to the node that they name', () => {
  const objects = new Objects();
  const graph = new NodeGraph(objects);
  objects.set('volumeattachments', 'va', { metadata: { name: 'va' }, spec: { nodeName: 'n1' } });
  objects.set('resourceslices', 's', { metadata: { name: 's' }, spec: { nodeName: 'n1' } });
  const ask = (node: string, resource: 'volumeattachments' | 'resourceslices', name: string) =>
    graph.isNeeded(node, { resource, namespace: '', name });
  assert.deepEqual(
    [
      ask('n1', 'volumeattachments', 'va'),
      ask('n2', 'volumeattachments', 'va'),
      ask('n1', 'resourceslices', 's'),
    ],
    [true, false, true],
  );
  objects.set('volumeattachments', 'va', undefined);
  assert.equal(ask('n1', 'volumeattachments', 'va'), false);
});
