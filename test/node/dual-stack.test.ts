/** Nodes, pods and Services of both families, on real agents. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { type ClusterNode, startCluster, type TestCluster } from './cluster.ts';
import { noNodeBecause, until } from './test-node.ts';

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

describe('two agents with addresses of both families', { skip: noNodeBecause() }, () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster({ nodes: 2, dualStack: true });
  });
  after(() => cluster?.close());

  const pods = () => cluster.client.of('Pod');

  async function startPod(name: string, node: ClusterNode): Promise<Pod> {
    const at = { namespace: 'default', name };
    const command = `mkdir -p /www; echo ${name} > /www/index.html; exec httpd -f -h /www -p [::]:8080`;
    await pods().create({
      metadata: { ...at, labels: { app: 'web' } },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': node.name },
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'web',
            image: 'busybox:1.27',
            command: ['sh', '-c', command],
            readinessProbe: { httpGet: { port: 8080, path: '/' }, periodSeconds: 1 },
          },
        ],
      },
    });
    await until(`${name} is ready`, async () => isReady(await pods().get(at)));
    return pods().get(at);
  }

  test('pods have one of each, and are reached by each, from every node', async () => {
    const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
    const started = [await startPod('one', first), await startPod('two', second)];
    for (const { status } of started)
      assert.deepEqual(
        status?.podIPs?.map(({ ip }) => (ip.includes(':') ? 'IPv6' : 'IPv4')),
        ['IPv4', 'IPv6'],
      );
    const { spec } = await cluster.client.of('Service').create({
      metadata: { namespace: 'default', name: 'web' },
      spec: {
        selector: { app: 'web' },
        ipFamilyPolicy: 'RequireDualStack',
        ports: [{ port: 80, targetPort: 8080 }],
      },
    });
    const url = (address: string, port: number) =>
      `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
    const podPlaces = started.flatMap(({ metadata, status }) =>
      (status?.podIPs ?? []).map(({ ip }) => ({ where: url(ip, 8080), names: [metadata.name] })),
    );
    const servicePlaces = (spec?.clusterIPs ?? []).map((ip) => ({
      where: url(ip, 80),
      names: ['one', 'two'],
    }));
    assert.equal(servicePlaces.length, 2);
    for (const node of [first, second])
      for (const { where, names } of [...podPlaces, ...servicePlaces])
        await until(`${node.name} reaches ${where}`, async () => {
          const { stdout, stderr } = await node.run('curl', '-sS', '--max-time', '10', where);
          if (names.includes(stdout.trim())) return true;
          throw new Error(`it answered ${stdout}${stderr}`);
        });
    const caller = started[0]?.status?.containerStatuses?.[0]?.containerID ?? '';
    const found = await first.exec(caller, 'nslookup', 'web.default.svc.cluster.local');
    for (const ip of spec?.clusterIPs ?? []) assert.match(found, new RegExp(`^Address: ${ip}$`, 'm'));
  });
});
