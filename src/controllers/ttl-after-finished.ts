/** Deletes Jobs that have ended, spec.ttlSecondsAfterFinished after that. Source of behaviour: pkg/controller/ttlafterfinished. */
import { remove, requeueAfter } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import { finishedCondition } from './job/conditions.ts';
import { timeOf } from './pods.ts';

export const ttlAfterFinished: Controller = defineController({
  name: 'ttl-after-finished',
  watches: { Job: self },
  reconcile(key, view) {
    const job = view.get('Job', key);
    const seconds = job?.spec?.ttlSecondsAfterFinished;
    if (job === undefined || seconds === undefined || job.metadata.deletionTimestamp !== undefined) return [];
    const finished = timeOf(finishedCondition(job)?.lastTransitionTime);
    if (finished === undefined) return [];
    const remaining = finished + seconds * 1000 - view.now();
    if (remaining > 0) return [requeueAfter(remaining)];
    // As it was read: somebody may have given it more time since.
    const { resourceVersion } = job.metadata;
    return [remove('Job', job, { propagationPolicy: 'Foreground', preconditions: { resourceVersion } })];
  },
});
