/**
 * What only real pods show: packets of both protocols between pods and nodes, host ports, a second range of Services,
 * names in a container. Sources of what is asked: test/e2e/common/network/networking.go, test/e2e/network/hostport.go,
 * networking.go, kube_proxy.go, service_cidrs.go, dns.go and proxy.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { namespacePath } from '../../../src/cluster/node/network-namespace.ts';
import type { Container, Pod, PodSpec } from '../../../src/kinds/generated/types.ts';
import { Namespace } from '../../netns/namespace.ts';
import { type ClusterNode, startCluster, type TestCluster } from '../../node/cluster.ts';
import { noNodeBecause, until } from '../../node/test-node.ts';

const namespace = 'default';
const port = 8080;
/** Silence is a failure here; an answer may take its time. */
const milliseconds = 60_000;
/** How long one of several tries listens: a datagram that came too early is answered by nobody. */
const retryMilliseconds = 2_000;

/** Answers with its name by HTTP. The datagrams are answered from within its network by the test. */
const webServer: Container = {
  name: 'web',
  image: 'busybox:1.27',
  command: ['sh', '-c', `mkdir -p /www; echo $POD > /www/index.html; exec httpd -f -h /www -p ${port}`],
  env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  readinessProbe: { httpGet: { port, path: '/' }, periodSeconds: 1 },
};

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;

