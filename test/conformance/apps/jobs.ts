/** Jobs whose pods end as the test says. */
import type { TestContext } from 'node:test';
import type { Job, JobSpec, Pod } from '../../../src/kinds/generated/types.ts';
import { type AppsWorld, startApps } from './world.ts';

export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';
export const failuresAnnotation = 'batch.kubernetes.io/job-index-failure-count';
export const exit = (code: number) => ({ 'sim.wherry.dev/exit-code': `${code}` });
export const forever = { 'sim.wherry.dev/exit-after-seconds': '86400' };

export const jobOf = (spec: Partial<JobSpec>, annotations: object = {}): Job => ({
  metadata: { name: 'once', labels: { suite: 'apps' } },
  spec: {
    parallelism: 2,
    completions: 4,
    ...spec,
    template: {
      metadata: { annotations: { ...annotations } },
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'c', image: 'busybox:1' }],
        ...spec.template?.spec,
      },
    },
  },
});

export const indexOf = (pod: Pod): number => Number(pod.metadata.annotations?.[indexAnnotation]);

export const shown = ({ status = {} }: Job) => {
  const { active, ready, terminating, succeeded, failed, completedIndexes, failedIndexes } = status;
  const conditions = status.conditions?.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
  const all = { active, ready, terminating, succeeded, failed, completedIndexes, failedIndexes, conditions };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
};

export async function startJob(t: TestContext, job: Job): Promise<AppsWorld> {
  const world = await startApps(t);
  await world.create('Job', job);
  return world;
}

/** Says of each new pod how it ends, second by second, until the Job has ended or the time is over. */
export async function play(world: AppsWorld, codeOf: (pod: Pod) => number, seconds = 120): Promise<Pod[]> {
  const seen = new Map<string, Pod>();
  for (let second = 0; second < seconds; second++) {
    await world.seconds(0.5);
    for (const pod of await world.list('Pod')) {
      const uid = pod.metadata.uid ?? '';
      if (seen.has(uid)) continue;
      seen.set(uid, pod);
      await world.patch('Pod', pod.metadata.name ?? '', { metadata: { annotations: exit(codeOf(pod)) } });
    }
    const { status } = await world.get('Job', 'once');
    if (status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed')) break;
    await world.seconds(0.5);
  }
  return [...seen.values()];
}

/** The code of a pod that fails the first time of all, or the first time of its index. */
export function onceFailing(code: number, keyOf: (pod: Pod) => string): (pod: Pod) => number {
  const failed = new Set<string>();
  return (pod) => {
    const key = keyOf(pod);
    if (failed.has(key)) return 0;
    failed.add(key);
    return code;
  };
}
