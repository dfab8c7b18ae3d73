/** `wherry why` on real nodes: probes by the agents, in the kernel and in the pods' networks. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { checkWhyOptions, type RawWhyOptions } from '../../src/commands/why/options.ts';
import { runWhy } from '../../src/commands/why/why.ts';
import type { Pod, PodSpec, ServiceSpec } from '../../src/kinds/generated/types.ts';
import { type ClusterNode, startCluster, type TestCluster } from './cluster.ts';
import { noNodeBecause, until } from './test-node.ts';

const skip = noNodeBecause();
const timeout = 300_000;
const namespace = 'default';

let cluster: TestCluster;

const nodeNamed = (name: string): ClusterNode => cluster.nodes.find((node) => node.name === name)!;

async function why(
  service: string,
  raw: Partial<RawWhyOptions> = {},
): Promise<{ code: number; text: string }> {
  const given = { output: 'text', clusterDomain: 'cluster.local', kubeconfig: cluster.kubeconfig, ...raw };
  const options = checkWhyOptions(service, given, { environment: {}, home: cluster.folder });
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const code = await runWhy(options, { write, complain: write });
  return { code, text };
}

/** Clusters take a moment: asked until the answer is this one, or for long. `first` comes before each try. */
async function saysAtLast(
  [service, raw]: [string, Partial<RawWhyOptions>],
  wanted: { says: RegExp; code: number },
  first: () => Promise<unknown> = async () => {},
): Promise<string> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    await first();
    const { code, text } = await why(service, raw);
    if (wanted.says.test(text) || performance.now() > deadline) {
      assert.match(text, wanted.says);
      assert.equal(code, wanted.code, text);
      return text;
    }
    await wait(200);
  }
}

const podOf = (
  name: string,
  nodeName: string,
  command: readonly string[],
  spec: Partial<PodSpec> = {},
): Pod => ({
  metadata: { name, namespace, labels: { app: name } },
  spec: {
    nodeName,
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'busybox:1.27', command: [...command] }],
    ...spec,
  },
});

const web = ['httpd', '-f', '-p', '8080'];

const pods = [
  podOf('web', 'node-2', web),
  podOf('shell', 'node-1', ['sleep', '3600']),
  podOf('hermit', 'node-1', ['httpd', '-f', '-p', '127.0.0.1:8080']),
  podOf('host', 'node-1', ['sleep', '3600'], { hostNetwork: true }),
];

const port = { port: 80, targetPort: 8080 };

const services: Record<string, ServiceSpec> = {
  web: { type: 'NodePort', selector: { app: 'web' }, ports: [port] },
  'wrong-port': { selector: { app: 'web' }, ports: [{ port: 80 }] },
  hermit: { selector: { app: 'hermit' }, ports: [port] },
  local: { selector: { app: 'web' }, internalTrafficPolicy: 'Local', ports: [port] },
  datagrams: { selector: { app: 'web' }, ports: [{ port: 53, protocol: 'UDP' }] },
  balanced: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [port] },
  late: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [port] },
  headless: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 8080 }] },
};

before(async () => {
  if (skip !== false) return;
  // One address for two load balancers.
  cluster = await startCluster({ serverArguments: ['--load-balancer-pool', '172.30.0.200/32'] });
  const { client } = cluster;
  for (const pod of pods) await client.of('Pod').create(pod);
  for (const [name, spec] of Object.entries(services))
    await client.of('Service').create({ metadata: { name, namespace }, spec });
  await until('the pods run', async () => {
    const { items } = await client.of('Pod').list({ namespace });
    return items.every(({ status }) => status?.phase === 'Running' && status.podIP !== undefined);
  });
});
after(async () => cluster?.close());

