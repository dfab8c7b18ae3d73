/** Keeps the node's object and its lease: registers it, tells how it is, and that it lives. */

import { isDeepStrictEqual } from 'node:util';
import type { EventText } from '../../client/change.ts';
import type { Client } from '../../client/typed-client.ts';
import type { ContainerRuntime, RuntimeFeatures } from '../../cri/runtime.ts';
import type { Node, NodeStatus } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { isNotFoundStatus } from '../../kinds/status.ts';
import { onAbort } from '../../lib/abort.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { microTimestamp } from '../../lib/timestamp.ts';
import { kubeletLimits } from '../limits.ts';
import { nodeHappenings } from './node-happenings.ts';
import { type NodeIdentity, type NodeObservation, nodeObject, nodeStatus } from './node-status.ts';

export interface NodeKeeperOptions {
  /** What other parts of the agent know of the node. */
  readonly state?: () => Pick<NodeObservation, 'pressures' | 'isShuttingDown'>;
  readonly identity: NodeIdentity;
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  readonly record?: (event: EventText) => void;
}

const leaseNamespace = 'kube-node-lease';

/** Apart from when it was looked at. */
function isUnchanged(old: NodeStatus, status: NodeStatus): boolean {
  const timeless = (each: NodeStatus) => ({
    ...each,
    conditions: each.conditions?.map(({ lastHeartbeatTime: _time, ...rest }) => rest),
  });
  return isDeepStrictEqual(timeless(old), timeless(status));
}

export class NodeKeeper {
  readonly #options: NodeKeeperOptions;
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** As it was reported last. */
  #known: Node | undefined;
  #wasReady = false;
  /** Asked for once, as long as the runtime is the same. */
  #features: { readonly found: RuntimeFeatures | undefined } | undefined;
  #isDirty = false;
  #wake = () => {};

  constructor(options: NodeKeeperOptions) {
    this.#options = options;
  }

  /** As it was seen last. */
  get node(): Node | undefined {
    return this.#known;
  }

  /** What is to be said of the node is another now: the server hears of it at once. */
  wake(): void {
    this.#isDirty = true;
    this.#wake();
  }

  /** Until the signal aborts. Never rejects: the server may be away for long. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const started = clock.monotonic();
    while (!signal.aborted) {
      this.#isDirty = false;
      try {
        const node = await this.#report();
        await this.#renewLease(node);
        await this.#sleep(this.#wait(node, clock.monotonic() - started), signal);
      } catch (failure) {
        log.warn('the node could not be told of', { error: String(failure) });
        await sleep(clock, kubeletLimits.failureMilliseconds, signal);
      }
    }
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isDirty) return;
    const pause = new AbortController();
    this.#wake = () => pause.abort();
    const takeOff = onAbort(signal, this.#wake);
    if (!signal.aborted) await sleep(this.#options.clock, milliseconds, pause.signal);
    takeOff();
  }

  async #observe(): Promise<NodeObservation> {
    const { runtime, clock } = this.#options;
    const state = { now: clock.now(), ...this.#options.state?.() };
    try {
      const [conditions, images] = await Promise.all([runtime.node.conditions(), runtime.images.list()]);
      this.#features ??= { found: await runtime.node.features?.() };
      const { found: features } = this.#features;
      return { runtime: conditions, images, ...state, ...(features && { features }) };
    } catch (failure) {
      // It may be another one that comes back.
      this.#features = undefined;
      return { runtime: failure as Error, images: [], ...state };
    }
  }

  /** A node that starts is looked at often, so that it takes pods as soon as it can. */
  #wait(node: Node, sinceStart: number): number {
    this.#wasReady ||=
      node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
    const isStarting = !this.#wasReady && sinceStart < kubeletLimits.nodeStartMillisecondsMax;
    return isStarting ? kubeletLimits.nodeStartMilliseconds : kubeletLimits.nodeStatusMilliseconds;
  }

  async #report(): Promise<Node> {
    const known = this.#known;
    const { node, before } = await this.#write();
    this.#known = node;
    for (const event of nodeHappenings(node, { before: known ?? before, started: known === undefined }))
      this.#options.record?.(event);
    return node;
  }

  /** As it is written now, and as it was. */
  async #write(): Promise<{ node: Node; before: Node | undefined }> {
    const { identity, client, clock } = this.#options;
    const observation = await this.#observe();
    const nodes = client.of('Node');
    let node: Node;
    try {
      node = await nodes.get({ name: identity.name });
    } catch (failure) {
      if (!isNotFoundStatus(failure)) throw failure;
      this.#reportedAt = observation.now;
      const made = await nodes.create(nodeObject(identity, nodeStatus(identity, observation)));
      return { node: made, before: undefined };
    }
    const before = node;
    // What it is called may have changed while the agent was away.
    if (this.#known === undefined) node = await this.#registerAgain(node);
    const status = nodeStatus(identity, observation, node.status);
    const isDue = clock.now() - this.#reportedAt >= kubeletLimits.nodeReportMilliseconds;
    if (!isDue && isUnchanged(node.status ?? {}, status)) return { node, before };
    const written = await nodes.updateStatus({ ...node, status });
    this.#reportedAt = observation.now;
    return { node: written, before };
  }

  /** What every node is labelled with, and our annotations, as they are now; other labels are given but once. */
  async #registerAgain(node: Node): Promise<Node> {
    const { identity, client } = this.#options;
    const { labels, annotations } = nodeObject({ ...identity, labels: {} }, {}).metadata;
    const isThere = (own: Record<string, string> = {}, all: Record<string, string> = {}) =>
      Object.entries(own).every(([name, value]) => getOwn(all, name) === value);
    if (isThere(labels, node.metadata.labels) && isThere(annotations, node.metadata.annotations)) return node;
    const patch = { metadata: { labels, annotations } };
    return client.of('Node').patch({ name: identity.name }, { type: 'strategic', patch });
  }

  /** Owned by its node, so that it goes with it. */
  async #renewLease({ metadata: { name = '', uid } }: Node): Promise<void> {
    const { client, clock } = this.#options;
    const leases = client.of('Lease');
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: kubeletLimits.leaseDurationSeconds,
      renewTime: microTimestamp(clock.now()),
    };
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid: uid ?? '' }];
    try {
      const lease = await leases.get({ namespace: leaseNamespace, name });
      const metadata = { ...lease.metadata, ownerReferences };
      await leases.update({ ...lease, metadata, spec: { ...lease.spec, ...spec } });
    } catch (failure) {
      if (!isNotFoundStatus(failure)) throw failure;
      await leases.create({ metadata: { name, namespace: leaseNamespace, ownerReferences }, spec });
    }
  }
}
