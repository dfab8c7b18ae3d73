/** What is done to workloads that run for ever: Deployments, StatefulSets, DaemonSets, and Services before them. */
import type { Deployment, PodTemplateSpec, Service, StatefulSet } from '../../src/kinds/generated/types.ts';
import { podsOf } from '../../src/testing/world.ts';
import { type Act, number, pick, pickNamespace, type Run } from './run.ts';

/** They come to rest within the time of peace: none of them ends. */
const behaviours: readonly Record<string, string>[] = [
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

function template(run: Run, app: string): PodTemplateSpec {
  const cpu = pick(run, [undefined, undefined, '250m', '1']);
  return {
    metadata: { labels: { app }, annotations: pick(run, behaviours) },
    spec: {
      terminationGracePeriodSeconds: pick(run, [0, 5, 30]),
      containers: [
        {
          name: 'web',
          image: 'nginx:1.0',
          ...(cpu === undefined ? {} : { resources: { requests: { cpu } } }),
        },
      ],
    },
  };
}

const pickOf = <Type>(run: Run, resource: string): Type | undefined =>
  pick(run, run.world.of<Type>(resource));

async function createDeployment(run: Run): Promise<string> {
  const name = `web-${++run.made}`;
  const namespace = pickNamespace(run);
  const replicas = number(run, 5);
  const strategy = pick(run, strategies);
  const pods = template(run, name);
  await run.simulation.client.of('Deployment').create({
    metadata: { name, namespace },
    spec: {
      replicas,
      strategy,
      progressDeadlineSeconds: 120,
      selector: { matchLabels: { app: name } },
      template: pods,
    },
  });
  const told = { replicas, strategy, annotations: pods.metadata?.annotations };
  return `create deployment ${namespace}/${name} ${JSON.stringify(told)}`;
}

async function createStatefulSet(run: Run): Promise<string> {
  const name = `db-${++run.made}`;
  const replicas = number(run, 4);
  const podManagementPolicy = pick(run, ['OrderedReady', 'OrderedReady', 'Parallel']);
  const rollingUpdate = pick(run, [undefined, { partition: 1 }, { maxUnavailable: 2 }]);
  await run.simulation.client.of('StatefulSet').create({
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy,
      ...(rollingUpdate === undefined ? {} : { updateStrategy: { type: 'RollingUpdate', rollingUpdate } }),
      ...(number(run, 4) === 0 ? { ordinals: { start: 5 } } : {}),
      selector: { matchLabels: { app: name } },
      template: template(run, name),
    },
  });
  return `create statefulset ${name} ${JSON.stringify({ replicas, podManagementPolicy, rollingUpdate })}`;
}

async function createDaemonSet(run: Run): Promise<string> {
  const name = `agent-${++run.made}`;
  const rollingUpdate = pick(run, [undefined, { maxUnavailable: 1 }, { maxUnavailable: 0, maxSurge: 1 }]);
  const pods = template(run, name);
  const tolerations = pick(run, [undefined, [{ operator: 'Exists' }]]);
  await run.simulation.client.of('DaemonSet').create({
    metadata: { name, namespace: 'default' },
    spec: {
      ...(rollingUpdate === undefined ? {} : { updateStrategy: { type: 'RollingUpdate', rollingUpdate } }),
      selector: { matchLabels: { app: name } },
      template: { ...pods, spec: { ...pods.spec, containers: pods.spec?.containers ?? [], tolerations } },
    },
  });
  return `create daemonset ${name} ${JSON.stringify({ rollingUpdate, tolerations })}`;
}

const workloads = {
  Deployment: 'apps/deployments',
  StatefulSet: 'apps/statefulsets',
  DaemonSet: 'apps/daemonsets',
} as const;
type Workload = keyof typeof workloads;

const pickWorkload = (run: Run): Workload =>
  pick<Workload>(run, ['Deployment', 'Deployment', 'StatefulSet', 'DaemonSet']) ?? 'Deployment';

async function patchWorkload(run: Run, kind: Workload, spec: object): Promise<string | undefined> {
  const { metadata } = pickOf<Deployment>(run, workloads[kind]) ?? {};
  if (metadata === undefined) return undefined;
  const { name = '', namespace } = metadata;
  await run.simulation.client.of(kind).patch({ name, namespace }, { type: 'strategic', patch: { spec } });
  return `patch ${kind} ${name} ${JSON.stringify(spec)}`;
}

