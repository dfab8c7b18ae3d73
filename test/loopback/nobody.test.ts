/** The cluster that takes no privileges, as a user who has none: what the Services course tries, through curl. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { Client } from '../../src/client/typed-client.ts';
import { query, shown } from '../../src/dns/test-kit.ts';
import type { PodSpec, Service, ServiceSpec } from '../../src/kinds/generated/types.ts';
import { realPort } from '../../src/lib/low-ports.ts';
import { curl, curlMany, type NobodysCluster, startNobodysCluster, until, whyNotNobody } from './nobody.ts';

const namespace = 'default';
const port = 9898;
const nodeAddresses = ['127.32.0.2', '127.32.0.3'];
const dnsAddress = '127.99.0.10';

const container = { name: 'main', image: 'rxmllc/hostinfo:alpine', ports: [{ containerPort: port }] };

/** Ports from here on are everybody's. */
const unprivilegedPorts = async (): Promise<number> =>
  Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));

describe('nobody’s cluster', { skip: whyNotNobody(), timeout: 240_000 }, () => {
  let cluster: NobodysCluster;
  let client: Client;

  before(async () => {
    cluster = await startNobodysCluster();
    ({ client } = cluster);
  });
  after(() => cluster?.stop());

  const deploy = (name: string, replicas: number, more: Partial<PodSpec> = {}): Promise<unknown> =>
    client.of('Deployment').create({
      metadata: { name, namespace },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [container], ...more } },
      },
    });

  const expose = async (name: string, app: string, spec: ServiceSpec = {}): Promise<Service> => {
    await client.of('Service').create({
      metadata: { name, namespace },
      spec: { selector: { app }, ports: [{ port }], ...spec },
    });
    return until(async () => {
      const service = await client.of('Service').get({ namespace, name });
      const pending = spec.type === 'LoadBalancer' && !service.status?.loadBalancer?.ingress?.length;
      return pending ? undefined : service;
    });
  };

  const nodePortOf = ({ spec }: Service): number => spec?.ports?.[0]?.nodePort ?? 0;
  const clusterUrl = ({ spec }: Service): string => `http://${spec?.clusterIP}:${port}/`;
  const balancerUrl = ({ status }: Service): string =>
    `http://${status?.loadBalancer?.ingress?.[0]?.ip}:${port}/`;
  const answering = (url: string, prefix: string) =>
    until(async () => ((await curl(url)).startsWith(prefix) ? true : undefined));
  const refusing = (url: string) => until(async () => ((await curl(url)) === 'refused' ? true : undefined));

  /** Asked until each has answered. */
  const answeredBy = async (url: string, count: number): Promise<string[]> => {
    const names = new Set<string>();
    await until(async () => {
      names.add(await curl(url));
      names.delete('refused');
      return names.size >= count ? true : undefined;
    });
    return [...names];
  };

  test('every kind of address leads to both pods', async () => {
    await deploy('web', 2);
    const service = await expose('web', 'web', { type: 'LoadBalancer' });
    const nodePort = nodePortOf(service);
    assert.match(balancerUrl(service), /^http:\/\/127\.32\.0\.2\d\d:/);
    for (const url of [
      clusterUrl(service),
      balancerUrl(service),
      ...['127.0.0.1', ...nodeAddresses].map((address) => `http://${address}:${nodePort}/`),
    ])
      for (const name of await answeredBy(url, 2)) assert.match(name, /^web-/, url);
  });

  test('each load balancer has an address of its own, and it answers no more when the Service is gone', async () => {
    const first = balancerUrl(await client.of('Service').get({ namespace, name: 'web' }));
    const second = balancerUrl(await expose('web-too', 'web', { type: 'LoadBalancer' }));
    assert.notEqual(first, second);
    await answering(second, 'web-');
    await client.of('Service').delete({ namespace, name: 'web-too' });
    await refusing(second);
    await answering(first, 'web-');
  });

  test('names are answered, by the DNS server at its own address', async (context) => {
    const service = await client.of('Service').get({ namespace, name: 'web' });
    const socket = createSocket('udp4');
    context.after(() => socket.close());
    const lowPorts = (await unprivilegedPorts()) <= 53;
    const answer = await until(async () => {
      socket.send(query('web.default.svc.cluster.local'), realPort(53, { lowPorts }), dnsAddress);
      const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(1000) })) as [Buffer];
      return message;
    });
    assert.deepEqual(shown(answer).slice(1), [
      `answer web.default.svc.cluster.local 5 A ${service.spec?.clusterIP}`,
    ]);
  });

  test('a pod is not asked before it is ready', async () => {
    await client.of('Pod').create({
      metadata: { name: 'slow', namespace, labels: { app: 'slow' } },
      spec: { containers: [container], readinessGates: [{ conditionType: 'example.com/warm' }] },
    });
    const service = await expose('slow', 'slow', { type: 'NodePort' });
    await until(async () => {
      const { items } = await client.of('EndpointSlice').list({ namespace });
      const endpoints = items
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'slow')
        .flatMap((slice) => slice.endpoints ?? []);
      return endpoints.some(({ conditions }) => conditions?.ready === false) ? true : undefined;
    });
    await refusing(clusterUrl(service));
    const pod = await client.of('Pod').get({ namespace, name: 'slow' });
    const conditions = [{ type: 'example.com/warm', status: 'True' }];
    await client.of('Pod').patch(pod.metadata as { name: string; namespace: string }, {
      type: 'strategic',
      patch: { status: { conditions } },
      subresource: 'status',
    });
    await answering(clusterUrl(service), 'slow');
    await answering(`http://127.0.0.1:${nodePortOf(service)}/`, 'slow');
  });

  test('a client stays with its pod where it is asked to', async () => {
    const service = await expose('sticky', 'web', { sessionAffinity: 'ClientIP' });
    await answering(clusterUrl(service), 'web-');
    const names = new Set<string>();
    for (let request = 0; request < 8; request++) names.add(await curl(clusterUrl(service)));
    assert.equal(names.size, 1);
  });

  test('blue becomes green with the selector', async () => {
    await deploy('blue', 1);
    await deploy('green', 1);
    const service = await expose('colour', 'blue', { type: 'LoadBalancer' });
    await answering(balancerUrl(service), 'blue-');
    const at = { namespace, name: 'colour' };
    await client.of('Service').patch(at, { type: 'merge', patch: { spec: { selector: { app: 'green' } } } });
    await answering(balancerUrl(service), 'green-');
    await answering(clusterUrl(service), 'green-');
    await client.of('Service').patch(at, { type: 'merge', patch: { spec: { selector: { app: 'none' } } } });
    await refusing(balancerUrl(service));
  });

  test('only some clients may come', async () => {
    const service = await expose('closed', 'web', {
      type: 'LoadBalancer',
      loadBalancerSourceRanges: ['192.0.2.0/24'],
    });
    await answering(clusterUrl(service), 'web-');
    // The connection is taken, as listeners are, and closed unanswered.
    assert.match(await curl(balancerUrl(service)), /^code (52|56)$/);
  });

  test('no request fails while pods are replaced', async () => {
    const service = await client.of('Service').get({ namespace, name: 'web' });
    const urls = [clusterUrl(service), balancerUrl(service), `http://127.0.0.1:${nodePortOf(service)}/`];
    let rolling = true;
    const asking = Promise.all(
      urls.flatMap((url) =>
        [true, false].map(async (fresh) => {
          let asked = 0;
          while (rolling) {
            const codes = await curlMany(url, { count: 50, fresh });
            assert.deepEqual([...codes], [['200', 50]], `${url} ${fresh}`);
            asked += 50;
          }
          return asked;
        }),
      ),
    );
    const at = { namespace, name: 'web' };
    const settled = (replicas: number) =>
      until(async () => {
        const { metadata, status } = await client.of('Deployment').get(at);
        const done =
          status?.observedGeneration === metadata.generation &&
          status?.updatedReplicas === replicas &&
          status?.readyReplicas === replicas &&
          status?.replicas === replicas;
        return done ? true : undefined;
      });
    const change = async (spec: object, replicas: number) => {
      await client.of('Deployment').patch(at, { type: 'merge', patch: { spec } });
      await Promise.race([settled(replicas), asking]);
    };
    try {
      await change({ template: { metadata: { annotations: { version: '2' } } } }, 2);
      await change({ replicas: 5 }, 5);
      await change({ replicas: 2 }, 2);
    } finally {
      rolling = false;
    }
    for (const asked of await asking) assert.ok(asked > 0);
  });
});
