/**
 * The real thing: `wherry server` and two `wherry agent` processes, each in a network namespace of its own, none with a
 * default route. Pods on both, reached in every way there is, and gone without a trace.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Container, Pod, PodSpec } from '../../src/kinds/generated/types.ts';
import { type ClusterNode, startCluster, type TestCluster } from './cluster.ts';
import { noNodeBecause, until } from './test-node.ts';

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Answers with its name on 8080. */
const webServer: Container = {
  name: 'web',
  image: 'busybox:1.27',
  command: ['sh', '-c', 'mkdir -p /www; echo $POD > /www/index.html; exec httpd -f -h /www -p 8080'],
  env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  readinessProbe: { httpGet: { port: 8080, path: '/' }, periodSeconds: 1 },
};

describe('two agents', { skip: noNodeBecause() }, () => {
  let cluster: TestCluster;
  let first: ClusterNode;
  let second: ClusterNode;

  before(async () => {
    cluster = await startCluster({ nodes: 2 });
    first = cluster.nodes.find(({ name }) => name === 'node-1') as ClusterNode;
    second = cluster.nodes.find(({ name }) => name === 'node-2') as ClusterNode;
  });
  after(() => cluster?.close());

  const pods = () => cluster.client.of('Pod');
  const podNamed = (name: string) => pods().get({ namespace: 'default', name });

  async function startPod(name: string, node: ClusterNode, spec: Partial<PodSpec> = {}): Promise<Pod> {
    await pods().create({
      metadata: { namespace: 'default', name, labels: { app: name.replace(/-\d+$/, '') } },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': node.name },
        terminationGracePeriodSeconds: 1,
        containers: [webServer],
        ...spec,
      },
    });
    await until(`${name} is ready`, async () => isReady(await podNamed(name)));
    return podNamed(name);
  }
  async function startService(name: string, spec: object = {}): Promise<string> {
    const ports = [{ port: 80, targetPort: 8080 }];
    const metadata = { namespace: 'default', name };
    const { spec: made } = await cluster.client
      .of('Service')
      .create({ metadata, spec: { selector: { app: name }, ports, ...spec } });
    return made?.clusterIP ?? '';
  }
  const removePod = async (name: string): Promise<void> => {
    await pods().delete({ namespace: 'default', name });
    await until(`${name} is gone`, async () =>
      (await pods().list({ namespace: 'default' })).items.every(({ metadata }) => metadata.name !== name),
    );
  };
  const inPod = (node: ClusterNode, { status }: Pod, ...command: string[]): Promise<string> =>
    node.exec(status?.containerStatuses?.[0]?.containerID ?? '', ...command);
  const fetchIn = (node: ClusterNode, pod: Pod, url: string) =>
    inPod(node, pod, 'wget', '-q', '-O', '-', url);
  const fetchFrom = async (place: Pick<ClusterNode, 'run'>, url: string): Promise<string> => {
    const { stdout, stderr } = await place.run('curl', '-s', '-S', '--max-time', '20', url);
    return `${stdout}${stderr}`;
  };
  /** Rules are there a moment after the endpoints are. */
  const answersWith = (what: string, ask: () => Promise<string>, expected: readonly string[]) =>
    until(`${what}: ${expected.join(' or ')}`, async () => {
      const answer = (await ask()).trim();
      if (expected.includes(answer)) return true;
      throw new Error(`it answered ${answer}`);
    });

  test('are nodes: what they are, and where their pods are', async () => {
    const { items } = await cluster.client.of('Node').list();
    assert.deepEqual(
      items.map(({ metadata, status }) => [
        metadata.name,
        metadata.labels?.['kubernetes.io/hostname'],
        status?.addresses,
        status?.daemonEndpoints?.kubeletEndpoint?.Port,
      ]),
      [first, second].map(({ name, address }) => [
        name,
        name,
        [
          { type: 'InternalIP', address },
          { type: 'Hostname', address: name },
        ],
        10250,
      ]),
    );
    for (const { spec, status } of items) {
      assert.match(spec?.podCIDR ?? '', /^10\.244\.[01]\.0\/24$/);
      assert.match(status?.nodeInfo?.containerRuntimeVersion ?? '', /^containerd:\/\/\d/);
      assert.deepEqual(Object.keys(status?.capacity ?? {}), Object.keys(status?.allocatable ?? {}));
    }
    assert.notEqual(items[0]?.spec?.podCIDR, items[1]?.spec?.podCIDR);
  });

  test('pods reach each other across nodes, and Services by address and by name', async () => {
    const [one, two] = await Promise.all([startPod('web-1', first), startPod('web-2', second)]);
    const address = await startService('web');
    const both = ['web-1', 'web-2'];
    assert.equal(await fetchIn(first, one, `http://${two.status?.podIP}:8080/`), 'web-2\n');
    assert.equal(await fetchIn(second, two, `http://${one.status?.podIP}:8080/`), 'web-1\n');
    await answersWith('a pod', () => fetchIn(first, one, `http://${address}/`), both);
    await answersWith('a pod on the other node', () => fetchIn(second, two, 'http://web/'), both);
    await answersWith('its node', () => fetchFrom(first, `http://${address}/`), both);
    const name = 'web.default.svc.cluster.local';
    const found = await inPod(second, two, 'nslookup', name, '10.96.0.10');
    assert.match(found, new RegExp(`Name:\\s+${name}\\nAddress: ${address}\\n`));
    const resolv = await inPod(first, one, 'cat', '/etc/resolv.conf');
    assert.match(resolv, /^nameserver 10\.96\.0\.10$/m);
    assert.match(resolv, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local\b/m);
    await Promise.all([removePod('web-1'), removePod('web-2')]);
  });

  test('a pod reaches itself through its Service', async () => {
    const pod = await startPod('self-1', first);
    const address = await startService('self');
    await answersWith('itself', () => fetchIn(first, pod, `http://${address}/`), ['self-1']);
    await removePod('self-1');
  });

  test('from outside, by node port, host port, and in the node own network', async () => {
    const ports = [{ containerPort: 8080, hostPort: 8085 }];
    await startPod('door-1', second, { containers: [{ ...webServer, ports }] });
    await startService('door', {
      type: 'NodePort',
      ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
    });
    for (const { address } of [first, second])
      await answersWith('the node port', () => fetchFrom(cluster, `http://${address}:30080/`), ['door-1']);
    await answersWith('the host port', () => fetchFrom(cluster, `http://${second.address}:8085/`), [
      'door-1',
    ]);
    await answersWith('the other node', () => fetchFrom(first, `http://${second.address}:8085/`), ['door-1']);

    const command = ['sh', '-c', 'mkdir -p /www; echo own > /www/index.html; exec httpd -f -h /www -p 8099'];
    const { readinessProbe: _probe, ...container } = webServer;
    const own = await startPod('own-1', first, {
      hostNetwork: true,
      containers: [{ ...container, command }],
    });
    assert.equal(own.status?.podIP, first.address);
    await answersWith('its network', () => fetchFrom(cluster, `http://${first.address}:8099/`), ['own']);
    await Promise.all([removePod('door-1'), removePod('own-1')]);
  });

  test('a pod has a token for the server, and reaches it by its Service', async () => {
    const pod = await startPod('caller-1', first);
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    assert.equal(await inPod(first, pod, 'cat', `${folder}/namespace`), 'default');
    assert.match(await inPod(first, pod, 'cat', `${folder}/ca.crt`), /^-----BEGIN CERTIFICATE-----\n/);
    const token = await inPod(first, pod, 'cat', `${folder}/token`);
    const answer = await first.run(
      ...(['curl', '-sk', '--max-time', '20', '-H', `Authorization: Bearer ${token}`] as const),
      'https://10.96.0.1/apis',
    );
    assert.equal((JSON.parse(answer.stdout) as { kind: string }).kind, 'APIGroupList');
    await removePod('caller-1');
  });

  test('a Deployment follows its ConfigMap, and leaves nothing on the nodes', async () => {
    const metadata = { namespace: 'default', name: 'config' };
    await cluster.client.of('ConfigMap').create({ metadata, data: { greeting: 'hello' } });
    const pod = await startPod('config-1', second, {
      volumes: [
        { name: 'config', configMap: { name: 'config' } },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ],
      containers: [
        {
          ...webServer,
          volumeMounts: [
            { name: 'config', mountPath: '/config', readOnly: true },
            { name: 'memory', mountPath: '/memory' },
          ],
        },
      ],
    });
    assert.equal(await inPod(second, pod, 'cat', '/config/greeting'), 'hello');
    assert.match(await inPod(second, pod, 'df', '/memory'), /^tmpfs +1024 /m);
    const change = { data: { greeting: 'good day' } };
    await cluster.client.of('ConfigMap').patch(metadata, { type: 'merge', patch: change });
    let touched = 0;
    await until('the pod sees the change', async () => {
      // Any change of the pod has it looked at before its turn.
      const patch = { metadata: { annotations: { touched: String(touched++) } } };
      await pods().patch({ namespace: 'default', name: 'config-1' }, { type: 'merge', patch });
      return (await inPod(second, pod, 'cat', '/config/greeting')) === 'good day';
    });
    await removePod('config-1');
    for (const node of [first, second])
      await until(
        `${node.name} has nothing of them`,
        async () => (await node.running()).sandboxes.length === 0,
      );
  });

  test('what an agent counts is asked through the server', async () => {
    const metrics = await cluster.get(`/api/v1/nodes/${first.name}/proxy/metrics`);
    const names = ['kubelet_node_name', 'kubelet_running_pods', 'kubeproxy_', 'rest_client_requests_total'];
    for (const name of [...names, 'process_resident_memory_bytes'])
      assert.match(metrics, new RegExp(`^${name}`, 'm'));
  });

  test('a node that goes takes its routes with it', async () => {
    const routes = async () => (await first.run('ip', '-4', 'route', 'show', 'proto', '87')).stdout;
    const share = (await cluster.client.of('Node').get({ name: second.name })).spec?.podCIDR ?? '';
    assert.match(await routes(), new RegExp(`^${share} via ${second.address} dev eth0`, 'm'));
    await second.stopAgent();
    await cluster.client.of('Node').delete({ name: second.name });
    await until('the route is gone', async () => !(await routes()).includes(share));
    await second.startAgent();
    await until('the route is there again', async () => (await routes()).includes(`via ${second.address}`));
  });
});
