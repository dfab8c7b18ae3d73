import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { CriError } from '../cri/errors.ts';
import type { FakePrograms } from '../cri/fake/program.ts';
import { createFakeRuntime, type FakeRuntime } from '../cri/fake.ts';
import type { Node, Pod, PodSpec } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { seededRandom } from '../lib/random.ts';
import { podEventText, runAgent } from './agent.ts';
import type { NodeIdentity } from './node/node-status.ts';
import type { ProbeNetwork } from './probes/probe-once.ts';
import { HookRunner } from './run/hooks.ts';
import { ImagePuller } from './run/image-puller.ts';
import type { RecordPodEvent } from './run/pod-event.ts';
import { startTestNode, testImage } from './run/test-node.ts';

const identity: NodeIdentity = {
  name: 'node-1',
  addresses: ['172.30.0.2'],
  capacity: { cpu: '4', memory: '8Gi', pods: '110' },
  allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
  port: 10250,
  labels: { zone: 'a' },
  info: {
    architecture: 'amd64',
    bootID: 'b',
    containerRuntimeVersion: 'containerd://1.6.20',
    kernelVersion: '6.1.0',
    kubeProxyVersion: '',
    kubeletVersion: 'v1.36.0',
    machineID: 'm',
    operatingSystem: 'linux',
    osImage: 'Debian GNU/Linux 12 (bookworm)',
    systemUUID: 's',
  },
};

interface AgentWorld extends TestWorld {
  readonly runtime: FakeRuntime;
  /** What pods answer when they are asked over HTTP. */
  readonly pods: { answer: number };
  /** The uids of pods whose volumes were removed without a pod to go by. */
  readonly orphans: string[];
  /** Starts another agent on the same node, with the same runtime; gives what stops it. */
  startAgent(): () => Promise<void>;
  /** Lets time go on until it holds. */
  until(what: string, condition: () => Promise<boolean>): Promise<void>;
  createPod(name: string, spec?: Partial<PodSpec>): Promise<Pod>;
  pod(name: string): Promise<Pod | undefined>;
}

async function startAgentWorld(t: TestContext, programs: FakePrograms = () => ({})): Promise<AgentWorld> {
  const world = await startTestWorld();
  const { client, clock } = world;
  const random = seededRandom(7);
  const runtime = createFakeRuntime({ clock, random, images: [testImage], programs });
  const stops: (() => Promise<void>)[] = [];
  // Before the node's folder is removed: whoever writes into it is gone by then.
  t.after(async () => {
    for (const stop of stops) await stop();
    await world.close();
  });
  const node = await startTestNode(t);
  const tell = world.recorder.from({ component: 'kubelet', host: identity.name });
  const record: RecordPodEvent = (pod, event) => tell(podEventText(pod, event));
  const orphans: string[] = [];
  const tools = {
    ...node.tools,
    volumes: { ...node.tools.volumes, removeOrphans: async (uid: string) => void orphans.push(uid) },
    runtime,
    clock,
    record,
    puller: new ImagePuller({ images: runtime.images, clock, record }),
    hooks: new HookRunner({ runtime, clock, request: async () => {} }),
  };
  const pods = { answer: 200 };
  const network: ProbeNetwork = {
    http: async () => ({ status: pods.answer }),
    tcp: async () => {},
    grpcHealth: async () => 'SERVING',
  };
  const startAgent = () => {
    const stopping = new AbortController();
    const done = runAgent(
      { client, clock, random, log: silentLogger, identity, tools, network },
      stopping.signal,
    );
    const stop = async () => {
      stopping.abort();
      await done;
    };
    stops.push(stop);
    return stop;
  };
  return {
    ...world,
    pods,
    orphans,
    runtime,
    startAgent,
    until: async (what, condition) => {
      for (let seconds = 0; seconds < 600; seconds++) {
        await world.settle();
        if (await condition()) return;
        clock.advance(1000);
      }
      throw new Error(`not in ten minutes: ${what}`);
    },
    createPod: (name, spec = {}) =>
      client.of('Pod').create({
        metadata: { name, namespace: 'default' },
        spec: {
          containers: [{ name: 'web', image: 'nginx', imagePullPolicy: 'IfNotPresent' }],
          nodeName: identity.name,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          ...spec,
        },
      }),
    pod: async (name) => {
      const { items } = await client.of('Pod').list({ namespace: 'default' });
      return items.find(({ metadata }) => metadata.name === name);
    },
  };
}

const conditionOf = (object: Pod | Node | undefined, type: string) =>
  (object?.status?.conditions as { type: string; status: string; message?: string }[] | undefined)?.find(
    (condition) => condition.type === type,
  );

const isReady = (object: Pod | Node | undefined) => conditionOf(object, 'Ready')?.status === 'True';

