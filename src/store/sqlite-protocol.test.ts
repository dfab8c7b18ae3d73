import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, check, put, remove } from './contract-tools.ts';
import {
  eventsOf,
  packGroup,
  packOutcome,
  packRows,
  pageOf,
  replayPageOf,
  unpackGroup,
} from './sqlite-protocol.ts';
import type { Operation } from './store.ts';
import { evaluate } from './transaction.ts';

const group: Operation[][] = [
  [put('a', 'one', 0), check('b', 7), remove('c')],
  [],
  [remove('d', 3), put('e', ''), put('f', 'six')],
];

test('a group of commits is the same on the other side', () => {
  const received = unpackGroup(structuredClone(packGroup(group)));
  const plain = (operations: Operation[]) =>
    operations.map(({ type, key, value, expect }) => ({
      type,
      key,
      expect,
      value: type === 'put' ? `${value}` : '',
    }));
  assert.deepEqual(received.map(plain), group.map(plain));
});

test('a small view into something large travels alone', () => {
  const value = new Uint8Array(1_000_000).subarray(500, 510);
  assert.equal(packGroup([[{ type: 'put', key: 'a', value }]]).values.byteLength, 10);
});

test('the events of a commit are made again from its outcome', () => {
  const states = new Map([
    ['b', { revision: 7, createRevision: 2 }],
    ['d', { revision: 3, createRevision: 3 }],
    ['f', { revision: 4, createRevision: 1 }],
  ]);
  for (const operations of group) {
    const outcome = evaluate(operations, 9, (key) => states.get(key));
    const packed = structuredClone(packOutcome(operations, outcome));
    assert.ok(outcome.committed && packed.committed);
    assert.deepEqual(eventsOf(operations, packed), outcome.events);
  }
  const conflict = evaluate([put('b', '1', 0)], 9, (key) => states.get(key));
  assert.deepEqual(packOutcome([put('b', '1', 0)], conflict), { committed: false, key: 'b', actual: 7 });
});

test('rows become entries or events', () => {
  const rows = [
    { key: 'a', revision: 5, createRevision: 3, value: bytes('five') },
    { key: '__proto__', revision: 6, createRevision: 0, value: bytes('') },
    { key: 'b', revision: 7, createRevision: 7, value: bytes('x') },
  ];
  const page = pageOf({
    type: 'range',
    id: 1,
    rows: structuredClone(packRows(rows)),
    revision: 9,
    more: true,
  });
  assert.deepEqual(page, { entries: rows, revision: 9, more: true });
  const replayed = replayPageOf({ type: 'replay', id: 1, rows: packRows(rows), through: 8 });
  const types = ['put', 'delete', 'put'];
  assert.deepEqual(replayed, {
    events: rows.map((row, index) => ({ type: types[index], ...row })),
    through: 8,
  });
});
