/** Pods as the agent runs them, on a real containerd: from the spec to processes, and back to a status. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Pod, PodSpec, PodStatus } from '../../src/kinds/generated/types.ts';
import { Gate } from '../../src/kubelet/run/gate.ts';
import { HookRunner } from '../../src/kubelet/run/hooks.ts';
import { ImagePuller } from '../../src/kubelet/run/image-puller.ts';
import type { PodEvent } from '../../src/kubelet/run/pod-event.ts';
import { PodFiles } from '../../src/kubelet/run/pod-files.ts';
import { syncPod } from '../../src/kubelet/run/sync-pod.ts';
import { newMemory, type RunTools } from '../../src/kubelet/run/tools.ts';
import { systemClock, systemRandom } from '../../src/lib/system.ts';
import { nodeFacts, noNodeBecause, readLog, startTestNode, type TestNode, until } from './test-node.ts';

describe('pods on a real node', { skip: noNodeBecause() }, () => {
  let node: TestNode;
  let tools: RunTools;
  const events: string[] = [];
  before(async () => {
    node = await startTestNode();
    const record = (_pod: Pod, { type, reason, message }: PodEvent) => {
      events.push(`${type} ${reason}: ${message}`);
    };
    const { runtime } = node;
    const none = () => undefined;
    tools = {
      runtime,
      clock: systemClock,
      puller: new ImagePuller({ images: runtime.images, clock: systemClock, record }),
      hooks: new HookRunner({ runtime, clock: systemClock, request: async () => {} }),
      files: new PodFiles(path.join(node.folder, 'pods')),
      record,
      probes: {
        liveness: none,
        readiness: none,
        startup: none,
        follow: () => {},
        listen: () => () => {},
        forget: () => {},
      },
      volumes: { prepare: async () => new Map(), remove: async () => {}, subPath: async () => undefined },
      sources: { configMap: none, secret: none, services: () => [] },
      gate: new Gate(4),
      node: nodeFacts(node),
    };
  });
  after(() => node?.close());

  const podOf = (name: string, spec: Partial<PodSpec>, command: string[] = ['sleep', '3600']): Pod => ({
    metadata: { name, namespace: 'default', uid: systemRandom.uuid(), labels: { app: name } },
    spec: {
      containers: [{ name: 'main', image: 'busybox:1.27', command, ...spec.containers?.[0] }],
      terminationGracePeriodSeconds: 1,
      restartPolicy: 'Always',
      ...spec,
      ...(spec.containers === undefined
        ? {}
        : { containers: [{ name: 'main', image: 'busybox:1.27', command, ...spec.containers[0] }] as never }),
    },
  });

  /** Looks at the pod until the condition holds; gives the pod with its status. */
  async function runUntil(pod: Pod, what: string, condition: (status: PodStatus) => boolean): Promise<Pod> {
    const memory = newMemory();
    let current = pod;
    await until(what, async () => {
      const { status } = await syncPod(tools, { pod: current, memory, onStatus: () => {} });
      current = { ...current, status };
      return condition(status);
    });
    return current;
  }

  const isReady = ({ conditions }: PodStatus) =>
    conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

  async function outputOf(pod: Pod, command: string[]): Promise<string> {
    const id = pod.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
    const { stdout, stderr } = await node.runtime.streams.execSync(id, command, 60);
    return `${stdout}${stderr}`;
  }

  test('a pod becomes ready, sees what it was told, and ends without a trace', async () => {
    const pod = await runUntil(
      podOf('whole', {
        hostname: 'own-name',
        hostAliases: [{ ip: '192.0.2.9', hostnames: ['alias'] }],
        containers: [
          {
            name: 'main',
            env: [
              { name: 'WHERE', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              { name: 'GREETING', value: 'hello from $(WHERE)' },
            ],
            resources: { requests: { cpu: '100m' }, limits: { cpu: '500m', memory: '64Mi' } },
            securityContext: {
              runAsUser: 65534,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      }),
      'the pod is ready',
      isReady,
    );
    const ip = pod.status?.podIP ?? '';
    assert.match(ip, /^10\.244\.0\.\d+$/);
    assert.equal(pod.status?.phase, 'Running');
    assert.equal(await outputOf(pod, ['sh', '-c', 'echo $GREETING']), `hello from ${ip}\n`);
    assert.equal(await outputOf(pod, ['hostname']), 'own-name\n');
    assert.equal(await outputOf(pod, ['id', '-u']), '65534\n');
    assert.match(await outputOf(pod, ['touch', '/x']), /Read-only file system/);
    assert.equal(await outputOf(pod, ['grep', 'CapEff', '/proc/self/status']), 'CapEff:\t0000000000000000\n');
    assert.equal(
      await outputOf(pod, ['cat', '/etc/resolv.conf']),
      'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    );
    const hosts = await outputOf(pod, ['cat', '/etc/hosts']);
    assert.match(hosts, new RegExp(`^${ip.replaceAll('.', '\\.')}\\town-name$`, 'm'));
    assert.match(hosts, /^192\.0\.2\.9\talias$/m);
    const cgroup = `${node.traces.cgroupParent}/kubepods/burstable/pod${pod.metadata.uid}`;
    const [id = ''] = (await node.runtime.containers.list({ state: 'Running' })).map(
      (container) => container.id,
    );
    const read = (controller: string, file: string) =>
      readFile(path.join('/sys/fs/cgroup', controller, cgroup, id, file), 'utf8').catch(() => undefined);
    const limits = [await read('memory', 'memory.limit_in_bytes'), await read('', 'memory.max')];
    assert.ok(limits.includes(`${64 * 2 ** 20}\n`), `${limits}`);

    const deleted = {
      ...pod.metadata,
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 1,
    };
    const end = await syncPod(tools, {
      pod: { ...pod, metadata: deleted },
      memory: newMemory(),
      onStatus: () => {},
    });
    assert.deepEqual([end.hasEnded, end.status.phase, end.status.podIP], [true, 'Failed', ip]);
    assert.equal(end.status.containerStatuses?.[0]?.state?.terminated?.exitCode, 137);
    assert.deepEqual(await node.runtime.containers.list({ state: 'Running' }), []);
  });

  test('a Job-like pod with an init container succeeds, with its last words and its log', async () => {
    const pod = await runUntil(
      podOf('job', {
        restartPolicy: 'Never',
        initContainers: [{ name: 'first', image: 'busybox', command: ['true'] }],
        containers: [
          {
            name: 'main',
            command: ['sh', '-c', 'echo working; echo all done > /dev/termination-log'],
            terminationMessagePath: '/dev/termination-log',
          },
        ],
      }),
      'the pod has succeeded',
      ({ phase }) => phase === 'Succeeded',
    );
    const [main] = pod.status?.containerStatuses ?? [];
    assert.deepEqual(
      [main?.state?.terminated?.reason, main?.state?.terminated?.message],
      ['Completed', 'all done\n'],
    );
    assert.equal(pod.status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode, 0);
    const { uid } = pod.metadata;
    const log = path.join(node.folder, 'logs', `default_job_${uid}`, 'main', '0.log');
    await until('the log is written', async () => (await readLog(log)).length === 1);
    assert.match((await readLog(log))[0] ?? '', / stdout F working$/);
  });

  test('what goes wrong is said as everywhere', async () => {
    const reasonOf = ({ containerStatuses }: PodStatus) =>
      containerStatuses?.[0]?.state?.waiting?.reason ?? '';
    events.length = 0;
    await runUntil(
      podOf('no-program', {}, ['/no/such/program']),
      'the program is not there',
      (status) => reasonOf(status) === 'CrashLoopBackOff',
    );
    assert.ok(
      events.some((event) =>
        /^Warning Failed: Error: failed to create containerd task: .*no such file or directory/.test(event),
      ),
      events.join('\n'),
    );
    await runUntil(
      podOf('no-image', { containers: [{ name: 'main', image: 'wherry.local/none:1' }] }),
      'the image is waited for',
      (status) => reasonOf(status) === 'ImagePullBackOff',
    );
    const greedy = await runUntil(
      podOf('greedy', {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'main',
            command: ['sh', '-c', 'x=a; while :; do x=$x$x; done'],
            resources: { limits: { memory: '16Mi' } },
          },
        ],
      }),
      'it is killed for its memory',
      ({ phase }) => phase === 'Failed',
    );
    const ended = greedy.status?.containerStatuses?.[0]?.state?.terminated;
    assert.deepEqual([ended?.exitCode, ended?.reason], [137, 'OOMKilled']);
  });
});
