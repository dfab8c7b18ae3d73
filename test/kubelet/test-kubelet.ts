/** A kubelet's server with one pod on the fake runtime. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createFakeRuntime, type FakeRuntime } from '../../src/cri/fake.ts';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { KnownPods } from '../../src/kubelet/known-pods.ts';
import { containerLabels, podLabels } from '../../src/kubelet/labels.ts';
import { type KubeletServer, startKubeletServer } from '../../src/kubelet/server/kubelet-server.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { MetricsRegistry } from '../../src/lib/metrics.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { systemClock } from '../../src/lib/system.ts';
import { type KubeletCertificates, makeKubeletCertificates } from './certificates.ts';
import type { RawTarget } from './raw-client.ts';
import { type StreamingServer, startStreamingServer } from './streaming-server.ts';

export interface TestKubelet extends RawTarget {
  readonly server: KubeletServer;
  readonly runtime: FakeRuntime;
  readonly streaming: StreamingServer;
  readonly certificates: KubeletCertificates;
  /** Of the pod's container that runs. */
  readonly containerId: string;
  readonly sandboxId: string;
  readonly logPath: string;
  readonly pods: Pod[];
  /** Where streams are said to wait from now on. */
  setStreamingAddress(address: string): void;
}

export const image = {
  id: `sha256:${'a'.repeat(64)}`,
  repoTags: ['docker.io/library/busybox:latest'],
  repoDigests: [],
  sizeBytes: 1000,
  uid: undefined,
  username: '',
  pinned: false,
};

export async function startTestKubelet(t: TestContext): Promise<TestKubelet> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-kubelet-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const streaming = await startStreamingServer(t);
  let address = streaming.address;
  const programs = () => ({
    exec: (command: readonly string[]) =>
      command[0] === 'fail'
        ? { exitCode: 3, stdout: 'out', stderr: 'went wrong' }
        : { exitCode: 0, stdout: command.join('|'), stderr: '!' },
  });
  const runtime = createFakeRuntime({
    ...{ clock: systemClock, random: seededRandom(1), images: [image], programs },
    streamingServer: () => address,
  });
  const labels = { [podLabels.uid]: 'uid-1', [podLabels.name]: 'web', [podLabels.namespace]: 'default' };
  const sandbox = {
    metadata: { name: 'web', uid: 'uid-1', namespace: 'default', attempt: 0 },
    hostname: 'web',
    logDirectory: folder,
    labels,
    annotations: {},
  };
  const sandboxId = await runtime.sandboxes.run(sandbox);
  const containerId = await runtime.containers.create(
    sandboxId,
    {
      metadata: { name: 'main', attempt: 0 },
      image: { image: 'busybox' },
      ...{ command: [], args: [], envs: [], mounts: [], annotations: {} },
      labels: { ...labels, [containerLabels.name]: 'main' },
      logPath: 'main/0.log',
    },
    sandbox,
  );
  await runtime.containers.start(containerId);
  const logPath = path.join(folder, 'main', '0.log');
  await mkdir(path.dirname(logPath));
  await writeFile(logPath, '2026-01-01T00:00:00Z stdout F hello\n2026-01-01T00:00:01Z stderr F trouble\n');
  const pods: Pod[] = [podWith(containerId)];
  const known = new KnownPods();
  known.follow(() => pods);
  const metrics = new MetricsRegistry();
  metrics.counter({ name: 'tests_total', help: 'Tests.' }).add(1);
  const certificates = await makeKubeletCertificates();
  const server = await startKubeletServer({
    ...{ address: '127.0.0.1', port: 0, nodeName: 'node-1', pods: known, runtime, metrics },
    ...{ clock: systemClock, log: silentLogger, config: { podsPerCore: 0 } },
    tls: { ...certificates.serving, clientAuthority: certificates.authority.certificate },
    extra: {
      'POST /wherry/v1/echo': async (query, body) => ({ status: 201, json: { of: query.get('of'), body } }),
    },
  });
  t.after(() => server.close());
  return {
    ...{ server, port: server.port, runtime, streaming, certificates, containerId, sandboxId, logPath, pods },
    setStreamingAddress: (changed) => {
      address = changed;
    },
  };
}

const podWith = (containerId: string): Pod => ({
  metadata: { name: 'web', namespace: 'default', uid: 'uid-1' },
  spec: {
    initContainers: [{ name: 'first' }],
    containers: [{ name: 'main' }, { name: 'other' }, { name: 'unpulled' }],
  },
  status: {
    startTime: '2026-01-01T00:00:00Z',
    initContainerStatuses: [
      { name: 'first', state: { terminated: { exitCode: 0, containerID: 'containerd://gone' } } },
    ] as never,
    containerStatuses: [
      {
        name: 'main',
        containerID: `containerd://${containerId}`,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      },
      { name: 'other', state: { waiting: { reason: 'PodInitializing' } } },
      { name: 'unpulled', state: { waiting: { reason: 'ErrImagePull', message: 'no' } } },
    ] as never,
  },
});
