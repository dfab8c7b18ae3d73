/** What is done with work that ends: Jobs and CronJobs. */
import type { CronJob, Job, JobSpec } from '../../src/kinds/generated/types.ts';
import { type Act, number, pick, type Run } from './run.ts';

/** Each comes to an end, good or bad, within the time of peace. */
const behaviours: readonly Record<string, string>[] = [
  {},
  { 'sim.wherry.dev/exit-after-seconds': '12' },
  { 'sim.wherry.dev/start-seconds': '8' },
  { 'sim.wherry.dev/exit-code': '1' },
];

function jobSpec(run: Run): JobSpec {
  const completions = pick(run, [undefined, 1, 3, 5]);
  const isIndexed = completions !== undefined && number(run, 2) === 0;
  return {
    parallelism: 1 + number(run, 4),
    ...(completions === undefined ? {} : { completions }),
    ...(isIndexed ? { completionMode: 'Indexed' } : {}),
    backoffLimit: number(run, 3),
    ...(number(run, 4) === 0 ? { podReplacementPolicy: 'Failed' } : {}),
    ...(number(run, 4) === 0 ? { ttlSecondsAfterFinished: 20 } : {}),
    ...(number(run, 6) === 0 ? { activeDeadlineSeconds: 30 } : {}),
    template: {
      metadata: { annotations: pick(run, behaviours) },
      spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'busybox:1.37' }] },
    },
  };
}

const shape = ({ template, ...spec }: JobSpec): string =>
  JSON.stringify({ ...spec, annotations: template.metadata?.annotations });

async function createJob(run: Run): Promise<string> {
  const name = `work-${++run.made}`;
  const spec = jobSpec(run);
  await run.simulation.client.of('Job').create({ metadata: { name, namespace: 'default' }, spec });
  return `create job ${name} ${shape(spec)}`;
}

async function changeJob(run: Run): Promise<string | undefined> {
  const job = pick(run, run.world.of<Job>('batch/jobs'));
  if (job === undefined) return undefined;
  const { name = '', namespace } = job.metadata;
  const spec = number(run, 2) === 0 ? { suspend: number(run, 2) === 0 } : { parallelism: number(run, 4) };
  await run.simulation.client.of('Job').patch({ name, namespace }, { type: 'merge', patch: { spec } });
  return `patch job ${name} ${JSON.stringify(spec)}`;
}

async function deleteJob(run: Run): Promise<string | undefined> {
  const job = pick(run, run.world.of<Job>('batch/jobs'));
  if (job === undefined) return undefined;
  const { name = '', namespace } = job.metadata;
  const propagationPolicy = pick(run, ['Background', 'Foreground', 'Orphan'] as const);
  await run.simulation.client.of('Job').delete({ name, namespace }, { propagationPolicy });
  return `delete job ${name}, ${propagationPolicy}`;
}

/** It makes a Job each minute, so it must be gone before there can be rest. */
async function createCronJob(run: Run): Promise<string> {
  const name = `cron-${++run.made}`;
  const concurrencyPolicy = pick(run, ['Allow', 'Forbid', 'Replace']);
  const cronJob: CronJob = {
    metadata: { name, namespace: 'default' },
    spec: {
      schedule: '* * * * *',
      concurrencyPolicy,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: { spec: jobSpec(run) },
    },
  };
  await run.simulation.client.of('CronJob').create(cronJob);
  run.later.push({ at: run.simulation.clock.now() + 200_000, act: (later) => deleteCronJob(later, name) });
  return `create cronjob ${name}, ${concurrencyPolicy}`;
}

async function deleteCronJob({ simulation }: Run, name: string): Promise<string> {
  await simulation.client.of('CronJob').delete({ name, namespace: 'default' });
  return `delete cronjob ${name}`;
}

/** As often as they stand here. */
export const batchActs: readonly Act[] = [
  createJob,
  createJob,
  createJob,
  changeJob,
  deleteJob,
  createCronJob,
];
