/**
 * Nobody who asks a Service notices what happens behind it: a Deployment rolls over, scales down and up, agents are
 * restarted and killed, and of 100,000 requests over its cluster IP, node ports and load balancer none fails. The pods
 * behave as upstream asks of them: a readiness probe, a preStop sleep in which they still answer while the endpoints
 * are taken away, and connections that are closed only after their last answer has said so.
 */
import assert from 'node:assert/strict';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { namespacePath } from '../../src/cluster/node/network-namespace.ts';
import type { Deployment, Pod, Service } from '../../src/kinds/generated/types.ts';
import { podNetwork } from '../../src/proxy/probes/pod-network.ts';
import { startCluster, type TestCluster } from './cluster.ts';
import { Load } from './load.ts';
import type { LoadFailure, LoadPlan } from './load-client.ts';
import { noNodeBecause, until } from './test-node.ts';

const requestsWanted = 100_000;
const settleMilliseconds = 180_000;
/** Of failures. */
const shownMax = 40;
const skip = noNodeBecause();
const inDefault = { namespace: 'default' };
const labels = { app: 'web' };

/** The machine's own Node, with the libraries that it needs, seen from a pod. */
const programs = {
  node: path.dirname(realpathSync(process.execPath)),
  app: import.meta.dirname,
  usr: '/usr',
  lib: '/lib',
  // Where the processor's libraries are elsewhere, there is none.
  ...(existsSync('/lib64') ? { lib64: '/lib64' } : {}),
};

const deployment: Deployment = {
  metadata: { name: 'web', ...inDefault },
  spec: {
    replicas: 10,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 60,
        containers: [
          {
            name: 'web',
            image: 'busybox',
            imagePullPolicy: 'IfNotPresent',
            command: ['/node/node', '--max-old-space-size=64', '/app/web-server.ts', '8080'],
            ports: [{ name: 'http', containerPort: 8080 }],
            readinessProbe: { httpGet: { port: 'http' }, periodSeconds: 1, timeoutSeconds: 5 },
            lifecycle: { preStop: { sleep: { seconds: 5 } } },
            volumeMounts: Object.keys(programs).map((name) => ({
              ...{ name, mountPath: `/${name}`, readOnly: true },
            })),
          },
        ],
        volumes: Object.entries(programs).map(([name, folder]) => ({ name, hostPath: { path: folder } })),
      },
    },
  },
};

const service: Service = {
  metadata: { name: 'web', ...inDefault },
  spec: {
    type: 'LoadBalancer',
    selector: labels,
    ports: [{ port: 80, targetPort: 'http' }],
  },
};

const clientPod: Pod = {
  metadata: { name: 'client', ...inDefault },
  spec: { containers: [{ name: 'client', image: 'busybox:1.27', command: ['sleep', '3600'] }] },
};

let cluster: TestCluster;
const loads: Load[] = [];

before(async () => {
  if (skip === false)
    cluster = await startCluster({ serverArguments: ['--load-balancer-pool', '172.30.0.200-172.30.0.210'] });
});
after(async () => {
  await Promise.all(loads.map((load) => load.kill()));
  await cluster?.close();
});

const pods = async () =>
  (await cluster.client.of('Pod').list({ ...inDefault, labelSelector: { matchLabels: labels } })).items;

/** Ten programs start and end: that takes as long as the machine needs. */
async function untilSettled(replicas: number): Promise<void> {
  const deadline = performance.now() + settleMilliseconds;
  while (!(await isSettled(replicas))) {
    assert.ok(
      performance.now() < deadline,
      `there are not ${replicas} ready pods of the new kind after long`,
    );
    await wait(100);
  }
}

/** The rollout is over, and nobody of before is left. */
async function isSettled(replicas: number): Promise<boolean> {
  const { metadata, status } = await cluster.client.of('Deployment').get({ ...inDefault, name: 'web' });
  const isDone =
    status?.observedGeneration === metadata.generation &&
    status?.updatedReplicas === replicas &&
    status.availableReplicas === replicas;
  return isDone && (await pods()).length === replicas;
}

const scale = (replicas: number) =>
  cluster.client
    .of('Deployment')
    .patch({ ...inDefault, name: 'web' }, { type: 'merge', patch: { spec: { replicas } } });

const rollOver = (round: string) => {
  const patch = { spec: { template: { metadata: { annotations: { round } } } } };
  return cluster.client.of('Deployment').patch({ ...inDefault, name: 'web' }, { type: 'merge', patch });
};

