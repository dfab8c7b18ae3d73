import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { endpointInvariants } from './endpoint-invariants.ts';
import { type Bench, type Deed, judge, neverViolated, object, pod, start } from './invariant-bench.ts';
import { endpointsMilliseconds } from './limits.ts';

const service = object('web', {
  spec: { selector: { app: 'web' }, clusterIP: '10.96.0.9', ipFamilies: ['IPv4'], ports: [{ port: 80 }] },
});
const selected = (name: string, podIP: string, more: Parameters<typeof pod>[1] = {}) =>
  pod(name, { metadata: { labels: { app: 'web' } }, status: { podIP }, ...more });
const slice = (...addresses: string[]) =>
  object(
    'web-1',
    {
      addressType: 'IPv4',
      ports: [{ port: 80, protocol: 'TCP' }],
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    },
    { labels: { 'kubernetes.io/service-name': 'web' } },
  );
const endpoints = (...addresses: string[]) =>
  object('web', { subsets: [{ addresses: addresses.map((ip) => ({ ip })) }] });

async function publish({ put }: Bench, slices: string[], subsets: string[]): Promise<void> {
  await put('discovery.k8s.io/endpointslices', slice(...slices));
  await put('core/endpoints', endpoints(...subsets));
}

const wrongs: Record<string, Deed> = {
  'default/web selects [10.244.0.2], its slices resolve to [10.244.0.3]': async (bench) => {
    await bench.put('core/services', service);
    await bench.put('core/pods', selected('a', '10.244.0.2'));
    await publish(bench, ['10.244.0.3'], ['10.244.0.2']);
  },
  'default/web selects [10.244.0.2], its Endpoints have []': async (bench) => {
    await bench.put('core/services', service);
    await bench.put('core/pods', selected('a', '10.244.0.2'));
    await publish(bench, ['10.244.0.2'], []);
  },
};

const rights: Record<string, Deed> = {
  'of the ready pods alone': async (bench) => {
    await bench.put('core/services', service);
    await bench.put('core/pods', selected('a', '10.244.0.2'));
    await bench.put('core/pods', pod('other', { status: { podIP: '10.244.0.3' } }));
    await bench.put(
      'core/pods',
      selected('unready', '10.244.0.4', { status: { podIP: '10.244.0.4', conditions: [] } }),
    );
    await publish(bench, ['10.244.0.2'], ['10.244.0.2']);
  },
  'a pod whose node is gone is in Endpoints alone': async (bench) => {
    await bench.put('core/services', service);
    await bench.put('core/pods', selected('a', '10.244.0.2', { spec: { nodeName: 'gone' } }));
    await publish(bench, [], ['10.244.0.2']);
  },
};

test('they may be late, but not for long', async () => {
  const { bench } = await import('./invariant-bench.ts');
  const { checkInvariants, watchInvariants } = await import('./invariants.ts');
  const bed = await bench();
  const watched = watchInvariants(bed.world, endpointInvariants);
  const found = () => checkInvariants(bed.world, { invariants: endpointInvariants }).length;
  await bed.put('core/services', service);
  await publish(bed, [], []);
  bed.clock.runUntil(start + 1000);
  await bed.put('core/pods', selected('a', '10.244.0.2'));
  bed.clock.runUntil(start + 1000 + endpointsMilliseconds);
  assert.equal(found(), 0);
  bed.clock.runUntil(start + 1001 + endpointsMilliseconds);
  assert.equal(found(), 2);
  watched.stop();
});

describe('invariants of endpoints', () => {
  for (const [said, deed] of Object.entries(wrongs))
    test(`violated: ${said}`, async () =>
      assert.deepEqual(
        (await judge(endpointInvariants, deed)).map((text) => text.slice(text.indexOf(': ') + 2)),
        [said],
      ));

  for (const [name, deed] of Object.entries(rights))
    test(`holds: ${name}`, async () => assert.deepEqual(await judge(endpointInvariants, deed), []));

  test('each of them can be violated', async () =>
    assert.deepEqual(await neverViolated(endpointInvariants, Object.values(wrongs)), []));
});
