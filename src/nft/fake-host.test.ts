import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { diffTables } from './diff.ts';
import { FakeHost } from './fake-host.ts';
import { FakeTables } from './fake-tables.ts';
import { type Packet, walkHook } from './fake-walk.ts';
import { endpointIds, firstMark, sampleTable } from './sample-table.ts';
import type { Rule } from './table.ts';

const name = { family: 'ip', name: 'contract' } as const;

async function hostWith(change: (table: ReturnType<typeof sampleTable>) => void = () => {}) {
  const clock = createManualClock();
  const host = new FakeHost({
    clock,
    random: seededRandom(3),
    addresses: ['172.30.0.2'],
    addressToward: () => '172.30.0.2',
  });
  const table = sampleTable('ip');
  change(table);
  await host.apply(name, diffTables(undefined, table));
  return { host, clock };
}

const packet = (more: Partial<Packet> = {}): Packet => ({
  protocol: 'tcp',
  saddr: '10.96.9.9',
  sport: 5000,
  daddr: '10.96.0.1',
  dport: 80,
  ...more,
});

const clearTheWay = (table: ReturnType<typeof sampleTable>) => {
  table.chains.set('filter', { base: { type: 'filter', hook: 'prerouting', priority: -90 }, rules: [] });
};

describe('a packet', () => {
  test('is sent to an endpoint, masqueraded, and the answer finds back', async () => {
    const { host } = await hostWith(clearTheWay);
    const there = host.walk(packet(), 'network');
    assert.deepEqual(there, {
      delivery: 'forward',
      packet: {
        protocol: 'tcp',
        saddr: '172.30.0.2',
        sport: there.packet.sport,
        daddr: there.packet.daddr,
        dport: 8080,
      },
      trace: [
        'prerouting: ip daddr @ranges jump service-chain',
        'service-chain: ip daddr . meta l4proto . th dport vmap @services',
        'dispatch-2: meta mark set numgen random mod 2 offset 1073741824 dnat ip to ip daddr . meta l4proto . th dport . meta mark map @endpoints',
        'postrouting: meta mark & 0x40000000 == 0x40000000 ct status dnat masquerade fully-random',
      ],
    });
    const { saddr, sport, daddr, dport } = there.packet;
    const back = host.walk(
      { protocol: 'tcp', saddr: daddr, sport: dport, daddr: saddr, dport: sport },
      'network',
    );
    assert.deepEqual(back.packet, packet({ saddr: '10.96.0.1', sport: 80, daddr: '10.96.9.9', dport: 5000 }));
  });

  test('of a known connection keeps its endpoint, whatever the rules say now', async () => {
    const { host } = await hostWith(clearTheWay);
    const first = host.walk(packet(), 'network');
    await host.apply(name, [
      { type: 'setRules', chain: 'prerouting', rules: [] },
      { type: 'setRules', chain: 'postrouting', rules: [] },
    ]);
    assert.deepEqual(host.walk(packet(), 'network').packet, first.packet);
    const [connection] = host.connections();
    if (connection !== undefined) host.forget(connection);
    assert.equal(host.connections().length, 0);
    assert.equal(host.walk(packet(), 'network').packet.daddr, '10.96.0.1');
  });
});

describe('what rules do', () => {
  const withRules = async (rules: Rule[]) =>
    (
      await hostWith((table) => {
        clearTheWay(table);
        table.chains.set('prerouting', { base: { type: 'nat', hook: 'prerouting', priority: -100 }, rules });
      })
    ).host;

  const cases: [string, Rule[], Partial<Packet>, string][] = [
    ['drop', [[{ type: 'drop' }]], {}, 'drop'],
    ['reject', [[{ type: 'reject', with: 'tcp reset' }]], {}, 'reject with tcp reset'],
    ['accept before drop', [[{ type: 'accept' }], [{ type: 'drop' }]], {}, 'forward'],
    ['return before drop', [[{ type: 'return' }], [{ type: 'drop' }]], {}, 'forward'],
    [
      'a jump comes back',
      [[{ type: 'jump', chain: 'service-chain' }], [{ type: 'drop' }]],
      { dport: 81 },
      'drop',
    ],
    [
      'a goto does not',
      [[{ type: 'goto', chain: 'service-chain' }], [{ type: 'drop' }]],
      { dport: 81 },
      'forward',
    ],
    [
      'a verdict of a map',
      [[{ type: 'vmap', key: ['daddr', 'protocol', 'dport'], map: 'services' }]],
      { daddr: '10.96.0.2', protocol: 'udp', dport: 53 },
      'drop',
    ],
    [
      'not in a set',
      [[{ type: 'inSet', key: ['daddr'], set: 'addresses', not: true }, { type: 'drop' }]],
      {},
      'forward',
    ],
    ['in a range', [[{ type: 'inSet', key: ['daddr'], set: 'ranges' }, { type: 'drop' }]], {}, 'drop'],
    [
      'out of a range',
      [[{ type: 'inSet', key: ['daddr'], set: 'ranges' }, { type: 'drop' }]],
      { daddr: '10.97.0.1' },
      'forward',
    ],
    [
      'a mark that was set',
      [[{ type: 'setMark', to: { value: 3 } }], [{ type: 'markBits', mask: 1, value: 1 }, { type: 'drop' }]],
      {},
      'drop',
    ],
    [
      'another protocol',
      [[{ type: 'equals', field: 'protocol', value: 'udp' }, { type: 'drop' }]],
      {},
      'forward',
    ],
  ];
  for (const [what, rules, more, want] of cases)
    test(what, async () =>
      assert.equal((await withRules(rules)).walk(packet(more), 'network').delivery, want),
    );

  test('to the host itself is local', async () => {
    const host = await withRules([]);
    assert.equal(host.walk(packet({ daddr: '172.30.0.2' }), 'network').delivery, 'local');
    assert.equal(host.walk(packet({ daddr: '172.30.0.2', sport: 1 }), 'host').delivery, 'local');
  });
});