async function doors(): Promise<{ cluster: string; nodePort: number; balancer: string }> {
  let found: Service | undefined;
  await until('the Service has its addresses', async () => {
    found = await cluster.client.of('Service').get({ ...inDefault, name: 'web' });
    return found.status?.loadBalancer?.ingress?.[0]?.ip !== undefined;
  });
  const { spec, status } = found!;
  return {
    cluster: spec!.clusterIP!,
    nodePort: spec!.ports![0]!.nodePort!,
    balancer: status!.loadBalancer!.ingress![0]!.ip!,
  };
}

/** Until the new one follows the API: its Node has been ready all the time. */
async function restartAgent(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const node = cluster.nodes.find((each) => each.name === name)!;
  const starts = async () => (await node.log()).split(`wherry agent ${node.name} is ready`).length;
  const before = await starts();
  await node.stopAgent(signal);
  await node.startAgent();
  await until(`the agent of ${node.name} says that it is ready`, async () => (await starts()) > before);
}

/** What happened when, for whoever reads of a failure. */
const story: { at: number; what: string }[] = [];

async function step(what: string, act: () => Promise<void>): Promise<void> {
  story.push({ at: Date.now(), what });
  await act();
  for (const load of loads) load.check();
}

function failureText({ began, ended, target, mode, isReused, error, lastPod }: LoadFailure): string {
  const during = story.findLast(({ at }) => at <= ended) ?? { at: began, what: 'the beginning' };
  const after = `${began - during.at}..${ended - during.at} ms after "${during.what}"`;
  return `${target}, ${mode} connection${isReused ? ', used before' : ''}, ${after}: ${error} (before: ${lastPod})`;
}

async function startLoads(): Promise<void> {
  const { client } = cluster;
  await until('the client runs', async () => {
    const pod = await client.of('Pod').get({ ...inDefault, name: 'client' });
    return pod.status?.phase === 'Running';
  });
  const network = await podNetwork(await client.of('Pod').get({ ...inDefault, name: 'client' }));
  const { cluster: clusterIP, nodePort, balancer } = await doors();
  await until('a node has announced the address', async () => {
    const { code } = await cluster.run('curl', '-sf', '--max-time', '2', `http://${balancer}/`);
    return code === 0;
  });
  const common: Omit<LoadPlan, 'targets'> = {
    ...{ keptWorkers: 3, newWorkers: 2, requestsPerSecond: 160, timeoutMilliseconds: 20_000 },
  };
  const inside = { 'cluster IP': `http://${clusterIP}/` };
  const outside = {
    'node port of node-1': `http://172.30.0.2:${nodePort}/`,
    'node port of node-2': `http://172.30.0.3:${nodePort}/`,
    'load balancer': `http://${balancer}/`,
  };
  loads.push(new Load(network!, { ...common, targets: inside }));
  loads.push(new Load(namespacePath(cluster.namespace), { ...common, targets: outside }));
}

test('of 100,000 requests none fails, whatever happens behind the Service', {
  skip,
  timeout: 900_000,
}, async () => {
  const { client } = cluster;
  await client.of('Deployment').create(deployment);
  await client.of('Service').create(service);
  await client.of('Pod').create(clientPod);
  await untilSettled(10);
  await startLoads();
  const requests = () => loads.reduce((sum, load) => sum + load.total, 0);
  await step('the load begins', () => until('there is load', async () => requests() > 1000));
  await step('the Deployment rolls over', async () => {
    await rollOver('two');
    await untilSettled(10);
  });
  await step('it scales from 10 to 2', async () => {
    await scale(2);
    await untilSettled(2);
  });
  await step('it scales from 2 to 10', async () => {
    await scale(10);
    await untilSettled(10);
  });
  await step("node-1's agent is restarted", () => restartAgent('node-1', 'SIGTERM'));
  await step("node-2's agent is killed and started", () => restartAgent('node-2', 'SIGKILL'));
  await step('it rolls over once more', async () => {
    await rollOver('three');
    await untilSettled(10);
  });
  await step('the rest of the requests', async () => {
    while (requests() < requestsWanted) {
      for (const load of loads) load.check();
      await wait(100);
    }
  });
  const summaries = await Promise.all(loads.map((load) => load.stop()));
  const failures = loads.flatMap((load) => load.failures);
  assert.deepEqual(
    failures.slice(0, shownMax).map(failureText),
    [],
    `${failures.length} of ${requests()} requests failed`,
  );
  const connections = summaries.reduce((sum, summary) => sum + summary.connections, 0);
  assert.ok(requests() >= requestsWanted);
  // Both kinds of connection were there, and every generation of pods was reached.
  assert.ok(connections > requestsWanted / 10, `${connections} connections`);
  assert.ok(new Set(summaries.flatMap((summary) => summary.pods)).size >= 30);
});
