/** What is in the store, followed commit by commit, past all faults: what invariants look at. */
import type { Node, Pod } from '../kinds/generated/types.ts';
import type { AnyObject } from '../kinds/object.ts';
import type { Clock } from '../lib/clock.ts';
import type { Store, StoreEvent } from '../store/store.ts';
import type { SimulatedNodes } from './simulated-nodes.ts';

const prefix = '/registry/';
const prefixEnd = '/registry0';

export interface WorldChange {
  /** `core/pods` */
  readonly resource: string;
  /** The whole key in the store. */
  readonly key: string;
  /** Undefined: it is gone. */
  readonly object: AnyObject | undefined;
  /** Undefined: it is new. */
  readonly old: AnyObject | undefined;
  readonly at: number;
  readonly revision: number;
}

export interface World {
  readonly clock: Clock;
  readonly nodes: SimulatedNodes;
  /** The objects of `core/pods`, `apps/deployments`, ..., in the order of their creation. */
  of<Type = AnyObject>(resource: string): Type[];
  /** Every object there is. */
  all(): AnyObject[];
  get<Type = AnyObject>(resource: string, key: string): Type | undefined;
  /** When the node was last switched, in the clock's time; 0 for one that has always been up. */
  switchedAt(node: string): number;
}

export const podsOf = (world: World): Pod[] => world.of<Pod>('core/pods');
export const nodesOf = (world: World): Node[] => world.of<Node>('core/nodes');

/** `/registry/core/pods/default/web` -> `core/pods`; the stored form of every kind has a group and a plural. */
const resourceOf = (key: string): string => key.split('/').slice(2, 4).join('/');

export interface FollowedWorld extends World {
  /** Tells of every change, in order, at its commit. Returns what ends it. */
  onChange(callback: (change: WorldChange) => void): () => void;
  /** To be told by whoever switches nodes. */
  noteSwitch(node: string): void;
  close(): void;
}

/** Follows the store from its current state on. */
export async function followWorld(options: {
  store: Store;
  clock: Clock;
  nodes: () => SimulatedNodes;
}): Promise<FollowedWorld> {
  const { store, clock } = options;
  const objects = new Map<string, Map<string, AnyObject>>();
  const callbacks = new Set<(change: WorldChange) => void>();
  const switched = new Map<string, number>();
  const collection = (resource: string): Map<string, AnyObject> => {
    const known = objects.get(resource) ?? new Map<string, AnyObject>();
    objects.set(resource, known);
    return known;
  };
  const parse = (value: Uint8Array, revision: number): AnyObject => {
    const object = JSON.parse(Buffer.from(value).toString()) as AnyObject;
    object.metadata.resourceVersion = String(revision);
    return object;
  };
  const take = (event: StoreEvent) => {
    const { key, revision } = event;
    const resource = resourceOf(key);
    const all = collection(resource);
    const old = all.get(key);
    const object = event.type === 'put' ? parse(event.value, revision) : undefined;
    if (object === undefined) all.delete(key);
    else all.set(key, object);
    for (const callback of callbacks) callback({ resource, key, object, old, at: clock.now(), revision });
  };
  const state = await store.range({ from: prefix, to: prefixEnd });
  for (const { key, value, revision } of state.entries)
    collection(resourceOf(key)).set(key, parse(value, revision));
  const stop = store.watch(
    { from: prefix, to: prefixEnd, afterRevision: state.revision },
    { onEvents: (events) => events.forEach(take), onEnd: () => {} },
  );
  return {
    clock,
    get nodes() {
      return options.nodes();
    },
    of: <Type>(resource: string) => [...collection(resource).values()] as Type[],
    all: () => [...objects.values()].flatMap((each) => [...each.values()]),
    get: <Type>(resource: string, key: string) => collection(resource).get(key) as Type | undefined,
    switchedAt: (node) => switched.get(node) ?? 0,
    onChange(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    noteSwitch: (node) => switched.set(node, clock.now()),
    close: stop,
  };
}
