/**
 * What a node does when a part of it, or the server, or the way to it, fails: its pods go on, and what was missed is
 * caught up with.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { findContainerd } from '../../src/cluster/node/containerd.ts';
import { mountMemory } from '../../src/cluster/node/memory-folders.ts';
import { agentFolders } from '../../src/commands/agent/options.ts';
import type { Container, Node, Pod, PodSpec } from '../../src/kinds/generated/types.ts';
import { type ClusterNode, startCluster, type TestCluster } from './cluster.ts';
import { noNodeBecause, until } from './test-node.ts';

/** As short as a server takes it: nodes tell of themselves every ten seconds. */
const graceSeconds = 20;
const logBytes = 256 * 1024;

const conditionOf = ({ status }: Pod | Node, wanted: string) =>
  status?.conditions?.find(({ type }) => type === wanted)?.status;
const isReady = (object: Pod | Node): boolean => conditionOf(object, 'Ready') === 'True';

/** Runs until somebody makes the file /tmp/end. */
const untilEnd: Container = {
  name: 'main',
  image: 'busybox:1.27',
  command: ['sh', '-c', 'until [ -e /tmp/end ]; do sleep 0.1; done; exit 3'],
};

/** What must not change while only those who look after it fail. */
function identity({ metadata, status }: Pod) {
  return {
    name: metadata.name,
    uid: metadata.uid,
    podIP: status?.podIP,
    startTime: status?.startTime,
    containers: status?.containerStatuses?.map(({ containerID, restartCount, state }) => [
      containerID,
      restartCount,
      state?.running?.startedAt,
    ]),
  };
}

