/**
 * What a node does beside running pods, on real agents: tokens that the server believes, volumes of claims, static pods,
 * refusals for want of room, and the end of who writes too much.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mountsBelow } from '../../src/cluster/node/mounts.ts';
import type { Container, Pod, PodSpec } from '../../src/kinds/generated/types.ts';
import { type ClusterNode, startCluster, type TestCluster } from './cluster.ts';
import { noNodeBecause, until } from './test-node.ts';

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

describe('the rest of a kubelet', { skip: noNodeBecause() }, () => {
  let cluster: TestCluster;
  let node: ClusterNode;
  let manifests: string;

  before(async () => {
    manifests = await mkdtemp(path.join(os.tmpdir(), 'wherry-manifests-'));
    cluster = await startCluster({
      nodes: 1,
      // A disk that is nearly full is nobody's business here.
      agentArguments: () => ['--pod-manifest-path', manifests, '--eviction-hard', ''],
    });
    node = cluster.nodes[0] as ClusterNode;
  });
  after(async () => {
    await cluster?.close();
    await rm(manifests, { recursive: true, force: true });
  });

  const pods = () => cluster.client.of('Pod');
  const podNamed = (name: string) => pods().get({ namespace: 'default', name });
  const create = (name: string, spec: Partial<PodSpec>, container: Partial<Container> = {}) =>
    pods().create({
      metadata: { namespace: 'default', name },
      spec: {
        terminationGracePeriodSeconds: 1,
        ...spec,
        containers: [{ name: 'main', image: 'busybox:1.27', command: ['sleep', '3600'], ...container }],
      },
    });
  const inPod = ({ status }: Pod, ...command: string[]) =>
    node.exec(status?.containerStatuses?.[0]?.containerID ?? '', ...command);
  const whenReady = async (name: string): Promise<Pod> => {
    await until(`${name} is ready`, async () => isReady(await podNamed(name)));
    return podNamed(name);
  };
  const whenFailed = async (name: string): Promise<Pod> => {
    await until(`${name} has failed`, async () => (await podNamed(name)).status?.phase === 'Failed');
    return podNamed(name);
  };
  const eventsOf = async (name: string, reason: string) =>
    (await cluster.client.of('Event').list({ namespace: 'default' })).items
      .filter((event) => event.involvedObject.name === name && event.reason === reason)
      .map(({ type, message }) => `${type}: ${message}`);

  test("a pod's token is believed by the server, for this pod, and its folder is whole", async () => {
    await create('token', {});
    const pod = await whenReady('token');
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    const token = (await inPod(pod, 'cat', `${folder}/token`)).trim();
    const review = await cluster.client.send({
      method: 'POST',
      url: '/apis/authentication.k8s.io/v1/tokenreviews',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(
        JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }),
      ),
    });
    const { status } = JSON.parse(Buffer.from(review.body as Uint8Array).toString());
    assert.deepEqual(
      [
        status.authenticated,
        status.user.username,
        status.user.extra['authentication.kubernetes.io/pod-name'],
      ],
      [true, 'system:serviceaccount:default:default', ['token']],
    );
    assert.equal(await inPod(pod, 'cat', `${folder}/namespace`), 'default');
    assert.match(await inPod(pod, 'cat', `${folder}/ca.crt`), /^-----BEGIN CERTIFICATE-----/);
    assert.match(await inPod(pod, 'touch', `${folder}/x`), /Read-only file system/);
  });

  test('parts of a volume are the same files, also after a restart, and are unmounted with the pod', async () => {
    const at = '/all/parts/one/file';
    await create(
      'parts',
      { volumes: [{ name: 'v', emptyDir: {} }] },
      {
        // The first time it ends, and is made anew with what it has left.
        command: ['sh', '-c', `test -e ${at} && sleep 3600; echo written > /part/file`],
        volumeMounts: [
          { name: 'v', mountPath: '/all' },
          { name: 'v', mountPath: '/part', subPath: 'parts/one' },
        ],
        readinessProbe: { exec: { command: ['cat', at] }, periodSeconds: 1 },
      },
    );
    const pod = await whenReady('parts');
    assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 1);
    assert.equal(await inPod(pod, 'sh', '-c', `cat ${at}; ls /part`), 'written\nfile\n');
    const folder = path.join(node.dataDirectory, 'pods', pod.metadata.uid ?? '');
    assert.deepEqual(
      (await mountsBelow(folder)).filter((place) => place.includes('subpath')),
      [path.join(folder, 'volume-subpaths/v/main/1')],
    );
    await pods().delete({ namespace: 'default', name: 'parts' });
    await until('its folder is gone', async () => !existsSync(folder));
    assert.deepEqual(await mountsBelow(folder), []);
  });

  /** Nothing of it is left, neither with the server nor on the node. */
  const whenGone = (name: string) =>
    until(`${name} is gone`, async () => {
      const { items } = await pods().list({ namespace: 'default' });
      const { sandboxes } = await node.running();
      return items.every(({ metadata }) => metadata.name !== name) && !sandboxes.includes(name);
    });
  const deleteWithin = (name: string, gracePeriodSeconds: number) =>
    pods().delete({ namespace: 'default', name }, { gracePeriodSeconds });
  const eventIs = (name: string, reason: string) =>
    until(`${name} is ${reason}`, async () => (await eventsOf(name, reason)).length > 0);

  test('a pod that has an hour to end goes as soon as it is given less', async () => {
    const deaf = ['sh', '-c', 'trap "" TERM; while true; do sleep 1; done'];
    await create('deaf', { terminationGracePeriodSeconds: 3600 }, { command: deaf });
    await create('forced', { terminationGracePeriodSeconds: 3600 }, { command: deaf });
    for (const name of ['deaf', 'forced']) {
      await whenReady(name);
      await deleteWithin(name, 3600);
      await eventIs(name, 'Killing');
    }
    await deleteWithin('deaf', 1);
    await deleteWithin('forced', 0);
    await Promise.all([whenGone('deaf'), whenGone('forced')]);
  });

  test('a pod whose hook never ends can be deleted', async () => {
    const lifecycle = { postStart: { exec: { command: ['sleep', '3600'] } } };
    await create('hooked', {}, { lifecycle });
    await eventIs('hooked', 'Started');
    await deleteWithin('hooked', 1);
    await whenGone('hooked');
  });

  test('a claim finds its volume, and the data outlives the pod', async () => {
    const disk = path.join(node.dataDirectory, 'disk');
    await mkdir(disk);
    const at = { namespace: 'default', name: 'data' };
    await create(
      'writer',
      { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
      {
        command: ['sh', '-c', 'echo kept > /v/file; sleep 3600'],
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
        readinessProbe: { exec: { command: ['cat', '/v/file'] }, periodSeconds: 1 },
      },
    );
    await cluster.client.of('PersistentVolumeClaim').create({
      metadata: at,
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Mi' } },
        storageClassName: 'hand',
      },
    });
    await cluster.client.of('PersistentVolume').create({
      metadata: { name: 'disk' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'hand',
        local: { path: disk },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node.name] }] },
            ],
          },
        },
      },
    });
    await whenReady('writer');
    await pods().delete({ namespace: 'default', name: 'writer' });
    assert.equal(await readFile(path.join(disk, 'file'), 'utf8'), 'kept\n');
    await create(
      'reader',
      { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data', readOnly: true } }] },
      { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
    );
    const reader = await whenReady('reader');
    assert.equal(await inPod(reader, 'cat', '/v/file'), 'kept\n');
    assert.match(await inPod(reader, 'touch', '/v/other'), /Read-only file system/);
  });

  test('a manifest in a folder is a pod, mirrored while it is there', async () => {
    const manifest = (text: string) =>
      writeFile(
        path.join(manifests, 'web.yaml'),
        `apiVersion: v1
kind: Pod
metadata: { name: static }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: "busybox:1.27", command: [sh, -c, "echo ${text}; sleep 3600"] }]
`,
      );
    const name = `static-${node.name}`;
    await manifest('one');
    await until('it is mirrored, and ready', async () => isReady(await podNamed(name)));
    const first = await podNamed(name);
    assert.equal(first.metadata.ownerReferences?.[0]?.kind, 'Node');
    await manifest('two');
    await until('it is another pod', async () => {
      const now = await podNamed(name);
      return now.metadata.uid !== first.metadata.uid && isReady(now);
    });
    await rm(path.join(manifests, 'web.yaml'));
    await until('it is gone', async () => {
      const { items } = await pods().list({ namespace: 'default' });
      return items.every(({ metadata }) => metadata.name !== name);
    });
  });

  test('a pod that is sent here, for which there is no room, has failed', async () => {
    await create('large', { nodeName: node.name }, { resources: { requests: { memory: '100Ti' } } });
    const { status } = await whenFailed('large');
    const message =
      /^Pod was rejected: (Node didn't have enough resource: memory, requested: 109951162777600, used: \d+, capacity: \d+)$/;
    assert.equal(status?.reason, 'OutOfmemory');
    const said = message.exec(status?.message ?? '')?.[1] ?? '';
    assert.notEqual(said, '', `it says ${status?.message}`);
    await until('the event is there', async () => (await eventsOf('large', 'OutOfmemory')).length === 1);
    assert.deepEqual(await eventsOf('large', 'OutOfmemory'), [`Warning: ${said}`]);
  });

  test('a pod that writes more than its volume may hold is evicted', async () => {
    await create(
      'writes',
      { volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }] },
      {
        command: ['sh', '-c', 'dd if=/dev/zero of=/scratch/x bs=1M count=3; sleep 3600'],
        volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      },
    );
    const { status } = await whenFailed('writes');
    const message = 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ';
    assert.deepEqual([status?.reason, status?.message], ['Evicted', message]);
    const disruption = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    assert.deepEqual([disruption?.status, disruption?.reason], ['True', 'TerminationByKubelet']);
    assert.deepEqual(await eventsOf('writes', 'Evicted'), [`Warning: ${message}`]);
  });

  test('a debugger joins a running pod; another image restarts its container in place', async () => {
    await create('debugged', {});
    const pod = await whenReady('debugged');
    const at = { namespace: 'default', name: 'debugged' };
    await pods().patch(at, {
      type: 'strategic',
      subresource: 'ephemeralcontainers',
      patch: {
        spec: {
          ephemeralContainers: [
            {
              ...{ name: 'debugger', image: 'busybox:1.27', command: ['sleep', '3600'] },
              targetContainerName: 'main',
            },
          ],
        },
      },
    });
    await until('the debugger runs', async () =>
      Boolean((await podNamed('debugged')).status?.ephemeralContainerStatuses?.[0]?.state?.running),
    );
    await pods().patch(at, {
      type: 'strategic',
      patch: { spec: { containers: [{ name: 'main', image: 'busybox:latest' }] } },
    });
    await until('it was restarted', async () => {
      const now = await podNamed('debugged');
      return now.status?.containerStatuses?.[0]?.restartCount === 1 && isReady(now);
    });
    const now = await podNamed('debugged');
    assert.deepEqual([now.metadata.uid, now.status?.podIP], [pod.metadata.uid, pod.status?.podIP]);
    await until('the event is there', async () => (await eventsOf('debugged', 'Killing')).length === 1);
    assert.deepEqual(await eventsOf('debugged', 'Killing'), [
      'Normal: Container main definition changed, will be restarted',
    ]);
  });
});
