/** Keeps the node's object and its lease: registers it, tells how it is, and that it lives. */

import { isDeepStrictEqual } from 'node:util';
import type { Client } from '../../client/typed-client.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Node, NodeStatus } from '../../kinds/generated/types.ts';
import { StatusError } from '../../kinds/status.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { microTimestamp } from '../../lib/timestamp.ts';
import { kubeletLimits } from '../limits.ts';
import { type NodeIdentity, type NodeObservation, nodeObject, nodeStatus } from './node-status.ts';

export interface NodeKeeperOptions {
  readonly identity: NodeIdentity;
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
}

const leaseNamespace = 'kube-node-lease';

const isMissing = (failure: unknown): boolean => failure instanceof StatusError && failure.httpCode === 404;

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

  constructor(options: NodeKeeperOptions) {
    this.#options = options;
  }

  /** Until the signal aborts. Never rejects: the server may be away for long. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        const node = await this.#report();
        await this.#renewLease(node);
        await sleep(clock, kubeletLimits.nodeStatusMilliseconds, signal);
      } catch (failure) {
        log.warn('the node could not be told of', { error: String(failure) });
        await sleep(clock, kubeletLimits.failureMilliseconds, signal);
      }
    }
  }

  async #observe(): Promise<NodeObservation> {
    const { runtime, clock } = this.#options;
    const now = clock.now();
    try {
      const [conditions, images] = await Promise.all([runtime.node.conditions(), runtime.images.list()]);
      return { runtime: conditions, images, now };
    } catch (failure) {
      return { runtime: failure as Error, images: [], now };
    }
  }

  async #report(): Promise<Node> {
    const { identity, client, clock } = this.#options;
    const observation = await this.#observe();
    const nodes = client.of('Node');
    let node: Node;
    try {
      node = await nodes.get({ name: identity.name });
    } catch (failure) {
      if (!isMissing(failure)) throw failure;
      this.#reportedAt = observation.now;
      return nodes.create(nodeObject(identity, nodeStatus(identity, observation)));
    }
    const status = nodeStatus(identity, observation, node.status);
    const isDue = clock.now() - this.#reportedAt >= kubeletLimits.nodeReportMilliseconds;
    if (!isDue && isUnchanged(node.status ?? {}, status)) return node;
    const written = await nodes.updateStatus({ ...node, status });
    this.#reportedAt = observation.now;
    return written;
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
      if (!isMissing(failure)) throw failure;
      await leases.create({ metadata: { name, namespace: leaseNamespace, ownerReferences }, spec });
    }
  }
}