describe('failures', { skip: noNodeBecause() }, () => {
  let cluster: TestCluster;
  let first: ClusterNode;
  let second: ClusterNode;

  before(async () => {
    cluster = await startCluster({
      nodes: 2,
      serverArguments: ['--node-monitor-grace-period', `${graceSeconds}s`],
      // So little that it is full at once.
      prepareNode: async ({ name, dataDirectory }) => {
        if (name !== 'node-2') return;
        const folder = agentFolders(dataDirectory).podLogs;
        await mkdir(folder, { recursive: true });
        await mountMemory(folder, { sizeBytes: logBytes, group: undefined });
      },
    });
    first = cluster.nodes.find(({ name }) => name === 'node-1') as ClusterNode;
    second = cluster.nodes.find(({ name }) => name === 'node-2') as ClusterNode;
  });
  after(() => cluster?.close());

  const pods = () => cluster.client.of('Pod');
  const podNamed = (name: string) => pods().get({ namespace: 'default', name });
  const nodeNamed = (name: string) => cluster.client.of('Node').get({ name });
  const isMissing = async (name: string): Promise<boolean> =>
    (await pods().list({ namespace: 'default' })).items.every(({ metadata }) => metadata.name !== name);
  const idOf = ({ status }: Pod): string => status?.containerStatuses?.[0]?.containerID ?? '';

  async function startPod(name: string, node: ClusterNode, spec: Partial<PodSpec> = {}): Promise<Pod> {
    await pods().create({
      metadata: { namespace: 'default', name },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': node.name },
        terminationGracePeriodSeconds: 0,
        containers: [untilEnd],
        ...spec,
      },
    });
    await until(`${name} is ready`, async () => isReady(await podNamed(name)));
    return podNamed(name);
  }
  async function removePods(...names: string[]): Promise<void> {
    for (const name of names) await pods().delete({ namespace: 'default', name });
    await until('they are gone', async () => (await Promise.all(names.map(isMissing))).every(Boolean));
  }

  test('the agent is killed: containers are untouched, and what happened meanwhile is caught up with', async () => {
    const [stays, dies] = await Promise.all([
      startPod('stays', first),
      startPod('dies', first),
      startPod('goes', first),
    ]);
    const before = await first.running();
    await first.stopAgent('SIGKILL');
    assert.deepEqual(await first.running(), before);
    await first.exec(idOf(dies), 'touch', '/tmp/end');
    await pods().delete({ namespace: 'default', name: 'goes' });
    await until('it has died', async () => (await first.running()).containers.length === 2);
    await first.startAgent();
    await until('what is to go is gone', async () => isMissing('goes'));
    await until('what died runs again', async () => {
      const [status] = (await podNamed('dies')).status?.containerStatuses ?? [];
      return status?.restartCount === 1 && status.state?.running !== undefined;
    });
    assert.deepEqual(identity(await podNamed('stays')), identity(stays));
    await until('what stays is ready', async () => isReady(await podNamed('stays')));
    await until('the node has nothing of it', async () => {
      const { sandboxes } = await first.running();
      return sandboxes.join() === 'dies,stays';
    });
    await removePods('stays', 'dies');
  });

  test('containerd is killed: its pods live on, and the agent starts it again', async () => {
    const pod = await startPod('lives', first);
    const folder = agentFolders(first.dataDirectory).containerd;
    const containerd = await findContainerd(folder);
    assert.ok(containerd !== undefined);
    process.kill(containerd.pid, 'SIGKILL');
    await until('another one runs', async () => {
      const found = await findContainerd(folder);
      return found !== undefined && found.pid !== containerd.pid;
    });
    const next = await startPod('next', first);
    assert.equal(isReady(next), true);
    assert.deepEqual(identity(await podNamed('lives')), identity(pod));
    assert.equal(await first.exec(idOf(pod), 'echo', 'here'), 'here\n');
    await until('the node is ready', async () => isReady(await nodeNamed(first.name)));
    await removePods('lives', 'next');
  });

  test('the server is away: pods run on and are restarted, and their status catches up', async () => {
    const [calm, dies] = await Promise.all([startPod('calm', first), startPod('restarts', second)]);
    await cluster.stopServer('SIGKILL');
    const old = idOf(dies).replace('containerd://', '');
    await second.exec(old, 'touch', '/tmp/end');
    await until('another container runs in its place', async () => {
      const { containers } = await second.running();
      return containers.length === 1 && containers[0] !== old;
    });
    const { containers } = await second.running();
    await cluster.startServer();
    await until('its status says so', async () => {
      const [status] = (await podNamed('restarts')).status?.containerStatuses ?? [];
      return status?.restartCount === 1 && status.containerID === `containerd://${containers[0]}`;
    });
    assert.deepEqual(identity(await podNamed('calm')), identity(calm));
    for (const { name } of [first, second])
      await until(`${name} is ready`, async () => isReady(await nodeNamed(name)));
    await removePods('calm', 'restarts');
  });

  test('no room is left for logs: containers run on, others start, and the room is there again later', async () => {
    const line = 'x'.repeat(1000);
    const command = `i=0; while [ $i -lt 400 ]; do echo ${line}; i=$((i+1)); done; touch /tmp/full`;
    const noisy = await startPod('noisy', second, {
      containers: [
        {
          ...untilEnd,
          command: ['sh', '-c', `${command}; sleep 100000`],
          readinessProbe: { exec: { command: ['cat', '/tmp/full'] }, periodSeconds: 1 },
        },
      ],
    });
    const free = await second.run('df', '--output=avail', agentFolders(second.dataDirectory).podLogs);
    assert.equal(free.stdout.trim().split('\n').at(-1)?.trim(), '0');
    const other = await startPod('other', second);
    assert.equal(await second.exec(idOf(other), 'echo', 'here'), 'here\n');
    assert.deepEqual(identity(await podNamed('noisy')), identity(noisy));
    await until('the node is ready', async () => isReady(await nodeNamed(second.name)));
    await removePods('noisy', 'other');
    await until('the room is there again', async () => {
      const { stdout } = await second.run('df', '--output=used', agentFolders(second.dataDirectory).podLogs);
      return Number(stdout.trim().split('\n').at(-1)) < logBytes / 1024 / 2;
    });
  });

  test('a node is cut off: its pods are replaced elsewhere, and end when it is back', async () => {
    const labels = { app: 'moves' };
    const toleration = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 };
    await cluster.client.of('Deployment').create({
      metadata: { namespace: 'default', name: 'moves' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [untilEnd],
            tolerations: [
              { ...toleration, key: 'node.kubernetes.io/unreachable' },
              { ...toleration, key: 'node.kubernetes.io/not-ready' },
            ],
          },
        },
      },
    });
    const ours = async () => (await pods().list({ namespace: 'default', labelSelector: 'app=moves' })).items;
    await until('it is ready', async () => (await ours()).some(isReady));
    const [pod] = (await ours()) as [Pod];
    const [lost, left] = pod.spec?.nodeName === first.name ? [first, second] : [second, first];
    await cluster.setLink(lost, 'down');
    await until(
      'the node is not heard of',
      async () => conditionOf(await nodeNamed(lost.name), 'Ready') === 'Unknown',
    );
    await until('another one runs elsewhere', async () =>
      (await ours()).some((each) => each.spec?.nodeName === left.name && isReady(each)),
    );
    const taints = (await nodeNamed(lost.name)).spec?.taints ?? [];
    assert.deepEqual(taints.map(({ key, effect }) => `${key}:${effect}`).sort(), [
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    // Nobody can say that it has ended: it is on its way out until the node is back.
    const old = (await ours()).find(({ metadata }) => metadata.uid === pod.metadata.uid);
    assert.notEqual(old?.metadata.deletionTimestamp, undefined);
    assert.deepEqual((await lost.running()).sandboxes, [pod.metadata.name]);

    await cluster.setLink(lost, 'up');
    await until('the node is ready', async () => isReady(await nodeNamed(lost.name)));
    await until('the old pod is gone', async () => isMissing(pod.metadata.name ?? ''));
    await until('the node has nothing of it', async () => (await lost.running()).sandboxes.length === 0);
    await until('nothing is held against it', async () => {
      const { spec } = await nodeNamed(lost.name);
      return (spec?.taints ?? []).length === 0;
    });
  });
});
