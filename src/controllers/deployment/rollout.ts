/** The state of one reconcile of a Deployment: copies to work on, and in the end the changes that they make. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Change,
  create,
  type EventText,
  event,
  referenceTo,
  remove,
  requeueAfter,
  update,
  updateStatus,
} from '../../client/change.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../kinds/generated/types.ts';
import { annotateSizes } from './annotations.ts';
import { type ConditionText, makeCondition, reasons, withCondition } from './conditions.ts';
import { byAge, maxSurge, sizeOf, wantedReplicas } from './surge.ts';
import { sameTemplate } from './template-hash.ts';

const copySet = (set: ReplicaSet): ReplicaSet => ({
  ...set,
  metadata: { ...set.metadata, annotations: { ...set.metadata.annotations } },
  spec: { ...(set.spec as NonNullable<ReplicaSet['spec']>) },
});

export class Rollout {
  /** A copy whose status and annotations may be changed. */
  readonly deployment: Deployment & { status: DeploymentStatus };
  readonly original: Deployment;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The replica set whose template is the Deployment's; copies, as all of them. */
  newSet: ReplicaSet | undefined;
  readonly oldSets: readonly ReplicaSet[];
  /** When to look again at a rollout that does not get on. */
  recheckMilliseconds: number | undefined;
  /** Replica sets to be written, in that order, with what is told of each. */
  readonly #written = new Map<ReplicaSet, string[]>();
  readonly #removed: ReplicaSet[] = [];
  #created: ReplicaSet | undefined;

  constructor(original: Deployment, sets: readonly ReplicaSet[], now: number) {
    this.original = original;
    this.now = now;
    this.deployment = {
      ...original,
      metadata: { ...original.metadata, annotations: { ...original.metadata.annotations } },
      status: { ...original.status },
    };
    const copies = [...sets].sort(byAge).map(copySet);
    // Of several that fit, the oldest: so that it is the same one every time.
    this.newSet = copies.find(({ spec }) => sameTemplate(spec?.template, original.spec?.template));
    this.oldSets = copies.filter((set) => set !== this.newSet);
  }

  get allSets(): ReplicaSet[] {
    return this.newSet === undefined ? [...this.oldSets] : [...this.oldSets, this.newSet];
  }

  setCondition(text: ConditionText): void {
    const { status } = this.deployment;
    status.conditions = withCondition(status.conditions, makeCondition(text, this.now));
  }

  touch(set: ReplicaSet): void {
    if (!this.#written.has(set)) this.#written.set(set, []);
  }

  /** Gives a replica set another size, and notes on it the Deployment's; whether the size changed. */
  scale(set: ReplicaSet, size: number): boolean {
    const before = sizeOf(set);
    const desired = wantedReplicas(this.deployment);
    const isNoted = annotateSizes(set, { desired, max: desired + maxSurge(this.deployment) });
    if (before !== size && set.spec) set.spec.replicas = size;
    if (set === this.#created || (before === size && !isNoted)) return before !== size;
    this.touch(set);
    const direction = before < size ? 'up' : 'down';
    if (before !== size)
      this.#written
        .get(set)
        ?.push(`Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${size}`);
    return before !== size;
  }

  create(set: ReplicaSet): void {
    this.newSet = set;
    this.#created = set;
  }

  remove(set: ReplicaSet): void {
    this.#removed.push(set);
  }

  changes(): Change[] {
    const status = this.#statusChange();
    return [
      ...this.#creation(),
      ...[...this.#written].flatMap(([set, messages]) => [
        update('ReplicaSet', set),
        ...messages.map((message) => event('Deployment', this.original, scaling(message))),
      ]),
      ...this.#removed.map((set) => remove('ReplicaSet', set)),
      ...(status === undefined ? [] : [status]),
      ...(this.recheckMilliseconds === undefined ? [] : [requeueAfter(this.recheckMilliseconds)]),
    ];
  }

  #creation(): Change[] {
    const set = this.#created;
    if (set === undefined) return [];
    const regarding = referenceTo('Deployment', this.original);
    const size = sizeOf(set);
    const { name } = set.metadata;
    const message = `Scaled up replica set ${name} from 0 to ${size}`;
    return [
      create('ReplicaSet', set, {
        ...(size === 0 ? {} : { onSuccess: { regarding, ...scaling(message) } }),
        onFailure: {
          regarding,
          type: 'Warning',
          reason: reasons.createError,
          message: `Failed to create new replica set ${JSON.stringify(name)}: {error}`,
        },
      }),
    ];
  }

  /** Its annotations go with the status, so that a new revision does not count as a new generation. */
  #statusChange(): Change | undefined {
    const { deployment, original } = this;
    const isSame =
      isDeepStrictEqual(deployment.status, original.status ?? {}) &&
      isDeepStrictEqual(deployment.metadata.annotations, { ...original.metadata.annotations });
    return isSame ? undefined : updateStatus('Deployment', deployment);
  }
}

const scaling = (message: string): Omit<EventText, 'regarding'> => ({
  type: 'Normal',
  reason: 'ScalingReplicaSet',
  message,
});
