/**
 * The proxy of a node at work: what is written to the API server reaches the kernel, and packets follow. The API server
 * and its clock are in the test, the kernel is real.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { EndpointSlice } from '../../src/kinds/generated/types.ts';
import { exec } from '../../src/lib/exec.ts';
import { createLogger } from '../../src/lib/log.ts';
import { MetricsRegistry } from '../../src/lib/metrics.ts';
import { systemRandom } from '../../src/lib/system.ts';
import { kernelNft } from '../../src/nft/nft.ts';
import { KernelProxy } from '../../src/proxy/kernel-proxy.ts';
import { serviceNameLabel } from '../../src/service/endpoint-candidates.ts';
import { startTestWorld, type TestWorld } from '../client/world.ts';
import { whyNoNamespaces } from './namespace.ts';
import { addressOf, Network, type PodName, podCidr, pods } from './network.ts';
import { targetPort } from './services.ts';

const skip = whyNoNamespaces();
const answerMilliseconds = 60_000;
const table = { family: 'ip', name: 'wherry' } as const;

type Protocol = 'TCP' | 'UDP';

describe('a node under way', { skip }, () => {
  let network: Network;
  let world: TestWorld;
  let stopping: AbortController;
  let proxy: KernelProxy;

  const nft = () => kernelNft(exec, network.places.a.prefix);
  const inNode = (...command: string[]) => {
    const [first = '', ...rest] = [...network.places.a.prefix, ...command];
    return exec(first, rest);
  };

  const startProxy = () => {
    stopping = new AbortController();
    const { clock, informers } = world;
    proxy = new KernelProxy({
      nodeName: 'a',
      informers,
      nft: nft(),
      exec,
      execPrefix: network.places.a.prefix,
      listenHttp: () => Promise.reject(new Error('no port is opened here')),
      families: ['IPv4'],
      clock,
      random: systemRandom,
      log: createLogger({ clock, level: 'error', write: (line) => process.stderr.write(line) }),
      metrics: new MetricsRegistry(),
      signal: stopping.signal,
    });
  };

  const settle = async (milliseconds = 100) => {
    await world.advance(milliseconds);
    await proxy.settled();
    await world.advance(100);
    await proxy.settled();
  };

  before(async () => {
    network = await Network.make();
    const listening = pods.flatMap((pod) =>
      (['tcp', 'udp'] as const).map((protocol) =>
        network.places[pod].do({
          type: 'listen',
          protocol,
          addresses: [addressOf(pod, 'IPv4')],
          port: targetPort,
          name: pod,
        }),
      ),
    );
    await Promise.all(listening);
    world = await startTestWorld();
    startProxy();
    const { IPv4: cidr } = podCidr('a');
    await world.client.of('Node').create({
      metadata: { name: 'a' },
      spec: { podCIDR: cidr, podCIDRs: [cidr] },
      status: { addresses: [{ type: 'InternalIP', address: addressOf('a', 'IPv4') }] },
    });
    await settle();
  });

  after(async () => {
    stopping?.abort();
    await proxy?.stopped;
    await world?.close();
    network?.close();
  });

  const sliceOf = (name: string, protocol: Protocol, ready: readonly PodName[]): EndpointSlice => ({
    metadata: { name, namespace: 'default', labels: { [serviceNameLabel]: name } },
    addressType: 'IPv4',
    ports: [{ name: 'it', port: targetPort, protocol }],
    endpoints: ready.map((pod) => ({ addresses: [addressOf(pod, 'IPv4')], nodeName: pod.slice(0, 1) })),
  });

  /** A Service, and what sets who is ready. */
  const service = async (name: string, protocol: Protocol, more = {}) => {
    const { client } = world;
    const created = await client.of('Service').create({
      metadata: { name, namespace: 'default' },
      spec: { ports: [{ name: 'it', port: 80, protocol, targetPort }], ...more },
    });
    await client.of('EndpointSlice').create(sliceOf(name, protocol, []));
    return {
      address: created.spec?.clusterIP ?? '',
      ready: async (...names: PodName[]) => {
        await client.of('EndpointSlice').update(sliceOf(name, protocol, names));
        await settle();
      },
    };
  };

  const ask = async (
    address: string,
    protocol: Protocol,
    from?: number,
    milliseconds = answerMilliseconds,
  ): Promise<string> => {
    const answer = await network.places.a2.send({
      type: 'ask',
      protocol: protocol === 'TCP' ? 'tcp' : 'udp',
      address,
      port: 80,
      milliseconds,
      ...(from === undefined ? {} : { from }),
    });
    return answer.type === 'reached' ? answer.name : answer.type;
  };

  const askMany = async (address: string, count: number): Promise<string[]> => {
    const seen = new Set<string>();
    for (let index = 0; index < count; index++) seen.add(await ask(address, 'TCP'));
    return [...seen].sort();
  };

  test('endpoints come, go and are all gone', async () => {
    const { address, ready } = await service('web', 'TCP');
    await settle();
    assert.equal(await ask(address, 'TCP'), 'refused');
    await ready('a1');
    assert.deepEqual(await askMany(address, 5), ['a1']);
    await ready('b1');
    assert.deepEqual(await askMany(address, 5), ['b1']);
    await ready();
    assert.equal(await ask(address, 'TCP'), 'refused');
  });

  test('a client keeps its endpoint, and leaves it when it does not count any more', async () => {
    const { address, ready } = await service('sticky', 'TCP', { sessionAffinity: 'ClientIP' });
    await ready('a1', 'b1', 'b2');
    const [first, ...others] = (await askMany(address, 10)) as [PodName, ...PodName[]];
    assert.deepEqual(others, []);
    const left = (['a1', 'b1', 'b2'] as PodName[]).filter((pod) => pod !== first);
    await ready(...left);
    const [second, ...more] = (await askMany(address, 10)) as [PodName, ...PodName[]];
    assert.deepEqual(more, []);
    assert.ok(left.includes(second));
    // Who comes back does not take the clients back; who comes and goes beside them does not move them.
    await ready('a1', 'b1', 'b2');
    assert.deepEqual(await askMany(address, 10), [second]);
    await ready(second);
    assert.deepEqual(await askMany(address, 10), [second]);
  });

  test('who may come to a load balancer can be changed: whom it shuts out is out at once, with what is under way', async () => {
    const { client } = world;
    const { ready } = await service('narrow', 'UDP', { type: 'LoadBalancer' });
    await ready('b1');
    const address = '172.30.0.200';
    const at = { namespace: 'default', name: 'narrow' };
    const created = await client.of('Service').get(at);
    const status = { loadBalancer: { ingress: [{ ip: address }] } };
    await client.of('Service').update({ ...created, status }, { subresource: 'status' });
    const allow = async (...ranges: string[]) => {
      const now = await client.of('Service').get(at);
      const spec = { ...now.spec, loadBalancerSourceRanges: ranges };
      await client.of('Service').update({ ...now, spec });
      await settle();
    };
    const guards = async () =>
      [...((await nft().read(table))?.chains.keys() ?? [])].filter((each) => each.startsWith('guard-'));
    const flow = (milliseconds?: number) => ask(address, 'UDP', 40_055, milliseconds);
    await settle();
    assert.equal(await flow(), 'b1');
    assert.deepEqual(await guards(), []);
    await allow('192.0.2.0/24');
    assert.equal(await flow(300), 'silence');
    assert.deepEqual(await guards(), ['guard-prerouting', 'guard-output']);
    await allow('192.0.2.0/24', '10.244.0.0/16');
    assert.equal(await flow(), 'b1');
    await allow('192.0.2.0/24');
    assert.equal(await flow(300), 'silence');
    await allow();
    assert.equal(await flow(), 'b1');
    assert.deepEqual(await guards(), []);
  });

  test('a node that announces an address comes to it as the node, where source ranges let it in', async () => {
    const { client } = world;
    const { ready } = await service('own', 'TCP', {
      type: 'LoadBalancer',
      loadBalancerSourceRanges: [`${addressOf('a', 'IPv4')}/32`],
    });
    await ready('b1');
    const address = '172.30.0.201';
    const created = await client.of('Service').get({ namespace: 'default', name: 'own' });
    const status = { loadBalancer: { ingress: [{ ip: address }] } };
    await client.of('Service').update({ ...created, status }, { subresource: 'status' });
    await settle();
    // As the announcer does: the kernel then sends from this address to this address.
    assert.equal((await inNode('ip', 'address', 'add', `${address}/32`, 'dev', 'eth0')).code, 0);
    const answer = await network.places.a.send({
      ...{ type: 'ask', protocol: 'tcp', address, port: 80, milliseconds: answerMilliseconds },
    });
    // Seen by another node's pod as this node.
    assert.deepEqual(answer, { type: 'reached', name: 'b1', source: addressOf('a', 'IPv4') });
    assert.equal(await ask(address, 'TCP', undefined, 300), 'silence');
  });

  test('a UDP flow follows the endpoints: to another one, to none, and back', async () => {
    const { address, ready } = await service('dns', 'UDP');
    await ready('a1');
    const flow = () => ask(address, 'UDP', 40_053);
    assert.equal(await flow(), 'a1');
    await ready('b1');
    assert.equal(await flow(), 'b1');
    await ready();
    assert.equal(await flow(), 'refused');
    await ready('b2');
    assert.equal(await flow(), 'b2');
  });

  test('a UDP flow keeps its endpoint over a restart of the agent', async () => {
    const { address, ready } = await service('kept', 'UDP');
    await ready('a1', 'b1', 'b2');
    const flow = () => ask(address, 'UDP', 40_054);
    const first = await flow();
    stopping.abort();
    await proxy.stopped;
    startProxy();
    await settle();
    for (let count = 0; count < 5; count++) assert.equal(await flow(), first);
  });

  test('a client keeps its endpoint over a restart of the agent', async () => {
    const { address, ready } = await service('stuck', 'TCP', { sessionAffinity: 'ClientIP' });
    await ready('a1', 'b1', 'b2');
    const first = await askMany(address, 5);
    assert.equal(first.length, 1);
    for (let count = 0; count < 5; count++) {
      stopping.abort();
      await proxy.stopped;
      startProxy();
      await settle();
      assert.deepEqual(await askMany(address, 3), first);
    }
  });

  test('the table comes back after somebody deleted it; what is not ours stays as it is', async () => {
    const { address, ready } = await service('back', 'TCP');
    await ready('b1');
    const foreign =
      'add table ip other; add chain ip other x { type filter hook forward priority 0; }; add rule ip other x counter accept';
    assert.equal((await inNode('nft', foreign)).code, 0);
    const handles = async () => (await inNode('nft', '-s', '-a', 'list', 'table', 'ip', 'other')).stdout;
    const before = await handles();
    assert.equal((await inNode('nft', 'delete', 'table', 'ip', 'wherry')).code, 0);
    assert.equal(await nft().read(table), undefined);
    await settle(31_000);
    assert.equal(await ask(address, 'TCP'), 'b1');
    assert.equal(await handles(), before);
    assert.match(before, /counter/);
  });
});