test('affinity lasts as long as its time, and not beyond its endpoint', async () => {
  const { host, clock } = await hostWith((table) => {
    clearTheWay(table);
    table.chains.set('dispatch-2', { rules: [[{ type: 'goto', chain: 'affinity-2' }]] });
    const remember: Rule[number] = {
      type: 'update',
      map: 'affinity',
      key: ['saddr'],
      value: 'mark',
      seconds: 60,
    };
    const [stuck, forget, pick, send] = [...(table.chains.get('affinity-2')?.rules ?? [])];
    const first: Rule = (stuck as Rule).map((each) => (each.type === 'update' ? remember : each));
    table.chains.set('affinity-2', {
      rules: [first, forget as Rule, [...(pick as Rule), remember, ...(send as Rule)]],
    });
    const [, id] = endpointIds;
    table.sets.get('ids')?.elements.set(`10.96.0.1 . tcp . 80 . ${firstMark + 1}`, String(id));
    table.sets.get('by-id')?.elements.set(`10.96.0.1 . tcp . 80 . ${id}`, '10.244.0.3 . 8080');
  });
  let sport = 1;
  const ask = () => host.walk(packet({ sport: sport++ }), 'network').packet.daddr;
  const first = ask();
  for (let count = 0; count < 20; count++) {
    clock.advance(59_000);
    assert.equal(ask(), first);
  }
  const [gone, left] = first === '10.244.0.2' ? [0, 1] : [1, 0];
  const slot = `10.96.0.1 . tcp . 80 . ${firstMark + gone}`;
  await host.apply(name, [
    {
      type: 'deleteElements',
      set: 'by-id',
      elements: [[`10.96.0.1 . tcp . 80 . ${endpointIds[gone as 0]}`, '']],
    },
    { type: 'deleteElements', set: 'ids', elements: [[slot, '']] },
    { type: 'addElements', set: 'ids', elements: [[slot, String(endpointIds[left as 0])]] },
  ]);
  assert.notEqual(ask(), first);
  clock.advance(61_000);
  assert.deepEqual((await host.read(name))?.sets.get('affinity'), new Map());
});

test('what packets have put into a set goes with it', () => {
  const tables = new FakeTables(createManualClock());
  const table = sampleTable('ip');
  tables.apply(name, diffTables(undefined, table));
  const [current] = tables.tables();
  assert.ok(current !== undefined);
  tables.update(current, 'affinity', { key: '10.96.9.9', value: String(endpointIds[0]), seconds: 100 });
  const remembered = () => [...(tables.read(name)?.sets.get('affinity')?.keys() ?? [])];
  assert.deepEqual(remembered(), ['10.96.9.9']);
  const without = sampleTable('ip');
  without.chains.delete('affinity-2');
  without.sets.delete('affinity');
  tables.apply(name, diffTables(table, without));
  tables.apply(name, diffTables(without, table));
  assert.deepEqual(remembered(), []);
});

test('a chain that enters itself is an error, not a loop', () => {
  const tables = new FakeTables(createManualClock());
  const base = { type: 'filter', hook: 'input', priority: 0 } as const;
  tables.apply(name, [
    { type: 'addTable' },
    { type: 'addChain', chain: 'a', base },
    { type: 'setRules', chain: 'a', rules: [[{ type: 'jump', chain: 'a' }]] },
  ]);
  const walker = { tables, random: seededRandom(1), trace: [] };
  const state = { packet: packet(), mark: 0, isNew: true, isTranslated: false };
  assert.throws(
    () => walkHook(walker, state, { hook: 'input', family: 'ip', type: 'all' }),
    /chain a is entered/,
  );
});
