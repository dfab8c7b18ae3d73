/** What is done to a whole control plane in a random history: Deployments, Services, labels, restarts. */
import type { Deployment, Service } from '../../src/kinds/generated/types.ts';
import { randomInteger } from '../../src/lib/random.ts';
import { noFaults, usualFaults } from '../../src/testing/faults.ts';
import { podsOf } from '../../src/testing/world.ts';
import { type Act, pick, type Run } from './run.ts';

/** They come to rest within the time of peace: none of them ends. */
const templates: readonly Record<string, string>[] = [
  {},
  {},
  { 'sim.wherry.dev/start-seconds': '15' },
  { 'sim.wherry.dev/ready-seconds': '5' },
  { 'sim.wherry.dev/never-ready': 'true' },
  { 'sim.wherry.dev/stop-seconds': '12' },
];

const strategies: readonly NonNullable<Deployment['spec']>['strategy'][] = [
  undefined,
  { type: 'Recreate' },
  { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: '50%' } },
];

const pickDeployment = (run: Run): Deployment | undefined =>
  pick(run, run.world.of<Deployment>('apps/deployments'));

async function createDeployment(run: Run): Promise<string> {
  const name = `web-${++run.made}`;
  const replicas = randomInteger(run.simulation.random, 5);
  const strategy = pick(run, strategies);
  const annotations = pick(run, templates);
  await run.simulation.client.of('Deployment').create({
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      strategy,
      progressDeadlineSeconds: 120,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations },
        spec: {
          terminationGracePeriodSeconds: pick(run, [0, 5, 30]),
          containers: [{ name: 'web', image: 'nginx:1.0' }],
        },
      },
    },
  });
  return `create deployment ${name}, replicas ${replicas}, ${JSON.stringify({ strategy, annotations })}`;
}

async function patchDeployment(run: Run, spec: object): Promise<string | undefined> {
  const deployment = pickDeployment(run);
  if (deployment === undefined) return undefined;
  const { name = '', namespace } = deployment.metadata;
  const patch = { spec };
  await run.simulation.client.of('Deployment').patch({ name, namespace }, { type: 'strategic', patch });
  return `patch deployment ${name} ${JSON.stringify(spec)}`;
}

const scale: Act = (run) => patchDeployment(run, { replicas: randomInteger(run.simulation.random, 6) });

const changeImage: Act = (run) => {
  const image = `nginx:1.${randomInteger(run.simulation.random, 4)}`;
  return patchDeployment(run, { template: { spec: { containers: [{ name: 'web', image }] } } });
};

async function deleteDeployment(run: Run): Promise<string | undefined> {
  const deployment = pickDeployment(run);
  if (deployment === undefined) return undefined;
  const { name = '', namespace } = deployment.metadata;
  const propagationPolicy = pick(run, ['Background', 'Foreground', 'Orphan'] as const);
  await run.simulation.client.of('Deployment').delete({ name, namespace }, { propagationPolicy });
  return `delete deployment ${name}, ${propagationPolicy}`;
}

async function createService(run: Run): Promise<string | undefined> {
  const app = pickDeployment(run)?.metadata.name;
  if (app === undefined) return undefined;
  const name = `service-${++run.made}`;
  const service: Service = {
    metadata: { name, namespace: 'default' },
    spec: { selector: { app }, ports: [{ port: 80 }] },
  };
  await run.simulation.client.of('Service').create(service);
  return `create service ${name} for ${app}`;
}

async function moveLabel(run: Run): Promise<string | undefined> {
  const pod = pick(
    run,
    podsOf(run.world).filter(({ metadata }) => metadata.labels?.app !== undefined),
  );
  if (pod === undefined) return undefined;
  const { name = '', namespace } = pod.metadata;
  const app = pick(run, ['aside', pickDeployment(run)?.metadata.name ?? 'aside']);
  const patch = { metadata: { labels: { app } } };
  await run.simulation.client.of('Pod').patch({ name, namespace }, { type: 'merge', patch });
  return `label ${name} app=${app}`;
}

async function restartComponent(run: Run): Promise<string> {
  const name = pick(run, ['controllers', 'scheduler']) ?? '';
  await run.simulation.restart(name);
  return `restart the ${name}`;
}

async function switchFaults(run: Run): Promise<string> {
  const isFaulty = run.simulation.random.next() < 0.7;
  run.simulation.setFaults(isFaulty ? usualFaults : noFaults);
  return `faults ${isFaulty ? 'on' : 'off'}`;
}

/** As often as they stand here. */
export const workloadActs: readonly Act[] = [
  createDeployment,
  createDeployment,
  scale,
  scale,
  changeImage,
  changeImage,
  deleteDeployment,
  createService,
  createService,
  moveLabel,
  restartComponent,
  switchFaults,
];
