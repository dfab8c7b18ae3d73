import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { diffElements, diffTables } from './diff.ts';
import { FakeHost } from './fake-host.ts';
import { firstMark, sampleTable } from './sample-table.ts';
import type { NftSet, Table } from './table.ts';

describe('a difference', () => {
  test('nothing to nothing', () => {
    assert.deepEqual(diffTables(sampleTable('ip'), sampleTable('ip')), []);
  });

  test('an element with another value goes and comes', () => {
    const difference = diffElements(
      new Map([
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ]),
      new Map([
        ['a', '1'],
        ['b', '9'],
        ['d', '4'],
      ]),
    );
    assert.deepEqual(difference, {
      gone: [
        ['b', '2'],
        ['c', '3'],
      ],
      come: [
        ['b', '9'],
        ['d', '4'],
      ],
    });
  });

  test('a set of another kind, or a chain at another hook: everything anew', () => {
    const other = sampleTable('ip');
    other.sets.set('addresses', { spec: { kind: 'set', key: ['saddr'] }, elements: new Map() });
    assert.deepEqual(
      diffTables(sampleTable('ip'), other)
        .slice(0, 3)
        .map(({ type }) => type),
      ['addTable', 'destroyTable', 'addTable'],
    );
    const moved = sampleTable('ip');
    moved.chains.set('filter', { base: { type: 'filter', hook: 'input', priority: 0 }, rules: [] });
    assert.equal(diffTables(sampleTable('ip'), moved)[1]?.type, 'destroyTable');
  });

  test('what packets put into a dynamic set is left to them', () => {
    const before = sampleTable('ip');
    const filled = before.sets.get('affinity') as NftSet;
    filled.elements.set('10.0.0.1', '49153');
    assert.deepEqual(diffTables(before, sampleTable('ip')), []);
  });
});

/** A table with some of the sample's sets, elements and chains, and nothing that leads nowhere. */
const anyTable: fc.Arbitrary<Table> = fc
  .record({
    keys: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 10 }),
    ports: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 10, maxLength: 10 }),
    dispatch: fc.boolean(),
    affinity: fc.boolean(),
  })
  .map(({ keys, ports, dispatch, affinity }) => {
    const table = sampleTable('ip');
    const endpoints = table.sets.get('endpoints') as NftSet;
    endpoints.elements.clear();
    for (const key of keys)
      endpoints.elements.set(`10.96.0.1 . tcp . 80 . ${firstMark + key}`, `10.244.0.2 . ${ports[key]}`);
    if (!dispatch) {
      table.sets.get('services')?.elements.delete('10.96.0.1 . tcp . 80');
      table.chains.delete('dispatch-2');
    }
    if (!affinity) {
      table.chains.delete('affinity-2');
      for (const set of ['affinity', 'ids', 'by-id']) table.sets.delete(set);
    }
    return table;
  });

test('any table becomes any other one', async () => {
  const name = { family: 'ip', name: 'contract' } as const;
  await fc.assert(
    fc.asyncProperty(anyTable, anyTable, async (one, other) => {
      const host = () =>
        new FakeHost({
          clock: createManualClock(),
          random: seededRandom(1),
          addresses: [],
          addressToward: () => '',
        });
      const changed = host();
      await changed.apply(name, diffTables(undefined, one));
      await changed.apply(name, diffTables(one, other));
      const fresh = host();
      await fresh.apply(name, diffTables(undefined, other));
      const flat = async (from: FakeHost) => {
        const reading = await from.read(name);
        return {
          chains: [...(reading?.chains ?? [])].sort(),
          sets: [...(reading?.sets ?? [])].map(([set, elements]) => [set, [...elements].sort()]).sort(),
        };
      };
      assert.deepEqual(await flat(changed), await flat(fresh));
    }),
    { interruptAfterTimeLimit: 3000, numRuns: 60 },
  );
});