const scale: Act = (run) =>
  patchWorkload(run, pick<Workload>(run, ['Deployment', 'Deployment', 'StatefulSet']) ?? 'Deployment', {
    replicas: number(run, 6),
  });

const changeImage: Act = (run) => {
  const image = `nginx:1.${number(run, 4)}`;
  return patchWorkload(run, pickWorkload(run), {
    template: { spec: { containers: [{ name: 'web', image }] } },
  });
};

const pause: Act = (run) => patchWorkload(run, 'Deployment', { paused: number(run, 2) === 0 });

const changeStrategy: Act = (run) =>
  patchWorkload(run, 'Deployment', {
    strategy: pick(run, [
      { type: 'Recreate', rollingUpdate: null },
      { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } },
    ]),
  });

async function deleteWorkload(run: Run): Promise<string | undefined> {
  const kind = pickWorkload(run);
  const { metadata } = pickOf<StatefulSet>(run, workloads[kind]) ?? {};
  if (metadata === undefined) return undefined;
  const { name = '', namespace } = metadata;
  const propagationPolicy = pick(run, ['Background', 'Foreground', 'Orphan'] as const);
  await run.simulation.client.of(kind).delete({ name, namespace }, { propagationPolicy });
  return `delete ${kind} ${name}, ${propagationPolicy}`;
}

async function createService(run: Run): Promise<string | undefined> {
  const { metadata } = pickOf<Deployment>(run, workloads[pickWorkload(run)]) ?? {};
  if (metadata === undefined) return undefined;
  const name = `service-${++run.made}`;
  const service: Service = {
    metadata: { name, namespace: metadata.namespace },
    spec: { selector: { app: metadata.name ?? '' }, ports: [{ port: 80 }] },
  };
  await run.simulation.client.of('Service').create(service);
  return `create service ${name} for ${metadata.name}`;
}

async function changeService(run: Run): Promise<string | undefined> {
  const service = pick(
    run,
    run.world.of<Service>('core/services').filter(({ metadata }) => metadata.name !== 'kubernetes'),
  );
  if (service === undefined) return undefined;
  const { name = '', namespace } = service.metadata;
  const services = run.simulation.client.of('Service');
  if (number(run, 2) === 0) {
    await services.delete({ name, namespace });
    return `delete service ${name}`;
  }
  const app = pickOf<Deployment>(run, workloads.Deployment)?.metadata.name ?? 'nobody';
  await services.patch({ name, namespace }, { type: 'merge', patch: { spec: { selector: { app } } } });
  return `service ${name} selects ${app}`;
}

async function moveLabel(run: Run): Promise<string | undefined> {
  const pod = pick(
    run,
    podsOf(run.world).filter(({ metadata }) => metadata.labels?.app !== undefined),
  );
  if (pod === undefined) return undefined;
  const { name = '', namespace } = pod.metadata;
  const app = pick(run, [
    'aside',
    pickOf<Deployment>(run, workloads[pickWorkload(run)])?.metadata.name ?? 'aside',
  ]);
  const pods = run.simulation.client.of('Pod');
  await pods.patch({ name, namespace }, { type: 'merge', patch: { metadata: { labels: { app } } } });
  // The pod of an ordinal that is set aside keeps its name: its StatefulSet cannot go on.
  if (pod.metadata.labels?.['apps.kubernetes.io/pod-index'] !== undefined)
    run.later.push({
      at: run.simulation.clock.now() + 60_000,
      act: async () => {
        await pods.delete({ name, namespace }, { preconditions: { uid: pod.metadata.uid } });
        return `delete ${name}`;
      },
    });
  return `label ${name} app=${app}`;
}

/** As often as they stand here. */
export const workloadActs: readonly Act[] = [
  createDeployment,
  createDeployment,
  createDeployment,
  createStatefulSet,
  createStatefulSet,
  createDaemonSet,
  scale,
  scale,
  scale,
  changeImage,
  changeImage,
  changeImage,
  pause,
  changeStrategy,
  deleteWorkload,
  createService,
  createService,
  changeService,
  moveLabel,
];
