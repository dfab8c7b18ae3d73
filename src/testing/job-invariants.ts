/** Invariants of Jobs: never more at work than parallelism, never more done than completions. */
import { isActive } from '../controllers/pods.ts';
import type { Job, Pod } from '../kinds/generated/types.ts';
import type { Invariant } from './invariant.ts';
import { Lately } from './lately.ts';
import { isOwnedBy, nameOf, ownerIn } from './ownership.ts';
import { podsOf, type World, type WorldChange } from './world.ts';

const parallelismOf = ({ spec }: Job): number => (spec?.suspend === true ? 0 : (spec?.parallelism ?? 1));
const completionsOf = ({ spec }: Job): number => spec?.completions ?? Number.POSITIVE_INFINITY;
const isFinished = ({ status }: Job): boolean =>
  (status?.conditions ?? []).some(
    ({ type, status: held }) => (type === 'Complete' || type === 'Failed') && held === 'True',
  );

const parallelism = new Lately();

function note({ resource, object, at }: WorldChange, world: World): void {
  if (resource !== 'batch/jobs' || object === undefined) return;
  const value = parallelismOf(object as unknown as Job);
  parallelism.note(world, object.metadata.uid ?? '', { value, at });
}

const indexOf = ({ metadata }: Pod): string | undefined =>
  metadata.annotations?.['batch.kubernetes.io/job-completion-index'];

function* tooMany(job: Job, pods: readonly Pod[], allowed: number): Generator<string> {
  const active = pods.filter(isActive);
  if (active.length > allowed)
    yield `${nameOf(job)} has ${active.length} pods at work, allowed are ${allowed}`;
  // As it was counted: a pod that was being deleted, and replaced, may have succeeded all the same.
  const done = job.status?.succeeded ?? 0;
  if (active.length + done > completionsOf(job))
    yield `${nameOf(job)} has ${active.length} pods at work and ${done} done, wanted are ${completionsOf(job)}`;
  const indexes = active.map(indexOf).filter((index) => index !== undefined);
  if (new Set(indexes).size < indexes.length)
    yield `${nameOf(job)} works at an index twice: ${indexes.sort().join(' ')}`;
}

const jobsKeepTheirSize: Invariant = {
  name: 'a Job never has more pods than parallelism and completions allow',
  *onChange(change, world) {
    note(change, world);
    const { resource, object, old, at } = change;
    if (resource !== 'core/pods' || object === undefined || old !== undefined) return;
    const job = ownerIn<Job>(world, 'batch/jobs', object);
    if (job === undefined) return;
    if (isFinished(job)) yield `${nameOf(object)} is made, though ${nameOf(job)} has finished`;
    const pods = podsOf(world).filter((pod) => isOwnedBy(pod, job));
    const allowed = parallelism.most(world, job.metadata.uid ?? '', { at, otherwise: parallelismOf(job) });
    yield* tooMany(job, pods, allowed);
  },
  *settled(world) {
    for (const job of world.of<Job>('batch/jobs')) {
      const active = podsOf(world).filter((pod) => isOwnedBy(pod, job) && isActive(pod)).length;
      if (active > parallelismOf(job)) yield `${nameOf(job)} has ${active} pods at rest`;
      if (isFinished(job) && active > 0) yield `${nameOf(job)} has finished and has ${active} pods at rest`;
    }
  },
};

const finishedJobsStay: Invariant = {
  name: 'a Job that has finished stays so, with all that it has counted',
  *onChange({ resource, object, old }) {
    if (resource !== 'batch/jobs' || object === undefined || old === undefined) return;
    if (object.metadata.uid !== old.metadata.uid) return;
    const [now, before] = [object as unknown as Job, old as unknown as Job];
    if (isFinished(before) && !isFinished(now)) yield `${nameOf(now)} has finished no longer`;
    for (const count of ['succeeded', 'failed'] as const)
      if ((now.status?.[count] ?? 0) < (before.status?.[count] ?? 0))
        yield `${nameOf(now)} has ${now.status?.[count] ?? 0} ${count}, before it were ${before.status?.[count]}`;
  },
};

export const jobInvariants: readonly Invariant[] = [jobsKeepTheirSize, finishedJobsStay];
