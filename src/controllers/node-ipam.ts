/**
 * Every node gets a share of the pods' addresses, of each family of the cluster. What a node had is free when it is gone:
 * all that is remembered stands in the Nodes. Source: pkg/controller/nodeipam (the range allocator).
 */
import { type Change, patch } from '../client/change.ts';
import { type Controller, defineController } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { Node } from '../kinds/generated/types.ts';
import { type Cidr, cidrLast, cidrSize, formatCidr, parseCidr } from '../lib/cidr.ts';
import { addressBits } from '../lib/ip.ts';
import type { ClusterRange } from './cluster-ranges.ts';

const cidrsOf = ({ spec }: Node): readonly string[] =>
  spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]);

const needsShare = (node: Node): boolean =>
  node.metadata.deletionTimestamp === undefined && cidrsOf(node).every((cidr) => cidr === '');

/** Gives out the shares of a range, the lowest that is free first. */
class Shares {
  readonly #range: Cidr;
  readonly #prefix: number;
  readonly #taken = new Set<bigint>();
  #next = 0n;

  constructor({ range, nodePrefix }: ClusterRange) {
    this.#range = range;
    this.#prefix = nodePrefix;
  }

  get #hostBits(): bigint {
    return BigInt(addressBits(this.#range.family) - this.#prefix);
  }

  get #count(): bigint {
    return cidrSize(this.#range) >> this.#hostBits;
  }

  /** Every share that has an address of the other range. */
  take(other: Cidr): void {
    const { family, base } = this.#range;
    if (other.family !== family) return;
    const last = this.#count - 1n;
    const of = (address: bigint) => (address - base) >> this.#hostBits;
    const from = of(other.base);
    const to = of(cidrLast(other));
    for (let share = from < 0n ? 0n : from; share <= (to > last ? last : to); share++) this.#taken.add(share);
  }

  /** Undefined when none is left. */
  give(): Cidr | undefined {
    while (this.#taken.has(this.#next)) this.#next++;
    if (this.#next >= this.#count) return undefined;
    const { family, base } = this.#range;
    this.#taken.add(this.#next);
    return { family, base: base + (this.#next << this.#hostBits), prefix: this.#prefix };
  }
}

/** All nodes are looked at together: two must not get the same. */
const key = 'nodes';

const nodeReference = ({ metadata: { name = '', uid } }: Node) => ({
  kind: 'Node',
  name,
  ...(uid === undefined ? {} : { uid }),
});

function unavailable(node: Node): Change {
  return {
    type: 'event',
    event: {
      regarding: nodeReference(node),
      type: 'Normal',
      reason: 'CIDRNotAvailable',
      message: `Node ${node.metadata.name} status is now: CIDRNotAvailable`,
    },
  };
}

const created = ({ metadata }: Node): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;

export function nodeIpam(ranges: readonly ClusterRange[]): Controller {
  return defineController({
    name: 'node-ipam',
    eventSource: 'cidrAllocator',
    watches: {
      Node: (node, _view, { type }) => (type === 'delete' || needsShare(node) ? [key] : []),
    },
    concurrency: 1,
    reconcile(_key, view): Change[] {
      const nodes = view.list('Node');
      const waiting = nodes.filter(needsShare).sort((a, b) => (created(a) < created(b) ? -1 : 1));
      if (waiting.length === 0) return [];
      const all = ranges.map((range) => new Shares(range));
      for (const text of nodes.flatMap(cidrsOf)) {
        const cidr = parseCidr(text);
        if (cidr !== undefined) for (const shares of all) shares.take(cidr);
      }
      return waiting.map((node) => {
        const given = all.map((shares) => shares.give());
        const podCIDRs = given.flatMap((cidr) => (cidr === undefined ? [] : [formatCidr(cidr)]));
        if (podCIDRs.length < given.length) return unavailable(node);
        const { uid, resourceVersion } = node.metadata;
        return patch('Node', keyOf(node), {
          patchType: 'strategic',
          patch: { metadata: { uid, resourceVersion }, spec: { podCIDR: podCIDRs[0], podCIDRs } },
        });
      });
    },
  });
}
