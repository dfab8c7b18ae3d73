import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { EndpointSlice, Node, Service } from '../kinds/generated/types.ts';
import type { Exec } from '../lib/exec.ts';
import { createLogger } from '../lib/log.ts';
import { MetricsRegistry } from '../lib/metrics.ts';
import { seededRandom } from '../lib/random.ts';
import { FakeHost } from '../nft/fake-host.ts';
import { type Nft, NftError } from '../nft/nft.ts';
import { serviceNameLabel } from '../service/endpoint-candidates.ts';
import { KernelProxy, removeTables } from './kernel-proxy.ts';

const table = { family: 'ip', name: 'wherry' } as const;

const node: Node = {
  metadata: { name: 'a' },
  spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] },
  status: { addresses: [{ type: 'InternalIP', address: '172.30.0.2' }] },
};

const serviceOf = (name: string, protocol = 'TCP'): Service => ({
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ name: 'http', port: 80, protocol, targetPort: 8080 }] },
});

const sliceOf = (
  service: string,
  addresses: string[],
  more: { protocol?: string; trigger?: string } = {},
): EndpointSlice => ({
  metadata: {
    name: `${service}-1`,
    namespace: 'default',
    labels: { [serviceNameLabel]: service },
    ...(more.trigger === undefined
      ? {}
      : { annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': more.trigger } }),
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: more.protocol ?? 'TCP' }],
  endpoints: addresses.map((address) => ({ addresses: [address], nodeName: 'a' })),
});

/** A cluster of one node with its proxy, the kernel being a fake. */
async function start(t: TestContext) {
  const world = await startTestWorld();
  const stopping = new AbortController();
  const { clock, informers, client } = world;
  const random = seededRandom(5);
  const host = new FakeHost({ clock, random, addresses: ['172.30.0.2'], addressToward: () => '172.30.0.2' });
  const applied: number[] = [];
  const broken = { nft: 0, conntrack: false, port: false };
  const health = new Map<number, RequestListener>();
  const nft: Nft = {
    read: (name) => host.read(name),
    apply: async (name, operations) => {
      if (broken.nft-- > 0)
        throw new NftError('NFT_REFUSED', 'nft refused a transaction: broken by the test');
      broken.nft = 0;
      await host.apply(name, operations);
      applied.push(operations.length);
    },
  };
  const commands: string[] = [];
  const flows = { text: '' };
  const exec: Exec = async (command, args) => {
    commands.push([command, ...args].join(' '));
    if (broken.conntrack) return { code: -1, stdout: '', stderr: 'spawn conntrack ENOENT' };
    return { code: 0, stdout: args.includes('-L') ? flows.text : '', stderr: '' };
  };
  const lines: string[] = [];
  const metrics = new MetricsRegistry();
  const proxy = new KernelProxy({
    nodeName: 'a',
    informers,
    nft,
    exec,
    execPrefix: ['in-node'],
    listenHttp: async (port, handler) => {
      if (broken.port) throw new Error('listen EADDRINUSE');
      health.set(port, handler);
      return { port, close: () => void health.delete(port) };
    },
    families: ['IPv4'],
    recorder: world.recorder,
    clock,
    random,
    log: createLogger({ clock, level: 'warn', write: (line) => lines.push(line) }),
    metrics,
    signal: stopping.signal,
  });
  t.after(async () => {
    stopping.abort();
    await proxy.stopped;
    await world.close();
  });
  const settle = () => world.advance(100);
  await settle();
  let sport = 1000;
  const ask = (daddr: string, protocol: 'tcp' | 'udp' = 'tcp'): string => {
    const packet = { protocol, saddr: '10.244.0.9', sport: sport++, daddr, dport: 80 } as const;
    const { delivery, packet: sent } = host.walk(packet, 'network');
    return delivery === 'forward' ? `${sent.daddr}:${sent.dport}` : delivery;
  };
  const addressOf = async (name: string) =>
    (await client.of('Service').get({ namespace: 'default', name })).spec?.clusterIP ?? '';
  return {
    ...world,
    host,
    applied,
    broken,
    commands,
    flows,
    health,
    lines,
    metrics,
    proxy,
    stopping,
    settle,
    ask,
    addressOf,
  };
}

test('Services are programmed when there is a node, and follow what changes', async (t) => {
  const { client, settle, ask, addressOf, host } = await start(t);
  await client.of('Service').create(serviceOf('web'));
  await client.of('EndpointSlice').create(sliceOf('web', ['10.244.0.2']));
  await settle();
  assert.equal(await host.read(table), undefined, 'nothing is known of the node yet');
  await client.of('Node').create(node);
  await settle();
  const address = await addressOf('web');
  assert.equal(ask(address), '10.244.0.2:8080');
  await client.of('EndpointSlice').update(sliceOf('web', ['10.244.0.3']));
  await settle();
  assert.equal(ask(address), '10.244.0.3:8080');
  await client.of('EndpointSlice').delete({ namespace: 'default', name: 'web-1' });
  await settle();
  assert.equal(ask(address), 'reject with tcp reset');
  await client.of('Service').delete({ namespace: 'default', name: 'web' });
  await settle();
  assert.equal(ask(address), 'drop');
});

test('many changes are few transactions, and one is a small one', async (t) => {
  const { client, settle, applied } = await start(t);
  await client.of('Node').create(node);
  await settle();
  for (let index = 0; index < 30; index++) {
    await client.of('Service').create(serviceOf(`s${index}`));
    await client.of('EndpointSlice').create(sliceOf(`s${index}`, [`10.244.0.${index + 2}`]));
  }
  await settle();
  const before = applied.length;
  assert.ok(before < 10, `${before} transactions`);
  await client.of('EndpointSlice').update(sliceOf('s3', ['10.244.0.200']));
  await settle();
  // The endpoint, its place among the local ones, and its hairpin: each goes and comes.
  assert.deepEqual(applied.slice(before), [6]);
});

test('a table that somebody took away comes back', async (t) => {
  const { client, settle, ask, addressOf, host, advance, lines } = await start(t);
  await client.of('Node').create(node);
  await client.of('Service').create(serviceOf('web'));
  await client.of('EndpointSlice').create(sliceOf('web', ['10.244.0.2']));
  await settle();
  const address = await addressOf('web');
  await removeTables(host);
  assert.equal(ask(address), `${address}:80`);
  await advance(31_000);
  assert.equal(ask(address), '10.244.0.2:8080');
  assert.match(lines.join(''), /the rules are not as they were left: making them anew/);
});

test('a table that somebody took away comes back where conntrack is not there', async (t) => {
  const { client, settle, ask, addressOf, host, advance, broken } = await start(t);
  broken.conntrack = true;
  await client.of('Node').create(node);
  await client.of('Service').create(serviceOf('web'));
  await client.of('EndpointSlice').create(sliceOf('web', ['10.244.0.2']));
  await settle();
  await removeTables(host);
  await advance(31_000);
  assert.equal(ask(await addressOf('web')), '10.244.0.2:8080');
});

test('after a failure everything is made anew', async (t) => {
  const { client, settle, ask, addressOf, broken, advance, metrics, lines } = await start(t);
  await client.of('Node').create(node);
  await settle();
  await client.of('Service').create(serviceOf('web'));
  await settle();
  broken.nft = 2;
  await client.of('EndpointSlice').create(sliceOf('web', ['10.244.0.2']));
  await settle();
  const address = await addressOf('web');
  assert.equal(ask(address), 'reject with tcp reset');
  await advance(2000);
  assert.equal(ask(address), '10.244.0.2:8080');
  assert.match(metrics.render(), /kubeproxy_sync_proxy_rules_nftables_sync_failures_total 2\n/);
  assert.equal(lines.filter((line) => /the rules could not be programmed/.test(line)).length, 2);
});

test("a node's address that changes makes the table anew", async (t) => {
  const { client, settle, host } = await start(t);
  const created = await client.of('Node').create(node);
  await settle();
  const addresses = async () => [...((await host.read(table))?.sets.get('node-ips')?.keys() ?? [])];
  assert.deepEqual(await addresses(), ['172.30.0.2']);
  const moved = { ...created, status: { addresses: [{ type: 'InternalIP', address: '172.30.0.7' }] } };
  await client.of('Node').update(moved, { subresource: 'status' });
  await settle();
  assert.deepEqual(await addresses(), ['172.30.0.7']);
});

test('UDP flows to an endpoint that is gone are forgotten, and only those', async (t) => {
  const { client, settle, commands, flows, addressOf } = await start(t);
  await client.of('Node').create(node);
  await client.of('Service').create(serviceOf('dns', 'UDP'));
  await client.of('EndpointSlice').create(sliceOf('dns', ['10.244.0.2', '10.244.0.3'], { protocol: 'UDP' }));
  await settle();
  const address = await addressOf('dns');
  const flow = (endpoint: string) =>
    `udp 17 9 src=10.244.0.9 dst=${address} sport=7 dport=80 src=${endpoint} dst=10.244.0.9 sport=8080 dport=7 use=1\n`;
  flows.text = flow('10.244.0.2') + flow('10.244.0.3');
  commands.length = 0;
  await client.of('EndpointSlice').update(sliceOf('dns', ['10.244.0.3'], { protocol: 'UDP' }));
  await settle();
  assert.deepEqual(commands, [
    'in-node conntrack -L -p udp -f ipv4',
    `in-node conntrack -D -p udp -f ipv4 --orig-dst ${address} --orig-port-dst 80 --reply-src 10.244.0.2 --reply-port-src 8080`,
  ]);
  commands.length = 0;
  await client.of('EndpointSlice').update(sliceOf('dns', ['10.244.0.3', '10.244.0.4'], { protocol: 'UDP' }));
  await settle();
  assert.deepEqual(commands, [], 'one more endpoint makes no flow stale');
});

test('UDP flows that could not be forgotten are, when conntrack works again', async (t) => {
  const { client, settle, commands, flows, addressOf, broken, advance } = await start(t);
  await client.of('Node').create(node);
  await client.of('Service').create(serviceOf('dns', 'UDP'));
  await client.of('EndpointSlice').create(sliceOf('dns', ['10.244.0.2'], { protocol: 'UDP' }));
  await settle();
  const address = await addressOf('dns');
  flows.text = `udp 17 9 src=10.244.0.9 dst=${address} sport=7 dport=80 src=10.244.0.2 dst=10.244.0.9 sport=8080 dport=7 use=1\n`;
  broken.conntrack = true;
  await client.of('Service').delete({ namespace: 'default', name: 'dns' });
  await settle();
  broken.conntrack = false;
  commands.length = 0;
  await advance(31_000);
  const forget = `in-node conntrack -D -p udp -f ipv4 --orig-dst ${address} --orig-port-dst 80 --reply-src 10.244.0.2 --reply-port-src 8080`;
  assert.deepEqual(commands, ['in-node conntrack -L -p udp -f ipv4', forget]);
  commands.length = 0;
  await advance(31_000);
  assert.deepEqual(commands, [], 'once is enough');
});

/** A Service of which this node answers load balancers. */
const checkedService = (name: string): Service => ({
  metadata: { name, namespace: 'default' },
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 32_000,
    ports: [{ name: 'http', port: 80, targetPort: 8080 }],
  },
});