test('a node registers itself, keeps its lease, and says when its runtime is down', async (t) => {
  const world = await startAgentWorld(t);
  world.startAgent();
  const node = () =>
    world.client
      .of('Node')
      .get({ name: 'node-1' })
      .catch(() => undefined);
  await world.until('the node is ready', async () => isReady(await node()));
  const registered = await node();
  assert.deepEqual(
    [registered?.metadata.labels?.zone, registered?.metadata.labels?.['kubernetes.io/hostname']],
    ['a', 'node-1'],
  );
  assert.deepEqual(registered?.status?.images, [{ names: testImage.repoTags, sizeBytes: 1000 }]);
  const lease = () => world.client.of('Lease').get({ namespace: 'kube-node-lease', name: 'node-1' });
  const first = (await lease()).spec?.renewTime;
  await world.until('the lease is renewed', async () => (await lease()).spec?.renewTime !== first);
  assert.equal((await lease()).metadata.ownerReferences?.[0]?.uid, registered?.metadata.uid);

  world.runtime.fail('*', new CriError('UNAVAILABLE', { method: 'any', details: 'connection refused' }));
  await world.until('the node is not ready', async () => !isReady(await node()));
  assert.match(conditionOf(await node(), 'Ready')?.message ?? '', /^container runtime is down: rpc error: /);
  world.runtime.fail('*', undefined);
  await world.until('the node is ready again', async () => isReady(await node()));
});

test('a pod of the node runs, is ready, and goes when it is deleted', async (t) => {
  const world = await startAgentWorld(t);
  world.startAgent();
  await world.createPod('p');
  await world.createPod('elsewhere', { nodeName: 'node-2' });
  await world.until('the pod is ready', async () => isReady(await world.pod('p')));
  const pod = await world.pod('p');
  assert.deepEqual(
    [pod?.status?.phase, pod?.status?.podIP, pod?.status?.hostIP, pod?.status?.qosClass],
    ['Running', '10.244.0.2', '172.30.0.2', 'BestEffort'],
  );
  assert.equal((await world.pod('elsewhere'))?.status?.phase, 'Pending');
  const { items: events } = await world.client.of('Event').list({ namespace: 'default' });
  assert.deepEqual(
    events.map(({ reason, involvedObject, source }) => [reason, involvedObject?.fieldPath, source?.host]),
    ['Pulled', 'Created', 'Started'].map((reason) => [reason, 'spec.containers{web}', 'node-1']),
  );
  await world.client.of('Pod').delete({ namespace: 'default', name: 'p' });
  await world.until('the pod is gone', async () => (await world.pod('p')) === undefined);
  await world.until('nothing of it is left', async () => (await world.runtime.sandboxes.list()).length === 0);
});

