/** What a client sees of pods and of the endpoints made of them, with the time at which it saw it. */
import type { KindName, ObjectOf } from '../../src/client/kind-names.ts';
import type { Client } from '../../src/client/typed-client.ts';
import type { WatchEvent } from '../../src/client/watch-stream.ts';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { Tally } from './cluster.ts';

type Seen = (event: WatchEvent<never>) => void;

/** A watch that begins with what is there; resolves when the server has taken it, with what ends it. */
async function watch<Name extends KindName>(
  client: Client,
  of: { readonly kind: Name; readonly labelSelector?: string },
  seen: (object: ObjectOf<Name>) => void,
): Promise<() => void> {
  const onEvent = ({ type, object }: { type: string; object: unknown }) => {
    if (type === 'ADDED' || type === 'MODIFIED') seen(object as ObjectOf<Name>);
  };
  const { kind, labelSelector } = of;
  return client.of(kind).watch({ labelSelector }, { onEvent: onEvent as Seen, onEnd: () => {} });
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') ?? false;

export interface Followed {
  readonly bound: Tally;
  readonly ready: Tally;
  stop(): void;
}

/** Counts pods that get a node, and pods that become ready. */
export async function followPods(client: Client): Promise<Followed & { readyAt: Map<string, number> }> {
  const bound = new Tally();
  const ready = new Tally();
  const known = new Set<string>();
  const readyAt = new Map<string, number>();
  const stop = await watch(client, { kind: 'Pod' }, (pod) => {
    const { name = '' } = pod.metadata;
    if (pod.spec?.nodeName && !known.has(name)) {
      known.add(name);
      bound.add();
    }
    if (isReady(pod) && !readyAt.has(name)) {
      readyAt.set(name, performance.now());
      ready.add();
    }
  });
  return { bound, ready, readyAt, stop };
}

/** When each pod first stood in an EndpointSlice of the Service as ready. */
export async function followEndpoints(
  client: Client,
  service: string,
): Promise<{
  readonly written: Tally;
  readonly writtenAt: Map<string, number>;
  stop(): void;
}> {
  const writtenAt = new Map<string, number>();
  const written = new Tally();
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const stop = await watch(client, { kind: 'EndpointSlice', labelSelector }, ({ endpoints }) => {
    for (const { targetRef, conditions } of endpoints ?? []) {
      const name = targetRef?.name ?? '';
      if (conditions?.ready !== true || name === '' || writtenAt.has(name)) continue;
      writtenAt.set(name, performance.now());
      written.add();
    }
  });
  return { written, writtenAt, stop };
}

export async function followNodes(client: Client): Promise<{ readonly ready: Tally; stop(): void }> {
  const ready = new Tally();
  const known = new Set<string>();
  const stop = await watch(client, { kind: 'Node' }, ({ metadata, status, spec }) => {
    const { name = '' } = metadata;
    const holds = status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True');
    if (!holds || (spec?.taints ?? []).length > 0 || known.has(name)) return;
    known.add(name);
    ready.add();
  });
  return { ready, stop };
}