const cases: Record<string, { raw?: Partial<RawWhyOptions>; service?: string; says: RegExp; code: number }> =
  {
    'it answers a node': {
      says: /\nService default\/web answers: node node-1 reaches 10\.96\.\S+:80\/TCP\.\n$/,
      code: 0,
    },
    'it answers a pod': {
      raw: { from: 'shell' },
      says: /from pod default\/shell\n[\s\S]*\nService default\/web answers: pod default\/shell reaches /,
      code: 0,
    },
    'it answers a pod on the network of its node': {
      raw: { from: 'host' },
      says: /answers: node node-1 reaches .* does not ask the cluster's DNS/,
      code: 0,
    },
    'it answers its own pod': {
      raw: { from: 'web' },
      says: /hairpin .* it may be sent back to itself\n[\s\S]*answers: pod default\/web reaches /,
      code: 0,
    },
    'the pod listens on another port': {
      service: 'wrong-port',
      raw: { from: 'shell' },
      says: /nothing listens on port 80 of pod web at 10\.244\.\S+; it listens on 8080 \(TargetPortNotListening\): set targetPort to 8080\.\n$/,
      code: 1,
    },
    'the pod listens on localhost only': {
      service: 'hermit',
      says: /pod hermit at \S+ listens on 127\.0\.0\.1 only, where no other pod reaches it \(ListensOnLocalhostOnly\)/,
      code: 1,
    },
    'policy Local, and no endpoint on the node of the client': {
      service: 'local',
      raw: { from: 'shell' },
      says: /node node-1 has no endpoint of 80\/TCP \(node-2 has\) \(NoLocalEndpoint\)/,
      code: 1,
    },
    'policy Local, on the node of the endpoint': {
      service: 'local',
      raw: { from: 'web' },
      says: /answers: /,
      code: 0,
    },
    'nobody takes the datagrams': {
      service: 'datagrams',
      says: /nothing listens on UDP port 53 of pod web at .*\(TargetPortNotListening\)/,
      code: 1,
    },
    headless: {
      service: 'headless',
      raw: { from: 'shell' },
      says: /answers: 8080\/TCP: 1 of 1 endpoint accepts/,
      code: 0,
    },
    'the Service of DNS': {
      service: 'kube-dns',
      raw: { namespace: 'kube-system' },
      says: /answers: /,
      code: 0,
    },
    'a load balancer, and who announces it': {
      service: 'balanced',
      says: /\nok {2}load balancer {3}172\.30\.0\.200, announced by node node-[12], answers\n[\s\S]*answers: /,
      code: 0,
    },
    'a load balancer for which no address is left': {
      service: 'late',
      says: /does not answer from outside because no address pool has one left for it .*\(PoolExhausted\)/,
      code: 1,
    },
    'the Service of the API server': { service: 'kubernetes', says: /answers: /, code: 0 },
  };

describe('on real nodes', { skip, timeout }, () => {
  for (const [name, { service = 'web', raw = {}, ...wanted }] of Object.entries(cases))
    test(name, async () => {
      await saysAtLast([service, raw], wanted);
    });

  test('the whole of what it prints', async () => {
    const text = await saysAtLast(['web', { from: 'shell' }], { says: /answers: /, code: 0 });
    const shown = text
      .replace(/10\.96\.\d+\.\d+/g, 'CLUSTER-IP')
      .replace(/10\.244\.\d+\.\d+/g, 'POD-IP')
      .replace(/:3[0-2]\d{3}\b/g, ':NODE-PORT');
    assert.deepEqual(shown.split('\n'), [
      'Service default/web, looked at from pod default/shell',
      '',
      'ok  service         it exists: NodePort CLUSTER-IP, port 80/TCP -> 8080',
      'ok  pods            1 pod has app=web',
      'ok  readiness       1 pod is ready',
      'ok  endpoints       80/TCP: POD-IP:8080',
      'ok  listening       80/TCP: 1 of 1 endpoint accepts connections',
      'ok  rules           node node-1: forward: service default/web:80 sends it to POD-IP:8080',
      'ok  connection      pod default/shell reaches CLUSTER-IP:80/TCP',
      'ok  node port       172.30.0.2:NODE-PORT and 172.30.0.3:NODE-PORT answer',
      'ok  dns             web.default.svc.cluster.local is CLUSTER-IP',
      '',
      'Service default/web answers: pod default/shell reaches CLUSTER-IP:80/TCP.',
      '',
    ]);
  });

  test('somebody took the rules away', async () => {
    // The agent looks after them twice a minute: it may be just then.
    await saysAtLast(
      ['web', { from: 'shell' }],
      {
        says: /the kernel of node node-1 lacks .* \(table wherry .*\(NoRuleInKernel\): wait half a minute for the agent of node node-1/,
        code: 1,
      },
      () => nodeNamed('node-1').run('nft', 'delete', 'table', 'ip', 'wherry'),
    );
  });

  test('the agent of the node is gone', async () => {
    await nodeNamed('node-1').stopAgent('SIGKILL');
    const unknown = {
      says: /looks right, but nothing could be tried: .*the agent of node node-1 does not answer/,
      code: 3,
    };
    await saysAtLast(['web', { from: 'shell' }], unknown);
    // Without a client to stand beside, another node does. The rules of this one are gone, and its node ports with them.
    await saysAtLast(['headless', {}], { says: /from node node-2\n[\s\S]*answers: 8080\/TCP: /, code: 0 });
  });
});
