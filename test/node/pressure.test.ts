/**
 * What a node does when it runs short, and when it is shut down, on a real agent and containerd. Nothing is really filled:
 * the thresholds are such that the machine as it is counts as short.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pauseImage } from '../../src/cluster/images/from-debian.ts';
import { imageArchitecture, writeOciArchive } from '../../src/cluster/images/oci-archive.ts';
import type { Container, Pod } from '../../src/kinds/generated/types.ts';
import { ImageCollector } from '../../src/kubelet/gc/images.ts';
import { kubeletLimits } from '../../src/kubelet/limits.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { createManualClock } from '../../src/lib/manual-clock.ts';
import { type ClusterNode, startCluster, type TestCluster } from './cluster.ts';
import { makeLogFolder, noNodeBecause, startTestNode, until } from './test-node.ts';

const critical = 'system-node-critical';
const neverShort = ['--eviction-hard', ''];

describe('a node that runs short', { skip: noNodeBecause() }, () => {
  let cluster: TestCluster;
  let node: ClusterNode;
  before(async () => {
    cluster = await startCluster({ nodes: 1, agentArguments: () => neverShort });
    [node] = cluster.nodes as [ClusterNode];
  });
  after(() => cluster?.close());

  const podNamed = (name: string, namespace = 'default') => cluster.client.of('Pod').get({ namespace, name });
  const create = (
    name: string,
    { namespace = 'default', ...container }: Partial<Container> & { namespace?: string } = {},
  ) =>
    cluster.client.of('Pod').create({
      metadata: { namespace, name },
      spec: {
        // Whatever the node lacks: the scheduler is not asked.
        nodeName: node.name,
        terminationGracePeriodSeconds: 1,
        ...(namespace === 'kube-system' && { priorityClassName: critical }),
        tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
        containers: [{ name: 'main', image: 'busybox:1.27', command: ['sleep', '3600'], ...container }],
      },
    });
  const whenIn = async (phase: string, name: string, namespace?: string): Promise<Pod> => {
    await until(`${name} is ${phase}`, async () => (await podNamed(name, namespace)).status?.phase === phase);
    return podNamed(name, namespace);
  };
  const conditionOf = async (type: string) => {
    const { status } = await cluster.client.of('Node').get({ name: node.name });
    const found = status?.conditions?.find((condition) => condition.type === type);
    return `${found?.status} ${found?.reason} ${found?.message}`;
  };
  const restart = async (...more: string[]): Promise<void> => {
    await node.stopAgent();
    await node.startAgent(...more);
  };
  const evictedBy = async (name: string): Promise<string[]> => {
    const { items } = await cluster.client.of('Event').list({ namespace: 'default' });
    return items
      .filter(({ reason, involvedObject }) => reason === 'Evicted' && involvedObject.name === name)
      .map(({ message = '' }) => message);
  };
  const disruption = ({ status }: Pod) => {
    const found = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    return `${found?.status} ${found?.reason}`;
  };

  test('of memory: who takes more than it asked for goes, the critical stay, nobody new is taken', async () => {
    await create('greedy', { resources: { requests: { memory: '1Ki' } } });
    await create('needed', { namespace: 'kube-system' });
    await Promise.all([whenIn('Running', 'greedy'), whenIn('Running', 'needed', 'kube-system')]);
    await restart('--eviction-hard', 'memory.available<100%');

    const greedy = await whenIn('Failed', 'greedy');
    assert.equal(greedy.status?.reason, 'Evicted');
    const message =
      /^The node was low on resource: memory\. Threshold quantity: \S+, available: \S+\. Container main was using \S+, request is 1Ki, has larger consumption of memory\. $/;
    assert.match(greedy.status?.message ?? '', message);
    assert.equal(disruption(greedy), 'True TerminationByKubelet');
    await until('it is told', async () => (await evictedBy('greedy')).length > 0);
    assert.deepEqual(await evictedBy('greedy'), [greedy.status?.message]);
    await until('the node says so', async () =>
      (await conditionOf('MemoryPressure')).startsWith('True KubeletHasInsufficientMemory'),
    );

    await create('late');
    const late = await whenIn('Failed', 'late');
    assert.equal(
      `${late.status?.reason}: ${late.status?.message}`,
      'Evicted: Pod was rejected: The node had condition: [MemoryPressure]. ',
    );
    assert.equal((await podNamed('needed', 'kube-system')).status?.phase, 'Running');
  });

  test('of disk: who has written goes', async () => {
    await restart(...neverShort);
    await until('the node has memory', async () => (await conditionOf('MemoryPressure')).startsWith('False'));
    await create('writer', {
      command: ['sh', '-c', 'head -c 4194304 /dev/zero > /file && sleep 3600'],
      readinessProbe: {
        exec: { command: ['sh', '-c', 'test $(wc -c < /file) = 4194304'] },
        periodSeconds: 1,
      },
    });
    await until('it has written', async () => {
      const { status } = await podNamed('writer');
      return status?.containerStatuses?.[0]?.ready === true;
    });
    await restart('--eviction-hard', 'nodefs.available<100%');
    const writer = await whenIn('Failed', 'writer');
    assert.equal(writer.status?.reason, 'Evicted');
    assert.match(
      writer.status?.message ?? '',
      /^The node was low on resource: ephemeral-storage\. Threshold quantity: \S+, available: \S+\. /,
    );
    await until('the node says so', async () =>
      (await conditionOf('DiskPressure')).startsWith('True KubeletHasDiskPressure'),
    );
    assert.equal((await podNamed('needed', 'kube-system')).status?.phase, 'Running');
  });

  test('that is shut down: the critical end last, and the server hears of all', async () => {
    await restart(
      ...neverShort,
      '--shutdown-grace-period',
      '60s',
      '--shutdown-grace-period-critical-pods',
      '30s',
    );
    await until('the node has room', async () => (await conditionOf('DiskPressure')).startsWith('False'));
    await create('slow', { command: ['sh', '-c', 'trap "sleep 2; exit 0" TERM; sleep 3600 & wait'] });
    await whenIn('Running', 'slow');
    // Until it listens to the signal.
    const slowId = (await podNamed('slow')).status?.containerStatuses?.[0]?.containerID ?? '';
    await until('it listens', async () => (await node.exec(slowId, 'pidof', 'sleep')).trim() !== '');
    assert.equal(await node.stopAgent(), 0);

    const pods = [await podNamed('slow'), await podNamed('needed', 'kube-system')];
    assert.deepEqual(
      pods.map(({ status }) => `${status?.phase} ${status?.reason}: ${status?.message}`),
      pods.map(() => 'Failed Terminated: Pod was terminated in response to imminent node shutdown.'),
    );
    assert.deepEqual(pods.map(disruption), ['True TerminationByKubelet', 'True TerminationByKubelet']);
    const [slow = 0, needed = 0] = pods.map(({ status }) =>
      Date.parse(status?.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? ''),
    );
    assert.ok(needed >= slow, `${needed} ${slow}`);
    assert.equal(await conditionOf('Ready'), 'False KubeletNotReady node is shutting down');
  });
});

test('images that nobody uses go when their disk is full, and no others', {
  skip: noNodeBecause(),
}, async (t) => {
  const node = await startTestNode();
  t.after(() => node.close());
  const { runtime } = node;
  const unused = 'docker.io/library/unused:1';
  await node.containerd.importImages(
    await writeOciArchive({
      names: [unused],
      architecture: imageArchitecture(process.arch),
      config: { command: ['/nothing'] },
      layers: [[{ type: 'file', path: 'nothing', content: 'unused' }]],
    }),
  );
  await until('it is there', async () => (await runtime.images.status(unused)) !== undefined);
  const sandbox = node.sandboxConfig('user');
  await makeLogFolder(sandbox);
  const container = await runtime.containers.create(
    await runtime.sandboxes.run(sandbox),
    {
      metadata: { name: 'main', attempt: 0 },
      image: { image: 'busybox:1.27' },
      command: ['sleep', '3600'],
      ...{ args: [], envs: [], mounts: [], labels: {}, annotations: {}, logPath: 'main.log' },
    },
    sandbox,
  );
  await runtime.containers.start(container);

  const clock = createManualClock();
  const full = { capacityBytes: 1000, availableBytes: 0, inodes: 0, inodesFree: 0 };
  const collector = new ImageCollector({
    ...{ runtime, clock, log: silentLogger, nodeName: 'node-1', keeps: [pauseImage] },
    filesystem: async () => full,
  });
  assert.deepEqual(await collector.collect(), [], 'a container may be about to be made of it');
  clock.advance(kubeletLimits.imageAgeMillisecondsMin);
  const { id } = (await runtime.images.status(unused)) ?? { id: '' };
  assert.deepEqual(await collector.collect(), [id]);
  assert.deepEqual(
    await Promise.all(
      [unused, 'busybox:1.27', pauseImage].map(
        async (name) => (await runtime.images.status(name)) !== undefined,
      ),
    ),
    [false, true, true],
  );
});
