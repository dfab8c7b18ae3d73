import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { parseClusterRanges } from './cluster-ranges.ts';
import { nodeIpam } from './node-ipam.ts';

describe("nodes' shares of the pods' addresses", () => {
  let world: TestWorld;
  afterEach(() => world.close());

  async function start(cidrs: string[], prefixes?: { IPv4: number; IPv6: number }): Promise<void> {
    world = await startTestWorld({ controllers: [nodeIpam(parseClusterRanges(cidrs, prefixes))] });
    await world.settle();
  }
  const nodes = () => world.client.of('Node');
  const add = (name: string, podCIDR?: string) =>
    nodes().create({ metadata: { name }, spec: podCIDR === undefined ? {} : { podCIDR } });
  async function shares(): Promise<Record<string, readonly string[]>> {
    await world.settle();
    const { items } = await nodes().list();
    return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec?.podCIDRs ?? []]));
  }

  test('each gets one of its own, beside those that brought theirs', async () => {
    await start(['10.244.0.0/16']);
    await add('brought', '10.244.1.0/24');
    await Promise.all(['a', 'b', 'c'].map((name) => add(name)));
    const { brought, ...given } = await shares();
    assert.deepEqual(brought, ['10.244.1.0/24']);
    assert.deepEqual(Object.values(given).flat().sort(), ['10.244.0.0/24', '10.244.2.0/24', '10.244.3.0/24']);
  });

  test('of both families', async () => {
    await start(['10.244.0.0/16', 'fd00:244::/48']);
    await add('a');
    assert.deepEqual(await shares(), { a: ['10.244.0.0/24', 'fd00:244::/64'] });
    const { spec } = await nodes().get({ name: 'a' });
    assert.equal(spec?.podCIDR, '10.244.0.0/24');
  });

  test('when there are none left the node says so, and gets one when another goes', async () => {
    await start(['10.244.0.0/23']);
    await add('a');
    await add('b');
    await world.settle();
    await add('late');
    const { a, b, late } = await shares();
    assert.deepEqual([a, b, late], [['10.244.0.0/24'], ['10.244.1.0/24'], []]);
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    assert.deepEqual(
      items.map(({ reason, message, involvedObject, type }) => [type, reason, message, involvedObject.name]),
      [['Normal', 'CIDRNotAvailable', 'Node late status is now: CIDRNotAvailable', 'late']],
    );
    await nodes().delete({ name: 'a' });
    assert.deepEqual(await shares(), { b: ['10.244.1.0/24'], late: ['10.244.0.0/24'] });
  });

  test('a range wider than a share takes all that it touches', async () => {
    await start(['10.244.0.0/16']);
    await add('wide', '10.244.0.0/22');
    await add('a');
    assert.deepEqual((await shares()).a, ['10.244.4.0/24']);
  });
});

describe('the ranges', () => {
  const refused: Record<string, [string[], RegExp]> = {
    'no range': [['10.244.0.0'], /10\.244\.0\.0 is no range of addresses/],
    'bits beyond the prefix': [['10.244.0.1/16'], /is no range of addresses/],
    'too small for one node': [['10.244.0.0/25'], /has no room for a \/24/],
    'too many shares': [['fd00::/40'], /more than 65536 shares/],
    'one family twice': [['10.1.0.0/16', '10.2.0.0/16'], /two ranges of one family/],
  };
  for (const [name, [cidrs, message]] of Object.entries(refused))
    test(`refused: ${name}`, () =>
      assert.throws(() => parseClusterRanges(cidrs), { code: 'BAD_CLUSTER_CIDR', message }));
});
