import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { FakeHost } from '../nft/fake-host.ts';
import { at, http, serviceOf, sliceOf } from '../service/resolve-fixture.ts';
import { baseTable, layoutMarker, slotMark } from './layout.ts';
import { Planner, type Transaction } from './planner.ts';
import { type AnyService, anyBatch, change } from './planner-fixture.ts';
import { TableState } from './table-state.ts';

const cidr = (text: string) => parseCidr(text) as Cidr;
const network = {
  node: 'a',
  nodeAddresses: ['172.30.0.2'],
  podCidrs: [cidr('10.244.0.0/24')],
  serviceCidrs: [cidr('10.96.0.0/16')],
};

const planner = () => new Planner({ network, families: ['IPv4'] });
const table = { family: 'ip', name: 'wherry' } as const;

const makeHost = () =>
  new FakeHost({
    clock: createManualClock(),
    random: seededRandom(1),
    addresses: ['172.30.0.2'],
    addressToward: () => '172.30.0.2',
  });

async function apply(host: FakeHost, transactions: readonly Transaction[]) {
  for (const each of transactions) await host.apply(each.table, each.operations);
}

/** Everything the kernel would have, in an order of its own. */
async function content(host: FakeHost) {
  const reading = await host.read(table);
  return {
    chains: [...(reading?.chains ?? [])].sort(),
    sets: [...(reading?.sets ?? [])].map(([name, elements]) => [name, [...elements].sort()] as const).sort(),
  };
}

const web = serviceOf();
const slice = sliceOf([at('10.244.0.2', 'a'), at('10.244.1.2', 'b')]);

describe('transactions', () => {
  test('nothing changed, nothing to do', () => {
    const plan = planner();
    plan.set('default/web', web, [slice]);
    plan.takeAll();
    plan.set('default/web', web, [slice]);
    assert.deepEqual(plan.take(), []);
  });

  test('one changed endpoint is a few elements, and names no other Service', () => {
    const plan = planner();
    for (let index = 0; index < 100; index++) {
      const other = {
        ...serviceOf({ clusterIPs: [`10.96.1.${index}`] }),
        metadata: { name: `s${index}`, namespace: 'default' },
      };
      plan.set(`default/s${index}`, other, [slice]);
    }
    plan.set('default/web', web, [slice]);
    plan.takeAll();
    plan.set('default/web', web, [sliceOf([at('10.244.0.2', 'a'), at('10.244.1.9', 'b')])]);
    const element = `10.96.0.20 . tcp . 80 . ${slotMark(1)}`;
    assert.deepEqual(plan.take(), [
      {
        family: 'IPv4',
        table,
        operations: [
          { type: 'deleteElements', set: 'vip-endpoints', elements: [[element, '10.244.1.2 . 8080']] },
          { type: 'addElements', set: 'vip-endpoints', elements: [[element, '10.244.1.9 . 8080']] },
        ],
      },
    ]);
    assert.deepEqual(plan.take(), []);
  });

  test('a shared chain comes with the first Service that needs it and goes with the last', () => {
    const plan = planner();
    plan.takeAll();
    const chains = () =>
      plan
        .take()
        .flatMap(({ operations }) =>
          operations.flatMap((each) => ('chain' in each ? [`${each.type} ${each.chain}`] : [])),
        );
    plan.set('default/web', web, [slice]);
    assert.deepEqual(chains(), ['addChain vip-dispatch-2', 'setRules vip-dispatch-2']);
    const other = {
      ...serviceOf({ clusterIPs: ['10.96.0.21'] }),
      metadata: { name: 'api', namespace: 'default' },
    };
    plan.set('default/api', other, [slice]);
    assert.deepEqual(chains(), []);
    plan.set('default/web', undefined, []);
    assert.deepEqual(chains(), []);
    plan.set('default/api', { ...other, spec: { ...other.spec, type: 'ExternalName' } }, [slice]);
    assert.deepEqual(chains(), ['setRules vip-dispatch-2', 'deleteChain vip-dispatch-2']);
  });

  test('a table of the same layout is taken over, any other one is replaced', async () => {
    const plan = planner();
    plan.set('default/web', web, [slice]);
    const host = makeHost();
    await apply(host, plan.takeAll());
    const reading = await host.read(table);
    assert.ok(reading !== undefined);
    const types = (from: typeof reading) =>
      new Set(
        plan
          .takeAll(new Map([['IPv4', from]]))
          .flatMap(({ operations }) => operations.map(({ type }) => type)),
      );
    assert.deepEqual(types(reading), new Set(['setRules']));
    reading.chains.delete(layoutMarker);
    assert.ok(types(reading).has('destroyTable'));
  });

  test('two Services that claim one address: the first by name has it, whoever came first', async () => {
    const one = { ...web, metadata: { name: 'a', namespace: 'x' } };
    const two = { ...web, metadata: { name: 'b', namespace: 'x' } };
    const other = sliceOf([at('10.244.1.9', 'b')]);
    const inOrder = async (...names: string[]) => {
      const plan = planner();
      for (const name of names)
        plan.set(`x/${name}`, name === 'a' ? one : two, name === 'a' ? [slice] : [other]);
      const host = makeHost();
      await apply(host, plan.takeAll());
      return content(host);
    };
    assert.deepEqual(await inOrder('a', 'b'), await inOrder('b', 'a'));
  });
});

