/**
 * The whole way: a real server, the agent, a real containerd. A Deployment becomes processes, follows its ConfigMap, and
 * goes without a trace.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { Informers } from '../../src/client/informers.ts';
import { parseKubeconfig } from '../../src/client/kubeconfig.ts';
import { tlsTransport } from '../../src/client/tls.ts';
import type { Transport } from '../../src/client/transport.ts';
import { Client } from '../../src/client/typed-client.ts';
import { mountMemory, unmountMemory } from '../../src/cluster/node/memory-folders.ts';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { podEventText, runAgent } from '../../src/kubelet/agent.ts';
import { grpcHealthCheck } from '../../src/kubelet/probes/grpc-health.ts';
import { probeNetwork } from '../../src/kubelet/probes/network.ts';
import { Gate } from '../../src/kubelet/run/gate.ts';
import { HookRunner } from '../../src/kubelet/run/hooks.ts';
import { ImagePuller } from '../../src/kubelet/run/image-puller.ts';
import type { RecordPodEvent } from '../../src/kubelet/run/pod-event.ts';
import { PodFiles } from '../../src/kubelet/run/pod-files.ts';
import { informerSources } from '../../src/kubelet/sources.ts';
import { NodeVolumes } from '../../src/kubelet/volumes/node-volumes.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { systemClock, systemRandom } from '../../src/lib/system.ts';
import { type RunningServer, startServer } from '../kubectl/server.ts';
import { noNodeBecause, startTestNode, type TestNode, until } from './test-node.ts';

const nodeName = 'node-1';

describe('an agent on a real node', { skip: noNodeBecause() }, () => {
  let node: TestNode;
  let server: RunningServer;
  let transport: Transport;
  let client: Client;
  let agent: Promise<void> | undefined;
  const stopping = new AbortController();

  function startAgent(): Promise<void> {
    const { runtime, folder, traces } = node;
    const clock = systemClock;
    const common = { client, clock, random: systemRandom, log: silentLogger };
    const { signal } = stopping;
    const recorder = new EventRecorder({ ...common, signal });
    const tell = recorder.from({ component: 'kubelet', host: nodeName });
    const record: RecordPodEvent = (pod, event) => tell(podEventText(pod, event));
    const informers = new Informers(common);
    const sources = informerSources(informers);
    informers.start(signal);
    const files = new PodFiles(path.join(folder, 'pods'));
    const memory = { mount: mountMemory, unmount: unmountMemory };
    const token = async () => 'no token';
    const amounts = { cpu: '2', memory: '1Gi', pods: '110' };
    const tools = {
      ...{ runtime, clock, record, files, sources },
      puller: new ImagePuller({ images: runtime.images, clock, record }),
      hooks: new HookRunner({ runtime, clock, request: async () => {} }),
      volumes: new NodeVolumes({ files, sources, token, memory, clock }),
      gate: new Gate(4),
      node: {
        hostIPs: ['10.244.0.1'],
        allocatable: amounts,
        memoryCapacityBytes: 2 ** 30,
        clusterDns: { servers: [], domain: 'cluster.local' },
        nodeDns: { servers: [], searches: [], options: [] },
        nodeHosts: '127.0.0.1 localhost\n',
        logsFolder: path.join(folder, 'logs'),
        seccompFolder: path.join(folder, 'seccomp'),
        cgroupRoot: traces.cgroupParent,
      },
    };
    const info = {
      ...{ architecture: 'amd64', bootID: 'b', machineID: 'm', systemUUID: 's', operatingSystem: 'linux' },
      ...{ containerRuntimeVersion: 'containerd://1.6', kernelVersion: '6', osImage: 'Debian' },
      ...{ kubeProxyVersion: '', kubeletVersion: 'v1.36.0' },
    };
    const identity = {
      ...{ name: nodeName, addresses: ['10.244.0.1'], port: 10250, labels: {}, info },
      ...{ capacity: amounts, allocatable: amounts },
    };
    const network = probeNetwork(grpcHealthCheck(() => clock.now()));
    return informers.synced().then(() => runAgent({ ...common, identity, tools, network }, signal));
  }

  before(async () => {
    [node, server] = await Promise.all([startTestNode(), startServer({ store: 'memory', controllers: '*' })]);
    transport = tlsTransport(parseKubeconfig(readFileSync(server.kubeconfig, 'utf8')), {
      clock: systemClock,
    });
    client = new Client({ transport, clock: systemClock, userAgent: 'kubelet/v1.36' });
    agent = startAgent();
  });
  after(async () => {
    stopping.abort();
    await agent;
    await transport?.close();
    await server?.stop();
    await node?.close();
  });

  const pods = async (): Promise<Pod[]> => (await client.of('Pod').list({ namespace: 'default' })).items;
  const isReady = ({ status }: Pod): boolean =>
    status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

  async function outputOf(pod: Pod | undefined, command: string[]): Promise<string> {
    const id = pod?.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
    const { stdout, stderr } = await node.runtime.streams.execSync(id, command, 60);
    return `${stdout}${stderr}`;
  }

  test('a Deployment runs, is probed, follows its ConfigMap, and goes', async () => {
    const metadata = { namespace: 'default', name: 'web' };
    await client.of('ConfigMap').create({ metadata, data: { greeting: 'hello' } });
    const labels = { app: 'web' };
    await client.of('Deployment').create({
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            terminationGracePeriodSeconds: 1,
            volumes: [
              { name: 'config', configMap: { name: 'web' } },
              { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
              {
                name: 'labels',
                downwardAPI: { items: [{ path: 'all', fieldRef: { fieldPath: 'metadata.labels' } }] },
              },
            ],
            containers: [
              {
                name: 'web',
                image: 'busybox:1.27',
                command: ['sh', '-c', 'cp /config/greeting /memory/ready; sleep 3600'],
                readinessProbe: { exec: { command: ['cat', '/memory/ready'] }, periodSeconds: 1 },
                volumeMounts: [
                  { name: 'config', mountPath: '/config', readOnly: true },
                  { name: 'memory', mountPath: '/memory' },
                  { name: 'labels', mountPath: '/labels' },
                ],
              },
            ],
          },
        },
      },
    });
    await until('both pods are ready', async () => {
      const all = await pods();
      return all.length === 2 && all.every(isReady);
    });
    const [first, second] = await pods();
    assert.notEqual(first?.status?.podIP, second?.status?.podIP);
    assert.equal(await outputOf(first, ['cat', '/memory/ready']), 'hello');
    assert.match(await outputOf(first, ['cat', '/labels/all']), /^app="web"\npod-template-hash="\w+"$/);
    assert.match(await outputOf(first, ['df', '/memory']), /^tmpfs +1024 /m);
    assert.match(await outputOf(first, ['env']), /^KUBERNETES_SERVICE_HOST=10\.96\.0\.1$/m);
    // The node is the only one: the scheduler has put them there.
    assert.equal(first?.spec?.nodeName, nodeName);
    const { status } = await client.of('Deployment').get(metadata);
    assert.deepEqual([status?.readyReplicas, status?.availableReplicas], [2, 2]);

    const change = { data: { greeting: 'good day' } };
    await client.of('ConfigMap').patch(metadata, { type: 'merge', patch: change });
    // Any change of the pod has it looked at before its turn.
    const name = first?.metadata.name ?? '';
    await until('the pod sees the change', async () => {
      const patch = { metadata: { annotations: { touched: systemRandom.uuid() } } };
      await client.of('Pod').patch({ namespace: 'default', name }, { type: 'merge', patch });
      return (await outputOf(first, ['cat', '/config/greeting'])) === 'good day';
    });

    await client.of('Deployment').delete(metadata);
    await until('the pods are gone', async () => (await pods()).length === 0);
    await until(
      'the node has nothing of them',
      async () => (await node.runtime.sandboxes.list()).length === 0,
    );
  });
});