test('a container that ends is noticed and started again; others keep their word in the status', async (t) => {
  const world = await startAgentWorld(t);
  world.startAgent();
  await world.createPod('p');
  await world.until('the pod is ready', async () => isReady(await world.pod('p')));
  const gate = { type: 'example.com/gate', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  await world.client
    .of('Pod')
    .patch(
      { namespace: 'default', name: 'p' },
      { type: 'strategic', subresource: 'status', patch: { status: { conditions: [gate] } } },
    );
  const [{ id } = { id: '' }] = await world.runtime.containers.list();
  world.runtime.end(id, { exitCode: 9 });
  await world.until('it runs again', async () => {
    const [web] = (await world.pod('p'))?.status?.containerStatuses ?? [];
    return web?.restartCount === 1 && web.state?.running !== undefined;
  });
  const pod = await world.pod('p');
  assert.equal(pod?.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 9);
  assert.equal(conditionOf(pod, 'example.com/gate')?.status, 'True');
});

test('an agent that starts again finds its containers, and removes what belongs to no pod', async (t) => {
  const world = await startAgentWorld(t);
  const stop = world.startAgent();
  await world.createPod('stays');
  const goes = await world.createPod('goes');
  await world.until(
    'both are ready',
    async () => isReady(await world.pod('stays')) && isReady(await world.pod('goes')),
  );
  const before = await world.runtime.containers.list();
  await stop();
  await world.client.of('Pod').delete({ namespace: 'default', name: 'goes' }, { gracePeriodSeconds: 0 });
  world.startAgent();
  await world.until('one is left', async () => (await world.runtime.sandboxes.list()).length === 1);
  await world.until('its volumes went, too', async () => world.orphans.includes(goes.metadata.uid ?? ''));
  const stays = before.filter(({ sandboxId }) => sandboxId === before[0]?.sandboxId);
  const after = await world.runtime.containers.list();
  assert.equal(after.length, 1);
  assert.ok(
    before.some(({ id }) => id === after[0]?.id),
    `${stays.length} were there`,
  );
  assert.equal((await world.pod('stays'))?.status?.containerStatuses?.[0]?.restartCount, 0);
});

test('a pod that succeeds is said to, and let go when it is deleted', async (t) => {
  const world = await startAgentWorld(t, () => ({ runMilliseconds: 2000 }));
  world.startAgent();
  await world.createPod('job', { restartPolicy: 'Never' });
  await world.until('it has succeeded', async () => (await world.pod('job'))?.status?.phase === 'Succeeded');
  await world.until('its network is given back', async () => {
    const sandboxes = await world.runtime.sandboxes.list({ state: 'Ready' });
    return sandboxes.length === 0;
  });
  await world.client.of('Pod').delete({ namespace: 'default', name: 'job' });
  await world.until('it is gone', async () => (await world.pod('job')) === undefined);
});

test('a pod is ready while its probe says so, and restarted when another says so', async (t) => {
  const world = await startAgentWorld(t);
  world.startAgent();
  world.pods.answer = 503;
  const probe = { httpGet: { path: '/healthz', port: 80 }, periodSeconds: 1, failureThreshold: 2 };
  const container = { name: 'web', image: 'nginx', imagePullPolicy: 'IfNotPresent', readinessProbe: probe };
  await world.createPod('p', { containers: [container] });
  await world.until('it runs', async () => (await world.pod('p'))?.status?.phase === 'Running');
  await world.until('the probe has failed', async () => {
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    return items.some(
      ({ message }) => message === 'Readiness probe failed: HTTP probe failed with statuscode: 503',
    );
  });
  assert.equal(isReady(await world.pod('p')), false);
  world.pods.answer = 200;
  await world.until('it is ready', async () => isReady(await world.pod('p')));
  world.pods.answer = 500;
  await world.until('it is not ready any more', async () => !isReady(await world.pod('p')));
  assert.equal((await world.pod('p'))?.status?.containerStatuses?.[0]?.restartCount, 0);

  const sick = { ...container, readinessProbe: undefined, livenessProbe: probe };
  await world.createPod('sick', { containers: [sick] });
  await world.until('it was restarted', async () => {
    const [web] = (await world.pod('sick'))?.status?.containerStatuses ?? [];
    return (web?.restartCount ?? 0) > 0;
  });
  const { items } = await world.client.of('Event').list({ namespace: 'default' });
  assert.ok(
    items.some(
      ({ reason, message }) =>
        reason === 'Killing' && message === 'Container web failed liveness probe, will be restarted',
    ),
  );
});

test('a pod for which there is no room is refused, whoever sent it; what runs is not asked again', async (t) => {
  const { startAgent, createPod, pod, until, client } = await startAgentWorld(t);
  const stop = startAgent();
  const asking = (cpu: string) => ({
    containers: [
      { name: 'web', image: 'nginx', imagePullPolicy: 'IfNotPresent', resources: { requests: { cpu } } },
    ],
  });
  const phaseOf = async (name: string) => (await pod(name))?.status?.phase;
  await createPod('large', asking('3'));
  await until('it runs', async () => (await phaseOf('large')) === 'Running');
  await createPod('more', asking('2'));
  await until('it is refused', async () => (await phaseOf('more')) === 'Failed');
  const message = "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000";
  const { status } = (await pod('more')) as Pod;
  assert.deepEqual(
    [status?.reason, status?.message, status?.containerStatuses],
    ['OutOfcpu', `Pod was rejected: ${message}`, undefined],
  );
  const { items } = await client.of('Event').list({ namespace: 'default' });
  assert.deepEqual(
    items
      .filter(({ involvedObject }) => involvedObject.name === 'more')
      .map(({ type, reason, message }) => [type, reason, message]),
    [['Warning', 'OutOfcpu', message]],
  );
  await stop();
  startAgent();
  await createPod('small', asking('1'));
  await until('the next agent knows what runs', async () => (await phaseOf('small')) === 'Running');
  assert.deepEqual([await phaseOf('large'), (await pod('more'))?.status], ['Running', status]);
  await client.of('Pod').delete({ namespace: 'default', name: 'more' });
  await until('it goes', async () => (await pod('more')) === undefined);
});

test('a pod of the server does not pass for one of the node', async (t) => {
  const { client, runtime, startAgent, until, pod } = await startAgentWorld(t);
  startAgent();
  const spec = {
    containers: [{ name: 'web', image: 'nginx', imagePullPolicy: 'IfNotPresent' }],
    nodeName: identity.name,
    automountServiceAccountToken: false,
  };
  const make = (name: string, annotations: Record<string, string>) =>
    client.of('Pod').create({ metadata: { name, namespace: 'default', annotations }, spec });
  await make('mirror', { 'kubernetes.io/config.mirror': 'of-nothing' });
  await make('poser', { 'kubernetes.io/config.source': 'file' });
  await until('the poser is ready', async () => isReady(await pod('poser')));
  await until('the mirror is gone', async () => (await pod('mirror')) === undefined);
  const [sandbox, ...others] = await runtime.sandboxes.list();
  assert.deepEqual(others, []);
  const { annotations } = await runtime.sandboxes.status(sandbox?.id ?? '');
  assert.equal(annotations['kubernetes.io/config.source'], 'api');
});