test('doors for datagrams: who has them, and which are to be looked at', () => {
  const plan = planner();
  const dns = { ...serviceOf({ ports: [{ ...http, protocol: 'UDP' }] }) };
  const ports = [{ name: 'http', port: 5353, protocol: 'UDP' }];
  plan.set('default/dns', dns, [sliceOf([at('10.244.0.2', 'a')], { ports })]);
  assert.deepEqual([...plan.takeChangedDoors()], ['10.96.0.20 . 80']);
  assert.deepEqual(plan.endpointsOf('10.96.0.20 . 80'), new Set(['10.244.0.2 . 5353']));
  plan.set('default/dns', dns, [sliceOf([at('10.244.0.2', 'a'), at('10.244.0.3', 'a')], { ports })]);
  assert.deepEqual([...plan.takeChangedDoors()], []);
  plan.set('default/dns', undefined, []);
  assert.deepEqual([...plan.takeChangedDoors()], ['10.96.0.20 . 80']);
  assert.equal(plan.endpointsOf('10.96.0.20 . 80'), undefined);
});

test('how much there is', () => {
  const plan = planner();
  plan.set('default/web', web, [slice]);
  assert.deepEqual(plan.size, { elements: 6, chains: 1 });
  assert.equal(plan.get('default/web')?.localReady, 1);
  assert.deepEqual(
    [...plan.services()].map(([key]) => key),
    ['default/web'],
  );
  plan.set('default/web', undefined, []);
  assert.deepEqual(plan.size, { elements: 0, chains: 0 });
});

test('any history, in steps, leaves what its end alone would make', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyBatch, { maxLength: 8 }), async (history) => {
      const stepwise = planner();
      const host = makeHost();
      await apply(host, stepwise.takeAll());
      const last = new Map<string, AnyService>();
      for (const batch of history) {
        for (const each of batch) {
          change(stepwise, each);
          if (each.isGone) last.delete(each.name);
          else last.set(each.name, each);
        }
        await apply(host, stepwise.take());
      }
      const atOnce = planner();
      for (const each of last.values()) change(atOnce, each);
      const fresh = makeHost();
      await apply(fresh, atOnce.takeAll());
      assert.deepEqual(await content(host), await content(fresh));
      await apply(host, stepwise.takeAll());
      assert.deepEqual(await content(host), await content(fresh));
    }),
    { interruptAfterTimeLimit: 5000, numRuns: 150 },
  );
});

test('a table state says everything at any time', () => {
  const state = new TableState(baseTable('IPv4', network));
  const contribution = {
    elements: [['cluster-ips', '10.96.0.1', '']] as const,
    chains: new Map(),
    dynamicSets: new Map(),
  };
  state.update('x', { before: undefined, after: { ...contribution, elements: [...contribution.elements] } });
  assert.deepEqual(state.table().sets.get('cluster-ips')?.elements, new Map([['10.96.0.1', '']]));
  assert.equal(state.take().length, 1);
  assert.equal(state.take().length, 0);
});
