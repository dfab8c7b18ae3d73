/**
 * ResourceQuota: what an object takes is charged to the quotas of its namespace in the object's own transaction, each
 * expected to be as it was read. So no two writes can both take what is left, whatever number of API servers write, and
 * nothing is charged that was not written. What comes free is counted by the controller (controllers/resource-quota.ts).
 * Source: k8s.io/apiserver pkg/admission/plugin/resourcequota; docs/adr/0003.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ResourceQuota } from '../../kinds/generated/types.ts';
import type { Kind } from '../../kinds/kind.ts';
import { type AnyObject, apiVersionOf } from '../../kinds/object.ts';
import {
  addUsage,
  describeUsage,
  exceededNames,
  maskUsage,
  raisedUsage,
  type Usage,
  writeUsage,
} from '../../kinds/quota/amounts.ts';
import { type Evaluator, evaluatorOf, isInScope } from '../../kinds/quota/evaluator.ts';
import { resourceQuota } from '../../kinds/resource-quota.ts';
import { forbiddenError, type ResourceName } from '../../kinds/status.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Operation } from '../../store/store.ts';
import { encodeStored } from '../codec.ts';
import { objectKey } from '../keys.ts';
import type { Hook, Write } from './hook.ts';
import { Lane } from './lane.ts';
import { type KnownQuota, QuotaIndex } from './quota-index.ts';

interface CountedKind {
  readonly resource: ResourceName;
  readonly evaluator: Evaluator;
}

const noUsage: Usage = new Map();

/** Every stored kind that lives in namespaces and is counted, by apiVersion and kind. */
function countedKinds(kinds: readonly Kind[]): ReadonlyMap<string, CountedKind> {
  return new Map(
    kinds.flatMap(({ group, version, kind, plural, scope, storedAs }) => {
      const resource = { group, plural };
      const evaluator = scope === 'Namespaced' && !storedAs ? evaluatorOf(resource) : undefined;
      return evaluator === undefined
        ? []
        : [[`${apiVersionOf(group, version)} ${kind}`, { resource, evaluator }] as const];
    }),
  );
}

class QuotaPlanner {
  readonly index = new QuotaIndex();
  readonly kinds: ReadonlyMap<string, CountedKind>;
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();

  constructor(kinds: readonly Kind[], clock: Clock) {
    this.kinds = countedKinds(kinds);
    this.#clock = clock;
  }

  /** Writes that a quota of their namespace may be charged for go one after another. */
  lane(write: Write): Lane | undefined {
    return this.#concerned(write).length === 0
      ? undefined
      : this.laneOf(write.object.metadata.namespace ?? '');
  }

  laneOf(namespace: string): Lane {
    const lane = this.#lanes.get(namespace) ?? new Lane();
    if (!this.#lanes.has(namespace))
      for (const [other, { idle }] of this.#lanes) if (idle) this.#lanes.delete(other);
    this.#lanes.set(namespace, lane);
    return lane;
  }

  plan(write: Write): Operation[] {
    const quotas = this.#concerned(write);
    if (quotas.length === 0) return [];
    const counted = this.#countedKind(write) as CountedKind;
    const charges = quotas.flatMap((quota) => this.#charge(write, counted, quota));
    return write.dryRun ? [] : charges;
  }

  #countedKind({ object }: Write): CountedKind | undefined {
    return this.kinds.get(`${object.apiVersion} ${object.kind}`);
  }

  /** The quotas that the write may count in, if it may take more at all. */
  #concerned(write: Write): readonly KnownQuota[] {
    if (write.verb === 'delete') return [];
    const quotas = this.index.of(write.object.metadata.namespace ?? '');
    if (quotas.length === 0) return [];
    const { evaluator } = this.#countedKind(write) ?? {};
    if (evaluator === undefined || (write.verb === 'update' && !evaluator.growsOnUpdate)) return [];
    return quotas.filter(({ hard }) => [...hard.keys()].some((name) => evaluator.counts(name)));
  }

  #charge(write: Write, { resource, evaluator }: CountedKind, quota: KnownQuota): Operation[] {
    const { object, old } = write;
    const { spec } = quota.object;
    if (!isInScope(evaluator, object, spec)) return [];
    const refuse = (why: string) => forbiddenError(resource, object.metadata.name ?? '', why);
    const names = [...quota.hard.keys()].filter((name) => evaluator.counts(name));
    const missing = evaluator.missing?.(object, names);
    if (missing !== undefined) throw refuse(`failed quota: ${quota.name}: ${missing}`);
    if (names.some((name) => !quota.used.has(name)))
      throw refuse(`status unknown for quota: ${quota.name}, resources: ${names.sort().join(',')}`);

    const now = this.#clock.now();
    const countedBefore = old !== undefined && isInScope(evaluator, old, spec);
    const before = countedBefore ? evaluator.usage(old, now) : noUsage;
    const usage = evaluator.usage(object, now);
    const negative = [...usage.keys()].filter((name) => (usage.get(name)?.nanos ?? 0n) < 0n).sort();
    if (negative.length > 0) throw refuse(`quota usage is negative for resource(s): ${negative.join(',')}`);
    const requested = maskUsage(raisedUsage(usage, before), quota.hard);
    if (requested.size === 0) return [];
    const used = new Map(quota.used);
    addUsage(used, requested);
    // A status tells what has happened already; it is counted, and cannot be refused.
    const statusOnly = old !== undefined && isDeepStrictEqual(object.spec, old.spec);
    const exceeded = statusOnly ? new Set<string>() : exceededNames(maskUsage(used, requested), quota.hard);
    if (exceeded.size > 0)
      throw refuse(
        `exceeded quota: ${quota.name}, requested: ${describeUsage(maskUsage(requested, exceeded))}, used: ${describeUsage(maskUsage(quota.used, exceeded))}, limited: ${describeUsage(maskUsage(quota.hard, exceeded))}`,
      );
    return [putUsed(quota, used)];
  }
}

function putUsed({ object, name, revision }: KnownQuota, used: Usage): Operation {
  const now: ResourceQuota = { ...object, status: { ...object.status, used: writeUsage(used) } };
  return {
    type: 'put',
    key: objectKey(resourceQuota, object.metadata.namespace ?? '', name),
    value: encodeStored(resourceQuota, now as unknown as AnyObject),
    expect: revision,
  };
}

/** The hook of everything that a quota can count: it stands before hooks that give something out. */
export function quotaHook({ kinds, clock }: { kinds: readonly Kind[]; clock: Clock }): Hook {
  const planner = new QuotaPlanner(kinds, clock);
  return {
    resources: [...planner.kinds.values()].map(({ resource }) => resource),
    start: (view) => planner.index.start(view),
    lane: (write) => planner.lane(write),
    ownLane: ({ group, plural }, namespace) =>
      group === '' && plural === 'resourcequotas' ? planner.laneOf(namespace) : undefined,
    plan: (write) => planner.plan(write),
  };
}
