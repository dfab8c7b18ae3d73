/** What invariants are tried on: a store into which anything can be written, right or wrong, and a few objects. */
import type { Lease, Node, Pod } from '../kinds/generated/types.ts';
import type { AnyObject, KubeObject } from '../kinds/object.ts';
import { createMemoryStore } from '../store/memory.ts';
import type { Invariant } from './invariant.ts';
import { checkInvariants, watchInvariants } from './invariants.ts';
import type { SimulatedNodes } from './simulated-nodes.ts';
import { createSimulationClock, type SimulationClock } from './simulation-clock.ts';
import { type FollowedWorld, followWorld } from './world.ts';

export const start = Date.UTC(2026, 0, 1);
export const at = (milliseconds: number): string => new Date(start + milliseconds).toISOString();

export interface Bench {
  readonly world: FollowedWorld;
  readonly clock: SimulationClock;
  put(resource: string, object: KubeObject): Promise<void>;
  remove(resource: string, name: string): Promise<void>;
  readonly down: Set<string>;
}

export const node: Node = {
  metadata: { name: 'node-1' },
  status: {
    allocatable: { cpu: '2', pods: '110' },
    addresses: [{ type: 'InternalIP', address: '172.31.0.1' }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
};
export const lease: Lease = { metadata: { name: 'node-1' }, spec: { renewTime: at(0) } };

function keyFor(resource: string, name: string): string {
  if (resource === 'core/nodes' || resource === 'core/namespaces') return `/registry/${resource}/${name}`;
  const namespace = resource === 'coordination.k8s.io/leases' ? 'kube-node-lease' : 'default';
  return `/registry/${resource}/${namespace}/${name}`;
}

/** One node, that is up, and its lease. */
export async function bench(): Promise<Bench> {
  const store = createMemoryStore();
  const clock = createSimulationClock(start);
  const down = new Set<string>();
  const nodes = { isUp: (name: string) => !down.has(name) } as SimulatedNodes;
  const put = async (resource: string, object: KubeObject) => {
    const value = Buffer.from(JSON.stringify(object));
    await store.commit([{ type: 'put', key: keyFor(resource, object.metadata.name ?? ''), value }]);
  };
  const remove = async (resource: string, name: string) => {
    await store.commit([{ type: 'delete', key: keyFor(resource, name) }]);
  };
  await put('core/nodes', node);
  await put('coordination.k8s.io/leases', lease);
  const world = await followWorld({ store, clock, nodes: () => nodes });
  return { world, clock, put, remove, down };
}

/** Running and ready, on node-1; its uid is its name. */
export function pod(name: string, more: { metadata?: object; spec?: object; status?: object } = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name, ...more.metadata },
    spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'x' }], ...more.spec },
    status: {
      phase: 'Running',
      hostIP: '172.31.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
      ...more.status,
    },
  };
}

/** Of the namespace `default`, its uid is its name. */
export const object = (name: string, fields: object = {}, metadata: object = {}): AnyObject => ({
  metadata: { name, namespace: 'default', uid: name, ...metadata },
  ...fields,
});

export const ownedBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }],
});

export type Deed = (bench: Bench) => Promise<void>;

/** What the invariants say of it, in the end and in peace, each thing once. */
export async function judge(invariants: readonly Invariant[], deed: Deed): Promise<string[]> {
  const bed = await bench();
  const watched = watchInvariants(bed.world, invariants);
  await deed(bed);
  const found = [...watched.violations, ...checkInvariants(bed.world, { isSettled: true, invariants })];
  watched.stop();
  return [...new Set(found.map(({ invariant, message }) => `${invariant}: ${message}`))];
}

/** Those that are never violated by the deeds: worth nothing, as long as that is so. */
export async function neverViolated(
  invariants: readonly Invariant[],
  deeds: readonly Deed[],
): Promise<string[]> {
  const found = (await Promise.all(deeds.map((deed) => judge(invariants, deed)))).flat();
  return invariants
    .map(({ name }) => name)
    .filter((name) => !found.some((text) => text.startsWith(`${name}: `)));
}