describe('on real nodes', { skip: noNodeBecause() }, () => {
  let cluster: TestCluster;
  let nodes: ClusterNode[];
  const entered: Namespace[] = [];
  const inside = new Map<string, Namespace>();

  before(async () => {
    cluster = await startCluster({ nodes: 2 });
    nodes = [...cluster.nodes].sort((one, other) => (one.name < other.name ? -1 : 1));
    for (const node of nodes) await enter(node.name, namespacePath(node.namespace));
    // The server's way to the pods, as `wherry up` gives it.
    await cluster.run('ip', 'route', 'add', '10.244.0.0/16', 'via', nodes[0]?.address ?? '');
  });
  after(async () => {
    for (const each of entered) each.close();
    await cluster?.close();
  });

  async function enter(name: string, file: string): Promise<Namespace> {
    const made = await Namespace.enter(file);
    entered.push(made);
    inside.set(name, made);
    return made;
  }

  /** Where containerd keeps the pod's network, which is the one with the pod's address. */
  async function networkOf(node: ClusterNode, { status }: Pod): Promise<string> {
    const folder = path.join(node.dataDirectory, 'containerd/state/io.containerd.grpc.v1.cri/netns');
    const files = (await readdir(folder)).map((name) => path.join(folder, name));
    for (const file of files) {
      const { stdout } = await cluster.run('nsenter', `--net=${file}`, 'ip', '-o', '-4', 'address');
      if (stdout.includes(` ${status?.podIP}/`)) return file;
    }
    throw new Error(`no network with ${status?.podIP} in ${files.join(', ')}`);
  }

  async function startPod(name: string, node: ClusterNode, spec: Partial<PodSpec> = {}): Promise<Pod> {
    const pods = cluster.client.of('Pod');
    await pods.create({
      metadata: { namespace, name, labels: { app: name.replace(/-\d+$/, '') } },
      spec: { nodeName: node.name, terminationGracePeriodSeconds: 1, containers: [webServer], ...spec },
    });
    await until(`${name} is ready`, async () => isReady(await pods.get({ namespace, name })));
    const pod = await pods.get({ namespace, name });
    const network = await enter(name, await networkOf(node, pod));
    const addresses = [pod.status?.podIP ?? ''];
    await network.do({ type: 'listen', protocol: 'udp', addresses, port, name });
    return pod;
  }

  const httpFrom = async (from: string, url: string, ...args: string[]): Promise<string> => {
    const [command = '', ...prefix] = (inside.get(from) as Namespace).prefix;
    const { stdout, stderr } = await cluster.run(
      command,
      ...prefix,
      ...['curl', '-s', '-S', '--max-time', '20', ...args, url],
    );
    return `${stdout}${stderr}`.trim();
  };
  const udpFrom = async (from: string, address: string, number: number, wait = milliseconds) => {
    const asked = { type: 'ask', protocol: 'udp', address, port: number, milliseconds: wait } as const;
    const answer = await (inside.get(from) as Namespace).send(asked);
    return answer.type === 'reached' ? answer.name : answer.type;
  };
  /** Rules are there a moment after the endpoints are. */
  const becomes = (what: string, ask: () => Promise<string>, wanted: string) =>
    until(`${what}: ${wanted}`, async () => {
      const answer = await ask();
      if (answer === wanted) return true;
      throw new Error(`it answered ${answer}`);
    });

  test('pods and nodes reach pods and Services, by HTTP and by datagrams', async () => {
    const made = await Promise.all([startPod('net-1', nodes[0]!), startPod('net-2', nodes[1]!)]);
    const places = ['net-1', 'net-2', ...nodes.map(({ name }) => name)];
    for (const from of places)
      for (const { metadata, status } of made) {
        const address = status?.podIP ?? '';
        assert.equal(await httpFrom(from, `http://${address}:${port}/`), metadata.name);
        assert.equal(await udpFrom(from, address, port), metadata.name);
      }
    // Between pods nobody's address is rewritten.
    const [one, other] = made.map(({ status }) => status?.podIP ?? '');
    const asked = { type: 'ask', protocol: 'udp', address: other ?? '', port, milliseconds } as const;
    const seen = await inside.get('net-1')?.send(asked);
    assert.deepEqual(seen, { type: 'reached', name: 'net-2', source: one });

    for (const [index, { metadata }] of made.entries())
      await cluster.client
        .of('Pod')
        .patch(
          { namespace, name: metadata.name ?? '' },
          { type: 'merge', patch: { metadata: { labels: { only: `net-${index + 1}` } } } },
        );
    const { spec } = await cluster.client.of('Service').create({
      metadata: { namespace, name: 'net' },
      spec: {
        type: 'NodePort',
        selector: { only: 'net-2' },
        ports: [
          { name: 'http', port: 80, targetPort: port },
          { name: 'udp', port: 90, targetPort: port, protocol: 'UDP' },
        ],
      },
    });
    const [http, udp] = spec?.ports ?? [];
    for (const from of places) {
      const address = spec?.clusterIP ?? '';
      await becomes(`${from} by HTTP`, () => httpFrom(from, `http://${address}/`), 'net-2');
      await becomes(`${from} by UDP`, () => udpFrom(from, address, 90, retryMilliseconds), 'net-2');
      for (const { name, address: at } of nodes) {
        const door = `${from} at ${name}`;
        await becomes(door, () => httpFrom(from, `http://${at}:${http?.nodePort}/`), 'net-2');
        await becomes(door, () => udpFrom(from, at, udp?.nodePort ?? 0, retryMilliseconds), 'net-2');
      }
    }
    const through = await cluster.get(`/api/v1/namespaces/default/services/net:http/proxy/index.html`);
    assert.equal(through.trim(), 'net-2');
  });

  test('one host port for three pods, by the node’s address, by 127.0.0.1 and by datagrams', async () => {
    const [node] = nodes as [ClusterNode];
    const hostPort = (more: object) => ({
      containers: [{ ...webServer, ports: [{ containerPort: port, hostPort: 54_323, ...more }] }],
    });
    await Promise.all([
      startPod('host-1', node, hostPort({ hostIP: '127.0.0.1' })),
      startPod('host-2', node, hostPort({ hostIP: node.address })),
      startPod('host-3', node, hostPort({ hostIP: node.address, protocol: 'UDP' })),
      startPod('host-4', node, hostPort({ hostIP: node.address, protocol: 'SCTP' })),
    ]);
    const own = '--interface';
    for (let count = 0; count < 3; count++) {
      assert.equal(await httpFrom(node.name, 'http://127.0.0.1:54323/', own, node.address), 'host-1');
      assert.equal(await httpFrom(node.name, 'http://127.0.0.1:54323/'), 'host-1');
      assert.equal(await httpFrom(node.name, `http://${node.address}:54323/`), 'host-2');
      assert.equal(await httpFrom(nodes[1]!.name, `http://${node.address}:54323/`), 'host-2');
      for (const from of [node.name, nodes[1]!.name])
        assert.equal(await udpFrom(from, node.address, 54_323), 'host-3');
    }
  });

  test('a Service of another range answers from pods, nodes and node ports', async () => {
    await cluster.client.of('ServiceCIDR').create({
      metadata: { name: 'other' },
      spec: { cidrs: ['203.0.113.0/24'] },
    });
    await until('the range is ready', async () => {
      const { status } = await cluster.client.of('ServiceCIDR').get({ name: 'other' });
      return status?.conditions?.[0]?.status === 'True';
    });
    const { spec } = await cluster.client.of('Service').create({
      metadata: { namespace, name: 'range' },
      spec: {
        ...{ type: 'NodePort', clusterIP: '203.0.113.10', selector: { only: 'net-1' } },
        ports: [{ port: 80, targetPort: port }],
      },
    });
    const places = ['net-1', 'net-2', ...nodes.map(({ name }) => name)];
    for (const from of places) await becomes(from, () => httpFrom(from, 'http://203.0.113.10/'), 'net-1');
    for (const { name, address } of nodes) {
      const url = `http://${address}:${spec?.ports?.[0]?.nodePort}/`;
      await becomes(`the port of ${name}`, () => httpFrom('net-2', url), 'net-1');
    }
  });

  test('the proxy of a node tells whether it works, and how', async () => {
    for (const { name, address } of nodes) {
      const healthz = JSON.parse(await httpFrom(name, 'http://localhost:10256/healthz'));
      assert.deepEqual(
        [
          healthz.healthy,
          healthz.nodeEligible,
          Object.keys(healthz.status),
          Date.parse(healthz.lastUpdated) > 0,
        ],
        [true, true, ['IPv4'], true],
      );
      assert.equal(await httpFrom(name, 'http://localhost:10249/proxyMode'), 'nftables');
      const other = nodes.find((each) => each.name !== name)?.name ?? '';
      assert.equal(JSON.parse(await httpFrom(other, `http://${address}:10256/livez`)).healthy, true);
      assert.match(
        await httpFrom(other, `http://${address}:10249/proxyMode`),
        /Connection refused|Failed to connect/,
      );
    }
  });

  test('a half-closed connection is tracked for an hour', async () => {
    for (const { run } of nodes) {
      const { stdout } = await run('cat', '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait');
      assert.equal(stdout.trim(), '3600');
    }
  });

  test('names in a container: its own, those of the cluster, and those it brings itself', async () => {
    await cluster.client.of('Service').create({
      metadata: { namespace, name: 'querier' },
      spec: { clusterIP: 'None', selector: { app: 'querier' }, ports: [{ name: 'http', port }] },
    });
    const [node] = nodes as [ClusterNode];
    const dnsConfig = {
      nameservers: ['1.1.1.1'],
      searches: ['resolv.conf.local'],
      options: [{ name: 'ndots', value: '2' }],
    };
    const [pod, other] = await Promise.all([
      startPod('querier-1', node, { hostname: 'dns-querier', subdomain: 'querier' }),
      startPod('resolver-1', node, { dnsPolicy: 'None', dnsConfig }),
    ]);
    const inPod = ({ status }: Pod, ...command: string[]) =>
      node.exec(status?.containerStatuses?.[0]?.containerID ?? '', ...command);
    const full = 'dns-querier.querier.default.svc.cluster.local';
    const hosts = await inPod(pod, 'cat', '/etc/hosts');
    assert.ok(hosts.includes(`${pod.status?.podIP}\t${full}\tdns-querier\n`), hosts);
    for (const name of ['querier', 'dns-querier.querier', 'querier.default', 'querier.default.svc', full]) {
      const url = `http://${name}:${port}/`;
      await becomes(name, async () => (await inPod(pod, 'wget', '-q', '-O', '-', url)).trim(), 'querier-1');
    }
    assert.equal(
      await inPod(other, 'cat', '/etc/resolv.conf'),
      'search resolv.conf.local\nnameserver 1.1.1.1\noptions ndots:2\n',
    );
  });
});