test('a health check port that is taken is an Event of its Service, and had when it is free', async (t) => {
  const { client, settle, broken, health, advance } = await start(t);
  await client.of('Node').create(node);
  broken.port = true;
  await client.of('Service').create(checkedService('web'));
  await settle();
  const { items } = await client.of('Event').list({ namespace: 'default' });
  assert.deepEqual(
    items.map(({ involvedObject, type, reason, message }) => [
      `${involvedObject.kind} ${involvedObject.name}`,
      `${type} ${reason}: ${message}`,
    ]),
    [
      [
        'Service web',
        'Warning FailedToStartServiceHealthcheck: node a failed to start healthcheck "default/web" on port 32000: listen EADDRINUSE',
      ],
    ],
  );
  broken.port = false;
  await advance(5000);
  assert.deepEqual([...health.keys()], [32_000]);
});

test('load balancers are turned away when the rules have been wrong for a minute', async (t) => {
  const { client, settle, broken, health, advance } = await start(t);
  await client.of('Node').create(node);
  await client.of('Service').create(checkedService('web'));
  await client.of('EndpointSlice').create(sliceOf('web', ['10.244.0.2']));
  await settle();
  const status = () => {
    let code = 0;
    const response = { writeHead: (given: number) => (code = given), end: () => {} };
    health.get(32_000)?.({} as IncomingMessage, response as unknown as ServerResponse<IncomingMessage>);
    return code;
  };
  assert.equal(status(), 200);
  broken.nft = Number.POSITIVE_INFINITY;
  await client.of('EndpointSlice').update(sliceOf('web', ['10.244.0.3']));
  await advance(30_000);
  assert.equal(status(), 200, 'that may be a matter of moments');
  await advance(31_000);
  assert.equal(status(), 503);
  broken.nft = 0;
  await advance(37_000);
  assert.equal(status(), 200);
});

test('how long a change takes until it is programmed is measured', async (t) => {
  const { client, settle, metrics, clock } = await start(t);
  await client.of('Node').create(node);
  await client.of('Service').create(serviceOf('web'));
  await settle();
  const trigger = new Date(clock.now() - 2000).toISOString();
  await client.of('EndpointSlice').create(sliceOf('web', ['10.244.0.2'], { trigger }));
  await settle();
  const lines = metrics.render();
  assert.match(lines, /kubeproxy_network_programming_duration_seconds_count 1\n/);
  assert.match(lines, /kubeproxy_network_programming_duration_seconds_sum 2\.\d+\n/);
});

test('rules stay when the proxy ends', async (t) => {
  const { client, settle, ask, addressOf, stopping, proxy } = await start(t);
  await client.of('Node').create(node);
  await client.of('Service').create(serviceOf('web'));
  await client.of('EndpointSlice').create(sliceOf('web', ['10.244.0.2']));
  await settle();
  stopping.abort();
  await proxy.stopped;
  await client.of('EndpointSlice').delete({ namespace: 'default', name: 'web-1' });
  await settle();
  assert.equal(ask(await addressOf('web')), '10.244.0.2:8080');
});
